"""The lines of a journal: the header of a run, its facts, and what was delivered of them, as JSON (see `reading`).

Knows the lines' shapes; knows no file, clock or network. Each line is a JSON object that its first key tells
apart: `journal` (the header, first of all), `n` (a fact, numbered from 1), `seal`, `ack`, `passed`, `stopped`.
A fact says with `up` when it happened on the clock that never steps (`at` is wall
time), and with `more` that the next one happened together with it. Fields without a value are left out.
"""

from __future__ import annotations

import json

from factc import events
from factc.events import Fact, TaskEnded, TaskStarted
from factc.events.payload import WHOLE
from factc.instant import Instant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1  # of the journal; a reader refuses what is newer

_encode = json.JSONEncoder(separators=(",", ":")).encode
_text = json.encoder.encode_basestring_ascii
KINDS = {
    kind.__name__: kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, Fact) and kind is not Fact
}
FIELDS = {kind: ("at", *kind.__slots__) for kind in KINDS.values()}


class RunHeader:
    """What one run is, as its journal's first line says.

    run, reference: runReference and jobReference. job: its name. at: when it began. version: factc's, that events name.
    host, pid, directory, arguments: where it runs and how it was called, without what may be secret; again: the options
    to resume it with.
    plan: the digest of the plan. names: the tasks in plan order; order: how events list them, None for the same.
    start, to: the part of the job that was chosen. endpoints: each a dict of `url` (as it is shown) and `sha256` (of
    the whole). secrets, signed, headers: names of variables, never their values. continues: the run that it resumes.
    jobs: at most so many tasks at once, 0 for no limit, None where an older factc kept no word of it. pools: the slots
    of pools that are not as the plan has them. files: the job's file and those that it uses, each a dict of `path` and
    `sha256`. same: what runs of one job file with the same values and tags have in common. inherited: hashes of the
    variables that recipes name and the job does not set (see `inherited`), by name. values: of the job's parameters,
    None where an older factc kept no word of them.
    """

    __slots__ = (
        "run", "reference", "job", "at", "version", "host", "pid", "directory", "arguments", "again", "plan", "names",
        "order", "tags", "factfile", "start", "to", "endpoints", "secrets", "signed", "headers", "continues",
        "jobs", "pools", "files", "same", "inherited", "values",
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
    files: list[dict[str, str]]
    same: str | None
    inherited: dict[str, str] | None
    values: dict[str, str] | None

    def __init__(self, **values: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))
        for name in ("again", "version", "host", "directory", "plan", "factfile"):
            setattr(self, name, values.get(name) or "")
        for name in ("endpoints", "secrets", "headers", "arguments", "names", "files"):
            setattr(self, name, list(values.get(name) or ()))


class Seal:
    """What an event of one endpoint consists of: it ends with the fact numbered `last`.

    number: 1, 2, 3 … for the endpoint. without: what it leaves out (see `events.payload`), "" for nothing.
    """

    __slots__ = ("number", "id", "last", "without")

    def __init__(self, number: int, id: str, last: int, without: str = WHOLE) -> None:
        self.number = number
        self.id = id
        self.last = last
        self.without = without


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
    if isinstance(fact.at, Instant):
        rest = f',"up":{fact.at.up!r}{rest}'
    return f'{{"n":{number},"fact":{words}{rest}'.encode()


# These two say what `_any` would say, in half of its time: nearly all lines are theirs.


def _started(fact: TaskStarted) -> str:
    return f'"TaskStarted","at":{fact.at!r},"task":{fact.task},"attempt":{fact.attempt}'


def _ended(fact: TaskEnded) -> str:
    code, duration, user, system = fact.code, fact.duration, fact.user, fact.system
    if code is None or duration is None or user is None or system is None:
        return _any(fact)
    words = (
        f'"TaskEnded","at":{fact.at!r},"task":{fact.task},"state":"{fact.state}","code":{code},"duration":{duration!r}'
    )
    if fact.reason is not None:
        words += f',"reason":{_text(fact.reason)}'
    if fact.stdout is not None:
        words += f',"stdout":{_text(fact.stdout)}'
    if fact.stderr is not None:
        words += f',"stderr":{_text(fact.stderr)}'
    return f'{words},"user":{user!r},"system":{system!r}'


def _any(fact: Fact) -> str:
    """Its kind and what is known of it: numbers and texts, and nothing else."""
    kind = type(fact)
    words = f'"{kind.__name__}"'
    for name in FIELDS[kind]:
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
