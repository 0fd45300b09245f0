"""Which task starts now: the most urgent of those that are ready and find a slot of the run and of each of their pools.

Knows the schedule and the pools; knows no clock and no process. A run and its simulation ask the same one, by the same
rule: all that ends at one time, or waits no longer, is taken in first; then, and only then, what can start is started.
So the order of what happens together changes nothing.
"""

from __future__ import annotations

from factc.scheduling.pools import Pools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from factc.scheduling.schedule import Rank, Schedule


class Starts:
    """pools: of each task, those of which it takes a slot each; room: how many slots each has.

    slots: so many tasks run at once. running: so many do. Raises KeyError for a pool without room when it is asked.
    """

    __slots__ = ("slots", "running", "_schedule", "_shared", "_pools")

    def __init__(
        self, schedule: Schedule, slots: int, pools: Sequence[Sequence[str]] = (), room: Mapping[str, int] | None = None
    ) -> None:
        self.slots = slots
        self.running = 0
        self._schedule = schedule
        self._shared = Pools(room or {}) if any(pools) else None
        self._pools = pools

    @property
    def wanting(self) -> bool:
        """Whether there is a slot and a task that may start in it, unless a pool turns out to be full."""
        if self._shared:
            self._shared.again(self._schedule.give_back)
        return self.running < self.slots and self._schedule.ready > 0

    def next(self) -> int | None:
        """A task that starts now and has its slots, None if none can; those without room in a pool wait for it."""
        schedule, shared = self._schedule, self._shared
        if shared is None:
            if self.running >= self.slots or not schedule.ready:
                return None
            self.running += 1
            return schedule.next()
        shared.again(schedule.give_back)
        while self.running < self.slots and schedule.ready:
            task = schedule.next()
            names = self._pools[task]
            if full := shared.take(task, names):
                schedule.put_aside(task)
                shared.park(task, full, names, schedule.rank[task])
                shared.again(schedule.give_back)
                continue
            self.running += 1
            return task
        return None

    def over(self, task: int) -> None:
        """It runs no longer, for now or for ever: what it took is there for others."""
        self.running -= 1
        if self._shared:
            self._shared.release(task)

    def place(self, task: int) -> int | None:
        """A running task's slot in the first pool that it names, from 0 on; None if it names none."""
        return self._shared.place(task) if self._shared and self._pools[task] else None

    def is_choice(self) -> bool:
        """Whether more is ready than there are slots for, be they the run's or a pool's."""
        if self._shared:
            self._shared.again(self._schedule.give_back)
        return self._schedule.ready > (1 if self._shared else self.slots - self.running)

    def rerank(self, rank: Sequence[Rank]) -> None:
        """From now on tasks are as urgent as that says, those that wait for room too."""
        self._schedule.rerank(rank)
        if self._shared:
            self._shared.rerank(rank)
