"""Which task may start next, and which never will: the dependency graph of a run as it goes on.

Knows no clock, no process and no exit code; a task is its number in the plan.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from factc.plan.graph import finals, reach, users_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from factc.plan import Plan

    Rank = tuple[float, ...]  # the lowest is the most urgent


class Schedule:
    """The tasks of one run.

    `next` hands out ready tasks, the most urgent first; `settle` makes more ready, `bar` takes those
    below a task out for good. With `levels`, a group is ready only when the one before has settled.
    Tasks that are `done` have settled before anything starts. Those that are `final` are never barred with others:
    each is ready once everything above it has settled, whatever came of that.
    """

    __slots__ = ("_missing", "_users", "_ready", "rank", "_barred", "_started", "_levels", "_position",
                 "_level", "_left", "_final", "_waiting")  # fmt: skip

    def __init__(
        self,
        dependencies: Sequence[Sequence[int]],
        rank: Sequence[Rank],
        levels: Sequence[Sequence[int]] | None = None,
        done: Iterable[int] = (),
        final: Iterable[int] = (),
    ) -> None:
        self._missing = [len(needed) for needed in dependencies]
        self._users = users_of(dependencies)
        self.rank = rank
        self._barred = bytearray(len(dependencies))
        self._started = bytearray(len(dependencies))
        self._final = frozenset(final)
        self._waiting: dict[int, list[int]] = {}  # by task, the final ones that wait for it
        self._await_all(dependencies)
        for task in done:
            self._started[task] = 1
            for user in self._users[task]:
                self._missing[user] -= user not in self._final
            for user in self._waiting.get(task, ()):
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
        for user in self._users[task]:
            if user not in self._final:
                self._missing[user] -= 1
                if not self._missing[user] and self._levels is None and not self._barred[user]:
                    heappush(self._ready, (self.rank[user], user))
        self._leave(task)

    def bar(self, task: int) -> list[int]:
        """A task ended in a way that stops those below it: all of them (again, if met before)."""
        below: set[int] = set()
        todo = [task]
        while todo:
            for user in self._users[todo.pop()]:
                if user not in below and user not in self._final:
                    below.add(user)
                    todo.append(user)
        listed = self._listed(below)
        new = [one for one in listed if not self._barred[one]]
        for one in new:
            self._barred[one] = 1
        for one in new:
            self._tell_final(one)
        self._leave(task)
        return listed

    def bar_rest(self, *, final: bool = False) -> list[int]:
        """Every task that has neither started nor been barred is barred; the final ones only if that is said."""
        rest = [i for i in range(len(self._missing)) if not self._barred[i] and not self._started[i]]
        rest = [i for i in rest if final or i not in self._final]
        for task in rest:
            self._barred[task] = 1
        self._ready = [entry for entry in self._ready if not self._barred[entry[1]]]
        heapify(self._ready)
        here = set() if self._levels is None or self._level < 0 else set(self._levels[self._level])
        for task in rest:
            if task in here:
                self._leave(task)
            else:
                self._tell_final(task)
        return self._listed(rest)

    def _await_all(self, dependencies: Sequence[Sequence[int]]) -> None:
        """A final task waits for everything above it, not only for what it names."""
        for task in self._final:
            above = reach(task, dependencies) - {task}
            self._missing[task] = len(above)
            for one in above:
                self._waiting.setdefault(one, []).append(task)

    def _tell_final(self, task: int) -> None:
        """A task has settled: the final ones that wait for it have one less to wait for."""
        for user in self._waiting.get(task, ()):
            self._missing[user] -= 1
            if not self._missing[user] and self._levels is None and not self._barred[user]:
                heappush(self._ready, (self.rank[user], user))

    def _listed(self, tasks: Iterable[int]) -> list[int]:
        """In the order in which the run lists its tasks: plan order, or that of the levels."""
        return sorted(tasks, key=None if self._position is None else self._position.__getitem__)

    def _leave(self, task: int) -> None:
        """A task has settled. With levels: one less to wait for before the next group."""
        self._tell_final(task)
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
