"""The runner on a clock of its own: a loop whose time jumps, and an engine that does as it is told.

Knows the engine's protocol; starts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

from factc.engine import Attempt, Exited, Left, NotStarted, Post, Started
from factc.events import Step
from factc.events.state import RunState
from factc.loop import Timer
from factc.plan import Plan, PlanTask
from factc.runner.runner import Runner
from factc.runner.settings import Rules


class Due(Timer):
    """A timer of such a loop. As in a real one, of what happens at one time an end comes before what is late."""

    __slots__ = ("order",)

    def __init__(self, due: float, callback: Callable[[], None], order: tuple[bool, float]) -> None:
        super().__init__(due, callback)
        self.order = order

    def __lt__(self, other: Timer) -> bool:
        assert isinstance(other, Due)
        return (self.due, self.order) < (other.due, other.order)


class Clock:
    """A loop whose time jumps to the next timer."""

    def __init__(self, order: Callable[[], float] | None = None) -> None:
        """order: gives a random number, by which ends of one time are put in an order; None for that of their starts."""
        self.time = 0.0
        self._order = order
        self._count = 0
        self._timers: list[Timer] = []

    def wall(self) -> float:
        return self.time

    now = wall

    def later(self, seconds: float, callback: Callable[[], None], *, end: bool = False) -> Timer:
        self._count += 1
        place = self._order() if self._order and end else self._count
        timer = Due(self.time + seconds, callback, (not end, place))
        heappush(self._timers, timer)
        return timer

    def wait(self, timeout: float | None = None) -> None:
        """Calls back for all that happens at the next time, as a loop does for all that it sees at once."""
        self._forget()
        assert self._timers, "the run waits for nothing"
        self.time = max(self.time, self._timers[0].due)
        while self._timers and self._timers[0].due <= self.time:
            if callback := heappop(self._timers).callback:
                callback()

    def _forget(self) -> None:
        while self._timers and not self._timers[0].callback:
            heappop(self._timers)


class Script:
    """An engine: each task's attempts take so many seconds and end with such a code (None: could not be started)."""

    def __init__(self, clock: Clock, ends: Callable[[int, int], tuple[float, int | None]]) -> None:
        self.clock = clock
        self.ends = ends
        self.attempts: dict[int, int] = {}
        self.environments: dict[tuple[int, int], dict[str, str]] = {}
        self.running: dict[int, Timer] = {}
        self.most: dict[str, int] = {}

    def open(self, post: Callable[[Post], None], loop: Any) -> None:
        self.post = post

    def submit(self, attempt: Attempt) -> None:
        number = attempt.id
        self.attempts[number] = self.attempts.get(number, 0) + 1
        self.environments[number, self.attempts[number]] = dict(attempt.environment)
        seconds, code = self.ends(number, self.attempts[number])
        if code is None:
            self.post(NotStarted(number, self.clock.time, "could not start"))
            return
        began = self.clock.time
        self.post(Started(number, began))
        self.running[number] = self.clock.later(seconds, lambda: self.exit(number, code, began), end=True)

    def exit(self, number: int, code: int, began: float) -> None:
        del self.running[number]
        self.post(Exited(number, self.clock.time, code, self.clock.time - began))

    def cancel(self, id: int, grace: float) -> None:
        if timer := self.running.get(id):
            timer.cancel()
            began = self.clock.time
            self.running[id] = self.clock.later(min(grace, 0.5), lambda: self.exit(id, 143, began))

    def has_ended(self, id: int) -> bool:
        return id not in self.running

    def leftovers(self) -> list[Left]:
        return []

    def hold(self, on: bool) -> None: ...

    def close(self) -> None: ...


class Seen:
    """A sink that keeps every fact."""

    def __init__(self) -> None:
        self.facts: list[Any] = []

    def step(self, facts: Step) -> None:
        self.facts += facts


def run(
    tasks: Sequence[PlanTask], ends: Callable[[int, int], tuple[float, int | None]], *, stop: Sequence[float] = (),
    pools: dict[str, int] | None = None, order: Callable[[], float] | None = None, **rules: Any,
) -> tuple[RunState, Seen, Script]:  # fmt: skip
    clock = Clock(order)
    engine, seen = Script(clock, ends), Seen()
    plan = Plan("j", tasks)
    runner = Runner(plan, engine, clock, [seen], [], Rules(pools=pools, **rules))  # type: ignore[arg-type]
    for at in stop:
        clock.later(at, lambda: runner.on_signal(15))
    state = runner.run()
    folded = RunState(len(tasks))
    for fact in seen.facts:
        folded.apply(fact)
    assert [t.state for t in folded.tasks] == [t.state for t in state.tasks]
    return state, seen, engine
