"""An order of a plan's tasks that takes less time than the longest path first, found by trying some.

Knows the simulation; knows no clock and no chance: the same plan and durations give the same order.
"""

from __future__ import annotations

from factc.plan.graph import finals, users_of
from factc.scheduling.schedule import urgency
from factc.scheduling.simulation import shortest_possible, timetable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from factc.plan import Plan
    from factc.scheduling.schedule import Rank

SHARE = 0.002  # of the time that a run takes at least: so long its order is looked for
START = 1.25e-6  # seconds that simulating the start of one task takes
STARTS = 4000  # so many are simulated at most, in some five milliseconds
NEARLY = 1.001  # times the shortest possible: that is good enough
SPREAD = 0.2  # the share by which ranks are moved, up and down, to try another order


def best_urgency(
    plan: Plan,
    seconds: Sequence[float],
    slots: int,
    *,
    room: Mapping[str, int] | None = None,
    done: Iterable[int] = (),
) -> list[Rank]:
    """A rank for each task, with which the plan takes no longer than with those of `urgency`, and often less.

    seconds: what each task is expected to take. slots: so many tasks run at once. room: how many slots each pool has,
    None for those that the plan gives it. done: tasks that do not run. The larger the plan and the shorter the run, the
    less is tried, for the less there is to win: a thousand tasks are tried once, a much larger plan not at all.

    An order is tried forwards, then backwards from the last end to the first start; what ended last there starts first
    in the next one (the literature calls that justification). From the best so far it goes on with ranks moved a bit.
    """
    count = len(plan.tasks)
    trial = best = urgency(plan, seconds)
    least = max(sum(seconds) / slots, -min((rank[0] for rank in best), default=0.0))
    left = int(min(STARTS, SHARE * least / START)) - 3 * count
    if left < 0:
        return best
    needs = [task.dependencies for task in plan.tasks]
    users = users_of(needs)
    final = finals(plan)
    pools = [task.pools for task in plan.tasks] if plan.pools else ()
    room = plan.pools if room is None else room
    done = frozenset(done)
    seconds = [0.0 if i in done else seconds[i] for i in range(count)]
    enough = NEARLY * shortest_possible(needs, seconds, slots)
    shortest = float("inf")
    dice = 1

    def ends(trial: list[Rank]) -> list[float]:
        nonlocal best, shortest
        times = timetable(needs, seconds, slots, trial, pools=pools, room=room, done=done, final=final)
        if (length := max(times, default=0.0)) < shortest:
            best, shortest = trial, length
        return times

    while True:
        times = ends(trial)
        if shortest <= enough:
            return best
        back = timetable(users, seconds, slots, [(-end,) for end in times], pools=pools, room=room, done=done)
        ends([(-end, task.declared) for end, task in zip(back, plan.tasks, strict=True)])
        left -= 3 * count
        if left < 0 or shortest <= enough:
            return best
        trial = []
        for rank in best:
            dice = (dice * 1103515245 + 12345) % 2**31
            trial.append((rank[0] * (1 + SPREAD * (dice / 2**30 - 1)), *rank[1:]))
