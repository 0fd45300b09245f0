"""The schedule, the orders and their simulation: nothing starts early, nothing sticks, and little time is lost."""

from __future__ import annotations

import random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.compiler.check import order
from factc.events import TaskStarted
from factc.plan import Plan, PlanTask
from factc.plan.levels import levels
from factc.runner.runner import Runner
from factc.runner.settings import Rules
from factc.scheduling.pools import Pools
from factc.scheduling.schedule import Schedule, longest_first, sequence, urgency
from factc.scheduling.search import best_urgency
from factc.scheduling.simulation import makespan, shortest_possible, timetable
from tests.draws import draws
from tests.fake_engine import Clock, Script, Seen, run
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


def test_durations_say_what_is_longest_and_the_declaration_breaks_ties() -> None:
    plan = plan_of({"short": [], "long": [], "longer": ["long"], "longest": ["longer"], "other": []})
    expected = [9.0 if task.name == "other" else 1.0 for task in plan.tasks]
    ranks = urgency(plan, expected)
    by_urgency = sorted(range(len(plan.tasks)), key=ranks.__getitem__)
    assert names(plan, by_urgency) == ["other", "long", "longer", "short", "longest"]
    assert urgency(plan, [1.0] * len(plan.tasks)) == urgency(plan)


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
@settings(max_examples=draws(100), deadline=None)
def test_levels_equal_the_slow_walk(seed: int) -> None:
    job = RandomJob(seed, largest=8)
    plan = Plan("p", [PlanTask(f"t{i}", needs, ("true",), declared=i) for i, needs in enumerate(job.needs)])
    assert levels(plan) == [row for row in rows_by_walking(job.needs) if row]


@given(st.integers(0, 100_000), st.integers(1, 8), st.booleans())
@settings(max_examples=draws(200), deadline=None)
def test_nothing_starts_early_nothing_sticks_each_settles_once(seed: int, slots: int, by_level: bool) -> None:
    job, choose = RandomJob(seed), random.Random(seed)
    plan = Plan("p", [PlanTask(f"t{i}", needs, ("true",), declared=i) for i, needs in enumerate(job.needs)])
    groups = levels(plan) if by_level else None
    level_of = {task: at for at, group in enumerate(groups or []) for task in group}
    schedule = Schedule(job.needs, urgency(plan), groups)
    settled: dict[int, str] = {}
    running: list[int] = []
    turn = choose.randint(1, 3 * len(job.needs))  # when other ranks are learned, if the run lasts as long
    while running or schedule.ready:
        turn -= 1
        if not turn:
            ready = schedule.ready
            schedule.rerank([(choose.random(),) for _ in job.needs])
            assert schedule.ready == ready
        while schedule.ready and len(running) < slots:
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
@settings(max_examples=draws(100), deadline=None)
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


class Work:
    """Tasks at random with skewed durations, no two alike; some with up to so many pools, and then maybe one final."""

    def __init__(self, seed: int, *, pools: int = 0, largest: int = 30) -> None:
        job, choose = RandomJob(seed, largest), random.Random(seed)
        self.needs = job.needs
        self.seconds = [choose.paretovariate(1.3) for _ in self.needs]
        self.room = {"one": 1, "two": 2} if pools else {}
        some = [names for names in ((), (), ("one",), ("two",), ("one", "two")) if len(names) <= pools]
        self.pools = [choose.choice(some) for _ in self.needs]
        final = len(self.needs) - 1 if pools and choose.random() < 0.5 else None
        self.final = [] if final is None else [final]
        self.plan = Plan(
            "p",
            [
                PlanTask(f"t{i}", needs, ("true",), declared=i, pools=self.pools[i], final=i == final)
                for i, needs in enumerate(self.needs)
            ],
            pools=self.room,
        )


@given(st.integers(0, 100_000), st.integers(1, 8))
@settings(max_examples=draws(100), deadline=None)
def test_a_simulated_plan_keeps_to_its_slots_pools_and_dependencies(seed: int, slots: int) -> None:
    work = Work(seed, pools=2)
    rank = longest_first(work.needs, work.seconds)
    ends = timetable(work.needs, work.seconds, slots, rank, pools=work.pools, room=work.room, final=work.final)
    starts = [end - seconds for end, seconds in zip(ends, work.seconds, strict=True)]
    for i, needs in enumerate(work.needs):
        assert all(ends[d] <= starts[i] + 1e-9 for d in needs)
    for moment in starts:
        on = [i for i in range(len(ends)) if starts[i] <= moment + 1e-9 and moment + 1e-9 < ends[i] - 1e-9]
        assert len(on) <= slots
        assert all(sum(name in work.pools[i] for i in on) <= room for name, room in work.room.items())
    assert max(ends) >= shortest_possible(work.needs, work.seconds, slots) - 1e-9


@given(st.integers(0, 100_000))
@settings(max_examples=draws(50), deadline=None)
def test_one_slot_takes_all_the_work_and_no_limit_the_longest_path(seed: int) -> None:
    work = Work(seed)
    assert makespan(work.needs, work.seconds, 1) == pytest.approx(sum(work.seconds))
    assert makespan(work.needs, work.seconds, None) == pytest.approx(shortest_possible(work.needs, work.seconds, None))


def test_a_task_that_is_done_takes_no_time_and_a_slot_is_needed() -> None:
    assert makespan([(), (0,), (1,)], [1.0, 2.0, 4.0], 1, done=[0]) == 6.0
    assert makespan([], [], 3) == 0.0
    with pytest.raises(ValueError):
        makespan([()], [1.0], 0)


@given(st.integers(0, 100_000), st.integers(1, 8), st.booleans())
@settings(max_examples=draws(100), deadline=None)
def test_a_simulated_run_takes_as_long_as_a_run(seed: int, slots: int, by_level: bool) -> None:
    work = Work(seed, pools=1)
    groups = levels(work.plan) if by_level and not work.final else None
    state, _, _ = run(
        work.plan.tasks, lambda task, attempt: (work.seconds[task], 0), pools=work.room, jobs=slots, levels=groups
    )
    expected = makespan(
        work.needs, work.seconds, slots, urgency(work.plan),
        pools=work.pools, room=work.room, levels=groups, final=work.final,
    )  # fmt: skip
    assert state.now - state.created == pytest.approx(expected)


@given(st.integers(0, 100_000), st.integers(1, 5))
@settings(max_examples=draws(60), deadline=None)
def test_the_order_that_is_found_is_never_a_longer_one(seed: int, slots: int) -> None:
    work = Work(seed, pools=2)
    length = [
        makespan(work.needs, work.seconds, slots, rank, pools=work.pools, room=work.room, final=work.final)
        for rank in (urgency(work.plan, work.seconds), best_urgency(work.plan, work.seconds, slots))
    ]
    assert length[1] <= length[0]
    assert best_urgency(work.plan, work.seconds, slots) == best_urgency(work.plan, work.seconds, slots)


@pytest.mark.parametrize("slots", [2, 4])
def test_little_time_is_lost(slots: int) -> None:
    ratios, behind = [], 0
    for seed in range(40):
        work, choose = Work(seed, largest=60), random.Random(seed)
        numbers = range(len(work.needs))
        orders = [[(place,) for place in choose.sample(numbers, len(numbers))] for _ in range(20)]
        by_chance = min(makespan(work.needs, work.seconds, slots, order) for order in orders)
        known = makespan(work.needs, work.seconds, slots, best_urgency(work.plan, work.seconds, slots))
        ratios.append(known / shortest_possible(work.needs, work.seconds, slots))
        behind += known > 1.01 * by_chance
    assert mean(ratios) < 1.05
    assert behind <= 2


def test_who_waits_for_a_pool_is_reranked_too() -> None:
    pools = Pools({"p": 1})
    assert pools.take(0, ["p"]) is None
    for task in (1, 2, 3):
        assert pools.take(task, ["p"]) == "p"
        pools.park(task, "p", ["p"], (task,))
    pools.rerank([(-task,) for task in range(4)])
    pools.release(0)
    back: list[int] = []
    pools.again(lambda task: not back.append(task))  # type: ignore[func-returns-value]
    assert back == [3]


@pytest.mark.parametrize(
    ("needs", "slots", "by_level", "asked", "started"),
    [
        ([(), (), (), ()], 2, False, 1, [1, 3, 2, 0]),
        ([(), (), (), ()], 1, False, 1, [1, 3, 2, 0]),
        ([(), (0,), (), ()], 1, False, 1, [0, 1, 3, 2]),
        ([(), (), (), ()], 4, False, 0, [0, 1, 2, 3]),
        ([(), (), (), ()], None, False, 0, [0, 1, 2, 3]),
        ([(), (0,), (1,), (2,)], 1, False, 0, [0, 1, 2, 3]),
        ([(), (0,), (0,), (0,)], 2, False, 1, [0, 1, 3, 2]),
        ([(), (), (), ()], 2, True, 0, [3, 2, 1, 0]),
    ],
)  # fmt: skip
def test_earlier_durations_are_asked_for_once_and_only_where_there_is_a_choice(
    needs: list[tuple[int, ...]], slots: int | None, by_level: bool, asked: int, started: list[int]
) -> None:
    seconds, questions = [1.0, 5.0, 2.0, 4.0], []

    def known() -> list[float]:
        questions.append(1)
        return seconds

    plan = Plan("p", [PlanTask(f"t{i}", one, ("true",), declared=i) for i, one in enumerate(needs)])
    clock, seen = Clock(), Seen()
    engine = Script(clock, lambda task, attempt: (seconds[task], 0))
    rules = Rules(jobs=slots, levels=levels(plan) if by_level else None)
    Runner(plan, engine, clock, [seen], [], rules, known=known).run()  # type: ignore[arg-type]
    assert len(questions) == asked
    assert [fact.task for fact in seen.facts if isinstance(fact, TaskStarted)] == started
