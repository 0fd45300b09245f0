"""How long a plan would take: its tasks on so many slots, by the rules that a run follows, without a run.

Knows the schedule and what starts; knows no clock and no process.
"""

from __future__ import annotations

from heapq import heappop, heappush

from factc.scheduling.schedule import Schedule, longest_first
from factc.scheduling.starts import Starts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from factc.scheduling.schedule import Rank


def makespan(
    dependencies: Sequence[Sequence[int]],
    seconds: Sequence[float],
    slots: int | None,
    rank: Sequence[Rank] | None = None,
    *,
    pools: Sequence[Sequence[str]] = (),
    room: Mapping[str, int] | None = None,
    levels: Sequence[Sequence[int]] | None = None,
    done: Iterable[int] = (),
    final: Iterable[int] = (),
    pauses: Mapping[int, Sequence[tuple[float, float]]] | None = None,
) -> float:
    """Seconds from the first start to the last end. Takes and raises what `timetable` does.

    rank: the most urgent task has the lowest; None for the longest remaining path first.
    """
    rank = longest_first(dependencies, seconds) if rank is None else rank
    ends = timetable(
        dependencies, seconds, slots, rank, pools=pools, room=room, levels=levels, done=done, final=final, pauses=pauses
    )
    return max(ends, default=0.0)


def timetable(
    dependencies: Sequence[Sequence[int]],
    seconds: Sequence[float],
    slots: int | None,
    rank: Sequence[Rank],
    *,
    pools: Sequence[Sequence[str]] = (),
    room: Mapping[str, int] | None = None,
    levels: Sequence[Sequence[int]] | None = None,
    done: Iterable[int] = (),
    final: Iterable[int] = (),
    pauses: Mapping[int, Sequence[tuple[float, float]]] | None = None,
) -> list[float]:
    """When each task ends, in seconds after the first start, if all succeed after their `seconds`.

    dependencies: of each task. slots: so many tasks at once, None for no limit. pools: of each task, the pools of which
    it takes a slot each; room: how many each of those has. rank, levels, done, final: as for `Schedule`; what is done
    ends at 0. pauses: of a task with several attempts, the seconds of each but the last and of the pause after it, in
    which it takes no slot; they are a part of its `seconds`.
    Raises ValueError for fewer than one slot, and KeyError for a pool without room.
    """
    if slots is not None and slots < 1:
        raise ValueError("without a slot nothing ends")
    schedule = Schedule(dependencies, rank, levels, done, final)
    starts = Starts(schedule, slots or len(dependencies), pools, room)
    ends = [0.0] * len(dependencies)
    tries = {task: list(pairs) for task, pairs in (pauses or {}).items()}
    last = list(seconds)  # without what comes before the last attempt
    for task, pairs in tries.items():
        last[task] = max(0.0, last[task] - sum(map(sum, pairs)))
    now = 0.0
    agenda: list[tuple[float, int]] = []  # when each running task ends, or, as ~task, its pause is over
    while True:
        together = []  # first what ends at once, as a milestone: a run takes that in before the time goes on
        while (start := starts.next()) is not None:
            ends[start] = now + (tries[start][0][0] if tries.get(start) else last[start])
            if ends[start] > now or tries.get(start):
                heappush(agenda, (ends[start], start))
            else:
                together.append(start)
        if not together and not agenda:
            return ends
        if not together:
            now = agenda[0][0]
            while agenda and agenda[0][0] == now:  # all that happens at one time, before anything starts
                together.append(heappop(agenda)[1])
        for task in together:
            if task < 0:
                schedule.give_back(~task)
                continue
            starts.over(task)
            if tries.get(task):
                heappush(agenda, (now + tries[task].pop(0)[1], ~task))
            else:
                schedule.settle(task)


def shortest_possible(dependencies: Sequence[Sequence[int]], seconds: Sequence[float], slots: int | None) -> float:
    """Seconds below which no order of the tasks can come: the longest path, or all the work shared out evenly."""
    path = -min((first[0] for first in longest_first(dependencies, seconds)), default=0.0)
    return path if slots is None else max(path, sum(seconds) / slots)
