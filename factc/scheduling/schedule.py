"""Which task may start next, and which never will: the dependency graph of a run as it goes on.

Knows no clock, no process and no exit code; a task is its number in the plan.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from factc.plan.graph import finals, users_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from factc.plan import Plan

    Rank = tuple[float, ...]  # the lowest is the most urgent


MOST_CAUSES = 3  # that a task is told of; others are counted


class Schedule:
    """The tasks of one run.

    `next` hands out ready tasks, the most urgent first; `settle` makes more ready, `bar` takes those
    below a task out for good. With `levels`, a group is ready only when the one before has settled.
    Tasks that are `done` have settled before anything starts. Those that are `final` are never barred with others:
    each is ready once everything above it has settled, whatever came of that.

    A task is complete when it and everything above it has settled: one that went well is so at once. What all calls
    take together grows with tasks and dependencies, however many tasks fail.
    """

    __slots__ = ("_needs", "_missing", "_users", "_ready", "rank", "_barred", "_started", "_levels", "_position",
                 "_level", "_left", "_final", "_causes", "_counts", "_counted")  # fmt: skip

    def __init__(
        self,
        dependencies: Sequence[Sequence[int]],
        rank: Sequence[Rank],
        levels: Sequence[Sequence[int]] | None = None,
        done: Iterable[int] = (),
        final: Iterable[int] = (),
    ) -> None:
        self._needs = dependencies
        self._missing = [len(needed) for needed in dependencies]  # of those that a task names, the incomplete ones
        self._users = users_of(dependencies)
        self.rank = rank
        self._barred = bytearray(len(dependencies))
        self._started = bytearray(len(dependencies))
        self._final = frozenset(final)
        self._causes: dict[int, list[int]] = {}  # by task: itself if it stops others, else the first that stopped it
        self._counts: dict[int, tuple[int, bool]] = {}  # of how many causes, where there are more; whether exactly
        self._counted: list[tuple[int, tuple[int, bool]]] = []  # those that nobody has been told of
        for task in done:
            self._started[task] = 1
            for user in self._users[task]:
                self._missing[user] -= 1
        self._levels = levels
        self._position = None if levels is None else {t: at for at, t in enumerate(t for g in levels for t in g)}
        self._level = -1
        self._left = 0
        self._ready: list[tuple[Rank, int]] = []
        if levels is None:
            self._ready = [(rank[i], i) for i, count in enumerate(self._missing) if not count and not self._started[i]]
            heapify(self._ready)
        else:
            self._next_level()

    @property
    def ready(self) -> int:
        """How many tasks may start now."""
        return len(self._ready)

    def rerank(self, rank: Sequence[Rank]) -> None:
        """From now on tasks are as urgent as that says. With levels, a group keeps its order."""
        self.rank = rank
        if self._levels is None:
            self._ready = [(rank[task], task) for _, task in self._ready]
            heapify(self._ready)

    def next(self) -> int:
        """The most urgent ready task, which counts as started now."""
        task = heappop(self._ready)[1]
        self._started[task] = 1
        return task

    def put_aside(self, task: int) -> None:
        """A task that was handed out has not been started after all; it comes back with `give_back`."""
        self._started[task] = 0

    def give_back(self, task: int) -> bool:
        """A task that could not be started for now, or that is to run once more, is ready again, unless it is barred.

        Tells which.
        """
        self._started[task] = 0
        if self._barred[task]:
            return False
        heappush(self._ready, (self.rank[task] if self._levels is None else (0, -1), task))
        return True

    def settle(self, task: int) -> None:
        """A task ended in a way that lets those below it go on."""
        self._complete(task)
        self._leave()

    def bar(self, task: int) -> list[int]:
        """A task ended in a way that stops those below it: those that have this task among their first causes.

        A task is barred by its first cause. Where one has MOST_CAUSES of them, so has everything below it.
        """
        self._causes[task] = [task]
        below = []
        met = {task}
        todo = [task]
        while todo:
            for user in self._users[todo.pop()]:
                if user in met or user in self._final:
                    continue
                met.add(user)
                causes = self._causes.setdefault(user, [])
                if len(causes) < MOST_CAUSES:
                    causes.append(task)
                    self._barred[user] = 1
                    below.append(user)
                    todo.append(user)
        self._complete(task)
        self._leave()
        return self._listed(below)

    def counted(self) -> list[tuple[int, tuple[int, bool]]]:
        """Since it was last asked: each task that is complete and had more causes than it was told of.

        With it, how many more, and whether that is exact: it is the least there can be where several branches above it
        had more, which may be the same or others.
        """
        counted, self._counted = self._counted, []
        return counted

    def bar_rest(self, *, final: bool = False) -> list[int]:
        """Every task that has neither started nor been barred is barred; the final ones only if that is said."""
        rest = [i for i in range(len(self._missing)) if not self._barred[i] and not self._started[i]]
        rest = [i for i in rest if final or i not in self._final]
        for task in rest:
            self._barred[task] = 1
        self._ready = [entry for entry in self._ready if not self._barred[entry[1]]]
        heapify(self._ready)
        for task in [task for task in rest if not self._missing[task]]:
            self._complete(task)
        here = set() if self._levels is None or self._level < 0 else set(self._levels[self._level])
        for task in rest:
            if task in here:
                self._leave()
        return self._listed(rest)

    def _complete(self, task: int) -> None:
        """A task and everything above it has settled: so has what was barred below it and waited for nothing else."""
        todo = [task]
        while todo:
            for user in self._users[todo.pop()]:
                self._missing[user] -= 1
                if self._missing[user]:
                    continue
                if self._barred[user]:
                    todo.append(user)
                    self._count(user)
                elif self._levels is None and not self._started[user]:
                    heappush(self._ready, (self.rank[user], user))

    def _count(self, task: int) -> None:
        """How many causes a task has that is complete now, if it has more than it was told of."""
        causes = self._causes.get(task, ())
        if len(causes) < MOST_CAUSES:
            return
        stopped = {needed for needed in self._needs[task] if needed in self._causes}
        seen = {cause for needed in stopped for cause in self._causes[needed]}
        many = [self._counts[needed] for needed in stopped if needed in self._counts]
        count = max(len(seen), max((count for count, _ in many), default=0))
        if count > len(causes):
            exact = not many or (len(stopped) == 1 and many[0][1])
            self._counts[task] = count, exact
            self._counted.append((task, (count - len(causes), exact)))

    def _listed(self, tasks: Iterable[int]) -> list[int]:
        """In the order in which the run lists its tasks: plan order, or that of the levels."""
        return sorted(tasks, key=None if self._position is None else self._position.__getitem__)

    def _leave(self) -> None:
        """A task has settled. With levels: one less to wait for before the next group."""
        if self._levels is None:
            return
        self._left -= 1
        if not self._left:
            self._next_level()

    def _next_level(self) -> None:
        assert self._levels is not None
        while not self._left and self._level + 1 < len(self._levels):
            self._level += 1
            group = [task for task in self._levels[self._level] if not self._barred[task] and not self._started[task]]
            self._left = len(group)
            self._ready = [((0, position), task) for position, task in enumerate(group)]


def urgency(plan: Plan, seconds: Sequence[float] | None = None) -> list[Rank]:
    """A rank for each task: longest remaining path first, then declaration order.

    seconds: what each task is expected to take; None if nobody knows, then a path is as long as it has tasks.
    """
    dependencies = [task.dependencies for task in plan.tasks]
    return longest_first(dependencies, seconds or [1] * len(dependencies), [task.declared for task in plan.tasks])


def longest_first(
    dependencies: Sequence[Sequence[int]], seconds: Sequence[float], then: Sequence[int] | None = None
) -> list[Rank]:
    """A rank for each task: less the longest path that begins with it, then by the numbers given (or its own)."""
    below = [0.0] * len(dependencies)
    ranks: list[Rank] = [()] * len(dependencies)
    for i in range(len(dependencies) - 1, -1, -1):
        remaining = seconds[i] + below[i]
        ranks[i] = (-remaining, i if then is None else then[i])
        for needed in dependencies[i]:
            if below[needed] < remaining:
                below[needed] = remaining
    return ranks


def sequence(plan: Plan, levels: Sequence[Sequence[int]] | None = None) -> list[int]:
    """The order in which one task at a time starts them."""
    schedule = Schedule([task.dependencies for task in plan.tasks], urgency(plan), levels, final=finals(plan))
    listed = []
    while schedule.ready:
        listed.append(schedule.next())
        schedule.settle(listed[-1])
    return listed
