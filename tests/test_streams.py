"""Readers that are slow, stop reading or go away: what is written waits, in order, and nothing else is held up."""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from factc.events import RunCreated, RunFinished, RunStarted, TaskEnded, TaskStarted
from factc.loop import Loop
from factc.plan import Plan, PlanTask
from factc.poller import Selected
from factc.screen import nonblocking_writer, spool
from factc.screen.live import Block
from factc.screen.streams import ERR, FULL, OUT, Streams
from factc.screen.terminal import Terminal
from tests.conftest import environment
from tests.patience import PATIENCE
from tests.screen import rows

LINUX = os.path.exists("/proc/self/fd")


@pytest.fixture(params=["epoll", "selectors"])
def loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    """With what Linux has, and with what other systems get."""
    if request.param == "selectors":
        monkeypatch.setattr("factc.loop.poller", Selected)
    with Loop() as loop:
        yield loop


@pytest.fixture(params=["opened again", "poll"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways not to block: on a description of our own, and by asking first."""
    if request.param == "poll":
        monkeypatch.setattr(nonblocking_writer, "_opened_again", lambda descriptor: None)
    return str(request.param)


class Closing:
    """Descriptors that are closed at the end, or earlier by `now`: never twice, as numbers are given anew."""

    def __init__(self) -> None:
        self._kept: list[int] = []

    def __call__(self, *descriptors: int) -> tuple[int, ...]:
        self._kept += descriptors
        return descriptors

    def now(self, *descriptors: int) -> None:
        for descriptor in descriptors:
            self._kept.remove(descriptor)
            os.close(descriptor)


@pytest.fixture
def closing() -> Iterator[Closing]:
    closing = Closing()
    yield closing
    closing.now(*closing._kept)


def attached(loop: Loop, out: int, err: int) -> tuple[Streams, list[bool]]:
    told: list[bool] = []
    streams = Streams(out, err)
    streams.on_full = told.append
    streams.attach(loop)
    return streams, told


def taken(loop: Loop, reader: int, count: int, seconds: float = PATIENCE) -> bytes:
    """So many bytes as a reader gets them while the loop goes on."""
    data, deadline = b"", time.monotonic() + seconds
    while len(data) < count:
        assert time.monotonic() < deadline, f"{len(data)} of {count} bytes came"
        loop.wait(0.01)
        while select.select([reader], [], [], 0)[0]:
            part = os.read(reader, 65_536)
            assert part, f"the end after {len(data)} of {count} bytes"
            data += part
    return data


def lines(count: int, word: str = "line") -> list[bytes]:
    return [f"{word} {i:06d}\n".encode() for i in range(count)]


# ---- a reader that does not read


def test_what_a_pipe_does_not_take_waits(loop: Loop, way: str, closing: Closing) -> None:
    reader, writer = closing(*os.pipe())
    null, = closing(os.open(os.devnull, os.O_WRONLY))  # fmt: skip
    streams, told = attached(loop, writer, null)
    wanted = lines(60_000)
    before = time.monotonic()
    for i, line in enumerate(wanted):
        streams.write_bytes(OUT, line)
        assert i % 1000 or streams.full == (streams.pending > FULL) == bool(told)
    assert time.monotonic() - before < PATIENCE
    assert told == [True] and FULL < streams.pending < len(b"".join(wanted))
    streams.write(ERR, "the other stream goes on\n")

    seen: list[object] = []
    loop.later(0.02, lambda: seen.append("timer"))
    loop.on_signal(signal.SIGUSR1, seen.append)
    loop.on_signal(signal.SIGUSR1, seen.append)
    os.kill(os.getpid(), signal.SIGUSR1)
    while len(seen) < 2:
        loop.wait(1)
    assert sorted(map(str, seen)) == [str(int(signal.SIGUSR1)), "timer"] and told == [True]

    assert taken(loop, reader, len(b"".join(wanted))) == b"".join(wanted)
    assert streams.pending == 0 and told == [True, False] and not streams.full
    before = time.process_time()
    loop.wait(0.1)  # nothing waits: the loop must not be woken by a pipe that has room
    assert time.process_time() - before < 0.05
    streams.close()
    assert os.get_blocking(writer)


def test_full_ends_below_a_quarter(loop: Loop, way: str, closing: Closing) -> None:
    reader, writer = closing(*os.pipe())
    streams, told = attached(loop, writer, writer)
    streams.write_bytes(OUT, b"x" * 600_000)
    while streams.full:
        assert told == [True] and streams.pending >= FULL // 4
        os.read(reader, 4096)
        loop.wait(1)
    assert told == [True, False] and 0 < streams.pending < FULL // 4
    streams.write_bytes(OUT, b"x" * FULL)
    assert told == [True, False, True]
    streams.close()


def test_both_streams_in_one_pipe_keep_their_order(loop: Loop, way: str, closing: Closing) -> None:
    reader, writer = closing(*os.pipe())
    other, = closing(os.dup(writer))  # fmt: skip
    streams, _ = attached(loop, writer, other)
    wanted = lines(30_000)
    for i, line in enumerate(wanted):
        streams.write_bytes(ERR if i % 3 else OUT, line)
    assert streams.pending
    assert taken(loop, reader, len(b"".join(wanted))) == b"".join(wanted)
    streams.close()


def test_two_pipes_count_together(loop: Loop, way: str, closing: Closing) -> None:
    first, out = closing(*os.pipe())
    second, err = closing(*os.pipe())
    streams, told = attached(loop, out, err)
    streams.write_bytes(OUT, b"o" * 200_000)
    assert told == []
    streams.write_bytes(ERR, b"e" * 240_000)
    assert told == [True]
    assert taken(loop, first, 200_000) == b"o" * 200_000
    assert told == [True] and streams.pending
    assert taken(loop, second, 240_000) == b"e" * 240_000
    assert told == [True, False]
    streams.close()


def test_a_socket_waits_as_well(loop: Loop) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        streams, _ = attached(loop, ours.fileno(), ours.fileno())
        data = b"".join(lines(60_000))
        streams.write_bytes(OUT, data)
        assert streams.pending and ours.getblocking()
        assert taken(loop, theirs.fileno(), len(data)) == data
        streams.close()


def test_somebody_else_may_fill_the_pipe(loop: Loop, closing: Closing) -> None:
    """Between asking and writing there is no gap into which another writer could get."""
    if not LINUX:
        pytest.skip("only Linux opens a pipe again")
    reader, writer = closing(*os.pipe())
    streams, _ = attached(loop, writer, writer)
    stop = threading.Event()

    def greedy() -> None:
        while not stop.is_set():
            os.write(writer, b"." * 4096)

    thread, got = threading.Thread(target=greedy, daemon=True), b""
    thread.start()
    for _ in range(500):
        streams.write_bytes(OUT, b"x" * 1000)
        got += os.read(reader, 4096)
    stop.set()
    while thread.is_alive() or streams.pending or select.select([reader], [], [], 0)[0]:
        loop.wait(0.001)
        if select.select([reader], [], [], 0.01)[0]:
            got += os.read(reader, 65_536)
    thread.join()
    assert got.count(b"x") == 500_000
    streams.close()


# ---- a reader that goes


def test_a_closed_reader_silences_its_stream_only(loop: Loop, way: str, closing: Closing) -> None:
    first, out = closing(*os.pipe())
    second, err = closing(*os.pipe())
    closing.now(first)
    streams, told = attached(loop, out, err)
    for _ in range(3):
        streams.write(OUT, "nobody reads this\n")
        streams.write(ERR, "but this\n")
    assert os.read(second, 100) == b"but this\n" * 3
    assert streams.pending == 0 and told == []
    streams.close()


def test_a_reader_that_goes_while_bytes_wait(loop: Loop, way: str, closing: Closing) -> None:
    first, out = closing(*os.pipe())
    second, err = closing(*os.pipe())
    streams, told = attached(loop, out, err)
    streams.write_bytes(OUT, b"x" * 1_000_000)
    assert told == [True]
    closing.now(first)
    while streams.pending:
        loop.wait(1)
    assert told == [True, False]
    streams.write(OUT, "nobody\n")
    streams.write(ERR, "somebody\n")
    assert os.read(second, 100) == b"somebody\n" and streams.pending == 0
    streams.close()


def test_descriptors_that_are_none(loop: Loop, closing: Closing) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    streams, _ = attached(loop, writer, writer)
    streams.write(OUT, "x")
    streams.write(ERR, "x")
    streams.flush()
    streams.close()


# ---- what never blocks


def test_a_file_is_written_at_once(loop: Loop, tmp_path: Path, closing: Closing) -> None:
    path = tmp_path / "log"
    file, = closing(os.open(path, os.O_WRONLY | os.O_CREAT))  # fmt: skip
    streams, told = attached(loop, file, file)
    wanted = lines(50_000)
    for i, line in enumerate(wanted):
        streams.write_bytes(OUT if i % 2 else ERR, line)
    assert streams.pending == 0 and told == []
    assert path.read_bytes() == b"".join(wanted)
    streams.close()


def test_the_loop_refuses_files(loop: Loop, tmp_path: Path, closing: Closing) -> None:
    file, = closing(os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT))  # fmt: skip
    if LINUX:
        with pytest.raises(PermissionError):
            loop.add_writer(file, lambda: None)


def test_what_the_loop_refuses_is_written_here(loop: Loop, closing: Closing, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = closing(*os.pipe())

    def refused(descriptor: int, callback: object) -> None:
        raise PermissionError

    monkeypatch.setattr(loop, "add_writer", refused)
    streams, _ = attached(loop, writer, writer)
    got, thread = reading(reader)
    streams.write_bytes(OUT, b"x" * 1_000_000)
    assert streams.pending == 0 and not streams.full
    streams.close()
    closing.now(writer)
    thread.join(10)
    assert len(b"".join(got)) == 1_000_000


# ---- terminals


@pytest.fixture
def terminal(closing: Closing) -> tuple[int, int]:
    """A pseudo terminal: the side of the person, the side of the program."""
    master, slave = closing(*os.openpty())
    return master, slave


def test_a_terminal_that_nobody_reads(loop: Loop, terminal: tuple[int, int], closing: Closing) -> None:
    master, slave = terminal
    other, = closing(os.dup(slave))  # fmt: skip
    streams, told = attached(loop, slave, other)
    wanted = lines(80_000)
    before = time.monotonic()
    for i, line in enumerate(wanted):
        streams.write_bytes(OUT if i % 2 else ERR, line)
    assert time.monotonic() - before < PATIENCE and told == [True] and os.get_blocking(slave)
    shown = b"".join(wanted).replace(b"\n", b"\r\n")
    assert taken(loop, master, len(shown)) == shown
    assert streams.pending == 0 and told == [True, False]
    streams.close()
    assert os.get_blocking(slave)


def test_a_terminal_that_takes_only_line_feeds_slowly(loop: Loop, terminal: tuple[int, int]) -> None:
    """Each becomes two characters: where there is room for one, poll promises what the terminal does not keep."""
    master, slave = terminal
    streams, _ = attached(loop, slave, slave)
    for length in range(1, 100):  # until the room is odd
        streams.write_bytes(OUT, b"x" * length + b"\n" * 7_000)
    assert streams.pending
    for _ in range(20):  # however it is filled: the loop does not run in circles
        os.read(master, 511)
        seen: list[str] = []
        loop.later(0.02, lambda seen=seen: seen.append("timer"))  # type: ignore[misc]
        turns = 0
        while not seen:
            loop.wait(1)
            turns += 1
        assert turns < 100
    streams.close()


def test_line_feeds_arrive_on_a_terminal(loop: Loop, terminal: tuple[int, int]) -> None:
    master, slave = terminal
    streams, _ = attached(loop, slave, slave)
    streams.write_bytes(OUT, b"\n" * 700_000)
    assert taken(loop, master, 1_400_000) == b"\r\n" * 700_000
    streams.close()


def test_a_terminal_that_was_stopped(loop: Loop, way: str, terminal: tuple[int, int]) -> None:
    master, slave = terminal
    assert termios.tcgetattr(slave)[0] & termios.IXON
    streams, _ = attached(loop, slave, slave)
    streams.write(OUT, "before\n")
    assert taken(loop, master, 8) == b"before\r\n"
    os.write(master, b"\x13")  # Ctrl-S
    deadline = time.monotonic() + PATIENCE
    while select.select([], [slave], [], 0)[1] and time.monotonic() < deadline:
        time.sleep(0.01)
    streams.write(OUT, "while stopped\n")
    seen: list[str] = []
    loop.later(0.05, lambda: seen.append("timer"))
    before = time.process_time()
    while not seen:
        loop.wait(1)
    assert streams.pending == 14 and time.process_time() - before < 0.04
    os.write(master, b"\x11")  # Ctrl-Q
    assert taken(loop, master, 15) == b"while stopped\r\n"
    streams.close()


STRANGER = """\
import os, sys
from factc.loop import Loop
from factc.screen import nonblocking_writer as outlet, spool
from factc.screen import streams as module
os.close(os.open(os.ttyname(1), os.O_RDWR))  # the first one that a session opens becomes its terminal
def denied(descriptor):
    raise PermissionError
os.ttyname = denied
with Loop() as loop:
    streams = module.Streams(1, 2)
    streams.attach(loop)
    assert streams._outlets[1]._target > 2
    streams.write(1, "word " * 100_000)
    while streams.pending:
        loop.wait()
    streams.close()
    streams.write(2, f" flags as they were: {os.get_blocking(1)}")
"""


def test_a_terminal_of_another_user() -> None:
    """As after `su`: its name may not be opened, /dev/tty may."""
    if not LINUX:
        pytest.skip("elsewhere /dev/tty cannot be waited for")
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", STRANGER], stdout=slave, stderr=slave, start_new_session=True, env=environment()
    )
    os.close(slave)
    data = b""
    with suppress(OSError):  # Linux: the other side was closed
        while part := os.read(master, 65_536):
            data += part
    os.close(master)
    assert process.wait(PATIENCE) == 0, data[-1000:]
    assert data.decode() == "word " * 100_000 + " flags as they were: True"


class Picture:
    """A block of three rows that counts how often it was drawn."""

    def __init__(self, descriptor: int) -> None:
        self.drawn = 0
        self.block = Block(self._rows, descriptor, False)

    def _rows(self, most: int) -> list[str]:
        self.drawn += 1
        return ["-- block", "   one", f"   drawn {self.drawn}"]


def test_pictures_do_not_queue_up(loop: Loop, terminal: tuple[int, int], closing: Closing) -> None:
    master, slave = terminal
    streams, _ = attached(loop, slave, slave)
    picture = Picture(slave)
    streams.write(OUT, "first\n")
    streams.show(picture.block)
    data = taken(loop, master, 1)
    wanted = ["first"]
    while streams.pending < 100_000:
        wanted.append(f"line {len(wanted)}")
        streams.write(OUT if len(wanted) % 2 else ERR, wanted[-1] + "\n")
    before, drawn = streams.pending, picture.drawn
    for _ in range(100):
        streams.redraw()
    assert streams.pending == before and picture.drawn == drawn
    wanted.append("last")
    streams.write(OUT, "last\n")
    while streams.pending:
        data += taken(loop, master, 1)
    streams.redraw()
    assert picture.drawn == drawn + 2
    data += rest(loop, master)
    assert rows(data.decode()) == [*wanted, "-- block", "   one", f"   drawn {drawn + 2}", ""]
    streams.show(None)
    data += rest(loop, master)
    assert rows(data.decode()) == [*wanted, ""]
    streams.close()


def test_a_block_that_begins_while_bytes_wait(loop: Loop, terminal: tuple[int, int]) -> None:
    master, slave = terminal
    streams, _ = attached(loop, slave, slave)
    picture = Picture(slave)
    text = "0123456789\n" * 30_000
    streams.write(OUT, text)
    streams.show(picture.block)
    assert streams.pending and picture.drawn == 0
    data = taken(loop, master, len(text) + 30_000)
    streams.redraw()
    data += rest(loop, master)
    assert rows(data.decode())[-5:] == ["0123456789", "-- block", "   one", "   drawn 1", ""]
    streams.close()


def rest(loop: Loop, reader: int) -> bytes:
    """What still comes, until nothing came for a moment."""
    data = b""
    for _ in range(5):
        loop.wait(0.01)
        while select.select([reader], [], [], 0)[0]:
            data += os.read(reader, 65_536)
    return data


# ---- the end


def reading(reader: int) -> tuple[list[bytes], threading.Thread]:
    """A thread that reads to the end."""
    got: list[bytes] = []

    def read() -> None:
        while part := os.read(reader, 65_536):
            got.append(part)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return got, thread


def test_flush_waits_for_the_reader(loop: Loop, way: str, closing: Closing) -> None:
    reader, writer = closing(*os.pipe())
    streams, told = attached(loop, writer, writer)
    data = b"".join(lines(80_000))
    streams.write_bytes(OUT, data)
    assert streams.pending
    got, thread = reading(reader)
    streams.flush()
    assert streams.pending == 0 and told == [True, False]
    streams.close()
    closing.now(writer)  # ours has been closed too: the reader comes to the end
    thread.join(10)
    assert not thread.is_alive() and b"".join(got) == data


def test_without_a_loop_writes_block(closing: Closing) -> None:
    reader, writer = closing(*os.pipe())
    os.set_blocking(writer, False)  # as somebody else may have done
    streams = Streams(writer, writer)
    data = b"".join(lines(80_000))
    got, thread = reading(reader)
    streams.write_bytes(OUT, data)
    assert streams.pending == 0
    closing.now(writer)
    thread.join(10)
    assert b"".join(got) == data


def test_close_gives_up_what_waits(loop: Loop, way: str, closing: Closing) -> None:
    _, writer = closing(*os.pipe())
    second, err = closing(*os.pipe())
    streams, told = attached(loop, writer, err)
    streams.write_bytes(OUT, b"x" * 1_000_000)
    streams.close()
    assert streams.pending == 0 and told == [True, False]
    streams.write(OUT, "would block for ever\n")
    streams.write(ERR, "goes on\n")
    assert os.read(second, 100) == b"goes on\n"
    streams.close()


def test_own_descriptors_are_closed_and_not_inherited(loop: Loop, terminal: tuple[int, int], closing: Closing) -> None:
    _, writer = closing(*os.pipe())
    before = descriptors()
    streams, _ = attached(loop, writer, terminal[1])
    own = descriptors() - before
    assert len(own) == (2 if LINUX else 1)
    assert not any(os.get_inheritable(descriptor) for descriptor in own)
    streams.close()
    assert descriptors() == before


def descriptors() -> set[int]:
    return {n for n in range(256) if _open(n)}


def _open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


# ---- very much waits


@pytest.mark.parametrize("disk", ["room", "full", "none"])
def test_very_much_waits_in_a_file(
    disk: str, loop: Loop, way: str, closing: Closing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path if disk != "none" else tmp_path / "absent"))
    if disk == "full":
        plain = os.pwrite

        def pwrite(file: int, data: bytes, offset: int) -> int:
            if offset >= 2_000_000:
                raise OSError(28, "No space left on device")
            return plain(file, data[:30_000], offset)

        monkeypatch.setattr(os, "pwrite", pwrite)
    reader, writer = closing(*os.pipe())
    before = descriptors()
    streams, told = attached(loop, writer, writer)
    data = os.urandom(6_000_000)
    for at in range(0, len(data), 150_000):
        streams.write_bytes(OUT, data[at : at + 150_000])
    assert streams.pending > 5_800_000 and list(tmp_path.iterdir()) == []
    got = taken(loop, reader, 3_000_000)
    streams.write_bytes(OUT, data[:2_000_000])
    got += taken(loop, reader, 8_000_000 - len(got))
    assert got == data + data[:2_000_000]
    assert streams.pending == 0 and told == [True, False]
    streams.close()
    assert descriptors() == before


def test_a_queue_gives_back_what_it_got(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MEMORY", 50)
    monkeypatch.setattr(spool, "AT_ONCE", 20)
    full, plain, chance = False, os.pwrite, random.Random(7)

    def pwrite(file: int, data: bytes, offset: int) -> int:
        if full:
            raise OSError(28, "No space left on device")
        return plain(file, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    queue, wanted, got, before = spool.Spool(), b"", b"", descriptors()
    for _ in range(20_000):
        full = chance.random() < 0.3
        if chance.random() < 0.4:
            data = chance.randbytes(chance.randrange(1, 60))
            queue.add(data)
            wanted += data
        elif queue.size:
            data = queue.first(chance.randrange(1, 40))
            assert data
            queue.drop(len(data))
            got += data
        assert queue.size == len(wanted) - len(got)
    while queue.size:
        data = queue.first(1000)
        queue.drop(len(data))
        got += data
    assert got == wanted
    queue.add(b"x" * 1000)
    queue.clear()
    assert queue.size == 0 and descriptors() == before


def test_one_turn_of_the_loop_is_one_picture(loop: Loop, terminal: tuple[int, int], closing: Closing) -> None:
    master, slave = terminal
    streams, _ = attached(loop, slave, slave)
    picture = Picture(slave)
    streams.show(picture.block)
    wanted = [f"line {n}" for n in range(20)]
    for n, line in enumerate(wanted):
        streams.write(OUT if n % 2 else ERR, line + "\n")
    assert picture.drawn == 1 and streams.pending
    data = rest(loop, master)
    assert picture.drawn == 2 and not streams.pending
    assert rows(data.decode()) == [*wanted, "-- block", "   one", "   drawn 2", ""]
    streams.write(ERR, "the end\n")
    streams.show(None)
    data += rest(loop, master)
    assert rows(data.decode()) == [*wanted, "the end", ""]
    streams.close()


# ---- the loop


def test_a_writer_is_called_while_there_is_room(loop: Loop, closing: Closing) -> None:
    _, writer = closing(*os.pipe())
    calls: list[int] = []
    loop.add_writer(writer, calls.append)
    loop.wait(1)
    loop.wait(1)
    assert len(calls) == 2
    loop.remove(writer)
    loop.wait(0.01)
    assert len(calls) == 2
    loop.add(closing(*os.pipe())[0], lambda descriptor: None)


def test_a_number_that_was_given_anew_is_not_taken_for_the_old_one(loop: Loop, closing: Closing) -> None:
    first, second = (closing(*os.pipe())[1] for _ in range(2))
    called: list[str] = []

    def swap(name: str, other: int) -> None:
        called.append(name)
        loop.remove(other)
        loop.add_writer(other, lambda descriptor: called.append("new"))

    loop.add_writer(first, lambda descriptor: swap("first", second))
    loop.add_writer(second, lambda descriptor: swap("second", first))
    loop.wait(1)
    assert called in (["first"], ["second"])  # not the other one's old callback, in the same round


# ---- the screen of a run


def test_a_screen_passes_it_all_on(loop: Loop, way: str, closing: Closing) -> None:
    reader, writer = closing(*os.pipe())
    null, = closing(os.open(os.devnull, os.O_WRONLY))  # fmt: skip
    screen = Terminal(Plan("nightly", [PlanTask("fetch", [], ["true"])]), out=null, err=writer, colour=False)
    told: list[bool] = []
    screen.on_full = told.append
    screen.attach(loop)
    screen.step((RunCreated(0.0),))
    screen.step((RunStarted(0.0), TaskStarted(0.0, 0)))
    text = b"a word of fetch\n" * 1000
    for _ in range(40):
        screen.output(0, ERR, text)
    assert told == [True] and screen.pending > FULL
    screen.step((TaskEnded(1.0, 0, "SUCCEEDED", 0, 1.0),))
    screen.step((RunFinished(1.0, "SUCCEEDED"),))
    screen.finish()
    screen.write(screen.account(1.0))
    data = b""
    while screen.pending:
        loop.wait(0.01)
        data += os.read(reader, 65_536)
    data += rest(loop, reader)
    screen.flush()
    screen.close()
    assert told == [True, False]
    shown = data.decode().splitlines()
    assert shown.count("[fetch] a word of fetch") == 40_000
    assert shown[-1].startswith("nightly: succeeded after ")
