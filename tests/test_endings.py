"""How a run ends: whatever is pending then, nothing happens any more, and everybody gives the same account of it."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.events import RunFinished, RunStopped, Step, TaskEnded
from factc.events.ending import BAD, EARLY, OK, STOPPED, exit_code, verdict
from factc.events.state import FAILED, RunState
from factc.plan import Plan, PlanTask, Retry
from factc.record import JOURNAL, history
from factc.record.journal import fact_line
from factc.record.statedir import StateDir
from factc.screen.terminal import Terminal
from factc.session import components, session
from factc.session.options import Wishes
from factc.session.session import Result
from factc.webhooks.worker import Report
from tests.draws import draws
from tests.fake_engine import Clock, Script

TERM = int(signal.SIGTERM)


class Machine(Clock):
    """A loop whose time jumps, as `session` needs it."""

    def __init__(self) -> None:
        super().__init__()
        self.handlers: dict[int, Callable[[int], None]] = {}

    def on_signal(self, number: int, callback: Callable[[int], None]) -> None:
        self.handlers[number] = callback

    def call(self, callback: Callable[[], None]) -> None:
        self.later(0, callback)

    def wake(self) -> None: ...

    def wait(self, timeout: float | None = None) -> None:
        while self._timers and not self._timers[0].callback:
            heappop(self._timers)
        if timeout is not None and (not self._timers or self._timers[0].due > self.time + timeout):
            self.time += timeout + 1e-6  # a deadline is not to be missed by a rounding
        else:
            super().wait(timeout)

    def term(self) -> None:
        """SIGTERM, as Python has it delivered."""
        handler = signal.getsignal(TERM)
        if callable(handler):
            handler(TERM, None)
        if TERM in self.handlers:
            self.handlers[TERM](TERM)

    def later_than_all(self) -> None:
        """Time goes on until no timer is left."""
        while any(timer.callback for timer in self._timers):
            super().wait()


class Hook:
    """A webhook that takes so many seconds more at the end of the run."""

    url = "http://hook"

    def __init__(self, machine: Machine, seconds: float) -> None:
        self.busy = True
        self.facts: list[Any] = []
        self.beats: list[float] = []
        self.finished = False
        self._machine = machine
        self._seconds = seconds

    def step(self, facts: Step) -> None:
        assert not self.finished
        self.facts += facts

    def heartbeat(self, at: float, outputs: Mapping[int, tuple[str, str]]) -> None:
        assert not self.finished
        self.beats.append(at)

    def finish(self, drain: float) -> None:
        self.finished = True
        self._machine.later(self._seconds, self._over)

    def close(self, drain: float) -> Report:
        return Report("u", 0, 0, "", False)

    def _over(self) -> None:
        self.busy = False


class Run:
    """One run on a clock of its own, with a real record in a folder: its result and what was said, and what after."""

    def __init__(self, folder: Path, tasks: list[PlanTask], ends: Callable[[int, int], tuple[float, int | None]], *,
                 drain: float = 0.0, slow: float = 0.0, signals: Sequence[float] = (), late: Sequence[float] = (),
                 **wishes: Any) -> None:  # fmt: skip
        machine = self.machine = Machine()
        self.hook = Hook(machine, drain)
        self.said: list[str] = []
        self.until = 0.0  # when the screen's reader has taken all
        before = signal.getsignal(TERM)
        signal.signal(TERM, signal.default_int_handler)  # whatever pytest has
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(components, "Local", lambda *args, **more: Script(machine, ends))
            patch.setattr(components.Parts, "_webhooks", lambda made: [self.hook])
            patch.setattr(Terminal, "attach", lambda screen, loop: None)
            patch.setattr(Terminal, "say", lambda screen, words, at: self.said.append(words))
            patch.setattr(Terminal, "write", lambda screen, text: self._told(text, slow))
            patch.setattr(Terminal, "pending", property(lambda screen: int(machine.time < self.until)))
            wanted = Wishes(output="quiet", state_dir=str(folder / "state"), **wishes)
            for at in signals:
                machine.later(at, machine.term)
            for at in late:
                machine.later(at, lambda: machine.handlers[TERM](TERM))
            signal.signal(TERM, signal.SIG_DFL)
            try:
                made = components.Parts(Plan("j", tasks), wanted, None, None, None)
                self.result: Result = session._Launch(made, machine).result()  # type: ignore[arg-type]
                self.ended, count = machine.time, len(self.said)
                machine.later_than_all()
            finally:
                signal.signal(TERM, before)
        self.after = self.said[count:]
        assert self.result.directory is not None
        self.home = StateDir(str(folder / "state"))
        self.record = history.find(self.home, self.result.run_reference)
        self.lines = [json.loads(line) for line in (Path(self.result.directory) / JOURNAL).read_text().splitlines()]

    def _told(self, text: str, slow: float) -> None:
        self.account = text
        self.until = self.machine.time + slow


def task(name: str, *needs: int, **more: Any) -> PlanTask:
    return PlanTask(name, needs, ("sh", "-c", name), **more)


TASKS = [
    task("a", retry=Retry(2, 3.0), timeout=6.0, noop=(3,)),
    task("b", 0, noop=(3,)),
    task("c"),
    task("tell", 1, 2, final=True),
]
moments = st.floats(0.25, 20.0)


@given(
    ends=st.lists(
        st.lists(st.tuples(st.floats(0, 9), st.sampled_from((0, 0, 0, 1, 3, None))), min_size=3, max_size=3),
        min_size=4, max_size=4,
    ),
    timeout=st.none() | moments, heartbeat=st.none() | moments, signals=st.lists(moments, max_size=3),
    drain=st.sampled_from((0.0, 2.5, 29.0)), slow=st.sampled_from((0.0, 0.5, 4.0)), fail_fast=st.booleans(),
)  # fmt: skip
@settings(max_examples=draws(150), deadline=None)
def test_nothing_happens_after_the_end_and_all_accounts_agree(
    ends: list[list[tuple[float, int | None]]], **more: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), TASKS, lambda n, attempt: ends[n][attempt - 1], **more)
        facts = [line["fact"] for line in run.lines if "n" in line]
        assert facts.count("RunFinished") == 1 and facts[-1] == "RunFinished", "nothing happens in a run that is over"
        assert run.after == []
        agree(run)


def agree(run: Run) -> None:
    """The exit code, the record, the screen and the result."""
    code, found = run.result.exit_code, run.record
    assert exit_code(found.state) == code
    why = found.state.stopped or ""
    assert found.outcome in {0: (OK, EARLY), 2: (BAD, STOPPED), 3: (STOPPED,), 143: (STOPPED,)}[code]
    assert (code == 143) == ("SIGTERM" in why) and (found.outcome == STOPPED) == bool(why)
    words = found.outcome
    assert f"\nj: {words} after " in f"\n{run.account}" and (not why or f"({why})" in run.account)
    assert (found.state.job == FAILED) == bool(code)
    assert [t.state for t in run.result.tasks.values()] == [t.state for t in found.state.tasks]


FINE = [task("a"), task("b", 0)]


@pytest.mark.parametrize("pending", [{"drain": 20.0}, {"slow": 20.0}])
@pytest.mark.parametrize("signals", [[], [5.0]])
def test_what_expires_after_the_end_changes_nothing(
    tmp_path: Path, pending: dict[str, float], signals: list[float]
) -> None:
    """The limit of the whole run, a heartbeat, the journal's second, and a signal, while something is waited for."""
    run = Run(tmp_path, FINE, lambda n, a: (1.0, 0), timeout=4.0, heartbeat=0.9, signals=signals, **pending)
    agree(run)
    assert run.result.exit_code == 0 and run.said == [] and run.record.outcome == OK
    assert all(at <= 2.0 for at in run.hook.beats) and run.ended < (5.1 if signals else 22.1)


def test_a_signal_breaks_off_the_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be long; how the run ended is told all the same."""
    whole = Terminal.account

    def broken_off(screen: Terminal, *more: Any) -> str:
        signal.raise_signal(signal.SIGTERM)
        return whole(screen, *more)

    monkeypatch.setattr(Terminal, "account", broken_off)
    run = Run(tmp_path, FINE, lambda n, a: (1.0, int(n == 0)), drain=20.0)
    assert run.result.exit_code == 2 and run.account.startswith("j: failed after") and run.ended < 20.0


def test_the_weightiest_stop_counts(tmp_path: Path) -> None:
    """A limit and then a signal, a signal and then a limit: it is the signal."""
    for timeout, at in ((2.0, 2.25), (2.25, 2.0)):
        run = Run(tmp_path / str(at), [task("a")], lambda n, a: (9.0, 0), timeout=timeout, signals=[at], grace=5.0)
        agree(run)
        assert run.result.exit_code == 143


@pytest.mark.parametrize(
    ("stops", "failed", "missing", "code"),
    [
        ([], False, False, 0), ([], True, True, 2), ([], False, True, 6),
        ([3], False, True, 3), ([3], True, True, 2), ([3, 2], False, True, 2), ([2, 3], False, True, 2),
        ([2, 143], False, True, 143), ([3, 129, 2], True, True, 129), ([143, 130], True, False, 143),
    ],
)  # fmt: skip
def test_a_signal_then_2_then_3_then_6(stops: list[int], failed: bool, missing: bool, code: int) -> None:
    state = RunState(1)
    for number in stops:
        state.apply(RunStopped(1.0, f"stop {number}", number))
    if failed:
        state.apply(TaskEnded(2.0, 0, FAILED, 1, 1.0))
    state.apply(RunFinished(3.0, verdict(state)))
    assert exit_code(state, missing=missing) == code
    assert not stops or state.stopped == f"stop {state.code}"


def test_a_record_of_an_older_version_that_was_stopped_after_its_end(tmp_path: Path) -> None:
    run = Run(tmp_path, FINE, lambda n, a: (1.0, 0))
    path = Path(run.record.directory) / JOURNAL
    number = sum("n" in line for line in run.lines)
    with path.open("ab") as journal:
        journal.write(fact_line(number + 1, RunStopped(9.0, "the run timed out after 9s")))
    found = history.find(run.home, run.result.run_reference)
    assert (found.outcome, found.failed, found.seconds) == (OK, False, run.record.seconds)


def test_a_signal_that_came_just_before_the_end_ends_what_is_told_of_the_run(tmp_path: Path) -> None:
    """The loop tells of it when the run has taken leave of it."""
    run = Run(tmp_path, [task("a")], lambda n, attempt: (1.0, 0), drain=25.0, late=[2.0])
    assert run.result.exit_code == 0 and run.ended < 3.0
