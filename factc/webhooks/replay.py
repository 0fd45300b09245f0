"""The events of a run told again from its journal: byte for byte those that were sealed, then what is left.

Knows journals, the wire and the rules of delivery; knows no file and no network.
"""

from __future__ import annotations

from bisect import bisect_right

from factc.events.payload import WHOLE, Header, Wire
from factc.events.steps import is_job, transitions
from factc.webhooks.policy import NEVER, Pace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from factc.events import Step
    from factc.record.journal import RunHeader
    from factc.record.reading import Journal


class Event:
    """An event that is sent, or could be.

    number: 1, 2, 3 … for its endpoint. id: as it was sealed, None if it has not been. last: the number of the last
    fact in it. body: the event. changes: how many changes of state it tells. without: what it leaves out.
    smaller: its body with (still) less in it, until the next event is made.
    """

    __slots__ = ("number", "id", "last", "body", "changes", "steps", "without", "smaller")

    def __init__(
        self,
        number: int,
        id: str | None,
        last: int,
        body: bytes,
        steps: list[Step],
        smaller: Callable[[str], bytes],
        without: str = WHOLE,
    ) -> None:
        self.number = number
        self.id = id
        self.last = last
        self.body = body
        self.steps = len(steps)
        self.changes = sum(map(transitions, steps))
        self.smaller = smaller
        self.without = without


class Retelling:
    """The events of one endpoint, in order; first ask for those `sealed`, then for those `unsealed`.

    The journal may grow meanwhile; asked again, both go on where they were.
    """

    def __init__(self, journal: Journal, endpoint: int) -> None:
        assert journal.header is not None
        self._journal = journal
        self._outbox = journal.outbox(endpoint)
        self._wire = Wire(wire_header(journal.header), len(journal.header.names))
        self._number = 0  # of the event that was told last
        self._at = 0  # how many steps have been taken in
        # What is left is cut as it would have been after what was sealed: so a delivery that is broken off and begun
        # again goes on with the events that were told before.
        self._pace = Pace()
        self._lasts: list[int] = []  # of the steps that wait in the pace
        self._now = -NEVER
        self._torn = False  # what was sealed cannot be told whole

    def sealed(self, *, settled: bool = False) -> Iterator[Event]:
        """The events that have gone to the endpoint, or were about to.

        settled: only as long as they are settled; another may still go out once more, with less in it.
        """
        self._torn = False
        while (seal := self._outbox.seals.get(self._number + 1)) and (not settled or self._outbox.settled(seal.number)):
            until = bisect_right(self._journal.last, seal.last)
            steps = [step for step in self._journal.steps[self._at : until] if transitions(step)]
            if not until or self._journal.last[until - 1] < seal.last or not _is_event(steps):
                self._torn = True
                return  # a part of the journal is missing
            self._at = until
            body = self._body(steps)
            self._catch_up(steps, len(body))
            if seal.without != WHOLE:
                body = self._wire.again(seal.without)
            yield self._event(seal.id, seal.last, body, steps, seal.without)

    def unsealed(self, until: float | None = None) -> Iterator[Event]:
        """The events that nobody has got, cut as if a receiver had answered at once.

        until: only those that are due before that time (seconds since the epoch); None: all. None come behind events
        that were sealed, but of which the journal has lost a part: they would have their numbers.
        """
        if self._torn or any(number > self._number for number in self._outbox.seals):
            return
        while self._at < len(self._journal.steps):
            step = self._journal.steps[self._at]
            yield from self._due(step[-1].at)
            self._pace.put(step)
            if transitions(step):
                self._lasts.append(self._journal.last[self._at])
            self._at += 1
            self._now = max(self._now, step[-1].at)
            yield from self._due(self._now)
        if until is None:
            self._pace.hurry()
        yield from self._due(self._now if until is None else until)

    def _catch_up(self, steps: list[Step], size: int) -> None:
        """Has the pace know an event that was sealed."""
        for step in steps:
            self._pace.put(step)
            self._now = max(self._now, step[-1].at)
        while (due := self._pace.due()) < NEVER:
            self._now = max(self._now, due)
            self._pace.cut(self._now)
            self._pace.sent(size)
            self._pace.answered(self._now)
            size = 0

    def _due(self, at: float) -> Iterator[Event]:
        """The events that are due at a time."""
        while self._pace.due() <= at:
            self._now = max(self._now, self._pace.due())
            steps = self._pace.cut(self._now)
            last = self._lasts[len(steps) - 1]
            del self._lasts[: len(steps)]
            body = self._body(steps)
            self._pace.sent(len(body))
            self._pace.answered(self._now)
            yield self._event(None, last, body, steps)

    def _body(self, steps: list[Step]) -> bytes:
        body = self._wire.event(steps)
        assert body is not None, "only steps that change something make events"
        return body

    def _event(self, id: str | None, last: int, body: bytes, steps: list[Step], without: str = WHOLE) -> Event:
        self._number += 1
        return Event(self._number, id, last, body, steps, self._wire.again, without)


def _is_event(steps: list[Step]) -> bool:
    """Whether an event can tell these steps: something changes in them, and a change of the job stands alone."""
    return bool(steps) and (len(steps) == 1 or not any(map(is_job, steps)))


def wire_header(header: RunHeader) -> Header:
    """What the events of a run share."""
    order = header.order or list(range(len(header.names)))
    return Header(
        job=header.job,
        job_reference=header.reference,
        run_reference=header.run,
        version=header.version,
        factfile=header.factfile,
        tags=header.tags,
        names=tuple(header.names[i] for i in order),
        order=tuple(order),
    )
