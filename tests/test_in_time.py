"""What has ended in time has not timed out and was not stopped, however late the run hears of its end.

The limit, or the signal, comes when the task has ended: while its pipes are read out, or while the run itself sleeps.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import factc
from factc.engine.local import engine, process
from factc.loop import Loop
from tests.conftest import Ran

HOLD = "(sleep 5; true) &"  # holds the pipes behind the task's end
SLEEP = "(kill -STOP $PPID; sleep 1; {also} kill -CONT $PPID) >/dev/null 2>&1 &"  # the run's, until behind the limit
# A limit is long enough for a shell to start on a busy machine.
AWAIT = "until grep -q '^State:.T' /proc/$PPID/status; do :; done;"
WAYS = {"the task's limit": ("[timeout 700ms]", [], ""), "the run's limit": ("", ["--timeout", "700ms"], ""),
        "a signal": ("", [], "kill -TERM $PPID;")}  # fmt: skip


@contextmanager
def lingering(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ended task's pipes are read out for longer than the limit."""
    with monkeypatch.context() as patch:
        for module in (engine, process):
            patch.setattr(module, "LINGER", 1.2)
        yield


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("way", WAYS)
def test_while_the_run_sleeps(factc, tmp_path: Path, way: str, code: int) -> None:  # type: ignore[no-untyped-def]
    if not Path("/proc/self/status").exists():
        pytest.skip("a task cannot see that its run sleeps")
    above, options, also = WAYS[way]
    recipe = f"{SLEEP.format(also=also)} {AWAIT} exit {code}"
    (tmp_path / "job.fact").write_text(f"job j\n\n{above}\na:\n    {recipe}\n")
    ran: Ran = factc("run", "job.fact", *options)
    assert ran.code == (2 if code else 0), ran
    assert ("exit code 3" in ran.err) == bool(code) and "timed out" not in ran.err and "stopped by" not in ran.err, ran


@pytest.mark.parametrize("way", WAYS)
def test_while_its_pipes_are_read_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.chdir(tmp_path)
    above, options, also = WAYS[way]
    Path("job.fact").write_text(f"job j\n\n{above}\na:\n    {HOLD} exit 0\n")
    plan = factc.compile("job.fact")
    timer = threading.Timer(0.7, lambda: signal.raise_signal(signal.SIGTERM) if also else None)
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with lingering(monkeypatch):
            timer.start()
            result = factc.run(plan, timeout=0.7 if options else None)
            timer.join()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (result.exit_code, result.tasks["a"].state, result.tasks["a"].reason) == (0, "SUCCEEDED", None)


def test_what_has_not_ended_is_stopped_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One task has ended, another has not, a third was to come."""
    monkeypatch.chdir(tmp_path)
    Path("job.fact").write_text(f"job j\n\na:\n    {HOLD} exit 0\n\nb:\n    exec sleep 9\n\nc: a\n    echo c\n")
    with lingering(monkeypatch):
        result = factc.run(factc.compile("job.fact"), timeout=0.7)
    assert result.exit_code == 2
    assert [(name, task.state, task.reason) for name, task in result.tasks.items()] == [
        ("a", "SUCCEEDED", None),
        ("b", "FAILED", "the run timed out after 700ms"),
        ("c", "SKIPPED", "the run timed out after 700ms"),
    ]


def test_the_loop_looks_once_more() -> None:
    """A poll that a signal cuts short at its deadline tells of nothing, though there is something."""
    seen: list[str] = []
    with Loop() as loop:
        time, late = [0.0], [True]
        loop.now = lambda: time[0]
        real = loop._poller

        class Deaf:
            def poll(self, timeout: float) -> list[tuple[int, int]]:
                time[0] = 5.0
                return [] if late.pop() else real.poll(timeout)

            close = real.close

        late += [False, True]
        loop._poller = Deaf()  # type: ignore[assignment]
        loop.later(1, lambda: seen.append("timer"))
        loop.on_signal(signal.SIGTERM, lambda number: seen.append("stop"))
        loop.on_signal(signal.SIGCHLD, lambda number: seen.append("end"))
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGCHLD)
        loop.wait()
    assert seen == ["end", "stop", "timer"]
