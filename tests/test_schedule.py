"""The schedule and the orders: nothing starts early, nothing sticks, each task settles once."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from factc.compiler.check import order
from factc.plan import Plan, PlanTask
from factc.plan.levels import levels
from factc.runner.schedule import Schedule, sequence, urgency
from tests.jobs import RandomJob


def plan_of(needs: dict[str, list[str]]) -> Plan:
    """A plan with the tasks in plan order; `needs` is in declaration order."""
    names = list(needs)
    linked = [[names.index(d) for d in needs[name]] for name in names]
    listed = order(linked)
    number = {old: new for new, old in enumerate(listed)}
    tasks = [PlanTask(names[i], [number[d] for d in linked[i]], ("true",), declared=i) for i in listed]
    return Plan("p", tasks)


def names(plan: Plan, numbers: list[int]) -> list[str]:
    return [plan.tasks[i].name for i in numbers]


def test_plan_order_lists_the_first_declared_task_that_can_be_listed() -> None:
    plan = plan_of({"d": ["b"], "c": [], "b": ["a"], "a": [], "e": ["c"]})
    assert [t.name for t in plan.tasks] == ["c", "a", "b", "d", "e"]


def test_the_longest_remaining_path_starts_first() -> None:
    plan = plan_of({"short": [], "long": [], "longer": ["long"], "longest": ["longer"], "other": []})
    assert names(plan, sequence(plan)) == ["long", "longer", "short", "longest", "other"]


def test_levels_are_those_of_factotum() -> None:
    plan = plan_of(
        {
            "apple": [], "turnip": [], "orange": ["apple"], "egg": ["apple"],
            "potato": ["apple", "egg"], "chicken": ["potato", "orange"],
        }
    )  # fmt: skip
    assert [names(plan, group) for group in levels(plan)] == [
        ["turnip", "apple"], ["egg", "orange"], ["potato"], ["chicken"],
    ]  # fmt: skip


def rows_by_walking(needs: list[list[int]]) -> list[list[int]]:
    """Factotum's own way, word for word: breadth first, newest child first, met again: moved down."""
    row = [i for i in reversed(range(len(needs))) if not needs[i]]
    rows: list[list[int]] = []
    while row:
        rows.append(row)
        row = [child for i in row for child in reversed(range(len(needs))) if i in needs[child]]
    last = {task: at for at, row in enumerate(rows) for task in row}
    return [list(dict.fromkeys(task for task in row if last[task] == at)) for at, row in enumerate(rows)]


@given(st.integers(0, 10_000))
@settings(max_examples=100, deadline=None)
def test_levels_equal_the_slow_walk(seed: int) -> None:
    job = RandomJob(seed, largest=8)
    plan = Plan("p", [PlanTask(f"t{i}", needs, ("true",), declared=i) for i, needs in enumerate(job.needs)])
    assert levels(plan) == [row for row in rows_by_walking(job.needs) if row]


@given(st.integers(0, 100_000), st.integers(1, 8), st.booleans())
@settings(max_examples=200, deadline=None)
def test_nothing_starts_early_nothing_sticks_each_settles_once(seed: int, slots: int, by_level: bool) -> None:
    job, choose = RandomJob(seed), random.Random(seed)
    plan = Plan("p", [PlanTask(f"t{i}", needs, ("true",), declared=i) for i, needs in enumerate(job.needs)])
    groups = levels(plan) if by_level else None
    level_of = {task: at for at, group in enumerate(groups or []) for task in group}
    schedule = Schedule(job.needs, urgency(plan), groups)
    settled: dict[int, str] = {}
    running: list[int] = []
    while running or schedule.has_ready:
        while schedule.has_ready and len(running) < slots:
            task = schedule.next()
            assert task not in settled and all(settled.get(d) == "SUCCEEDED" for d in job.needs[task])
            left = [other for other in level_of if other not in settled]
            assert all(level_of[other] >= level_of[task] for other in left)
            running.append(task)
        task = running.pop(choose.randrange(len(running)))
        settled[task] = job.model()[f"t{task}"]
        if settled[task] == "SUCCEEDED":
            schedule.settle(task)
            continue
        for below in schedule.bar(task):
            assert settled.setdefault(below, "SKIPPED") == "SKIPPED"
    assert {f"t{i}": state for i, state in settled.items()} == job.model()


@given(st.integers(0, 10_000))
@settings(max_examples=100, deadline=None)
def test_plan_order_is_topological_and_complete(seed: int) -> None:
    needs = RandomJob(seed).needs
    choose = random.Random(seed)
    shuffled = list(range(len(needs)))
    choose.shuffle(shuffled)
    place = {old: new for new, old in enumerate(shuffled)}
    mixed = [[place[d] for d in needs[old]] for old in shuffled]
    listed = order(mixed)
    assert sorted(listed) == list(range(len(needs)))
    position = {task: at for at, task in enumerate(listed)}
    assert all(position[d] < position[i] for i, wanted in enumerate(mixed) for d in wanted)
