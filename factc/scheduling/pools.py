"""The pools of a run: how many of the tasks that name one may run at once, and who waits for room.

Knows numbers of tasks and names of pools; knows no clock and no process.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from factc.scheduling.schedule import Rank


class Pools:
    """Slots by pool. A task takes one of each pool that it names, or none at all."""

    __slots__ = ("_free", "_taken", "_parked", "_open")

    def __init__(self, slots: Mapping[str, int]) -> None:
        self._free = {name: list(range(count)) for name, count in slots.items()}  # heaps: the lowest first
        self._taken: dict[int, list[tuple[str, int]]] = {}
        self._parked: dict[str, list[tuple[Rank, int]]] = {name: [] for name in slots}
        self._open: set[str] = set()  # pools that have had room since somebody was parked there

    def take(self, task: int, names: Sequence[str]) -> str | None:
        """Takes the slots; the name of a pool that has none left, and then nothing is taken."""
        if not names:
            return None
        for name in names:
            if not self._free[name]:
                return name
        self._taken[task] = [(name, heappop(self._free[name])) for name in names]
        return None

    def place(self, task: int) -> int:
        """A task's slot in the first pool that it names, from 0 on."""
        return self._taken[task][0][1]

    def release(self, task: int) -> None:
        for name, slot in self._taken.pop(task, ()):
            heappush(self._free[name], slot)
            self._open.add(name)

    def park(self, task: int, full: str, names: Sequence[str], rank: Rank) -> None:
        """A task waits for room in that pool; what it would have taken of the others is there for somebody else."""
        heappush(self._parked[full], (rank, task))
        self._open |= {name for name in names if name != full and self._free[name]}

    def rerank(self, rank: Sequence[Rank]) -> None:
        """From now on those who wait for room are as urgent as that says."""
        for parked in self._parked.values():
            parked[:] = [(rank[task], task) for _, task in parked]
            heapify(parked)

    def again(self, give_back: Callable[[int], bool]) -> None:
        """Gives back the tasks that may find room now, of each pool the most urgent first; they wait no longer.

        give_back: tells whether the task still wants to run; one that does not leaves its room to the next.
        """
        while self._open:
            name = self._open.pop()
            room, parked = len(self._free[name]), self._parked[name]
            while room and parked:
                room -= give_back(heappop(parked)[1])
