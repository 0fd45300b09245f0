"""The rules of delivery: which steps make the next event, when it may go, and what an answer means.

Knows no thread, clock, socket or random: whoever delivers (or rebuilds what was delivered) asks, and
tells what happened when. Times are seconds of any one clock.
"""

from __future__ import annotations

from collections import deque

from factc.events import Step
from factc.events.steps import has_failure, is_end, is_job, transitions

FREELY = 1_000_000  # bytes an endpoint may be sent in a run before steps are merged
PROMPT = 1.0  # seconds: an endpoint that takes longer to answer gets merged events from then on
RATE = 128_000  # bytes a second that a paced endpoint is sent
SHORTEST, LONGEST = 0.25, 30.0  # seconds of pace between two events
LONGEST_WISH = 3600.0  # seconds: the most that a Retry-After is granted
NEVER = float("inf")


class Pace:
    """The steps that wait for one endpoint, and how they are cut into events.

    Round and round: `put` steps as they happen, `cut` the next event, say with `sent` how long it was
    and with `answered` that it is settled (delivered, or given up). One event is under way at a time.
    `sent`: bytes that the endpoint has been sent in this run before.
    """

    __slots__ = ("_waiting", "_sent", "_slow", "_begun", "_up", "_failed", "_urgent")

    def __init__(self, sent: int = 0) -> None:
        self._waiting: deque[Step] = deque()
        self._sent = sent
        self._slow = False
        self._begun: float | None = None  # when the event under way was cut
        self._up = 0.0  # when the pace of the last event is up
        self._failed = False  # a task has failed in this run
        self._urgent = 0  # how many of the waiting steps do not wait for the pace

    def put(self, step: Step) -> None:
        """One more step waits (one that changes no state makes no event)."""
        if not transitions(step):
            return
        self._waiting.append(step)
        first_failure = not self._failed and has_failure(step)
        self._failed |= first_failure
        if first_failure or is_end(step):
            self._urgent = len(self._waiting)

    def hurry(self) -> None:
        """What waits now goes without regard to the pace: the run is over."""
        self._urgent = len(self._waiting)

    def due(self) -> float:
        """When the next event may be cut; NEVER while nothing waits or an event is under way."""
        if self._begun is not None or not self._waiting:
            return NEVER
        if self._freely() or self._urgent or is_job(self._waiting[0]):
            return -NEVER
        return self._up

    def cut(self, now: float) -> list[Step]:
        """The steps of the next event, which is under way from now on; none if it is not due."""
        if now < self.due() or not self._waiting or self._begun is not None:
            return []
        steps = [self._waiting.popleft()]
        if not self._freely() and not is_job(steps[0]):
            while self._waiting and not is_job(self._waiting[0]):
                steps.append(self._waiting.popleft())
        self._urgent = max(0, self._urgent - len(steps))
        self._begun = now
        return steps

    def sent(self, size: int) -> None:
        """The event under way is so many bytes long (said once, however often it is tried)."""
        self._sent += size
        self._up = (self._begun or 0.0) + min(max(size / RATE, SHORTEST), LONGEST)

    def answered(self, now: float) -> None:
        """The event under way is settled."""
        self._slow |= self._begun is not None and now - self._begun > PROMPT
        self._begun = None

    def _freely(self) -> bool:
        return not self._slow and self._sent < FREELY


# What becomes of an event, and of its endpoint, after an answer.
DELIVERED = "delivered"
RETRY = "retry"  # the same event again, later
STOP = "stop"  # nothing more goes to this endpoint in this run
POISON = "poison"  # never this event again; the next one
SMALLER = "smaller"  # the same changes once more, with less around them

NO_MORE = "nothing more is sent to it in this run"  # what STOP means, for people

_RETRIED = frozenset((408, 425, 429))
_STOPPING = frozenset((401, 403, 404, 410))
_TOO_LARGE = 413
GONE = 410  # the endpoint wants no more, ever


def verdict(status: int | None) -> str:
    """What an HTTP status means for the event; None: no answer came."""
    if status is None or status in _RETRIED or status < 200 or status >= 500:
        return RETRY
    if status < 300:
        return DELIVERED
    # A redirect is not followed: it would turn the POST into a GET, or take the events to a stranger.
    if status < 400 or status in _STOPPING:
        return STOP
    return SMALLER if status == _TOO_LARGE else POISON


class Backoff:
    """How long to wait before the same event is tried again: more each time, and never all at once.

    base, most: seconds; before the nth retry (counted from 0) it is up to base × 2ⁿ, and up to `most`.
    """

    __slots__ = ("base", "most")

    def __init__(self, base: float = 0.5, most: float = 30.0) -> None:
        self.base = base
        self.most = most

    def delay(self, retry: int, chance: float) -> float:
        """Seconds to wait; `chance` is a random number from 0 up to 1 (full jitter)."""
        return chance * min(self.most, self.base * 2.0 ** min(retry, 60))


def retry_after(value: str | None, now: float) -> float | None:
    """The seconds that a Retry-After header asks for (a number or a date); None if it makes no sense.

    now: the wall clock, in seconds since the epoch.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WISH)
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        when = parsedate_to_datetime(value)
        if when.tzinfo is None:  # one of the three forms of HTTP names no zone; all three are UTC
            when = when.replace(tzinfo=UTC)
        return min(max(0.0, when.timestamp() - now), LONGEST_WISH)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
