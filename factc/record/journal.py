"""The journal: the header of a run, its facts, and what was delivered of them, as lines of JSON and back.

Knows the lines' shapes; knows no file, clock or network. Each line is a JSON object that its first key tells
apart: `journal` (the header, first of all), `n` (a fact, numbered from 1), `seal`, `ack`, `passed`, `stopped`.
A fact says with `more` that the next one happened together with it. Fields without a value are left out.
"""

from __future__ import annotations

import json

from factc import events
from factc.diagnostic import RequestError
from factc.events import Fact, RunFinished, TaskEnded, TaskStarted
from factc.events.wire import WHOLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from factc.events import Step

FORMAT = 1  # of the journal; a reader refuses what is newer

_encode = json.JSONEncoder(separators=(",", ":")).encode
_text = json.encoder.encode_basestring_ascii
_KINDS = {
    kind.__name__: kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, Fact) and kind is not Fact
}
_FIELDS = {kind: ("at", *kind.__slots__) for kind in _KINDS.values()}


class RunHeader:
    """What one run is, as its journal's first line says.

    run, reference: runReference and jobReference. job: its name. at: when it began. version: factc's, that events name.
    host, pid, directory, arguments: where it runs and how it was called, without what may be secret; again: the options
    to resume it with.
    plan: the digest of the plan. names: the tasks in plan order; order: how events list them, None for the same.
    start, to: the part of the job that was chosen. endpoints: each a dict of `url` (as it is shown) and `sha256` (of
    the whole). secrets, signed, headers: names of variables, never their values. continues: the run that it resumes.
    jobs: at most so many tasks at once, 0 for no limit, None where an older factc kept no word of it. pools: the slots
    of pools that are not as the plan has them.
    """

    __slots__ = (
        "run", "reference", "job", "at", "version", "host", "pid", "directory", "arguments", "again", "plan", "names",
        "order", "tags", "factfile", "start", "to", "endpoints", "secrets", "signed", "headers", "continues",
        "jobs", "pools",
    )  # fmt: skip

    run: str
    reference: str
    job: str
    at: float
    version: str
    host: str
    pid: int
    directory: str
    arguments: list[str]
    again: str
    plan: str
    names: list[str]
    order: list[int] | None
    tags: dict[str, str]
    factfile: str
    start: str | None
    to: str | None
    endpoints: list[dict[str, str]]
    secrets: list[str]
    signed: str | None
    headers: list[str]
    continues: str | None
    jobs: int | None
    pools: dict[str, int] | None

    def __init__(self, **values: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))
        self.again = self.again or ""
        for name in ("endpoints", "secrets", "headers", "arguments", "names"):
            setattr(self, name, list(values.get(name) or ()))


class Seal:
    """What an event of one endpoint consists of: it ends with the fact numbered `last`.

    number: 1, 2, 3 … for the endpoint. without: what it leaves out (see `wire`), "" for nothing.
    """

    __slots__ = ("number", "id", "last", "without")

    def __init__(self, number: int, id: str, last: int, without: str = WHOLE) -> None:
        self.number = number
        self.id = id
        self.last = last
        self.without = without


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
    """

    __slots__ = ("header", "steps", "last", "finished", "outboxes", "_begun", "_number", "_name", "_lines")

    def __init__(self, name: str = "the journal") -> None:
        self.header: RunHeader | None = None
        self.steps: list[Step] = []
        self.last: list[int] = []
        self.finished: RunFinished | None = None
        self.outboxes: dict[int, Outbox] = {}
        self._begun: list[Fact] = []  # of a step whose last line is still to come
        self._number = 0  # of the last fact
        self._name = name
        self._lines = 0

    def feed(self, data: bytes) -> None:
        """Takes whole lines in. Raises RequestError for what is no journal or a newer one."""
        for value in self._values(data):
            self._lines += 1
            try:
                self._take(value)
            except (KeyError, TypeError, AttributeError, ValueError):
                raise self._damaged() from None

    def end(self) -> None:
        """Nothing more will come: what there is of a step that was cut short is all of it."""
        if self._begun:
            self._close_step()

    def outbox(self, endpoint: int) -> Outbox:
        return self.outboxes.setdefault(endpoint, Outbox())

    def _values(self, data: bytes) -> Iterator[Any]:
        lines = data.splitlines()
        try:
            yield from json.loads(b"[" + b",".join(lines) + b"]")  # all at once is quicker
        except ValueError:
            for line in lines:
                try:
                    value = json.loads(line)
                except ValueError:
                    self._lines += 1
                    raise self._damaged() from None
                yield value

    def _take(self, value: dict[str, Any]) -> None:
        """Takes one line in; kinds of lines that a later version of this format may add are passed over."""
        if not isinstance(value, dict):
            raise ValueError
        if "n" in value:
            self._fact(value)
        elif "seal" in value:
            seal = Seal(value["seal"], value["id"], value["last"], value.get("without", WHOLE))
            self.outbox(value["endpoint"]).seals[seal.number] = seal
        elif "ack" in value:
            outbox = self.outbox(value["endpoint"])
            outbox.acknowledged.add(value["ack"])
            outbox.stopped = None
        elif "passed" in value:
            self.outbox(value["endpoint"]).passed[value["passed"]] = value["why"]
        elif "stopped" in value:
            outbox = self.outbox(value["endpoint"])
            outbox.stopped, outbox.gone = value["stopped"], "gone" in value
        elif "journal" in value:
            if value["journal"] > FORMAT:
                raise RequestError(f"{self._name} was written by a newer factc ({value['version']})")
            self.header = RunHeader(**{key: value[key] for key in value if key in RunHeader.__slots__})
            if not _is_whole(self.header):
                raise ValueError

    def _fact(self, value: dict[str, Any]) -> None:
        kind = _KINDS[value["fact"]]
        fact = kind(*[value.get(name) for name in _FIELDS[kind]])
        task = getattr(fact, "task", 0)
        if value["n"] != self._number + 1 or not _is_time(fact.at) or self.header is None:
            raise ValueError
        if not isinstance(task, int) or not 0 <= task < max(1, len(self.header.names)):
            raise ValueError
        self._begun.append(fact)
        self._number = value["n"]
        if "more" not in value:
            self._close_step()

    def _close_step(self) -> None:
        step, self._begun = tuple(self._begun), []
        if self.finished:
            return
        self.steps.append(step)
        self.last.append(self._number)
        if isinstance(step[-1], RunFinished):
            self.finished = step[-1]

    def _damaged(self) -> RequestError:
        words = f"{self._name} is damaged: line {self._lines} is no line of a journal"
        return RequestError(
            words, "what is left of the run lies beside it; where that is of no use, remove its directory"
        )


def is_delivered(journal: Journal, endpoint: int) -> bool:
    """Whether an endpoint has got (or refused) every change of state that the journal holds."""
    from factc.events.pace import transitions

    outbox = journal.outbox(endpoint)
    sealed = max((seal.last for seal in outbox.seals.values()), default=0)
    rest = any(last > sealed and transitions(step) for last, step in zip(journal.last, journal.steps, strict=True))
    return not rest and all(map(outbox.settled, outbox.seals))


def _is_whole(header: RunHeader) -> bool:
    """Whether a header holds what readers count on."""
    texts = all(isinstance(text, str) for text in (header.run, header.job, header.reference, *header.names))
    return texts and _is_time(header.at) and isinstance(header.tags, dict)


def _is_time(at: object) -> bool:
    """Seconds since the epoch that a calendar has."""
    return isinstance(at, (int, float)) and -1e11 < at < 1e11


def header_line(header: RunHeader) -> bytes:
    values = {name: getattr(header, name) for name in RunHeader.__slots__}
    if not header.again:
        del values["again"]
    return _line({"journal": FORMAT, **{name: value for name, value in values.items() if value not in (None, [])}})


def fact_line(number: int, fact: Fact, *, more: bool = False) -> bytes:
    """The line of a fact; `more` if the next one happened together with it."""
    if isinstance(fact, TaskStarted):
        words = _started(fact)
    elif isinstance(fact, TaskEnded):
        words = _ended(fact)
    else:
        words = _any(fact)
    rest = ',"more":true}\n' if more else "}\n"
    return f'{{"n":{number},"fact":{words}{rest}'.encode()


# These two say what `_any` would say, in half of its time: nearly all lines are theirs.


def _started(fact: TaskStarted) -> str:
    return f'"TaskStarted","at":{fact.at!r},"task":{fact.task},"attempt":{fact.attempt}'


def _ended(fact: TaskEnded) -> str:
    code, duration, user, system = fact.code, fact.duration, fact.user, fact.system
    if code is None or duration is None or user is None or system is None or fact.reason is not None:
        return _any(fact)
    words = (
        f'"TaskEnded","at":{fact.at!r},"task":{fact.task},"state":"{fact.state}","code":{code},"duration":{duration!r}'
    )
    if fact.stdout is not None:
        words += f',"stdout":{_text(fact.stdout)}'
    if fact.stderr is not None:
        words += f',"stderr":{_text(fact.stderr)}'
    return f'{words},"user":{user!r},"system":{system!r}'


def _any(fact: Fact) -> str:
    """Its kind and what is known of it: numbers and texts, and nothing else."""
    kind = type(fact)
    words = f'"{kind.__name__}"'
    for name in _FIELDS[kind]:
        value = getattr(fact, name)
        if value is not None:
            words += f',"{name}":{_text(value) if isinstance(value, str) else repr(value)}'
    return words


def seal_line(endpoint: int, seal: Seal) -> bytes:
    without = {"without": seal.without} if seal.without else {}
    return _line({"seal": seal.number, "endpoint": endpoint, "id": seal.id, "last": seal.last, **without})


def ack_line(endpoint: int, number: int) -> bytes:
    return _line({"ack": number, "endpoint": endpoint})


def passed_line(endpoint: int, number: int, why: str) -> bytes:
    return _line({"passed": number, "endpoint": endpoint, "why": why})


def stopped_line(endpoint: int, why: str, *, gone: bool = False) -> bytes:
    return _line({"stopped": why, "endpoint": endpoint, **({"gone": True} if gone else {})})


def _line(value: dict[str, Any]) -> bytes:
    return _encode(value).encode() + b"\n"
