"""Slots shared with other programs: with make above, with make below, and that none is ever lost.

`Server` is the other end: a pipe with bytes that differ, so that each is known again.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from factc import RequestError, api
from factc.engine.local.guard import Guard
from factc.loop import Loop
from factc.plan import Plan, PlanTask
from factc.runner import jobserver, patient
from factc.runner.jobserver import Tokens
from factc.runner.makeflags import added, offered, without
from factc.runner.runner import Runner
from factc.runner.settings import Rules
from factc.session.cpus import available
from factc.session.options import Wishes
from tests.conftest import Ran, environment
from tests.draws import draws
from tests.fake_engine import Clock, Script
from tests.jobs import factfile, task

Factc = Callable[..., Ran]
FACTC = f"{sys.executable} -m factc"
WORK = "echo s >> log; sleep 0.15; echo e >> log"
make = pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the guard needs /proc")


def most(folder: Path) -> int:
    """How many of the tasks that keep the log ran at once."""
    running, seen = 0, [0]
    for line in (folder / "log").read_text().split():
        running += 1 if line == "s" else -1
        seen.append(running)
    assert running == 0
    return max(seen)


class Server:
    """A jobserver with these bytes, as one or the other make would make it."""

    def __init__(self, folder: Path, style: str, tokens: bytes) -> None:
        self.tokens = tokens
        if style == "fifo":
            path = folder / "a fifo"
            os.mkfifo(path)
            self.read = self.write = os.open(path, os.O_RDWR)
            self.flags = f" -j9 --jobserver-auth=fifo:{str(path).replace(' ', chr(92) + ' ')}"
        else:
            self.read, self.write = os.pipe()
            for end in (self.read, self.write):
                os.set_inheritable(end, True)
            self.flags = f"k -j9 --jobserver-{style}={self.read},{self.write} -- X=1"
        os.write(self.write, tokens)

    def left(self) -> bytes:
        """The bytes that are there, which are there no more afterwards."""
        waits = fcntl.fcntl(self.read, fcntl.F_GETFL) & os.O_NONBLOCK == 0
        assert waits, "who inherited the pipe has changed it for all"
        os.set_blocking(self.read, False)
        try:
            return bytes(sorted(os.read(self.read, 1000)))
        except BlockingIOError:
            return b""
        finally:
            os.set_blocking(self.read, True)

    def close(self) -> None:
        for end in {self.read, self.write}:
            os.close(end)


@contextmanager
def server(folder: Path, style: str = "auth", tokens: bytes = b"abc") -> Iterator[Server]:
    made = Server(folder, style, tokens)
    try:
        yield made
    finally:
        made.close()


def begin(folder: Path, flags: str, *words: str, job: str = "job.factfile", **more: Any) -> subprocess.Popen[bytes]:
    """`factc run` with these words, below what says so in MAKEFLAGS."""
    command = [*FACTC.split(), "run", job, *words]
    variables = environment(MAKEFLAGS=flags, **more)
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, env=variables, close_fds=False, **streams)


def ended(process: subprocess.Popen[bytes]) -> Ran:
    out, err = process.communicate(timeout=60)
    return Ran(subprocess.CompletedProcess([], process.returncode, out, err))


def write(folder: Path, *tasks: dict[str, Any]) -> None:
    (folder / "job.factfile").write_text(factfile(*tasks))


# ---- below a make


@pytest.mark.parametrize("style", ["auth", "fds", "fifo"])
def test_a_run_takes_one_slot_and_those_that_it_is_given(tmp_path: Path, style: str) -> None:
    write(tmp_path, *(task(f"t{i}", WORK) for i in range(8)))
    with server(tmp_path, style, b"xy") as above:
        ran = ended(begin(tmp_path, above.flags))
        assert ran.code == 0 and "factc:" not in ran.err and most(tmp_path) == 3
        assert above.left() == b"xy"
        (tmp_path / "log").unlink()
        ran = ended(begin(tmp_path, above.flags))
        assert ran.code == 0 and most(tmp_path) == 1, "nobody has given it any"


def test_a_slot_that_comes_later_is_taken_too(tmp_path: Path) -> None:
    write(tmp_path, task("a", "touch a; until [ -e b ]; do sleep 0.01; done"), task("b", "touch b"))
    with server(tmp_path, tokens=b"") as above:
        process = begin(tmp_path, above.flags)
        while not (tmp_path / "a").exists():
            time.sleep(0.01)
        assert not (tmp_path / "b").exists()
        os.write(above.write, b"z")
        assert ended(process).code == 0 and above.left() == b"z"


def several(count: int, recipe: str, *above: str, name: str = "t") -> str:
    """So many tasks of a text."""
    numbers = " ".join(map(str, range(count)))
    return "".join(f"[{one}]\n" for one in (f"each x in {numbers}", *above)) + f"{name}:\n    {recipe}\n\n"


BAD = "bad:\n    sleep 0.1; exit 1\n\n"
WAYS_OUT: dict[str, tuple[str, list[str], int, int]] = {
    "a failure": (BAD + several(3, "sleep 0.2"), [], 0, 2),
    "fail fast": (BAD + several(9, "sleep 0.1"), ["--fail-fast"], 0, 2),
    "another try": (several(6, "sleep 0.1; exit 1", "retry 1 every 200ms"), [], 0, 2),
    "a task's time": (several(6, "sleep 60", "timeout 200ms"), [], 0, 2),
    "what cannot start": (several(3, "sleep 0.1") + several(5, "true", "cd no", name="n"), [], 0, 2),
    "the run's time": (several(6, "sleep 60"), ["--timeout", "1"], 0, 2),
    "a signal": (several(6, "touch on; sleep 60"), [], signal.SIGTERM, 143),
    "a task that is killed": (several(6, "kill -9 $$"), [], 0, 2),
    "milestones and pools": ("pool p = 1\n\n" + several(3, "sleep 0.05", "pool p") + several(3, "sleep 0.1", name="u")
                             + "m: t u\n\nn: m\n    :\n", [], 0, 0),
    "the end of factc itself": (several(6, "touch on; sleep 60"), [], signal.SIGKILL, -9),
}  # fmt: skip


@linux
@pytest.mark.parametrize("way", WAYS_OUT)
def test_every_byte_comes_back_on_every_way_out(tmp_path: Path, way: str) -> None:
    text, words, number, code = WAYS_OUT[way]
    (tmp_path / "job.fact").write_text("job ways\n\n" + text)
    with server(tmp_path) as above:
        process = begin(tmp_path, above.flags, *words, job="job.fact")
        while number and not (tmp_path / "on").exists():
            time.sleep(0.01)
        if number:
            time.sleep(0.3)  # for the others
            process.send_signal(number)
        assert ended(process).code == code
        back = above.left()
        for _ in range(500):  # who is killed is cleared up after by another
            if back == above.tokens or number != signal.SIGKILL:
                break
            time.sleep(0.01)
            back = bytes(sorted(back + above.left()))
        assert back == above.tokens


@pytest.mark.parametrize(
    ("words", "variables"), [(["-j2"], {}), ([], {"FACTC_JOBS": "2"}), (["--jobs", "2"], {"FACTC_JOBS": "1"})]
)
def test_a_number_that_is_asked_for_wins_and_is_said_once(
    tmp_path: Path, words: list[str], variables: dict[str, str]
) -> None:
    write(tmp_path, *(task(f"t{i}", WORK) for i in range(5)))
    with server(tmp_path, tokens=b"") as above:
        ran = ended(begin(tmp_path, above.flags, *words, **variables))
        assert ran.code == 0 and most(tmp_path) == 2
        assert [line for line in ran.err.splitlines() if "2 slots of its own" in line and "MAKEFLAGS" in line]
        assert ran.err.count("factc:") == 1
        assert "factc:" not in ended(begin(tmp_path, above.flags, *words, "--output", "quiet", **variables)).err


PLACES = ["77,78", "-2,-2", "0,1", "1,2", "3", "a,b", "fifo:no", "fifo:.", "99999999999,4"]


def flags_of(place: str) -> dict[str, str]:
    flags = f"-j4 --jobserver-auth={place}"
    return {"MAKEFLAGS": f"ks {flags} -- X=a", "MFLAGS": f"-ks {flags}", "CARGO_MAKEFLAGS": flags}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_open_pipe_is_left_alone_with_one_line(place: str) -> None:
    with Loop() as loop:
        share = jobserver.share(loop, flags_of(place), None, None, available)
    assert share.tokens is None and share.most is None
    assert f"`{place}` is no pipe" in share.words
    assert share.variables == {"MAKEFLAGS": "ks -- X=a", "MFLAGS": "-ks", "CARGO_MAKEFLAGS": ""}


def test_what_is_below_hears_nothing_of_it(factc: Factc, tmp_path: Path) -> None:
    write(tmp_path, task("a", 'echo "$MAKEFLAGS|$MFLAGS|$CARGO_MAKEFLAGS|"'))
    ran = factc("run", "job.factfile", env=flags_of("3,4"))
    assert ran.code == 0 and ran.out == "[a] ks -- X=a|-ks||\n" and ran.err.count("factc:") == 1
    assert "factc:" not in factc("run", "job.factfile", "--output", "quiet", env=flags_of("3,4")).err


def test_two_pipes_are_no_jobserver_nor_is_one_of_our_own(tmp_path: Path) -> None:
    write(tmp_path, task("a", "true"))
    (read, _), (_, other) = ends = os.pipe(), os.pipe()
    for number in (read, other):
        os.set_inheritable(number, True)
    try:
        assert "is no pipe" in ended(begin(tmp_path, f" --jobserver-auth={read},{other}")).err
        with Loop() as loop:
            hidden = os.pipe()
            ends += (hidden,)
            assert jobserver._opened(loop, f"{hidden[0]},{hidden[1]}") is None
    finally:
        for pair in ends:
            for number in pair:
                os.close(number)


@pytest.mark.parametrize("order", ["read,write", "write,read", "read,read", "write,write"])
def test_slots_are_taken_only_from_where_they_can_be_given_back(tmp_path: Path, order: str) -> None:
    write(tmp_path, *(task(f"t{i}", "sleep 0.1") for i in range(3)))
    with server(tmp_path) as above:
        place = order.replace("read", str(above.read)).replace("write", str(above.write))
        ran = ended(begin(tmp_path, f" -j4 --jobserver-auth={place}"))
        assert ran.code == 0 and above.left() == above.tokens
        assert ("is no pipe" in ran.err) == (order != "read,write")


@make
@pytest.mark.parametrize(("words", "count"), [(["-j1"], 1), (["-kj1"], 1), (["-j1", "WITH=-j2"], 2)])
def test_a_make_that_does_one_thing_at_a_time_offers_no_slots(tmp_path: Path, words: list[str], count: int) -> None:
    (tmp_path / "Makefile").write_text("all:\n\t$(FACTC) run job.factfile --no-record $(WITH)\n")
    write(tmp_path, *(task(f"t{i}", WORK) for i in range(4)))
    ran = made(tmp_path, *words)
    assert ran.code == 0 and "factc:" not in ran.err and most(tmp_path) == count


def test_who_has_no_make_above_loads_nothing_of_it(tmp_path: Path) -> None:
    write(tmp_path, task("a", "true"))
    command = [sys.executable, "-X", "importtime", "-m", "factc", "run", "job.factfile"]
    env = environment(MAKEFLAGS="ks -- X=a")
    err = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stderr
    assert not [name for name in ("jobserver", "makeflags", "cpus", "patient") if f".{name}\n" in err]


# ---- with the real make


MAKEFILE = """\
all: job one two three

job:
\t+$(FACTC) run job.factfile --no-record

stale:
\t$(FACTC) run job.factfile --no-record

one two three:
\t@echo s >> log; sleep 0.3; echo e >> log
"""


def made(folder: Path, *words: str) -> Ran:
    env = environment(FACTC=FACTC)
    return Ran(subprocess.run(["make", *words], cwd=folder, env=env, capture_output=True, timeout=60))


@make
@pytest.mark.parametrize("slots", [1, 2, 4])
def test_make_above_and_below_share_their_slots(tmp_path: Path, slots: int) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "below.mk").write_text(f"all: a b c\na b c:\n\t@{WORK}\n")
    write(tmp_path, *(task(f"t{i}", "make -s -f below.mk") for i in range(2)), task("u", WORK), task("v", WORK))
    ran = made(tmp_path, f"-j{slots}")
    assert ran.code == 0 and "warning" not in ran.err and "INTERNAL" not in ran.err, ran
    if slots > 1:
        assert 1 < most(tmp_path) <= slots
    (tmp_path / "log").unlink()
    ran = made(tmp_path, f"-j{slots}", "stale")
    assert ran.code == 0 and "warning" not in ran.err, ran
    assert ran.err.count("is no pipe that is open here") == (slots > 1)


@make
@pytest.mark.parametrize("slots", [1, 2, 3])
def test_make_in_tasks_shares_the_slots_of_a_run(factc: Factc, tmp_path: Path, slots: int) -> None:
    (tmp_path / "below.mk").write_text(f"all: a b c\na b c:\n\t@{WORK}\n")
    tasks = [task(f"t{i}", "make -s -f below.mk") for i in range(3)]
    write(tmp_path, *tasks, task("flags", 'echo "$MAKEFLAGS"', "t0"))
    ran = factc("run", "job.factfile", "--jobserver", f"-j{slots}", env={"MAKEFLAGS": "k -- X=a", "MFLAGS": "-k"})
    assert ran.code == 0 and "warning" not in ran.err, ran
    assert most(tmp_path) == slots
    assert ran.out.startswith(f"[flags] k -j{slots} --jobserver-auth=") and ran.out.endswith(" -- X=a\n")


# ---- a server for tasks


@pytest.mark.parametrize(("words", "style"), [(["--jobserver"], "pipe"), (["--jobserver=fifo"], "fifo")])
def test_tasks_find_the_other_slots_of_the_run(tmp_path: Path, factc: Factc, words: list[str], style: str) -> None:
    """One task runs, so all bytes but its own are there; a run inside of it takes them."""
    inner = f"{FACTC} run inner.factfile --no-record --output quiet"
    write(tmp_path, task("a", 'echo "$MAKEFLAGS"'), task("in", inner, "a"))
    (tmp_path / "inner.factfile").write_text(factfile(*(task(f"t{i}", WORK) for i in range(5))))
    ran = factc("run", "job.factfile", "-j3", *words)
    assert ran.code == 0 and most(tmp_path) == 3
    place = ran.out.split("--jobserver-auth=")[1].split()[0]
    assert ("fifo:" in place) == (style == "fifo")
    assert not os.path.exists(os.path.dirname(place.removeprefix("fifo:")) or "none")


def test_a_number_from_outside_is_that_of_the_run_and_not_of_those_inside(tmp_path: Path, factc: Factc) -> None:
    """With a number of their own they would not share."""
    inner = f"{FACTC} run inner.factfile --no-record --output quiet"
    write(tmp_path, task("a", inner), task("b", inner), task("c", 'echo "${FACTC_JOBS-none}"'))
    (tmp_path / "inner.factfile").write_text(factfile(*(task(f"t{i}", WORK) for i in range(3))))
    ran = factc("run", "job.factfile", "--jobserver", env={"FACTC_JOBS": "2"})
    assert ran.code == 0 and most(tmp_path) <= 2 and "[c] none\n" in ran.out
    assert "[c] 2\n" in factc("run", "job.factfile", env={"FACTC_JOBS": "2"}).out


def test_what_a_task_took_along_is_replaced_when_nothing_runs(factc: Factc, tmp_path: Path) -> None:
    thief = 'fd=${MAKEFLAGS##*=}; head -c 1 <"/proc/self/fd/${fd%,*}" >/dev/null'
    meet = "touch {0}; until [ -e {1} ]; do sleep 0.01; done"
    tasks = [task("thief", thief), task("a", meet.format("a", "b"), "thief"), task("b", meet.format("b", "a"), "thief")]
    write(tmp_path, *tasks)
    ran = factc("run", "job.factfile", "-j2", "--jobserver", "--timeout", "20s")
    assert ran.code == 0, ran


def test_a_run_without_a_number_serves_as_many_slots_as_there_are_cpus(factc: Factc, tmp_path: Path) -> None:
    write(tmp_path, task("a", 'echo "$MAKEFLAGS"'))
    assert f"-j{available()} --jobserver-auth=" in factc("run", "job.factfile", "--jobserver").out
    with server(tmp_path) as above:  # nothing is to be served where others do
        ran = ended(begin(tmp_path, above.flags, "--jobserver"))
        assert ran.out == f"[a] {above.flags}\n" and "factc:" not in ran.err
        assert "-j7 --jobserver-auth=" in ended(begin(tmp_path, above.flags, "--jobserver", "-j7")).out


def test_what_cannot_be_served_is_refused(factc: Factc, tmp_path: Path) -> None:
    write(tmp_path, task("a", "true"))
    for words in (["--jobserver=pip"], ["--jobserver", "-j5000"], ["--jobserver="]):
        ran = factc("run", "job.factfile", *words)
        assert ran.code == 3 and "jobserver" in ran.err and "Traceback" not in ran.err
    for bad in ("pip", 3, ""):
        with pytest.raises(RequestError):
            api.run(api.compile(tmp_path / "job.factfile"), jobserver=bad or "x", state_dir=None)  # type: ignore[arg-type]


def test_the_line_to_go_on_keeps_it(factc: Factc, tmp_path: Path) -> None:
    write(tmp_path, task("a", "exit 1"))
    for words in ("--jobserver=fifo", "--jobserver", "--jobs auto"):
        ran = factc("run", "job.factfile", *words.split())
        assert ran.code == 2 and words.replace("--jobs ", "-j ") in ran.err
    ran = factc("run", "--jobserver", "job.factfile")
    assert ran.code == 2, "a bare one takes no word"


# ---- one who shares


@given(some.integers(0, 1 << 30), some.integers(1, 4), some.booleans())
@settings(max_examples=draws(40), deadline=None)
def test_a_run_never_holds_a_slot_for_nothing(seed: int, count: int, serves: bool) -> None:
    """Whenever it waits it holds what its tasks need, be there no room in a pool, another try, or nothing ready."""
    chosen = Random(seed)
    loop: Any = SimpleNamespace(add=lambda *of: None, remove=lambda *of: None)
    ends = os.pipe()
    os.write(ends[1], b"+" * count)
    os.set_blocking(ends[0], False)
    tokens = Tokens(loop, ends[0], ends[1], own=True, total=count if serves else None)

    class Watched(Clock):
        def wait(self, timeout: float | None = None) -> None:
            assert len(tokens._held) == max(0, len(engine.running) - 1)
            super().wait(timeout)

    tasks = []
    for i in range(chosen.randint(1, 9)):
        above = tuple(sorted(chosen.sample(range(i), chosen.randint(0, min(i, 2)))))
        pools = tuple(sorted(chosen.sample(["p", "q"], chosen.randint(0, 2))))
        argv = ("true",) if pools or chosen.random() < 0.8 else ()
        tasks.append(PlanTask(f"t{i}", above, argv, declared=i, pools=pools))
    clock = Watched()
    engine = Script(clock, lambda task, attempt: (chosen.choice([1.0, 2.0, 5.0]), chosen.choice([0, 0, 0, 1, None])))
    rules = Rules(pools={"p": 1, "q": 2}, jobs=count + 1)
    Runner(Plan("j", tasks), engine, clock, [], [], rules, tokens=tokens).run()  # type: ignore[arg-type]
    os.close(ends[1])
    with suppress(OSError):  # it has closed its end
        os.close(ends[0])


def steps(chosen: Random, clients: Sequence[Tokens]) -> None:
    running = [0 for _ in clients]
    for _ in range(60):
        at = chosen.randrange(len(clients))
        if chosen.random() < 0.6:
            if clients[at].room(running[at], chosen.random() < 0.9):
                running[at] += 1
                clients[at].keep(running[at])
        elif running[at]:
            running[at] -= 1
            clients[at].keep(running[at])
        for client, count in zip(clients, running, strict=True):
            assert len(client._held) == max(0, count - 1) or len(client._held) < count


@given(some.randoms(use_true_random=False), some.binary(max_size=5), some.booleans())
@settings(max_examples=draws(60), deadline=None)
def test_none_is_lost_and_none_is_made(chosen: Random, tokens: bytes, own: bool) -> None:
    ends = os.pipe()
    os.write(ends[1], tokens)
    with Loop() as loop:
        clients, copies = [], []
        for _ in range(3):
            if own:
                read = os.open(f"/proc/self/fd/{ends[0]}", os.O_RDONLY | os.O_NONBLOCK)
            else:
                copies.append(read := os.dup(ends[0]))
            clients.append(Tokens(loop, read, ends[1], own=own))
        try:
            steps(chosen, clients)
        finally:
            for client in clients:
                client.close()
                client.close()
            for copy in copies:
                os.close(copy)
    os.close(ends[1])
    with open(ends[0], "rb") as rest:
        assert sorted(rest.read()) == sorted(tokens)


def test_a_byte_that_another_was_quicker_to_read_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look says that there is one, and then there is none; the pipe is one that waits."""

    class Late:
        def register(self, descriptor: int, what: int) -> None: ...

        def poll(self, timeout: float) -> list[int]:
            return [1]

    read, write = os.pipe()
    handler, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    try:
        assert patient.read_byte(read) is None
        with monkeypatch.context() as patch:
            patch.setattr(patient.select, "poll", Late)
            assert patient.read_byte(read) is None
        os.write(write, b"q")
        assert patient.read_byte(read) == b"q"
        os.close(write)
        assert patient.read_byte(read) == b""
        assert os.get_blocking(read)
    finally:
        os.close(read)
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (handler, timer)


# ---- what MAKEFLAGS says


FLAGS: list[tuple[str, tuple[str, int | None], str]] = [
    ("", ("", None), ""),
    ("ks", ("", None), "ks"),
    (" -j3 --jobserver-auth=3,4", ("3,4", 3), ""),
    ("k -j3 --jobserver-auth=3,4 -- X=a\\ b", ("3,4", 3), "k -- X=a\\ b"),
    ("--jobserver-fds=3,4 -j", ("3,4", None), ""),
    (" -j5 --jobserver-auth=3,4 --jobserver-auth=fifo:/tmp/x", ("fifo:/tmp/x", 5), ""),
    ("w -j5 --jobserver-auth=fifo:/tmp/a\\ b\\\\c --no-print-directory", ("fifo:/tmp/a b\\c", 5), "w --no-print-directory"),
    ("-j2 --jobserver-auth=fifo:/tmp/a\\\\ -k", ("fifo:/tmp/a\\", 2), "-k"),
    (" -- X=--jobserver-auth=3,4", ("", None), " -- X=--jobserver-auth=3,4"),
    (" --no-print-directory -j2 --jobserver-auth=3,4", ("3,4", 2), " --no-print-directory"),
    ("-j99999999999999999999 --jobserver-auth=3,4 -Idir", ("3,4", None), "-j99999999999999999999 -Idir"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found", "rest"), FLAGS)
def test_what_makeflags_says(text: str, found: tuple[str, int | None], rest: str) -> None:
    assert offered(text) == found
    assert without(text) == rest
    assert offered(added(text, "fifo:/a b\\c", 7)) == ("fifo:/a b\\c", 7)
    assert without(added(text, "8,9", 7)).split() == rest.split()


def test_what_is_owed_is_said_in_one_piece() -> None:
    """Half a line would be a part of the next, and what is given back then is not what was taken."""
    read, write = os.pipe()
    guard = Guard.__new__(Guard)
    guard._pipe = write
    try:
        guard.owe(b"+" * jobserver.MOST)
        assert len(os.read(read, 1 << 16)) <= select.PIPE_BUF
    finally:
        os.close(read)
        os.close(write)


# ---- as many as there are CPUs


def tree(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return f"{folder}/"


V1 = "4:memory:/a\n3:cpu,cpuacct:/docker/x\n1:name=systemd:/\n0::/\n"


@pytest.mark.parametrize(
    ("files", "most_of_it"),
    [
        ({}, 64),
        ({"proc/self/cgroup": "0::/\n"}, 64),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n"}, 64),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "300000 100000\n"}, 3),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "150000 100000\n", "sys/fs/cgroup/a/b/cpu.max": "9900000 100000"}, 2),
        ({"proc/self/cgroup": "0::/../elsewhere\n", "sys/fs/cgroup/cpu.max": "10000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/docker/x\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        ({"proc/self/cgroup": V1, "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "500000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 5),
        ({"proc/self/cgroup": V1, "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "40000\n",
          "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "10000\n"}, 4),
        ({"proc/self/cgroup": V1, "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 64),
        ({"proc/self/cgroup": "no such\nthing::\n0::/\n", "sys/fs/cgroup/cpu.max": "a b\n"}, 64),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "1 0\n"}, 64),
    ],
)  # fmt: skip
def test_cpus_are_those_that_this_process_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], most_of_it: int
) -> None:
    root = tree(tmp_path, files)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    assert available(root) == most_of_it
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3}, raising=False)
    assert available(root) == 1


def test_auto_is_a_number_everywhere(factc: Factc, tmp_path: Path) -> None:
    write(tmp_path, *(task(f"t{i}", WORK) for i in range(available() + 2)))
    for words, env in ((["-j", "auto"], {}), (["-jauto"], {"FACTC_JOBS": "1"}), ([], {"FACTC_JOBS": "auto"})):
        assert factc("run", "job.factfile", *words, env=env).code == 0
        assert most(tmp_path) == available()
        (tmp_path / "log").unlink()
    assert Wishes(jobs="auto").jobs == available()
    for bad in ("Auto", "2", ""):
        with pytest.raises(RequestError):
            Wishes(jobs=bad)
    assert factc("run", "job.factfile", env={"FACTC_JOBS": "Auto"}).code == 3
    assert factc("run", "job.factfile", "-j", "automatic").code == 3


@pytest.mark.parametrize(("cpus", "count", "said"), [(1, 4, 0), (1, 5, 1), (2, 8, 0), (2, 30, 1), (3, 12, 0)])
def test_many_tasks_at_once_are_remarked_upon_once(cpus: int, count: int, said: int) -> None:
    tasks = [PlanTask(f"t{i}", (), ("true",), declared=i) for i in range(count)]
    tasks += [PlanTask(f"u{i}", (i,), ("true",), declared=count + i) for i in range(count)]
    tasks += [PlanTask(f"m{i}", (), (), declared=2 * count + i) for i in range(2 * count)]
    clock, words = Clock(), list[str]()
    engine = Script(clock, lambda task, attempt: (1.0 + task % 3, 0))
    Runner(Plan("j", tasks), engine, clock, [], [], Rules(), say=words.append, cpus=lambda: cpus).run()  # type: ignore[arg-type]
    assert len(words) == said and all("-j auto" in one for one in words)


def test_nobody_is_told_who_has_said_how_many_or_wants_no_words(factc: Factc, tmp_path: Path) -> None:
    count = 4 * available() + 1
    write(tmp_path, *(task(f"t{i}", "sleep 0.3") for i in range(count)))
    assert factc("run", "job.factfile").err.count("`-j auto`") == 1
    for words in (["--output", "quiet"], [f"-j{count}"], ["--dry-run"]):
        assert "-j auto" not in factc("run", "job.factfile", *words).err
