"""Why tasks are skipped, and what failures cost: a reason names the first causes, and no pair of tasks is told of twice."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.events import RunCreated, RunFinished, RunStarted, TaskEnded, TaskSkipped, TaskStarted
from factc.events.state import FAILED, SKIPPED, SUCCEEDED, RunState
from factc.plan import Plan, PlanTask
from factc.plan.graph import reach
from factc.record.journal import fact_line
from factc.record.resume import Resumption
from factc.report.stats import Stats
from factc.report.time_spent import Courses
from factc.runner.above import Above
from factc.runner.outcome import MOST_NAME
from factc.scheduling.schedule import MOST_CAUSES, Schedule
from factc.screen.stats import text
from factc.screen.summary import Summary
from tests.draws import draws
from tests.fake_engine import run

Ends = Callable[[int, int], tuple[float, int]]


def tasks_of(needs: Sequence[Sequence[int]], **more: object) -> list[PlanTask]:
    return [PlanTask(f"t{i}", above, ("x",), declared=i, **more) for i, above in enumerate(needs)]  # type: ignore[arg-type]


def bipartite(failing: int, below: int) -> list[list[int]]:
    """So many tasks, a milestone's worth of them below, and as many below that one after the other."""
    return [[] for _ in range(failing)] + [list(range(failing))] + [[failing + i] for i in range(below - 1)]


def failing(until: int) -> Ends:
    return lambda number, attempt: (1.0 + number, int(number < until))


@given(st.integers(0, 1_000_000))
@settings(max_examples=draws(200), deadline=None)
def test_a_reason_has_the_first_causes_and_counts_the_others(seed: int) -> None:
    choose = random.Random(seed)
    count = choose.randint(2, 40)
    needs = [choose.sample(range(i), min(i, choose.choice((0, 0, 1, 2, 4, 8)))) for i in range(count)]
    final = [i for i in range(count) if needs[i] and choose.random() < 0.1]
    schedule = Schedule(needs, [(i,) for i in range(count)], final=final)
    above = [reach([i], needs) - {i} for i in range(count)]

    def barred_by(task: int) -> list[int]:
        """Of the causes, in their order, those above a task with no final one in between."""
        return [c for c in causes if task in below[c]]

    users: list[list[int]] = [[u for u in range(count) if i in needs[u] and u not in final] for i in range(count)]
    below = [reach([i], users) - {i} for i in range(count)]
    causes: list[int] = []
    told: dict[int, list[int]] = {}
    counted: dict[int, tuple[int, bool]] = {}
    settled: set[int] = set()
    running: list[int] = []
    while running or schedule.ready:
        while schedule.ready and len(running) < 5:
            running.append(schedule.next())
            assert running[-1] not in told
            assert running[-1] not in final or above[running[-1]] <= settled | told.keys(), "it waits for all above"
        task = running.pop(choose.randrange(len(running)))
        settled.add(task)
        if choose.random() < 0.5:
            schedule.settle(task)
        else:
            causes.append(task)
            for other in schedule.bar(task):
                told.setdefault(other, []).append(task)
        counted |= dict(schedule.counted())
    assert settled | told.keys() == set(range(count)), "nothing sticks"
    for task in range(count):
        wanted = barred_by(task)
        assert told.get(task, []) == wanted[:MOST_CAUSES]
        more, exact = counted.get(task, (0, True))
        assert more == len(wanted[MOST_CAUSES:]) if exact else 0 < more <= len(wanted[MOST_CAUSES:])


@pytest.mark.parametrize(
    ("needs", "ends", "reason"),
    [
        (bipartite(3, 1), 3, "{0}, {1}, {2}"),
        (bipartite(9, 4), 9, "{0}, {1}, {2}, and 6 more"),
        ([[], [], [], [], [], [0], [1], [2], [3], [4], [5, 6, 7, 8, 9]], 5, "{0}, {1}, {2}, and 2 more"),
        ([*[[] for _ in range(10)], list(range(5)), list(range(1, 10)), [10, 11]], 10,
         "{0}, {1}, {2}, and at least 6 more"),
    ],
)  # fmt: skip
def test_reasons(needs: list[list[int]], ends: int, reason: str) -> None:
    state, _, _ = run(tasks_of(needs), failing(ends))
    words = reason.format(*(f"the task 't{i}' failed" for i in range(ends)))
    assert state.tasks[-1].state == SKIPPED and state.tasks[-1].reason == words


def test_a_very_long_name_is_cut_in_the_reasons_of_others() -> None:
    tasks = [PlanTask("n" * 9000, (), ("x",)), PlanTask("below", (0,), ("x",))]
    for fail_fast in (False, True):
        state, _, _ = run(tasks, failing(1), fail_fast=fail_fast)
        assert len(state.tasks[1].reason or "") < 3 * MOST_NAME


def grows(work: Callable[[int], object], n: int, most: float) -> None:
    """Whether four times as much takes less than so many times the time, or no time to speak of."""

    def seconds(size: int) -> float:
        before = os.times()
        work(size)
        after = os.times()
        return after.user + after.system - before.user - before.system

    first = min(seconds(n) for _ in range(2))
    assert any(seconds(4 * n) < most * max(first, 0.02) for _ in range(3))


SHAPES: dict[str, Callable[[int], list[list[int]]]] = {
    "each above all": lambda n: [[] for _ in range(n)] + [[i] for i in range(n)] + [list(range(n, 2 * n))]
    + [[2 * n] for _ in range(n)],
    "one above the other": lambda n: [[] for _ in range(n)] + [[i] if i == 0 else [i, n + i - 1] for i in range(n)],
    "a join and a chain": lambda n: bipartite(n, n),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_failures_cost_no_more_than_tasks_and_dependencies(shape: str) -> None:
    """What is told of n failures above as many tasks: facts, bytes in the journal, and the account at the end."""
    sizes = {}
    for n in (100, 400):
        needs = SHAPES[shape](n)
        state, seen, _ = run(tasks_of(needs), failing(n))
        assert sum(task.state == FAILED for task in state.tasks) == n
        skips = sum(isinstance(fact, TaskSkipped) for fact in seen.facts)
        assert skips <= (MOST_CAUSES + 1) * len(needs)
        sizes[n] = len(b"".join(fact_line(i, fact) for i, fact in enumerate(seen.facts))), len(account(needs, state))
    assert all(large < 6 * small for small, large in zip(sizes[100], sizes[400], strict=True)), sizes


def account(needs: Sequence[Sequence[int]], state: RunState) -> str:
    plan = Plan("j", tasks_of(needs))
    return Summary(plan, state, tails=lambda task: ("", []), log=None, colour=False).text(1.0)


def test_the_account_of_many_failures_is_soon_made() -> None:
    def made(n: int) -> str:
        needs = [[] for _ in range(n)] + [[i] for i in range(n)]
        state = RunState(2 * n)
        for i in range(n):
            state.apply(TaskEnded(1.0, i, FAILED, 1, 0.1, "exit code 1"))
            state.apply(TaskSkipped(1.0, n + i, f"the task 't{i}' failed"))
        return account(needs, state)

    assert made(2).count("blocked: t") == 2
    grows(made, 500, 9.0)


def chain_with_finals(n: int) -> list[PlanTask]:
    """One task, so many below it one after the other, and a final one below each of these."""
    chain = [PlanTask("t0", (), ("x",)), *[PlanTask(f"t{i}", (i - 1,), ("x",)) for i in range(1, n)]]
    return [*chain, *[PlanTask(f"f{i}", (i,), ("x",), final=True) for i in range(n)]]


def scheduled(n: int) -> None:
    """Final tasks wait for what is above them, and nobody counts it for each."""
    tasks = chain_with_finals(n)
    schedule = Schedule([t.dependencies for t in tasks], [(i,) for i in range(2 * n)], final=range(n, 2 * n))
    while schedule.ready:
        schedule.settle(schedule.next())


def told_above(n: int) -> None:
    plan, state = Plan("j", chain_with_finals(n)), RunState(2 * n)
    for i in range(n):
        state.apply(TaskEnded(1.0, i, SUCCEEDED, 0, 0.1))
    above = Above(plan, state, lambda task, data: "", lambda words: None)
    assert all(above.variables(n + i)["FACTC_FAILED_COUNT"] == "0" for i in range(n))


def doubted(n: int) -> None:
    plan, state = Plan("j", chain_with_finals(n)), RunState(2 * n)
    for i in range(2 * n):
        state.apply(TaskEnded(1.0, i, SUCCEEDED if i != n - 1 else FAILED, 0, 0.1))
    assert len(Resumption("r", plan, plan, state).doubts) == 1


def figures(tasks: list[PlanTask], skipped: range = range(0), **pools: int) -> Stats:
    courses = Courses(len(tasks))
    courses.step((RunCreated(0.0), RunStarted(0.0)))
    for i in range(len(tasks)):
        if i in skipped:
            courses.step((TaskSkipped(1.0, i, "x"),))
        else:
            courses.step((TaskStarted(1.0 + i, i),))
            courses.step((TaskEnded(2.0 + i, i, SUCCEEDED, 0, 1.0),))
    courses.step((RunFinished(1e6, FAILED),))
    return Stats(Plan("j", tasks, pools=pools), courses, slots=2)


def below_skipped(n: int) -> None:
    assert figures(chain_with_finals(n), range(1, n)).simulated(2)


def with_many_pools(n: int) -> None:
    names = [f"p{i}" for i in range(n)]
    tasks = [PlanTask(f"t{i}", (), ("x",), pools=(names[i % n],)) for i in range(3 * n)]
    assert text(figures(tasks, **dict.fromkeys(names, 1)), False)


ENDS: dict[str, tuple[Callable[[int], None], int]] = {
    "the schedule of many final tasks": (scheduled, 500),
    "what many final tasks are told": (told_above, 500),
    "what resuming says of many final tasks": (doubted, 300),
    "the figures of final tasks below what was skipped": (below_skipped, 500),
    "the figures of many pools": (with_many_pools, 40),
}


@pytest.mark.parametrize("what", ENDS)
def test_what_is_told_in_the_end_grows_with_tasks_and_dependencies(what: str) -> None:
    grows(*ENDS[what], 9.0)
