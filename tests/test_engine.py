"""The conformance suite of engines, and what is special to processes on this machine.

The witness is a file that the attempts write themselves.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.engine import Attempt, Exited, NotStarted, Output, Post, Started
from factc.engine.local import engine, waitid
from factc.engine.local.engine import Local
from factc.engine.local.process_groups import living
from factc.loop import Loop
from factc.poller import Selected
from tests.patience import PATIENCE


class Bench:
    """An engine on a loop, and what it posted."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.posts: list[Post] = []
        self.engine = Local()
        self.engine.open(self.posts.append, loop)

    def submit(self, id: int, text: str, *, directory: str | None = None, **variables: str) -> None:
        self.engine.submit(Attempt(id, ("sh", "-c", text), variables, directory))

    def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, self.posts
            self.loop.wait(0.05)

    def end(self, id: int) -> Exited | NotStarted:
        """Waits for the end of an attempt."""
        self.until(lambda: any(isinstance(p, (Exited, NotStarted)) and p.id == id for p in self.posts))
        return next(p for p in self.posts if isinstance(p, (Exited, NotStarted)) and p.id == id)

    def output(self, id: int, stream: int = 1) -> bytes:
        return b"".join(p.data for p in self.posts if isinstance(p, Output) and (p.id, p.stream) == (id, stream))


@pytest.fixture(params=["epoll", "selectors"])
def bench(request, monkeypatch):  # type: ignore[no-untyped-def]
    """With what Linux has to wait by, and with what other systems get."""
    if request.param == "selectors":
        monkeypatch.setattr("factc.loop.poller", Selected)
    with Loop() as loop:
        made = Bench(loop)
        yield made
        made.engine.close()


def code(end: Exited | NotStarted) -> int:
    assert isinstance(end, Exited)
    return end.code


def test_started_then_output_then_exactly_one_end(bench: Bench, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    for i in range(20):
        bench.submit(i, f"echo {i} >> {witness}; echo out {i}; echo err {i} >&2; exit {i}")
    for i in range(20):
        assert code(bench.end(i)) == i
        kinds = [type(p).__name__ for p in bench.posts if p.id == i]
        assert kinds[0] == "Started" and kinds[-1] == "Exited" and kinds.count("Exited") == 1
        assert (bench.output(i), bench.output(i, 2)) == (b"out %d\n" % i, b"err %d\n" % i)
    assert sorted(map(int, witness.read_text().split())) == list(range(20))


def test_death_by_signal_is_128_and_the_number(bench: Bench) -> None:
    bench.submit(1, "kill -9 $$")
    assert code(bench.end(1)) == 137


def test_what_cannot_start_did_not_run(bench: Bench) -> None:
    bench.engine.submit(Attempt(1, ("/nowhere/at all",), {}))
    bench.submit(2, "true", directory="/nowhere")
    ends = [bench.end(1), bench.end(2)]
    assert all(isinstance(end, NotStarted) for end in ends)
    assert "No such file" in ends[0].reason and "/nowhere" in ends[1].reason  # type: ignore[union-attr]
    assert not any(isinstance(p, Started) for p in bench.posts)


def test_directory_environment_and_standard_input(bench: Bench, tmp_path: Path) -> None:
    here = os.getcwd()
    bench.submit(1, 'pwd -P; echo "$GREETING"; cat; echo end', directory=str(tmp_path), GREETING="hi\nyou")
    assert code(bench.end(1)) == 0
    assert bench.output(1).decode() == f"{tmp_path.resolve()}\nhi\nyou\nend\n"
    assert os.getcwd() == here


def test_each_attempt_leads_a_session_and_gets_default_signals(bench: Bench) -> None:
    show = "import os,signal; print(os.getsid(0)==os.getpgrp(), signal.getsignal(signal.SIGPIPE)==signal.SIG_DFL)"
    # The interpreter itself ignores SIGPIPE; what it inherited shows in the shell that starts it.
    bench.submit(1, f"{sys.executable} -c {show!r}; kill -PIPE $$; echo not reached")
    assert code(bench.end(1)) == 128 + signal.SIGPIPE
    assert bench.output(1).startswith(b"True")


def test_cancel_ends_the_whole_group(bench: Bench, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    bench.submit(1, f"sleep 60 & (trap '' TERM; touch {ready}; sleep 60; sleep 60) & wait")
    bench.until(ready.exists)
    started = time.monotonic()
    group = next(iter(bench.engine._by_pid))
    bench.engine.cancel(1, 0.3)
    assert code(bench.end(1)) != 0
    assert time.monotonic() - started < PATIENCE
    assert not living({group})


def test_a_second_cancel_kills_at_once(bench: Bench, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    bench.submit(1, f"trap '' TERM; touch {ready}; sleep 60")
    bench.until(ready.exists)
    bench.engine.cancel(1, 60)
    bench.engine.cancel(1, 0)
    assert code(bench.end(1)) in (137, 143)


def test_a_clean_up_gets_its_grace_though_the_shell_is_gone(bench: Bench, tmp_path: Path) -> None:
    done, ready = tmp_path / "done", tmp_path / "ready"
    inner = f"trap 'sleep 0.3; echo cleaned > {done}; exit 0' TERM; touch {ready}; while :; do sleep 0.05; done"
    bench.submit(1, f"sh -c '{inner.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}' & wait")
    bench.until(ready.exists)
    bench.engine.cancel(1, 10)
    bench.end(1)
    assert done.read_text() == "cleaned\n"


def test_what_is_left_behind_does_not_hold_the_end(bench: Bench) -> None:
    started = time.monotonic()
    bench.submit(1, "sleep 60 & echo $!")
    assert code(bench.end(1)) == 0
    assert time.monotonic() - started < PATIENCE
    os.kill(int(bench.output(1)), signal.SIGKILL)


def test_late_output_within_the_grace_is_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LINGER", PATIENCE)
    bench.submit(1, "(sleep 0.05; echo late) & echo early")
    bench.end(1)
    assert bench.output(1) == b"early\nlate\n"


def test_large_output_comes_whole(bench: Bench) -> None:
    bench.submit(1, "head -c 3000000 /dev/zero; head -c 1000000 /dev/zero >&2")
    bench.end(1)
    assert (len(bench.output(1)), len(bench.output(1, 2))) == (3_000_000, 1_000_000)


def test_someone_elses_child_is_let_be(bench: Bench) -> None:
    other = os.posix_spawnp("sh", ("sh", "-c", "exit 5"), os.environ)
    time.sleep(0.1)
    bench.submit(1, "exit 4")
    assert code(bench.end(1)) == 4
    assert os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]) == 5


@pytest.mark.parametrize("way", [waitid._python_waitid, waitid._c_waitid])
def test_both_ways_to_ask_which_child_has_ended(way: Callable[[int, int], tuple[int, int] | None]) -> None:
    """Python's own waitid, and the C library's, which an older Python on macOS needs."""
    with pytest.raises(ChildProcessError):
        way(1, os.getpid())
    read, write = os.pipe()
    pid = os.posix_spawnp("cat", ["cat"], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, read, 0)])
    os.close(read)
    assert way(1, pid) is None
    os.close(write)
    while way(1, pid) is None:
        time.sleep(0.001)
    assert way(1, pid) == way(1, pid) == way(0, 0) == (pid, 0)  # it was not reaped
    assert os.waitpid(pid, 0) == (pid, 0)
    with pytest.raises(ChildProcessError):
        way(1, pid)


@pytest.mark.parametrize("way", [waitid._python_waitid, waitid._c_waitid])
@pytest.mark.parametrize(
    ("text", "code"), [("exit 0", 0), ("exit 255", 255), ("kill -9 $$", 137), ("kill -ABRT $$", 134)]
)
def test_both_ways_tell_the_exit_code(way: Callable[[int, int], tuple[int, int] | None], text: str, code: int) -> None:
    pid = os.posix_spawnp("sh", ["sh", "-c", f"ulimit -c 0; {text}"], os.environ)
    while way(1, pid) is None:
        time.sleep(0.001)
    found = way(1, pid)
    os.waitpid(pid, 0)
    assert found == (pid, code)


def test_a_run_that_asks_the_c_library(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waitid, "_waitid", waitid._c_waitid)
    for i in range(5):
        bench.submit(i, f"exit {i}")
    assert [code(bench.end(i)) for i in range(5)] == list(range(5))


def test_a_task_that_reads_from_its_own_pipe_holds_up_nobody(bench) -> None:  # type: ignore[no-untyped-def]
    """What woke the loop may be gone when it comes to read."""
    bench.submit(
        1, "for i in 1 2 3; do cat /dev/stderr >/dev/null & done; for i in $(seq 40); do echo x >&2; done; sleep 1"
    )
    pipe = next(d for d, stream in bench.engine._by_id[1].pipes.items() if stream == 2)
    assert not os.get_blocking(pipe)
    bench.submit(2, "seq 20000")
    assert code(bench.end(2)) == 0
    bench.engine.cancel(1, 0.0)
    assert code(bench.end(1)) == 137
