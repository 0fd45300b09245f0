"""What a loop calls back as long as something lasts, such as a run: all of it is over at once.

Knows a loop; knows no run.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.loop import Loop, Timer


class Term:
    """Timers, ticks and calls from other threads that are over together. over: whether they are."""

    __slots__ = ("over", "_loop", "_timers")

    def __init__(self, loop: Loop) -> None:
        self.over = False
        self._loop = loop
        self._timers: list[Timer] = []

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Calls back once, after so many seconds."""
        if not self.over:
            self._timers.append(self._loop.later(seconds, callback))

    def every(self, seconds: float, callback: Callable[[], None]) -> None:
        """Calls back every so many seconds."""
        place = len(self._timers)

        def again() -> None:
            callback()
            if not self.over:
                self._timers[place] = self._loop.later(seconds, again)

        self.later(seconds, again)

    def end(self) -> None:
        """From now on nothing of it is called back any more."""
        self.over = True
        for timer in self._timers:
            timer.cancel()
