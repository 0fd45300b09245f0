"""A journal that is read: its header, its facts, and what was delivered of them, as far as its lines are whole.

Knows lines; knows no file, clock or network.
"""

from __future__ import annotations

import json

from factc.diagnostic import RequestError
from factc.escape import visible
from factc.events import Fact, RunFinished
from factc.events.payload import WHOLE
from factc.events.steps import is_job, transitions
from factc.instant import instant
from factc.record.fields import check_delivery, check_fact, check_header, is_number
from factc.record.journal import FIELDS, FORMAT, KINDS, RunHeader, Seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from factc.events import Step


class Outbox:
    """What became of one endpoint's events, by number.

    seals: the newest seal of each. acknowledged: delivered. passed: refused by the endpoint, and why.
    stopped: why nothing more was sent, if so; gone: because the endpoint wants no more, ever.
    """

    __slots__ = ("seals", "acknowledged", "passed", "stopped", "gone")

    def __init__(self) -> None:
        self.seals: dict[int, Seal] = {}
        self.acknowledged: set[int] = set()
        self.passed: dict[int, str] = {}
        self.stopped: str | None = None
        self.gone = False

    def settled(self, number: int) -> bool:
        return number in self.acknowledged or number in self.passed


class Journal:
    """A journal that is read, as far as it has been fed.

    steps: in order, each a tuple of facts; last: for each step the number of its last fact. finished: the run's last
    word, or None: it goes on, or died. What older versions may have written after it happened to nobody.
    damage: the number of the first line that is none of a journal, 0 if there is none. Facts behind it do not count,
    for nobody knows what happened between; what was delivered counts wherever it stands. lost: there are such facts.
    """

    __slots__ = (
        "header",
        "steps",
        "last",
        "finished",
        "outboxes",
        "damage",
        "lost",
        "_begun",
        "_number",
        "_name",
        "_lines",
    )

    def __init__(self, name: str = "the journal") -> None:
        self.header: RunHeader | None = None
        self.steps: list[Step] = []
        self.last: list[int] = []
        self.finished: RunFinished | None = None
        self.outboxes: dict[int, Outbox] = {}
        self.damage = 0
        self.lost = False
        self._begun: list[Fact] = []  # of a step whose last line is still to come
        self._number = 0  # of the last fact
        self._name = name
        self._lines = 0

    def feed(self, data: bytes) -> None:
        """Takes whole lines in. Raises RequestError for what is no journal or a newer one."""
        for value in _values(data):
            self._lines += 1
            try:
                self._take(value)
            except (KeyError, TypeError, ValueError):
                if self.header is None:
                    raise self._no_journal() from None
                self.damage = self.damage or self._lines

    def end(self) -> None:
        """Nothing more will come: what there is of a step that was cut short is all of it."""
        try:
            if self._begun:
                self._close_step()
        except ValueError:
            self.damage = self.damage or self._lines

    def outbox(self, endpoint: int) -> Outbox:
        return self.outboxes.setdefault(endpoint, Outbox())

    def _take(self, value: dict[str, Any]) -> None:
        """Takes one line in; kinds of lines that a later version of this format may add are passed over."""
        if not isinstance(value, dict):
            raise ValueError
        if self.header is None:
            self._begin(value)
        elif "n" in value:
            self._fact(value)
        elif "journal" in value:
            raise ValueError
        elif not value.keys().isdisjoint(("seal", "ack", "passed", "stopped")):
            check_delivery(value, len(self.header.endpoints))
            self._delivery(value)

    def _begin(self, value: dict[str, Any]) -> None:
        if type(value["journal"]) is not int:
            raise ValueError
        if value["journal"] > FORMAT:
            version = visible(str(value.get("version", "")))
            raise RequestError(f"{self._name} was written by a newer factc ({version})")
        check_header(value)
        self.header = RunHeader(**{key: value[key] for key in value if key in RunHeader.__slots__})

    def _fact(self, value: dict[str, Any]) -> None:
        assert self.header is not None
        kind = KINDS[value["fact"]]
        fields = FIELDS[kind]
        values = [value.get(name) for name in fields]
        check_fact(kind, fields, values, len(self.header.names))
        if not (value.get("up") is None or is_number(value["up"])):
            raise ValueError
        if self.damage:
            self.lost = True
            return
        if type(value["n"]) is not int or value["n"] != self._number + 1:
            raise ValueError
        if (up := value.get("up")) is not None:
            values[0] = instant(value["at"], up)
        self._begun.append(kind(*values))
        self._number += 1
        if "more" not in value:
            self._close_step()

    def _delivery(self, value: dict[str, Any]) -> None:
        outbox = self.outbox(value["endpoint"])
        if "seal" in value:
            seal = Seal(value["seal"], value["id"], value["last"], value.get("without", WHOLE))
            outbox.seals[seal.number] = seal
        elif "ack" in value:
            outbox.acknowledged.add(value["ack"])
            outbox.stopped = None
        elif "passed" in value:
            outbox.passed[value["passed"]] = value["why"]
        else:
            outbox.stopped, outbox.gone = value["stopped"], "gone" in value

    def _close_step(self) -> None:
        step, self._begun = tuple(self._begun), []
        if self.finished:
            return
        if is_job(step) and transitions(step) > 1:
            raise ValueError  # a change of the job comes alone
        self.steps.append(step)
        self.last.append(self._number)
        if isinstance(step[-1], RunFinished):
            self.finished = step[-1]

    def _no_journal(self) -> RequestError:
        words = f"{self._name} is damaged: line {self._lines} is no line of a journal"
        return RequestError(
            words, "what is left of the run lies beside it; where that is of no use, remove its directory"
        )


def _values(data: bytes) -> Iterator[Any]:
    """What each line says, None for one that is no JSON."""
    lines = data.split(b"\n")[:-1]
    try:
        values = json.loads(b"[" + b",".join(lines) + b"]")  # all at once is quicker
    except (ValueError, RecursionError):
        values = []
    yield from values if len(values) == len(lines) else map(_value, lines)


def _value(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def is_delivered(journal: Journal, endpoint: int) -> bool:
    """Whether an endpoint has got (or refused) every change of state that the journal holds."""
    outbox = journal.outbox(endpoint)
    sealed = max((seal.last for seal in outbox.seals.values()), default=0)
    rest = any(last > sealed and transitions(step) for last, step in zip(journal.last, journal.steps, strict=True))
    return not rest and all(map(outbox.settled, outbox.seals))
