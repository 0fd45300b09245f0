"""A run inside a host program: what it refuses, what other threads do to it, and what a copy of the program keeps."""

from __future__ import annotations

import functools
import json
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import factc
from factc.engine import Lost
from factc.engine.local import engine as local
from factc.engine.local.engine import Local
from factc.loop import Loop
from tests.conftest import Ran, environment
from tests.patience import until
from tests.test_orphans import Den, Folder, folder  # noqa: F401

Factc = Callable[..., Ran]
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="marks are read from /proc")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> factc.Plan:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.fact").write_text("job j\n\na:\n    touch ran\n")
    return factc.compile("job.fact")


# ---- what is refused

WRONG = [-1, -0.5, math.nan, math.inf, -math.inf, True, "3", [], 10**400]
WRONG_TIMES = [value if value != "3" else "3 parsecs" for value in WRONG]  # a time may be a text
NUMBERS: dict[str, list[object]] = {
    "jobs": [*WRONG[:-1], 0, 1.5],
    "keep": [*WRONG[:-1], 1.5],
    "keep_size": [*(value for value in WRONG[:-1] if value != "3"), 1.5],
    "max_stdouterr_size": [*WRONG[:-1], 1.5, None],
    "timeout": [*WRONG_TIMES, 0],
    "heartbeat_interval": [*WRONG_TIMES, 0],
    "grace": [*WRONG_TIMES, None],
    "webhook_drain": [*WRONG_TIMES, None],
    "wait": WRONG_TIMES,
}


def test_every_number_of_the_api_is_looked_at(plan: factc.Plan) -> None:
    for name, values in NUMBERS.items():
        for value in values:
            with pytest.raises(factc.RequestError, match=name):
                factc.run(plan, state_dir=None, **{name: value})  # type: ignore[arg-type]
    assert not os.path.exists("ran")


@pytest.mark.parametrize("name", ["webhooks", "webhook_header_env", "secrets", "secret_files", "constraint"])
def test_one_word_is_no_list_of_words_and_is_not_shown(plan: factc.Plan, name: str) -> None:
    for value in ("http://u:pw0rd@h/", b"http://u:pw0rd@h/", [b"http://u:pw0rd@h/"]):
        with pytest.raises(factc.RequestError, match=name) as caught:
            factc.run(plan, state_dir=None, **{name: value})  # type: ignore[arg-type]
        assert "pw0rd" not in str(caught.value)


def test_no_number_of_the_api_is_forgotten() -> None:
    import inspect

    numbers = [
        n
        for n, p in inspect.signature(factc.run).parameters.items()
        if ("int" in p.annotation.replace("constraint", "") or "float" in p.annotation) and n != "pools"
    ]
    assert sorted(numbers) == sorted(NUMBERS)


def test_the_largest_and_smallest_numbers_work(plan: factc.Plan) -> None:
    large = {
        "timeout": 1e9,
        "grace": 1e9,
        "webhook_drain": 1e9,
        "heartbeat_interval": 1e9,
        "jobs": 10**30,
        "max_stdouterr_size": 0,
    }
    assert factc.run(plan, state_dir=None, **large).ok  # type: ignore[arg-type]


def test_another_thread_is_refused(plan: factc.Plan) -> None:
    problems: list[BaseException] = []

    def attempt() -> None:
        try:
            factc.run(plan)
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    (problem,) = problems
    assert isinstance(problem, factc.RequestError) and "main thread" in problem.message
    assert not os.path.exists("ran")


class Handler:
    """What is tried in a signal handler, in each of the ways to write one."""

    def __init__(self, plan: factc.Plan) -> None:
        self.plan = plan
        self.problem: factc.RequestError | None = None

    def attempt(self) -> None:
        try:
            factc.run(self.plan, state_dir=None)
        except factc.RequestError as problem:
            self.problem = problem

    def method(self, number: int, frame: FrameType | None) -> None:
        self.attempt()

    def __call__(self, *arguments: Any) -> None:
        self.attempt()

    def more(self, more: str, number: int, frame: FrameType | None) -> None:
        self.attempt()


WAYS: dict[str, Callable[[Handler], Any]] = {
    "lambda": lambda h: lambda number, frame: h.attempt(),
    "method": lambda h: h.method,
    "callable": lambda h: h,
    "partial": lambda h: functools.partial(h.more, "x"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_signal_handler_is_refused(plan: factc.Plan, way: str) -> None:
    handler = Handler(plan)
    before = signal.signal(signal.SIGUSR1, WAYS[way](handler))
    try:
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert handler.problem and "signal handler" in handler.problem.message and not os.path.exists("ran")


def test_what_looks_like_a_handler_is_none(plan: factc.Plan) -> None:
    def run(number: int, frame: FrameType | None) -> bool:
        return factc.run(plan, state_dir=None).ok

    assert run(15, None) and run(15, sys._getframe(1))


# ---- an end that another thread has taken


@needs_proc
def test_an_end_that_somebody_else_has_taken_is_a_lost_one(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(local, "ROUND", 0.02)
    with Loop() as loop:
        den = Den(loop, folder)
        den.run(1, 'setsid "$D/stay" & "$D/stay" & exec sleep 60')
        den.run(2, "exec sleep 60")
        den.started(2)
        for id in (1, 2):
            pid = den.engine._by_id[id].pid
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        den.engine.cancel(2, 60)  # its number is nobody's: nothing is signalled
        den.until(lambda: sum(isinstance(post, Lost) for post in den.posts) == 2)
        assert {post.reason for post in den.posts if isinstance(post, Lost)} == {local.STOLEN}
        until(lambda: not folder.alive()[1:])  # the one that had left is found by its mark
        den.run(3, "exit 5")
        assert den.end(3).code == 5  # type: ignore[union-attr]
        den.engine.close()


def test_a_number_that_was_given_anew_is_not_signalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a theft and the look that finds it, the number may be that of somebody else's group."""
    with Loop() as loop, subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        from factc.engine import Attempt
        from factc.engine.local import termination
        from factc.engine.local.process import Process

        engine = Local()
        posts: list[object] = []
        engine.open(posts.append, loop)
        stolen = Process(Attempt(1, (), {}), other.pid, 0.0, {})
        monkeypatch.setattr(termination, "is_child", lambda pid: False)
        engine._by_id[1] = engine._by_pid[other.pid] = stolen
        engine.cancel(1, 0)
        loop.wait(0.1)
        assert other.poll() is None
        del engine._by_pid[other.pid], engine._by_id[1]
        engine._stopping._members.clear()
        engine.close()
        other.kill()


STEALS = """
import factc, os, threading, time
def steal():
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            time.sleep(0.001)
threading.Thread(target=steal, daemon=True).start()
result = factc.run(factc.compile("job.fact"), state_dir=None)
for task in result.tasks.values():
    assert task.state == "SUCCEEDED" or task.reason.startswith("worker lost: something else"), task.reason
print(*(task.state for task in result.tasks.values()))
"""


def test_a_thread_that_waits_for_any_child_stops_no_run(tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\n\n" + "".join(f"t{i}:\n    sleep 0.01\n\n" for i in range(4)))
    done = subprocess.run([sys.executable, "-c", STEALS], cwd=tmp_path, env=environment(), timeout=60,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0 and len(done.stdout.split()) == 4, done.stderr


# ---- copies of the program

COPIES = """
import ctypes, factc, os, sys, threading, time
libc = ctypes.PyDLL(None)
def copy():
    while not os.path.exists("began"):
        time.sleep(0.005)
    pid = os.fork() if sys.argv[1] == "python" else libc.fork()
    if not pid:
        open("copied", "w").close()
        libc.pause()
        os._exit(0)
    open("copy", "w").write(str(pid))
threading.Thread(target=copy).start()
result = factc.run(factc.compile("job.fact"), exclusive=True)
again = factc.run(factc.compile("job.fact"), exclusive=True)
os._exit(not result.ok or not again.ok)
"""


class Copying:
    """A host program that forks while its run goes on; the copy lives until the end."""

    def __init__(self, path: Path, way: str) -> None:
        self.path = path
        (path / "job.fact").write_text(
            "job j\n\na:\n    echo $$ > began; until [ -e copied ] && [ -e go ]; do sleep 0.02; done\n"
        )
        with (path / "said").open("w") as said:  # no pipe: the copy would hold it
            words = [sys.executable, "-c", COPIES, way]
            self.process = subprocess.Popen(words, cwd=path, env=environment(), stdout=said, stderr=said)
        until(lambda: (path / "copied").exists() and (path / "copy").exists() and self.number("copy"))

    def number(self, name: str) -> int:
        return int((self.path / name).read_text() or 0)

    def __enter__(self) -> Copying:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        with suppress(ProcessLookupError):
            os.kill(self.number("copy"), signal.SIGKILL)
        self.process.wait()


@pytest.mark.parametrize("way", ["python", "c"])
def test_a_copy_of_the_program_keeps_no_lock(factc: Factc, tmp_path: Path, way: str) -> None:
    with Copying(tmp_path, way) as copying:
        (tmp_path / "go").touch()
        assert copying.process.wait(30) == 0, (tmp_path / "said").read_text()
        told = [json.loads(line) for line in factc("runs", "--format", "json").out.splitlines()]
        assert [run["outcome"] for run in told] == ["succeeded", "succeeded"]


@needs_proc
def test_a_copy_of_the_program_keeps_no_dead_run_alive(factc: Factc, tmp_path: Path) -> None:
    with Copying(tmp_path, "python") as copying:
        copying.process.kill()
        until(lambda: not os.path.exists(f"/proc/{copying.number('began')}"))  # the guard has seen it
        assert json.loads(factc("runs", "--format", "json").out)["outcome"] == "died"
        (tmp_path / "go").touch()
        assert factc("resume", "last").code == 0


def test_a_signal_to_a_copy_is_none_to_the_run(tmp_path: Path) -> None:
    with Copying(tmp_path, "python") as copying:
        os.kill(copying.number("copy"), signal.SIGTERM)
        until(lambda: Path(f"/proc/{copying.number('copy')}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
        (tmp_path / "go").touch()
        assert copying.process.wait(30) == 0
