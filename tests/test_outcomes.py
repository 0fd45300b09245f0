"""Retries, timeouts, pools and final tasks: the runner on a clock of its own, with an engine that does as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from factc.events import AttemptEnded, TaskEnded, TaskSkipped, TaskStarted
from factc.events.state import FAILED, SETTLED, SKIPPED, SUCCEEDED, RunState
from factc.plan import LONGEST_PAUSE, LOST, TIMEOUT, Plan, PlanTask, Retry
from factc.runner.outcome import pause, retried
from factc.runner.runner import Runner
from factc.runner.settings import Rules
from tests.draws import draws
from tests.fake_engine import Clock, Script, Seen, run
from tests.outcome_table import PAGE, RESULTS, STOPS, Outcome, expected, page


def task(name: str, *needs: int, **more: Any) -> PlanTask:
    return PlanTask(name, needs, ("sh", "-c", name), **more)


def states(state: RunState) -> list[str]:
    return [t.state for t in state.tasks]


def test_a_retry_comes_after_its_pause_and_delays_nobody() -> None:
    tasks = [task("flaky", retry=Retry(2, 10.0, 3.0)), task("other"), task("next", 0)]
    state, seen, engine = run(tasks, lambda n, a: (1.0, 0 if n or a == 3 else 7), jobs=1)
    assert states(state) == [SUCCEEDED] * 3
    starts = [(f.task, f.attempt, f.at) for f in seen.facts if isinstance(f, TaskStarted)]
    assert [(t, a) for t, a, _ in starts] == [(0, 1), (1, 1), (0, 2), (0, 3), (2, 1)]
    assert starts[1][2] == 1.0, "the slot is free while the other waits"
    assert 11.0 <= starts[2][2] <= 12.0 and 42.0 <= starts[3][2] <= 45.0
    assert engine.environments[0, 3]["FACTC_ATTEMPT"] == "3"


def test_the_last_attempt_counts() -> None:
    state, seen, _ = run([task("a", retry=Retry(1, 1.0)), task("b", 0)], lambda n, a: (1.0, a))
    assert states(state) == [FAILED, SKIPPED] and state.tasks[0].code == 2 and state.tasks[0].attempt == 2
    assert [type(f).__name__ for f in seen.facts].count("AttemptEnded") == 1


def test_what_is_retried() -> None:
    everything, some_codes = Retry(1), Retry(1, on=(75, "signal"))
    for what, first, second in ((1, True, False), (75, True, True), (137, True, True), (193, True, False),
                                (TIMEOUT, True, False), (LOST, False, False), ("not started", True, False)):  # fmt: skip
        assert (retried(everything, 1, what), retried(some_codes, 1, what)) == (first, second), what
    assert not retried(everything, 2, 1) and not retried(None, 1, 1)
    assert retried(Retry(1, on=("timeout", "lost")), 1, LOST)


def test_pauses_grow_to_an_hour() -> None:
    assert [pause(Retry(9, 2.0, 3.0), n, 0.0) for n in (1, 2, 3)] == [2.0, 6.0, 18.0]
    assert pause(Retry(99, 10.0, 10.0), 50, 0.0) == LONGEST_PAUSE
    assert pause(Retry(9, 2.0, 2.0), 1, 1.0) == 2.2 and pause(Retry(9, 2.0), 5, 1.0) == 2.0


def test_a_timeout_stops_an_attempt() -> None:
    state, _, _ = run([task("a", timeout=90.0), task("b", timeout=5.0)], lambda n, a: (100.0 if n == 0 else 1.0, 0))
    assert states(state) == [FAILED, SUCCEEDED] and state.tasks[0].reason == "timed out after 1m30s"


def test_final_tasks_run_whatever_came_and_wait_for_everything_above() -> None:
    tasks = [task("bad"), task("skipped", 0), task("slow"), task("join", 1, 2), task("tell", 3, final=True)]
    state, seen, engine = run(tasks, lambda n, a: (50.0, 0) if n == 2 else (1.0, n == 0))
    assert states(state) == [FAILED, SKIPPED, SUCCEEDED, SKIPPED, SUCCEEDED]
    assert next(f.at for f in seen.facts if isinstance(f, TaskStarted) and f.task == 4) == 50.0
    assert engine.environments[4, 1]["FACTC_OUTCOME"] == "failed" and engine.environments[4, 1]["FACTC_FAILED"] == "bad"


def test_a_first_signal_lets_final_tasks_run_and_a_second_does_not() -> None:
    tasks = [task("long"), task("after", 0), task("tell", 1, final=True), task("last", 2, final=True)]
    state, _, engine = run(tasks, lambda n, a: (60.0, 0), stop=[5.0])
    assert states(state) == [FAILED, SKIPPED, SUCCEEDED, SUCCEEDED] and state.job == FAILED
    assert engine.environments[2, 1]["FACTC_OUTCOME"] == "stopped"
    state, _, _ = run(tasks, lambda n, a: (60.0, 0), stop=[5.0, 20.0])
    assert states(state) == [FAILED, SKIPPED, FAILED, SKIPPED]


def test_a_stop_ends_the_wait_for_another_attempt() -> None:
    state, _, _ = run([task("a", retry=Retry(5, 100.0)), task("b", 0)], lambda n, a: (1.0, 9), stop=[10.0])
    assert states(state) == [FAILED, SKIPPED] and state.tasks[0].code == 9
    assert state.tasks[0].reason == "exit code 9, and the run was stopped by SIGTERM before the next attempt"


def test_pools_limit_and_number_their_tasks() -> None:
    tasks = [task(f"t{i}", pools=("db",)) for i in range(5)] + [task("free")]
    state, seen, engine = run(tasks, lambda n, a: (1.0 + n, 0), pools={"db": 2})
    assert states(state) == [SUCCEEDED] * 6
    assert most_at_once(seen.facts, range(5)) == 2
    assert {engine.environments[n, 1]["FACTC_SLOT"] for n in range(5)} == {"0", "1"}
    assert "FACTC_SLOT" not in engine.environments[5, 1]


def test_what_is_skipped_leaves_its_room_in_a_pool_to_a_final_task() -> None:
    """Both wait for the pool, the one that will not run in front."""
    tasks = [task("first"), task("holds", pools=("db",)), task("waits", pools=("db",)),
             task("tell", 0, final=True, pools=("db",))]  # fmt: skip
    state, _, _ = run(tasks, lambda n, a: (0.0 if n == 0 else 9.0, 0), pools={"db": 1}, stop=[5.0])
    assert states(state) == [SUCCEEDED, FAILED, SKIPPED, SUCCEEDED]


def test_a_run_that_can_learn_nothing_goes_on() -> None:
    def nothing() -> list[float]:
        raise OSError(24, "Too many open files")

    clock, seen = Clock(), Seen()
    engine = Script(clock, lambda n, a: (1.0, 0))
    plan = Plan("j", [task("a"), task("b")])
    runner = Runner(plan, engine, clock, [seen], [], Rules(jobs=1), known=nothing)  # type: ignore[arg-type]
    assert states(runner.run()) == [SUCCEEDED] * 2


def most_at_once(facts: Sequence[Any], tasks: Sequence[int]) -> int:
    running, most = 0, 0
    for fact in facts:
        if getattr(fact, "task", None) in tasks:
            running += isinstance(fact, TaskStarted)
            running -= isinstance(fact, (TaskEnded, AttemptEnded))
            most = max(most, running)
    return most


NAMES = ("red", "green")


@some.composite
def jobs(draw: some.DrawFn) -> dict[str, Any]:
    count = draw(some.integers(1, 9))
    tasks = []
    for i in range(count):
        final = draw(some.integers(0, 4)) == 0
        above = [d for d in range(i) if final or not tasks[d].final]
        needs = draw(some.lists(some.sampled_from(above), unique=True, max_size=3)) if above else []
        if final and not needs:
            final = False
        tasks.append(
            task(
                f"t{i}", *needs, final=final, declared=i,
                retry=Retry(draw(some.integers(1, 2)), 3.0) if draw(some.booleans()) else None,
                timeout=draw(some.sampled_from((None, None, 4.0))),
                pools=draw(some.lists(some.sampled_from(NAMES), unique=True, max_size=2)),
                noop=(3,),
            )
        )  # fmt: skip
    ends = draw(some.lists(some.lists(some.tuples(some.floats(0, 9), some.sampled_from((0, 0, 1, 3, None))), min_size=3,
                                      max_size=3), min_size=count, max_size=count))  # fmt: skip
    stop = draw(some.lists(some.floats(0, 20), max_size=2))
    levels = draw(some.booleans())
    return {"tasks": tasks, "ends": ends, "stop": sorted(stop), "jobs": draw(some.none() | some.integers(1, 3)),
            "levels": levels, "fail_fast": draw(some.booleans())}  # fmt: skip


@given(jobs())
@settings(max_examples=draws(150), deadline=None)
def test_every_run_settles_each_task_once_and_keeps_the_rules(job: dict[str, Any]) -> None:
    from factc.plan.levels import levels

    tasks, ends = job["tasks"], job["ends"]
    groups = levels(Plan("j", tasks)) if job["levels"] else None
    state, seen, _ = run(
        tasks, lambda n, a: ends[n][a - 1], stop=job["stop"], pools=dict.fromkeys(NAMES, 1), jobs=job["jobs"],
        levels=groups, fail_fast=job["fail_fast"],
    )  # fmt: skip
    assert all(t.state in SETTLED for t in state.tasks)
    settled: dict[int, str] = {}
    for fact in seen.facts:
        if isinstance(fact, TaskStarted):
            above = tasks[fact.task].dependencies
            assert fact.task not in settled
            assert (
                all(d in settled for d in above)
                if tasks[fact.task].final
                else all(settled.get(d) == SUCCEEDED for d in above)
            )
        elif isinstance(fact, TaskEnded):
            assert fact.task not in settled
            settled[fact.task] = fact.state
        elif isinstance(fact, TaskSkipped):
            assert settled.setdefault(fact.task, SKIPPED) == SKIPPED
    assert len(settled) == len(tasks)
    for name in NAMES:
        assert most_at_once(seen.facts, [i for i, t in enumerate(tasks) if name in t.pools]) <= 1
    if not job["stop"]:
        assert all(state.tasks[i].state != SKIPPED for i, t in enumerate(tasks) if t.final)


@pytest.mark.parametrize("stop", STOPS)
def test_every_combination(stop: str) -> None:
    """Results × attempts × final × fail-fast × levels, with each kind of stop: the rules hold in every one."""
    for result, attempts, final, fail_fast, by_levels in product(range(6), range(4), *[(False, True)] * 3):
        outcome = Outcome(result, attempts, final=final, stop=stop, fail_fast=fail_fast, levels=by_levels)
        states, tested = outcome.states, outcome.states[0]
        where = (RESULTS[result], attempts, final, stop, fail_fast, by_levels)
        wanted, tries = expected(result, attempts, final, stop)
        assert wanted in ("?", tested), where
        assert tries in (-1, outcome.attempts), where
        if not final:
            assert (states[1] == SUCCEEDED) == (tested == SUCCEEDED and not stop), where
        assert states[2] == SUCCEEDED or stop == "twice", where
        assert outcome.job == (FAILED if stop or FAILED in states else SUCCEEDED), where
        assert outcome.state.tasks[1].attempt <= 2, where


def test_the_table_in_the_docs_is_what_the_runner_does() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
