"""The plan: every task in order with its final command, and what is still open in it.

Knows no source, no file and no process. A plan needs neither grammar nor schema to be run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# How a value is written into the text around it (the quoting of the place where it stands).
BARE = "bare"  # as one word of shell text
DOUBLE = "double"  # inside double quotes
SINGLE = "single"  # inside single quotes
VERBATIM = "verbatim"  # as it is
QUOTES = frozenset((BARE, DOUBLE, SINGLE, VERBATIM))

MAX_CODE = 32_767  # the highest exit code that may be written
MAX_TIMES = 1_000_000  # retries
MAX_BACKOFF = 1000
MAX_SLOTS = 1_000_000  # of a pool
MAX_TEXT = 131_071  # bytes of one argument that Linux takes (MAX_ARG_STRLEN without the final NUL)
MAX_WORDS = 6 * 2**20  # bytes of all arguments and variables that it takes at most, however large the stack may be
MAX_PLAN = 256 * 2**20  # bytes of all texts of a plan: a file of more is not read


class TooLong(Exception):
    """A text with its values in it has more than MAX_TEXT bytes."""


class Hole:
    """A place in a text where a parameter's value goes, and how it is quoted there."""

    __slots__ = ("parameter", "quote")

    def __init__(self, parameter: str, quote: str) -> None:
        self.parameter = parameter
        self.quote = quote

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hole) and (self.parameter, self.quote) == (other.parameter, other.quote)

    def __hash__(self) -> int:
        return hash((self.parameter, self.quote))

    def __repr__(self) -> str:
        return f"Hole({self.parameter!r}, {self.quote!r})"


# A text that is final, or one with holes in it: literal stretches and holes, in order.
Text = str | tuple[str | Hole, ...]


SIGNAL = "signal"  # the code of a death by signal: 129 to 192
TIMEOUT = "timeout"
LOST = "lost"
LONGEST_PAUSE = 3600.0  # seconds: no retry waits longer


class Retry:
    """That an attempt which failed is made again.

    times: at most so many more attempts. every: seconds before the first of them; backoff: times that much before
    each further one, at most LONGEST_PAUSE, and up to a tenth longer at random if it is not 1.
    on: exit codes, SIGNAL, TIMEOUT, LOST: what is retried; None for everything but LOST, and for a start that failed.
    """

    __slots__ = ("times", "every", "backoff", "on")

    def __init__(
        self, times: int, every: float = 1.0, backoff: float = 1.0, on: Sequence[int | str] | None = None
    ) -> None:
        self.times = times
        self.every = every
        self.backoff = backoff
        self.on = None if on is None else tuple(on)


class PlanTask:
    """One task of a plan.

    name:         as events, screen and options show it.
    dependencies: the numbers of the tasks it waits for, in the order in which they were declared.
    argv:         program and arguments: ("sh", "-c", TEXT), or () for a task that runs nothing.
    ok, noop:     the exit codes that continue the job, and those of a no-op, which end this branch.
    directory:    where it runs, or None for where factc runs.
    environment:  variables it sees beside the inherited ones.
    declared:     its number in the job file: what breaks ties between ready tasks.
    retry:        what is done after an attempt that failed, or None.
    timeout:      seconds that an attempt may take, or None.
    final:        it runs whatever came of those above it, once all of them have settled (`finally`); its dependencies
                  are as they are written, or, where none are, the ordinary tasks of its file that none other waits for.
    pools:        the pools of which it takes a slot each.
    secrets:      the declared secrets that it sees.
    """

    __slots__ = (
        "name", "dependencies", "argv", "ok", "noop", "directory", "environment", "description", "declared",
        "retry", "timeout", "final", "pools", "secrets",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        dependencies: Sequence[int],
        argv: Sequence[Text],
        *,
        ok: Sequence[int] = (0,),
        noop: Sequence[int] = (),
        directory: Text | None = None,
        environment: Sequence[tuple[str, Text]] = (),
        description: str = "",
        declared: int = 0,
        retry: Retry | None = None,
        timeout: float | None = None,
        final: bool = False,
        pools: Sequence[str] = (),
        secrets: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.dependencies = tuple(dependencies)
        self.argv = tuple(argv)
        self.ok = tuple(ok)
        self.noop = tuple(noop)
        self.directory = directory
        self.environment = tuple(environment)
        self.description = description
        self.declared = declared
        self.retry = retry
        self.timeout = timeout
        self.final = final
        self.pools = tuple(pools)
        self.secrets = tuple(secrets)

    def __repr__(self) -> str:
        return f"<task {self.name!r}>"

    def changed(self, **members: object) -> PlanTask:
        """The same task with some members replaced."""
        task = PlanTask.__new__(PlanTask)
        for name in PlanTask.__slots__:
            setattr(task, name, members.get(name, getattr(self, name)))
        return task


class Parameter:
    """A parameter that is still open: what it may be, and what it is if nobody says.

    declared: False for a variable that a JSON Factfile uses without declaring it (its default is empty,
    and using that default is worth a warning).
    """

    __slots__ = ("name", "default", "allowed", "declared", "description")

    def __init__(
        self,
        name: str,
        default: Text | None = None,
        allowed: Sequence[str] | None = None,
        *,
        declared: bool = True,
        description: str = "",
    ) -> None:
        self.name = name
        self.default = default
        self.allowed = None if allowed is None else tuple(allowed)
        self.declared = declared
        self.description = description


class Family:
    """Tasks that one name means: those of a rule with `each`, or of a used job.

    first, last: the lowest and the highest of their numbers in the job file (`declared`); all between are among them.
    used:        whether they are those of one used job.
    """

    __slots__ = ("name", "first", "last", "used")

    def __init__(self, name: str, first: int, last: int, used: bool = False) -> None:
        self.name = name
        self.first = first
        self.last = last
        self.used = used


class Plan:
    """A job, compiled.

    tasks:      in plan order: at every step the first declared task whose dependencies are all listed.
    parameters: the open ones, in declaration order.
    values:     what has been settled when it was compiled (name to text); `run` may add, not change.
    tags:       given at compile time; `run` may add, not change.
    factfile:   the Factfile text that events carry and jobReference is computed over.
    pools:      how many slots each declared pool has, by name.
    secrets:    the declared secrets: names of environment variables that have to be set when it is run.
    timeout:    seconds that the whole run may take, or None.
    families:   the names that mean several tasks; one that lies in another stands behind it.
    """

    __slots__ = (
        "name", "description", "tasks", "parameters", "values", "tags", "factfile", "pools", "secrets", "timeout",
        "families",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        tasks: Sequence[PlanTask],
        *,
        description: str = "",
        parameters: Sequence[Parameter] = (),
        values: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        factfile: str = "",
        pools: dict[str, int] | None = None,
        secrets: Sequence[str] = (),
        timeout: float | None = None,
        families: Sequence[Family] = (),
    ) -> None:
        self.name = name
        self.description = description
        self.tasks = tuple(tasks)
        self.parameters = tuple(parameters)
        self.values = dict(values or {})
        self.tags = dict(tags or {})
        self.factfile = factfile
        self.pools = dict(pools or {})
        self.secrets = tuple(secrets)
        self.timeout = timeout
        self.families = tuple(families)

    def __repr__(self) -> str:
        names = ", ".join(parameter.name for parameter in self.parameters)
        count = len(self.tasks)
        return f"<factc.Plan {self.name!r}: {count} task{'s' * (count != 1)}{', open: ' * bool(names)}{names}>"

    def changed(self, **members: object) -> Plan:
        """The same plan with some members replaced."""
        plan = Plan.__new__(Plan)
        for name in Plan.__slots__:
            setattr(plan, name, members.get(name, getattr(self, name)))
        return plan


def is_final(text: Text) -> bool:
    """Whether nothing in a text is open."""
    return isinstance(text, str)


def shown(text: Text) -> str:
    """A text for people: what is open stands as `{{day}}`."""
    if isinstance(text, str):
        return text
    return "".join(p if isinstance(p, str) else "{{" + p.parameter + "}}" for p in text)


def quoted(value: str, quote: str) -> str:
    """A value as it must be written at a place of the given quoting, so that the shell sees it verbatim."""
    if quote == BARE:
        return "'" + value.replace("'", "'\\''") + "'"
    if quote == DOUBLE:
        for character in '\\"$`':
            value = value.replace(character, "\\" + character)
        return value
    if quote == SINGLE:
        return value.replace("'", "'\\''")
    return value


def filled(text: Text, values: Mapping[str, str]) -> Text:
    """A text with every hole filled that has a value. Raises TooLong before it is longer than a command takes."""
    if isinstance(text, str):
        return text
    pieces: list[str | Hole] = []
    run: list[str] = []  # strings that stand side by side
    length = 0
    for piece in text:
        if isinstance(piece, Hole):
            value = values.get(piece.parameter)
            if value is None:
                if run:
                    pieces.append("".join(run))
                    run = []
                pieces.append(piece)
                continue
            piece = quoted(value, piece.quote)
        length += len(piece)
        if length > MAX_TEXT and len(text) > 1:
            raise TooLong
        run.append(piece)
    if run:
        pieces.append("".join(run))
    if len(pieces) == 1 and isinstance(pieces[0], str):
        return pieces[0]
    return tuple(pieces) if pieces else ""


def size(text: Text) -> int:
    """The bytes of what a text says by now, whatever its holes will be."""
    if isinstance(text, str):
        return len(text) if text.isascii() else len(text.encode())
    return sum(size(piece) for piece in text if isinstance(piece, str))
