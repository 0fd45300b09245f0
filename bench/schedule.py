"""How close a run comes to the shortest possible, on paper: its rules simulated over random graphs.

Knows the simulation and `dags`; starts no process. `python -m bench schedule` prints it.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.dags import Dag, dags
from bench.goals import row
from bench.rows import Row, Section
from factc.events import TaskEnded
from factc.events.state import SUCCEEDED
from factc.plan import Plan, PlanTask
from factc.plan.levels import levels
from factc.record.durations import known_seconds
from factc.record.journal import RunHeader, fact_line, header_line
from factc.record.statedir import StateDir
from factc.scheduling.schedule import urgency
from factc.scheduling.search import best_urgency
from factc.scheduling.simulation import makespan, shortest_possible

DAGS = 200
ORDERS = 20
SLOTS = (2, 4, 8)
OFF = 0.2  # the share by which earlier durations may be off

SHORTEST = "× the shortest possible"


class Measured:
    """One graph on so many slots: seconds of each way to order it, and what they are held against."""

    def __init__(self, dag: Dag, slots: int, chance: random.Random) -> None:
        plan = plan_of(dag)
        needs, seconds = dag.needs, dag.seconds
        numbers = range(len(needs))
        orders = [[(place,) for place in chance.sample(numbers, len(needs))] for _ in range(ORDERS)]
        off = [one * chance.uniform(1 - OFF, 1 + OFF) for one in seconds]
        self.shape = dag.shape
        self.shortest = shortest_possible(needs, seconds, slots)
        self.known = makespan(needs, seconds, slots, best_urgency(plan, seconds, slots))
        self.path = makespan(needs, seconds, slots, urgency(plan, seconds))
        self.off = makespan(needs, seconds, slots, best_urgency(plan, off, slots))
        self.unknown = makespan(needs, seconds, slots, urgency(plan))
        self.chance = min(makespan(needs, seconds, slots, order) for order in orders)
        self.levels = makespan(needs, seconds, slots, levels=levels(plan))


def plan_of(dag: Dag) -> Plan:
    """A plan with the tasks of a graph."""
    return Plan("random", [PlanTask(f"t{i}", needs, ("true",), declared=i) for i, needs in enumerate(dag.needs)])


def schedule(folder: Path, most: int) -> list[Section]:
    """What is measured, in some ten seconds, whatever `most` says: a simulation comes out the same each time."""
    chance = random.Random(1)
    rows: list[Row] = []
    for slots in SLOTS:
        rows += _rows(slots, [Measured(dag, slots, chance) for dag in dags(DAGS)])
    for slots in SLOTS:
        small = [Measured(dag, slots, chance) for dag in dags(DAGS, 8, 30)]
        rows += [
            row(f"{slots} slots, 8 to 30 tasks, graphs behind the best order", _behind(small, lambda m: m.known), "%"),
            row(
                f"{slots} slots, 8 to 30 tasks, longest path alone, graphs behind",
                _behind(small, lambda m: m.path),
                "%",
            ),
        ]
    how = (
        f"Simulated over {DAGS} random graphs of 20 to 200 tasks with skewed durations, known from earlier runs; "
        f"averages. A graph is behind where it takes over 1 % longer than the best of {ORDERS} orders by chance."
    )
    costs = Section("What knowing the order costs", "Processor time, the least of five.", _costs(folder))
    return [Section("The order of tasks", how, rows), costs]


def _rows(slots: int, measured: Sequence[Measured]) -> list[Row]:
    """What is known of all graphs on so many slots."""

    def ratio(one: Callable[[Measured], float], some: Sequence[Measured] = measured) -> float:
        return statistics.mean(one(m) / m.shortest for m in some)

    shapes = {m.shape: [other for other in measured if other.shape == m.shape] for m in measured}
    hardest = max(shapes, key=lambda shape: ratio(lambda m: m.known, shapes[shape]))
    by_levels = statistics.mean(m.known / m.levels for m in measured)
    return [
        row(f"{slots} slots", ratio(lambda m: m.known)),
        row(f"{slots} slots, graphs behind the best order", _behind(measured, lambda m: m.known)),
        row(f"{slots} slots, beside level by level", by_levels, "× the time"),
        row(f"{slots} slots, durations off by 20 %", ratio(lambda m: m.off), SHORTEST),
        row(f"{slots} slots, longest path alone", ratio(lambda m: m.path), SHORTEST),
        row(f"{slots} slots, durations not known", ratio(lambda m: m.unknown), SHORTEST),
        row(f"{slots} slots, the hardest shape (`{hardest}`)", ratio(lambda m: m.known, shapes[hardest]), SHORTEST),
    ]


def _behind(measured: Sequence[Measured], one: Callable[[Measured], float]) -> float:
    """Per cent of the graphs that take over 1 % longer than with the best of the orders by chance."""
    return 100 * statistics.mean(one(m) > 1.01 * m.chance for m in measured)


def _costs(folder: Path) -> list[Row]:
    large = next(dags(1, 100_000, 100_000))
    plan = plan_of(large)
    small = next(dags(1, 1_000, 1_000))
    names = [f"task-{i}" for i in range(1_000)]
    for number in range(5):
        _write_journal(folder / "runs" / f"20260131T02000{number}Z-{number:08}", names, small.seconds)
    return [
        row("longest path, 100,000 tasks", _least(lambda: urgency(plan, large.seconds))),
        row("the search, 1,000 tasks", _least(lambda: best_urgency(plan_of(small), small.seconds, 4)), "ms"),
        row("durations of 5 runs, 1,000 tasks", _least(lambda: known_seconds(StateDir(str(folder)), "random", names))),
    ]


def _write_journal(directory: Path, names: list[str], seconds: list[float]) -> None:
    """A run in which each task succeeded after its seconds, with three hundred characters of output."""
    directory.mkdir(parents=True)
    header = RunHeader(run=directory.name[-8:] * 8, reference="0" * 64, job="random", at=1.8e9, names=names,
                       version="0", tags={}, factfile="x" * 200_000)  # fmt: skip
    facts = [TaskEnded(1.8e9, i, SUCCEEDED, 0, one, None, "x" * 300) for i, one in enumerate(seconds)]
    lines = [header_line(header), *(fact_line(number, fact) for number, fact in enumerate(facts, 1))]
    (directory / "events.ndjson").write_bytes(b"".join(lines))


def _least(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(5):
        began = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - began))
    return min(spent)
