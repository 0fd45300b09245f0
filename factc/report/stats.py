"""What a run spent where, what held it up, and what more slots would bring.

Knows a plan and where each task's time went; knows no clock, file or screen. What other numbers of slots would have
brought is simulated: the same tasks with the seconds that they took, by the rules by which a run starts them.
"""

from __future__ import annotations

from factc.plan.levels import levels
from factc.report.time_spent import at_least, spent
from factc.scheduling.schedule import longest_first
from factc.scheduling.simulation import makespan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from factc.plan import Plan
    from factc.report.time_spent import Courses
    from factc.scheduling.schedule import Rank

    # What ran, numbered anew: what each needs, its seconds, its rank, and the groups of a run by levels.
    _Ran = tuple[list[list[int]], list[float], Sequence[Rank], list[list[int]] | None]

NO_LIMIT = 0  # tasks at once
MOST_POOLS = 5  # those waited for the longest: what a slot more in them would have brought is simulated


class Stats:
    """The figures of one run, in seconds; shares are from 0 to 1.

    slots: tasks at once, NO_LIMIT, or None where the record does not say. pools: the slots of each pool.
    whole: from the first start to the end, or to the moment `until` (wall time). finished: whether that was the run's
    end.
    tasks: what each task's time was spent on. counted: the tasks that took part, which is all but those that were
    skipped or carried over; ran: those of which an attempt has begun. Both in plan order.
    path: the critical path, the tasks above and below each other that took the longest together, in `path_seconds`.
    most: how many ran at once at the most. alone: seconds in which exactly one ran; busy: in which all slots were.
    """

    def __init__(
        self,
        plan: Plan,
        courses: Courses,
        *,
        slots: int | None,
        pools: Mapping[str, int] | None = None,
        by_levels: bool = False,
        until: float | None = None,
    ) -> None:
        self.plan = plan
        self.courses = courses
        self.slots = slots
        self.pools = {**plan.pools, **(pools or {})}
        self.finished = courses.finished
        end = courses.now + (0.0 if courses.finished or until is None else max(0.0, until - courses.seen))
        self.whole = max(0.0, end - courses.began)
        self._levels = levels(plan) if by_levels else None
        self.tasks = spent(plan, courses, until=end, pools=self.pools, levels=self._levels)
        self.counted = [i for i, course in enumerate(courses.tasks) if not (course.carried or course.skipped)]
        self.ran = [i for i, course in enumerate(courses.tasks) if course.attempts]
        self.path, self.path_seconds = self._path()
        self.most, self.alone, self.busy = self._at_once()
        self._simulated: dict[tuple[int, str | None], float] = {}
        self._what_ran: _Ran | None = None

    # ---- sums

    def total(self, what: str) -> float:
        """The seconds of all tasks that took part, of one member of `Spent`."""
        return sum(float(getattr(self.tasks[i], what)) for i in self.counted)

    @property
    def at_once(self) -> float:
        """How many tasks ran at once on average."""
        return self.total("running") / self.whole if self.whole else 0.0

    @property
    def used(self) -> float | None:
        """The share of the slots' time in which a task ran, None where there is no limit."""
        return min(1.0, self.at_once / self.slots) if self.slots else None

    @property
    def pool_waits(self) -> dict[str, float]:
        """By pool, the seconds that tasks waited for one of its slots, the longest first."""
        waits: dict[str, float] = {}
        for i in self.counted:
            one = self.tasks[i]
            if one.pool is not None:
                waits[one.pool] = waits.get(one.pool, 0.0) + one.for_pool
        return dict(sorted(waits.items(), key=lambda pair: -pair[1]))

    @property
    def narrow(self) -> list[str]:
        """The pools that held up the most."""
        return list(self.pool_waits)[:MOST_POOLS]

    @property
    def cpu(self) -> tuple[float, float] | None:
        """User and system seconds of all attempts that have ended, None where nobody knows any."""
        known = [course for course in self.courses.tasks if course.user is not None]
        if not known:
            return None
        return sum(course.user or 0.0 for course in known), sum(course.system or 0.0 for course in known)

    def cpu_of(self, task: int) -> float | None:
        """User and system seconds of a task together."""
        course = self.courses.tasks[task]
        return None if course.user is None else course.user + (course.system or 0.0)

    # ---- what held it up

    def _path(self) -> tuple[list[int], float]:
        """The tasks of the critical path in their order, and their seconds together."""
        so_far = [0.0] * len(self.tasks)
        before: list[int | None] = [None] * len(self.tasks)

        def take(task: int, above: int | None) -> None:
            if above is not None and so_far[above] > so_far[task]:
                so_far[task], before[task] = so_far[above], above

        if self._levels is not None:
            barrier: int | None = None
            for group in self._levels:
                for task in group:
                    take(task, barrier)
                    so_far[task] += self._seconds(task)
                barrier = max(group, key=so_far.__getitem__)
        else:
            for task, one in enumerate(self.plan.tasks):
                for needed in one.dependencies:
                    take(task, needed)
                so_far[task] += self._seconds(task)
        if not so_far or not max(so_far):
            return [], 0.0
        last: int | None = so_far.index(max(so_far))
        path = []
        while last is not None:
            path.append(last)
            last = before[last]
        return [i for i in reversed(path) if self._seconds(i)], max(so_far)

    def _seconds(self, task: int) -> float:
        return self.tasks[task].seconds

    def _at_once(self) -> tuple[int, float, float]:
        runs = [run for i in self.ran for run in self.tasks[i].runs if run[1] > run[0]]
        changes = sorted([(start, 1) for start, _ in runs] + [(stop, -1) for _, stop in runs])
        most = count = 0
        for _, by in changes:
            count += by
            most = max(most, count)

        def seconds(least: int) -> float:
            return sum(to - since for since, to in at_least(changes, least))

        most = min(most, self.slots or most)  # a clock that was set back
        return most, seconds(1) - seconds(2), seconds(self.slots) if self.slots else 0.0

    # ---- what would have been

    def simulated(self, slots: int, pool: str | None = None) -> float:
        """Seconds that what ran would take on so many slots (or NO_LIMIT), with one slot more in `pool`.

        Attempts that failed and the pauses after them are a part of it.
        """
        key = slots, pool
        if key not in self._simulated:
            self._simulated[key] = self._simulate(*key)
        return self._simulated[key]

    @property
    def _counting(self) -> list[int]:
        """What is simulated: what ran, and what was skipped, which takes no time, for the final tasks below it."""
        courses = self.courses.tasks
        if not any(task.final for task in self.plan.tasks):
            return self.ran
        return [i for i, course in enumerate(courses) if course.attempts or course.skipped]

    def _simulate(self, slots: int, pool: str | None) -> float:
        if self._what_ran is None:
            number = {task: at for at, task in enumerate(self._counting)}
            needs = [[number[d] for d in self.plan.tasks[task].dependencies if d in number] for task in self._counting]
            seconds = [self._seconds(task) for task in self._counting]
            groups = None
            if self._levels is not None:
                groups = [[number[task] for task in group if task in number] for group in self._levels]
            self._what_ran = needs, seconds, longest_first(needs, seconds), groups
        needs, seconds, rank, groups = self._what_ran
        return makespan(
            needs,
            seconds,
            slots or None,
            rank,
            pools=[self.plan.tasks[task].pools if self.courses.tasks[task].attempts else () for task in self._counting],
            room={name: count + (name == pool) for name, count in self.pools.items()},
            levels=groups,
            pauses={at: pairs for at, task in enumerate(self._counting) if (pairs := self.tasks[task].pauses)},
        )


def heaviest(stats: Stats, most: int) -> list[int]:
    """The tasks that ran the longest, the longest first; those that ran nothing are none of them."""
    tasks = [i for i in stats.ran if stats.plan.tasks[i].argv]
    return sorted(tasks, key=lambda i: (-stats.tasks[i].running, i))[:most]


def saved(stats: Stats, slots: int, pool: str | None = None) -> float:
    """Seconds that another number of slots would have saved, by the simulation."""
    now = stats.simulated(stats.slots or NO_LIMIT)
    return max(0.0, now - stats.simulated(slots, pool))
