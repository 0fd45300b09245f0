"""When something happened, on two clocks: wall time says when, a clock that never steps says how long.

Knows both clocks; knows no run. A plain number of seconds since the epoch will do for an instant: records of older
versions have no more.
"""

from __future__ import annotations

import time


class Instant(float):
    """Seconds since the epoch. up: seconds on a clock of the machine that is never set and goes on evenly."""

    __slots__ = ("up",)
    up: float


def instant(at: float, up: float) -> Instant:
    one = Instant(at)
    one.up = up
    return one


def now() -> Instant:
    return instant(time.time(), round(time.monotonic(), 6))


def between(since: float, to: float) -> float:
    """Seconds from one instant to another, never fewer than none."""
    return max(0.0, even(to) - even(since) if isinstance(since, Instant) and isinstance(to, Instant) else to - since)


def even(at: float) -> float:
    """An instant on the clock that never steps; the number itself if it is no more than that."""
    return at.up if isinstance(at, Instant) else at
