"""The figures of a run: where its time went, its critical path, and what more slots would have brought."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from factc.events import (
    AttemptEnded,
    Fact,
    RunCreated,
    RunFinished,
    RunStarted,
    RunStopped,
    TaskCarried,
    TaskEnded,
    TaskSkipped,
    TaskStarted,
)
from factc.events.state import FAILED, SUCCEEDED
from factc.plan import Plan, PlanTask, Retry
from factc.plan.levels import levels
from factc.report.stats import NO_LIMIT, Stats, saved
from factc.report.stats_json import figures
from factc.report.time_spent import Courses
from factc.scheduling.schedule import urgency
from factc.scheduling.simulation import timetable
from factc.screen.stats import WIDTH, advice, text
from tests.conftest import Ran
from tests.draws import draws
from tests.fake_engine import run
from tests.jobs import FACTC, factfile, task

Factc = Callable[..., Ran]


def stats(plan: Plan, facts: Sequence[Fact], **more: Any) -> Stats:
    courses = Courses(len(plan.tasks))
    courses.step(tuple(facts))
    return Stats(plan, courses, **{"slots": NO_LIMIT, **more})


def one(name: str, *needs: int, **more: Any) -> PlanTask:
    return PlanTask(name, needs, ("sh", "-c", "true"), **more)


def begun() -> list[Fact]:
    return [RunCreated(99.0), RunStarted(100.0)]


def ended(at: float, number: int, state: str = SUCCEEDED, **more: Any) -> TaskEnded:
    return TaskEnded(at, number, state, 0, None, **more)


# ---- two slots, a pool of one, a second attempt: all by hand

NIGHTLY = Plan(
    "nightly",
    [
        one("fetch"),
        one("flaky", retry=Retry(1, 5.0)),
        one("load[eu]", 0, pools=["db"]),
        one("load[us]", 0, pools=["db"]),
        one("crunch", 0),
        PlanTask("all", (1, 2, 3, 4), ()),
    ],
    pools={"db": 1},
)
FACTS = [
    *begun(),
    TaskStarted(100.0, 0), TaskStarted(100.0, 1),
    AttemptEnded(103.0, 1, 1, 3.0, "exit code 1", 108.0, user=1.0, system=0.5),
    ended(110.0, 0, user=8.0, system=1.0),
    TaskStarted(110.0, 2), TaskStarted(110.0, 1, 2),
    ended(114.0, 1, user=2.0, system=0.25),
    TaskStarted(114.0, 4),
    ended(120.0, 2, user=0.0, system=0.125), TaskStarted(120.5, 3),
    ended(124.0, 4), ended(130.5, 3), TaskStarted(130.5, 5), ended(130.5, 5),
    RunFinished(130.5, SUCCEEDED),
]  # fmt: skip


def test_each_task_by_hand() -> None:
    found = stats(NIGHTLY, FACTS, slots=2)
    members = "for_tasks for_slot for_pool pausing running".split()
    accounts = {
        one.name: tuple(getattr(account, member) for member in members)
        for one, account in zip(NIGHTLY.tasks, found.tasks, strict=True)
    }
    assert accounts == {
        "fetch": (0, 0, 0, 0, 10),
        "flaky": (0, 2, 0, 5, 7),  # its pause was over at 108, and nobody had taken its slot; it waited for the engine
        "load[eu]": (10, 0, 0, 0, 10),
        "load[us]": (10, 0.5, 10, 0, 10),  # the pool was full up to 120
        "crunch": (10, 4, 0, 0, 10),
        "all": (30.5, 0, 0, 0, 0),
    }
    assert found.tasks[3].pool == "db" and found.pool_waits == {"db": 10}


def test_the_whole_by_hand() -> None:
    found = stats(NIGHTLY, FACTS, slots=2)
    assert found.whole == 30.5 and found.most == 2
    assert found.total("running") == 47 and found.at_once == pytest.approx(47 / 30.5)
    assert found.used == pytest.approx(47 / 61)
    assert (found.alone, found.busy) == (7 + 0.5 + 6.5, 3 + 4 + 6 + 3.5)
    assert found.cpu == (11.0, 1.875)
    assert [found.cpu_of(i) for i in (0, 1, 4)] == [9.0, 3.75, None]  # both attempts of the second
    assert [NIGHTLY.tasks[i].name for i in found.path] == ["fetch", "load[eu]"] and found.path_seconds == 20
    assert found.simulated(NO_LIMIT) == 30  # one load after the other: no slot helps, room in the pool does
    assert found.simulated(NO_LIMIT, "db") == 20
    assert found.simulated(2) == 30 and saved(found, 3) == 0
    assert saved(found, 2, "db") == 0  # crunch is then the last, after a load
    assert saved(found, 3, "db") == 8  # crunch begins when flaky has had its second attempt, from 8 to 12


def test_the_text() -> None:
    assert (
        text(stats(NIGHTLY, FACTS, slots=2), False)
        == """
run            30.5s, 2 slots
at once        1.5 tasks on average, 2 at the most, 77 % of the slots used,
               one alone for 46 % of the run, all slots taken for 54 %
running        47.0s, all tasks together
waiting        1m 01s for other tasks, 6.5s for a slot, 10.0s for the pool db,
               5.0s between attempts
CPU time       12.9s, user 11.0s, system 1.9s
critical path  20.0s, 66 % of the run: fetch → load[eu]
simulated      30.0s on 2 slots, 30.0s on 3, 30.0s without a limit

TASK        RUNNING  OF RUN    CPU  FOR SLOT  FOR POOL  PAUSED  TRIES
fetch *       10.0s    33 %   9.0s
load[eu] *    10.0s    33 %  125ms
load[us]      10.0s    33 %            500ms     10.0s
crunch        10.0s    33 %             4.0s
flaky          7.0s    23 %   3.8s      2.0s              5.0s      2
* on the critical path

One slot more and one more in the pool db (-j 3 --pool db=2) would save about
27 % (8.0s).
`fetch` takes 50 % of the critical path: split it first.
More slots alone would not help.
"""
    )


# ---- runs that are not all of a job


def test_what_is_carried_over_or_skipped_took_nothing() -> None:
    plan = Plan("j", [one("old"), one("bad", 0), one("below", 1), one("other"), one("last", 2, final=True)])
    facts = [
        RunCreated(0.0), TaskCarried(0.0, 0, 0, -500.0, 77.0), RunStarted(0.0), TaskStarted(0.0, 1), TaskStarted(0.0, 3),
        ended(4.0, 1, FAILED), TaskSkipped(4.0, 2, "the task 'bad' failed"), TaskSkipped(4.0, 2, "again"),
        ended(9.0, 3), TaskStarted(9.5, 4), ended(10.5, 4), RunFinished(10.5, FAILED),
    ]  # fmt: skip
    found = stats(plan, facts, slots=4)
    assert (
        [plan.tasks[i].name for i in found.counted]
        == ["bad", "other", "last"]
        == [plan.tasks[i].name for i in found.ran]
    )
    assert found.tasks[4].for_tasks == 4  # it hangs below the failed one alone
    assert found.tasks[4].for_slot == 5.5
    assert [plan.tasks[i].name for i in found.path] == ["other"] and found.path_seconds == 9
    assert found.simulated(NO_LIMIT) == 9
    assert "4 slots, 1 task carried over, 1 task skipped" in text(found, False)


def test_what_is_final_waits_for_all_above_it() -> None:
    plan = Plan("j", [one("bad"), one("slow"), one("below", 0, 1), one("last", 2, final=True)])
    facts = [
        *begun(), TaskStarted(100.0, 0), TaskStarted(100.0, 1), ended(101.0, 0, FAILED),
        TaskSkipped(101.0, 2, "the task 'bad' failed"), ended(106.0, 1), TaskStarted(106.0, 3), ended(108.0, 3),
        RunFinished(108.0, FAILED),
    ]  # fmt: skip
    found = stats(plan, facts, slots=2)
    assert (found.tasks[3].for_tasks, found.tasks[3].for_slot) == (6, 0)
    assert [plan.tasks[i].name for i in found.path] == ["slow", "last"] and found.path_seconds == 8
    assert found.simulated(2) == 8 and found.simulated(1) == 9


def test_a_task_that_could_not_start_has_waited_for_a_slot() -> None:
    plan = Plan("j", [one("a"), one("b")])
    facts = [*begun(), AttemptEnded(101.0, 1, None, None, "no such file", 103.0), TaskStarted(101.0, 0), ended(105.0, 0),
             ended(106.0, 1, FAILED), RunFinished(106.0, FAILED)]  # fmt: skip
    account = stats(plan, facts, slots=1).tasks[1]
    assert (account.for_slot, account.pausing, account.running) == (4, 2, 0)


def test_a_pause_that_is_cut_short() -> None:
    plan = Plan("j", [one("a")])
    facts = [*begun(), TaskStarted(100.0, 0), AttemptEnded(101.0, 0, 1, 1.0, "exit code 1", 131.0),
             RunStopped(104.0, "the run was stopped by SIGTERM"), ended(104.0, 0, FAILED), RunFinished(104.0, FAILED)]  # fmt: skip
    account = stats(plan, facts).tasks[0]
    assert (account.running, account.pausing, account.for_slot) == (1, 3, 0)


@pytest.mark.parametrize(("until", "whole", "running"), [(None, 3, 3), (110.0, 10, 10)])
def test_a_run_that_has_not_ended_is_counted_so_far(until: float | None, whole: float, running: float) -> None:
    """One that died ends with its last fact; one that goes on is counted up to now."""
    plan = Plan("j", [one("a"), one("b"), one("c", 0)])
    facts = [*begun(), TaskStarted(100.0, 0), ended(103.0, 0), TaskStarted(103.0, 2), TaskStarted(100.0, 1)]
    found = stats(plan, facts, slots=3, until=until)
    assert found.whole == whole and found.tasks[1].running == running
    assert found.tasks[2].for_tasks == 3 and found.tasks[2].running == whole - 3
    told = text(found, False)
    assert "so far" in told and "simulated" not in told and "come to its end" in told
    assert figures(found)["simulated"] == [] and figures(found)["finished"] is False


def test_a_run_in_which_nothing_ran() -> None:
    plan = Plan("j", [one("a")])
    facts = [*begun(), RunStopped(100.0, "x"), TaskSkipped(100.0, 0, "x"), RunFinished(100.0, FAILED)]
    assert (
        text(stats(plan, facts, slots=2), False)
        == "\nrun            0ms, 2 slots, 1 task skipped\n\nNo task has run.\n"
    )
    assert json.dumps(figures(stats(Plan("empty", []), [*begun(), RunFinished(100.0, SUCCEEDED)])))


def test_milestones_alone_take_no_time() -> None:
    plan = Plan("j", [PlanTask("a", (), ())])
    facts = [*begun(), TaskStarted(100.0, 0), ended(100.0, 0), RunFinished(100.0, SUCCEEDED)]
    assert advice(stats(plan, facts, slots=1)) == ["The tasks took no time."]


def test_a_clock_that_was_set_back_makes_no_time_negative() -> None:
    plan = Plan("j", [one("a"), one("b", 0)])
    facts = [
        *begun(),
        TaskStarted(100.0, 0),
        ended(50.0, 0),
        TaskStarted(50.0, 1),
        ended(60.0, 1),
        RunFinished(60.0, SUCCEEDED),
    ]
    found = stats(plan, facts, slots=2)
    assert all(min(a.for_tasks, a.for_slot, a.running) >= 0 for a in found.tasks)
    assert text(found, False)


def test_levels_hold_back() -> None:
    plan = Plan("j", [one("a"), one("b"), one("c", 0), one("d", 1)])
    seconds = [1.0, 5.0, 4.0, 1.0]
    _, seen, _ = run(plan.tasks, lambda number, attempt: (seconds[number], 0), levels=levels(plan))
    found = stats(plan, seen.facts, by_levels=True)
    assert found.tasks[2].for_tasks == 5
    assert [plan.tasks[i].name for i in found.path] == ["b", "c"]
    assert found.path_seconds == found.simulated(NO_LIMIT) == found.whole == 9


# ---- what to do


def timed(seconds: Sequence[float], *needs: Sequence[int], slots: int = 2) -> Stats:
    """The figures of a run of tasks `t0`, `t1` … that took so long."""
    plan = Plan("j", [one(f"t{i}", *above) for i, above in enumerate(needs)])
    _, seen, _ = run(plan.tasks, lambda number, attempt: (seconds[number], 0), jobs=slots or None)
    return stats(plan, seen.facts, slots=slots)


def test_advice_to_take_more_slots() -> None:
    assert advice(timed([6.0] * 6, *[()] * 6)) == [
        "One slot more (-j 3) would save about 33 % (6.0s); as many as it can use, 67 % (12.0s).",
        "`t0` alone is the critical path: split it first.",
    ]


def test_advice_where_one_slot_brings_nothing_and_more_do() -> None:
    assert (
        advice(timed([6.0] * 4, *[()] * 4))[0]
        == "One slot more would save nothing; as many as it can use, 50 % (6.0s)."
    )


def test_advice_to_split() -> None:
    assert advice(timed([9.0, 1.0], (), (0,))) == [
        "`t0` takes 90 % of the critical path: split it first.",
        "More slots would not help.",
    ]


def test_advice_where_nothing_is_heavy() -> None:
    assert advice(timed([1.0] * 10, *[(i - 1,) if i else () for i in range(10)], slots=1)) == [
        "No task of the critical path is heavy: `t0`, the heaviest, takes 10 % of it.",
        "More slots would not help.",
    ]


def test_advice_where_a_task_mostly_waits_for_its_next_attempt() -> None:
    plan = Plan("j", [one("a", retry=Retry(1, 60.0))])
    _, seen, _ = run(plan.tasks, lambda number, attempt: (1.0, 2 - attempt))
    assert advice(stats(plan, seen.facts)) == [
        "`a` alone is the critical path: it waits between attempts for most of that time."
    ]


def test_without_a_limit_no_slots_are_talked_of() -> None:
    assert advice(timed([9.0, 1.0], (), (0,), slots=NO_LIMIT)) == [
        "`t0` takes 90 % of the critical path: split it first."
    ]


def test_a_record_that_does_not_know_its_slots() -> None:
    plan = Plan("j", [one("a")])
    found = stats(plan, [*begun(), TaskStarted(100.0, 0), ended(101.0, 0), RunFinished(101.0, SUCCEEDED)], slots=None)
    assert "the record does not say on how many slots" in text(found, False)
    assert "CPU" not in text(found, False)
    assert figures(found)["slots"] == {"known": False, "limit": None, "pools": {}} and figures(found)["cpu"] is None


def test_ten_tasks_and_short_lines_however_many_and_long_there_are() -> None:
    names = [f"{'a very long name of a task ' * 3}{i}" for i in range(40)]
    plan = Plan("j", [one(name, *([i - 1] if i else [])) for i, name in enumerate(names)])
    _, seen, _ = run(plan.tasks, lambda number, attempt: (1.0 + number, 0), jobs=3)
    told = text(stats(plan, seen.facts, slots=3), False)
    assert all(len(line) <= WIDTH for line in told.splitlines())
    assert told.count("\n") < 60
    assert "and 30 more; * on the critical path" in told and "→ 20 more" in told


# ---- what holds of every run


@some.composite
def runs(draw: some.DrawFn) -> tuple[Stats, bool]:
    """A run of a random plan on the fake clock, and whether every task succeeded at its first attempt."""
    count = draw(some.integers(1, 12))
    tasks = []
    for i in range(count):
        needs = draw(some.sets(some.integers(0, i - 1), max_size=3)) if i else set()
        pools = draw(some.sampled_from([(), (), (), ("p",), ("q", "p")]))
        retry = draw(some.none() | some.builds(Retry, some.integers(1, 2), some.sampled_from([0.5, 3.0])))
        tasks.append(
            one(f"t{i}", *sorted(needs), pools=pools, retry=retry, declared=i, final=draw(some.integers(0, 9)) == 9)
        )
    jobs = draw(some.none() | some.integers(1, 4))
    pools = {"p": draw(some.integers(1, 3)), "q": draw(some.integers(1, 3))}
    plan = Plan("j", tasks, pools=pools)
    by_levels = draw(some.booleans())
    seconds = some.sampled_from([0.0, 0.25, 1.0, 2.0, 5.5])
    ends = {
        (i, n): (draw(seconds), draw(some.sampled_from([0, 0, 0, 0, 1, None]))) for i in range(count) for n in (1, 2, 3)
    }
    stop = draw(some.lists(some.integers(0, 20), max_size=1)) if draw(some.integers(0, 4)) == 4 else []
    groups = levels(plan) if by_levels else None
    _, seen, _ = run(
        tasks, lambda i, n: ends[i, n], stop=[at + 0.125 for at in stop], pools=pools, jobs=jobs, levels=groups
    )
    smooth = not stop and all(ends[i, 1][1] == 0 for i in range(count))
    return stats(plan, seen.facts, slots=jobs or NO_LIMIT, by_levels=by_levels), smooth


@given(runs())
@settings(max_examples=draws(300), deadline=None)
def test_what_a_task_spent_adds_up(drawn: tuple[Stats, bool]) -> None:
    found, _ = drawn
    for i in found.counted:
        spent = found.tasks[i]
        parts = spent.for_tasks, spent.for_slot, spent.for_pool, spent.pausing, spent.running
        assert min(parts) >= 0
        assert sum(parts) == pytest.approx(spent.end - found.courses.began)
        assert spent.end <= found.courses.began + found.whole
    assert all(len(line) <= WIDTH for line in text(found, False).splitlines())
    json.dumps(figures(found), allow_nan=False)


@given(runs())
@settings(max_examples=draws(300), deadline=None)
def test_no_run_is_shorter_than_its_critical_path(drawn: tuple[Stats, bool]) -> None:
    found, smooth = drawn
    assert found.path_seconds <= found.whole + 1e-9
    assert found.path_seconds <= found.simulated(NO_LIMIT) + 1e-9
    assert found.path_seconds == pytest.approx(sum(found.tasks[i].seconds for i in found.path))
    if smooth and not found.slots and not any(one.pools for one in found.plan.tasks):
        assert found.path_seconds == pytest.approx(found.whole) == found.simulated(NO_LIMIT)
        assert sum(found.tasks[i].for_slot for i in found.counted) == 0


def test_an_end_comes_before_a_pause_that_is_over_at_the_same_time() -> None:
    tasks = [one("a", retry=Retry(1, 1.0), declared=0), one("b", declared=1), one("c", 1, declared=2)]
    ends = [[(1.0, 1), (1.0, 0)], [(1.0, 0)], [(3.0, 0)]]
    state, seen, _ = run(tasks, lambda task, attempt: ends[task][attempt - 1], jobs=1)
    plan = Plan("j", tasks)
    found = stats(plan, seen.facts, slots=1)
    seconds, pauses = [one.seconds for one in found.tasks], {0: found.tasks[0].pauses}
    assert timetable([[], [], [1]], seconds, 1, urgency(plan), pauses=pauses) == [one.end for one in found.tasks]
    assert found.whole == state.now


@given(some.randoms(use_true_random=False), some.integers(1, 4))
@settings(max_examples=draws(400), deadline=None)
def test_a_simulation_ends_each_task_when_the_run_does_however_much_happens_at_once(chosen: Random, slots: int) -> None:
    count = chosen.randint(1, 14)
    needs = [sorted(chosen.sample(range(i), min(i, chosen.choice((0, 1, 2))))) for i in range(count)]
    pools = [chosen.choice(((), (), ("one",), ("two",), ("two", "one"))) for _ in needs]
    halves = range(1, 5) if chosen.random() < 0.8 else [chosen.uniform(1, 6) for _ in range(20)]
    tasks, ends = [], []
    for i, above in enumerate(needs):
        more = {"pools": pools[i], "declared": i, "final": i > count - 3 and chosen.random() < 0.5}
        ends.append([(chosen.choice(halves) / 2, code) for code in chosen.choice(((0,), (0,), (1, 0), (1, 1, 0)))])
        if chosen.random() < 0.2:
            tasks.append(PlanTask(f"t{i}", above, (), **more))
        else:
            tasks.append(one(f"t{i}", *above, retry=Retry(2, chosen.choice((0.0, 0.5, 1.0, 2.0, 3.5))), **more))
    room = {"one": 1, "two": 2}
    plan = Plan("j", tasks, pools=room)
    groups = levels(plan) if chosen.random() < 0.3 and not any(task.final for task in tasks) else None
    _, seen, _ = run(
        tasks, lambda task, attempt: ends[task][attempt - 1], jobs=slots, pools=room, levels=groups,
    )  # fmt: skip
    found = stats(plan, seen.facts, slots=slots)
    expected = timetable(
        needs, [one.seconds for one in found.tasks], slots, urgency(plan), pools=pools, room=room, levels=groups,
        final=[i for i, task in enumerate(tasks) if task.final],
        pauses={i: one.pauses for i, one in enumerate(found.tasks) if one.pauses},
    )  # fmt: skip
    assert [one.end for one in found.tasks] == pytest.approx(expected)


@given(some.randoms(use_true_random=False), some.integers(1, 4))
@settings(max_examples=draws(100), deadline=None)
def test_the_order_of_what_happens_at_one_time_changes_no_start(chosen: Random, slots: int) -> None:
    """Ends of one time are told in some order, by the system: whichever it is, the same tasks start next."""
    count = chosen.randint(4, 12)
    needs = [sorted(chosen.sample(range(i), min(i, chosen.choice((0, 1, 2))))) for i in range(count)]
    tasks = [one(f"t{i}", *above, pools=chosen.choice(((), ("p",))), declared=i) for i, above in enumerate(needs)]
    seconds = [chosen.choice((1.0, 2.0)) for _ in tasks]

    def starts(order: int) -> list[tuple[float, int]]:
        _, seen, _ = run(
            tasks, lambda task, attempt: (seconds[task], 0), jobs=slots, pools={"p": 1}, order=Random(order).random
        )
        return [(fact.at, fact.task) for fact in seen.facts if isinstance(fact, TaskStarted)]

    assert starts(1) == starts(2) == starts(3)


# ---- end to end

JOB = factfile(
    task("fetch", "sleep 0.05"),
    task("crunch", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done", "fetch"),
    task("load", "true", "fetch"),
    name="nightly",
)


def job(folder: Path, content: str = JOB) -> str:
    (folder / "job.factfile").write_text(content)
    return "job.factfile"


def shown(factc: Factc, *more: str) -> dict[str, Any]:
    """The figures of the last run."""
    values: dict[str, Any] = json.loads(factc("show", "last", "--stats", "--format", "json", *more).out)
    return values


@pytest.mark.parametrize("more", [(), ("--levels",)])
def test_run_and_show_say_the_same(factc: Factc, tmp_path: Path, more: Sequence[str]) -> None:
    ran = factc("run", job(tmp_path), "-j2", "--stats", "--output", "quiet", *more)
    assert ran.code == 0 and ran.out == ""
    told = factc("show", "last", "--stats")
    heading, _, figures = told.out.partition("\n")
    assert re.fullmatch(r"nightly, run [0-9a-f]{8}: succeeded: 3 succeeded", heading) and told.err == ""
    summary = re.fullmatch(r"\nnightly: succeeded after \S+: 3 succeeded\n", ran.err.removesuffix(figures))
    assert summary and ran.err.endswith(figures)
    assert re.search(r"^run +\S+, 2 slots$", figures, re.MULTILINE)
    assert re.search(r"^critical path +\S+, \d+ % of the run: fetch → crunch$", figures, re.MULTILINE)


def test_figures_for_programs(factc: Factc, tmp_path: Path) -> None:
    factc("run", job(tmp_path), "-j1")
    values = shown(factc)
    assert values["outcome"] == "succeeded" and len(values["states"]) == 3  # as without --stats
    stats = values["stats"]
    assert stats["finished"] and stats["slots"] == {"known": True, "limit": 1, "pools": {}}
    assert stats["at_once"]["most"] == 1 and 0 < stats["at_once"]["used"] <= 1
    by_name = {one["task"]: one for one in stats["tasks"]}
    assert stats["running"] == pytest.approx(sum(one["running"] for one in by_name.values()), abs=1e-5)
    assert by_name["fetch"]["running"] >= 0.05 and by_name["fetch"]["critical"]
    assert by_name["load"]["waiting"]["slot"] > by_name["crunch"]["running"] / 2 > 0  # while crunch ran
    assert [one["slots"] for one in stats["simulated"]] == [1, 2, None]
    assert stats["critical_path"]["seconds"] == pytest.approx(stats["simulated"][2]["seconds"], abs=1e-5)


def test_the_record_holds_cpu_time(factc: Factc, tmp_path: Path) -> None:
    """A task that computes has used more of it than one that sleeps."""
    factc("run", job(tmp_path), "--stats", "-j1")
    by_name = {one["task"]: one for one in shown(factc)["stats"]["tasks"]}
    busy, idle = by_name["crunch"], by_name["fetch"]
    assert busy["user"] + busy["system"] > idle["user"] + idle["system"] >= 0


def test_stats_without_a_record(factc: Factc, tmp_path: Path) -> None:
    ran = factc("run", job(tmp_path), "--stats", "--no-record", "--output", "quiet")
    assert re.search(r"^run +\S+, no limit of slots$", ran.err, re.MULTILINE)
    assert "critical path" in ran.err and "CPU time" in ran.err and not (tmp_path / ".factc").exists()


def test_stats_are_made_for_nobody_who_does_not_ask(factc: Factc, tmp_path: Path) -> None:
    ran = factc("run", job(tmp_path), "--output", "quiet", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert "factc.session.session" in ran.err
    assert not re.search(r"factc\.(events\.(stats|spent)|sink\.stats|runner\.simulation)$", ran.err, re.MULTILINE)
    assert "critical path" not in ran.err


def test_a_failure_and_its_continuation(factc: Factc, tmp_path: Path) -> None:
    content = factfile(task("a", "sleep 0.02"), task("b", "test -e mended", "a"), task("c", "true", "b"))
    failed = factc("run", job(tmp_path, content), "--stats", "--output", "quiet", "-j3")
    assert failed.code == 2
    assert re.search(r"^run +\S+, 3 slots, 1 task skipped$", failed.err, re.MULTILINE)
    (tmp_path / "mended").touch()
    went_on = factc("resume", "last", "--stats", "--output", "quiet")
    assert re.search(r"^run +\S+, no limit of slots, 1 task carried over$", went_on.err, re.MULTILINE)
    by_name = {one["task"]: one for one in shown(factc)["stats"]["tasks"]}
    assert by_name["a"]["carried"] and by_name["a"]["running"] == 0 and by_name["a"]["waiting"] is None
    assert by_name["b"]["running"] > 0


def test_a_run_that_still_goes_on(factc: Factc, tmp_path: Path) -> None:
    command = f"{sys.executable} -m factc show last --stats >told"
    factc("run", job(tmp_path, factfile(task("first"), task("ask", command, "first"), task("then", "true", "ask"))))
    told = (tmp_path / "told").read_text()
    assert re.match(r"a job, run \S+: running: 1 succeeded, 1 running, 1 waiting\n\nrun +\S+ so far,", told)


def test_slots_of_pools_are_those_of_the_run(factc: Factc, tmp_path: Path) -> None:
    tasks = [task(f"t{i}", "sleep 0.1", pools=["db"]) for i in range(3)]
    content = factfile(*tasks, schema=FACTC, pools={"db": 1})
    factc("run", job(tmp_path, content), "--pool", "db=2")
    found = shown(factc)["stats"]
    assert found["slots"] == {"known": True, "limit": None, "pools": {"db": 2}} and found["at_once"]["most"] == 2
    assert 0.005 < found["waiting"]["pools"]["db"] < found["seconds"]
    assert [(one["slots"], one["pools"]) for one in found["simulated"]] == [(None, {}), (None, {"db": 3})]


def test_colours_are_as_elsewhere(factc: Factc, tmp_path: Path) -> None:
    ran = factc("run", job(tmp_path), "--stats", env={"CLICOLOR_FORCE": "1"})
    assert "\x1b[1mcritical path" in ran.err
    assert "\x1b[1mcritical path" in factc("show", "last", "--stats", env={"CLICOLOR_FORCE": "1"}).out
    assert "\x1b" not in factc("show", "last", "--stats", "--no-colour", env={"CLICOLOR_FORCE": "1"}).out


def test_what_has_no_figures(factc: Factc, tmp_path: Path) -> None:
    refused = factc("run", job(tmp_path), "--stats", "--dry-run")
    assert refused.code == 3 and "--stats does not go with a dry run" in refused.err
    factc("run", "job.factfile")
    refused = factc("show", "last", "load", "--stats")
    assert refused.code == 3 and "factc show last --stats" in refused.err
