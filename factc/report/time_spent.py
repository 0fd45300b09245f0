"""Where a run's time went, task by task: waiting for other tasks, for a slot, for another attempt, and running.

Knows facts and the plan's graph; knows no clock and no sink. What a task's time is split into adds up to the time from
the run's start to the task's end. Times are seconds since the epoch, durations seconds.
"""

from __future__ import annotations

from bisect import bisect_left

from factc.events import (
    AttemptEnded,
    RunCreated,
    RunFinished,
    RunStarted,
    RunStopped,
    TaskCarried,
    TaskEnded,
    TaskSkipped,
    TaskStarted,
)
from factc.instant import even

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from factc.events import Fact, Step
    from factc.plan import Plan


class Course:
    """What happened to one task.

    attempts: [started, ended, again] of each; ended is None while it runs, again None where no other attempt follows.
    settled: when the task did, or None. carried, skipped: it did not run in this run.
    user, system: seconds of CPU time of all attempts, None where nobody knows.
    """

    __slots__ = ("attempts", "settled", "carried", "skipped", "user", "system")

    def __init__(self) -> None:
        self.attempts: list[tuple[float, float | None, float | None]] = []
        self.settled: float | None = None
        self.carried = False
        self.skipped = False
        self.user: float | None = None
        self.system: float | None = None


class Courses:
    """The fold over a run's facts that keeps times alone; a sink.

    All on the clock that never steps, if the facts know it. began: when the first tasks could start. now: the last
    fact; seen: the same in seconds since the epoch. finished: whether that is the run's last word.
    """

    __slots__ = ("tasks", "began", "now", "seen", "finished", "stopped")

    def __init__(self, tasks: int) -> None:
        self.tasks = [Course() for _ in range(tasks)]
        self.began = 0.0
        self.now = 0.0
        self.seen = 0.0
        self.finished = False
        self.stopped = False

    def step(self, facts: Step) -> None:
        for fact in facts:
            self._apply(fact)

    def _apply(self, fact: Fact) -> None:
        at = even(fact.at)
        if at >= self.now:
            self.now, self.seen = at, fact.at
        if isinstance(fact, TaskStarted):
            self.tasks[fact.task].attempts.append((at, None, None))
        elif isinstance(fact, AttemptEnded):
            self._close(fact, at, at + (fact.again - fact.at))
        elif isinstance(fact, TaskEnded):
            self._close(fact, at, None)
            self.tasks[fact.task].settled = at
        elif isinstance(fact, TaskSkipped):
            course = self.tasks[fact.task]
            course.settled = at if course.settled is None else course.settled
            course.skipped = True
        elif isinstance(fact, TaskCarried):
            course = self.tasks[fact.task]
            course.settled, course.carried = at, True
        elif isinstance(fact, (RunCreated, RunStarted)):
            self.began = at
        elif isinstance(fact, RunFinished):
            self.finished = True
        elif isinstance(fact, RunStopped):
            self.stopped = True

    def _close(self, fact: AttemptEnded | TaskEnded, at: float, again: float | None) -> None:
        course = self.tasks[fact.task]
        if course.attempts and course.attempts[-1][1] is None:
            course.attempts[-1] = (course.attempts[-1][0], at, again)
        elif again is not None:  # it could not be started
            course.attempts.append((at, at, again))
        if fact.user is not None and fact.system is not None:
            course.user = (course.user or 0.0) + fact.user
            course.system = (course.system or 0.0) + fact.system


class Spent:
    """What one task's time was spent on, in seconds.

    for_tasks: waiting for the tasks above it, from the run's start on. for_pool: ready, but `pool` had no slot free.
    for_slot: ready, and no slot free. pausing: between attempts. running: all attempts.
    runs: when each attempt ran. pauses: the seconds of each attempt but the last, and of the pause after it.
    end: when the task settled, or the moment up to which is counted.
    """

    __slots__ = ("for_tasks", "for_pool", "for_slot", "pool", "pausing", "running", "runs", "pauses", "end")

    def __init__(self, for_tasks: float) -> None:
        self.for_tasks = for_tasks
        self.for_pool = 0.0
        self.for_slot = 0.0
        self.pool: str | None = None
        self.pausing = 0.0
        self.running = 0.0
        self.runs: list[tuple[float, float]] = []
        self.pauses: list[tuple[float, float]] = []
        self.end = 0.0

    @property
    def seconds(self) -> float:
        """What it takes once it may start: its attempts and the pauses between them."""
        return self.running + self.pausing

    @property
    def waiting(self) -> float:
        """Ready, but without a slot."""
        return self.for_pool + self.for_slot


def spent(
    plan: Plan,
    courses: Courses,
    *,
    until: float,
    pools: Mapping[str, int],
    levels: Sequence[Sequence[int]] | None = None,
) -> list[Spent]:
    """What each task's time was spent on, up to the moment `until`.

    pools: how many slots each had. levels: the groups by which the run went, if it did.
    """
    ready = _ready(plan, courses, until, levels)
    accounts = []
    waits: list[list[tuple[float, float]]] = []  # by task: when it was ready, but had no slot
    for task, course in enumerate(courses.tasks):
        account, waited = _account(course, courses.began, ready[task], until)
        accounts.append(account)
        waits.append(waited)
    full = _full(plan, accounts, pools)
    for account, waited, one in zip(accounts, waits, plan.tasks, strict=True):
        _part(account, waited, [(name, full[name]) for name in one.pools])
    return accounts


def _ready(plan: Plan, courses: Courses, until: float, levels: Sequence[Sequence[int]] | None) -> list[float]:
    """When each task could have started: the last of those that it waits for had settled."""
    settled = [until if course.settled is None else course.settled for course in courses.tasks]
    ready = [courses.began] * len(settled)
    if levels is not None:
        barrier = courses.began
        for group in levels:
            for task in group:
                ready[task] = barrier
            barrier = max(barrier, max((settled[task] for task in group), default=barrier))
        return ready
    above = list(settled)  # the last end of a task and of all above it
    for task, one in enumerate(plan.tasks):
        for needed in one.dependencies:
            ready[task] = max(ready[task], above[needed] if one.final else settled[needed])
            above[task] = max(above[task], above[needed])
    return ready


def _account(course: Course, began: float, ready: float, until: float) -> tuple[Spent, list[tuple[float, float]]]:
    """The account of one task, and when it waited for a slot. A clock that was set back makes no time negative."""
    end = max(began, until if course.settled is None else course.settled)
    at = min(max(ready, began), end)
    account, waited = Spent(at - began), []
    for started, ended, again in course.attempts:
        start = min(max(at, started), end)
        stop = min(max(start, end if ended is None else ended), end)
        resumed = stop if again is None else min(max(stop, again), end)
        waited.append((at, start))
        account.runs.append((start, stop))
        account.running += stop - start
        account.pausing += resumed - stop
        if again is not None:
            account.pauses.append((stop - start, resumed - stop))
        at = resumed
    waited.append((at, end))
    account.end = end
    return account, [(since, to) for since, to in waited if to > since]


def _full(plan: Plan, accounts: Sequence[Spent], pools: Mapping[str, int]) -> dict[str, _Periods]:
    """By pool, the periods in which all its slots were taken."""
    changes: dict[str, list[tuple[float, int]]] = {name: [] for name in pools}
    for account, one in zip(accounts, plan.tasks, strict=True):
        for name in one.pools:
            for start, stop in account.runs:
                if stop > start:
                    changes[name] += [(start, 1), (stop, -1)]
    return {name: _Periods(at_least(changes[name], room)) for name, room in pools.items()}


def at_least(changes: Iterable[tuple[float, int]], most: int) -> list[tuple[float, float]]:
    """The periods in which the sum of the changes (at, by) so far was `most` or more."""
    periods: list[tuple[float, float]] = []
    count, since = 0, 0.0
    for at, by in sorted(changes):
        before, count = count, count + by
        if before < most <= count:
            since = at
        elif count < most <= before and at > since:
            periods.append((since, at))
    return periods


class _Periods:
    """Periods in their order, and how much of another one they cover."""

    __slots__ = ("_starts", "_stops", "_sums")

    def __init__(self, periods: Sequence[tuple[float, float]]) -> None:
        self._starts = [since for since, _ in periods]
        self._stops = [to for _, to in periods]
        self._sums = [0.0]  # how long all before each were together
        for since, to in periods:
            self._sums.append(self._sums[-1] + to - since)

    def within(self, since: float, to: float) -> float:
        return self._before(to) - self._before(since)

    def _before(self, at: float) -> float:
        """How long they were, up to a moment."""
        count = bisect_left(self._starts, at)
        over = max(0.0, self._stops[count - 1] - at) if count else 0.0
        return self._sums[count] - over


def _part(account: Spent, waited: Sequence[tuple[float, float]], full: Sequence[tuple[str, _Periods]]) -> None:
    """Parts what a task waited for: the pool that was full for most of that time, and a slot otherwise."""
    whole = sum(to - since for since, to in waited)
    for name, periods in full:
        seconds = min(whole, sum(periods.within(since, to) for since, to in waited))
        if seconds > account.for_pool:
            account.for_pool, account.pool = seconds, name
    account.for_slot = whole - account.for_pool
