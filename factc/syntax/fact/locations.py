"""What was written where: the way from a path in a text job's JSON form back to offsets.

Works only when a diagnostic asks; does not know what is wrong with anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from factc.model.document import KEY
from factc.syntax.fact import recipe
from factc.syntax.fact.attributes import SAID_BY, assignment
from factc.syntax.fact.clauses import Bracket, Clause, Item
from factc.syntax.fact.positions import Clean
from factc.syntax.fact.strings import position, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.model.document import Locate, Path
    from factc.syntax.fact.reader import Token

Place = tuple[int, int]


class Written:
    """A statement as written: what stands above it, its name, what follows, its recipe, its JSON form.

    start: where it begins, with what stands above it.
    references: the dependencies of a rule, or the allowed values of a parameter. default: of a parameter, or the
    slots of a pool. file, given: what a `use` names, and for each value below it, where its name stands, its text as
    written and where that stands.
    """

    __slots__ = (
        "start", "head", "descriptions", "brackets", "references", "default", "block", "file", "given", "members",
        "_clauses", "_variables",
    )  # fmt: skip

    def __init__(self) -> None:
        self.start = 0
        self.head: Token | None = None
        self.descriptions: list[Token] = []
        self.brackets: list[tuple[Token, Bracket]] = []
        self.references: list[Token] = []
        self.default: Token | None = None
        self.block: Token | None = None
        self.file: Token | None = None
        self.given: dict[str, tuple[int, str, int]] = {}
        self.members: dict[str, Any] = {}
        self._clauses: dict[str, list[tuple[int, Clause]]] | None = None
        self._variables: dict[str, tuple[str, int]] = {}

    def clauses(self, name: str) -> list[tuple[int, Clause]]:
        """The clauses of an attribute, and where the bracket of each begins."""
        if self._clauses is None:
            self._clauses = {}
            for token, bracket in self.brackets:
                for clause in bracket.clauses:
                    self._clauses.setdefault(clause.name.raw, []).append((token.start_pos or 0, clause))
        return self._clauses.get(name, [])

    def variable(self, name: str) -> tuple[str, int] | None:
        """The value of a variable of `env` as written, and where it stands."""
        if not self._variables:
            for base, clause in self.clauses("env"):
                for item in clause.items:
                    length = assignment(item.raw)
                    if length:
                        set_name = value(item.raw[: length - 1], 0, [])
                        self._variables.setdefault(set_name, (item.raw[length:], base + item.at + length))
        return self._variables.get(name)


class Tasks:
    """The rules and `use`s of a text: the JSON form of each, and where each begins; more is not kept but of the last.

    What was written takes five times the memory of what it means.
    """

    __slots__ = ("members", "starts", "last")

    def __init__(self) -> None:
        self.members: list[dict[str, Any]] = []
        self.starts: list[int] = []
        self.last = Written()

    def __len__(self) -> int:
        return len(self.members)

    def add(self, written: Written) -> None:
        self.members.append(written.members)
        self.starts.append(written.start)
        self.last = written


class Again:
    """The rules and `use`s of a text as written: each is read once more when it is asked for."""

    __slots__ = ("_starts", "_rule_at", "_number", "_newest")

    def __init__(self, starts: Sequence[int], rule_at: Callable[[int], Written]) -> None:
        self._starts = starts
        self._rule_at = rule_at
        self._number = -1
        self._newest = Written()

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Written]:
        return map(self.__getitem__, range(len(self._starts)))

    def __getitem__(self, number: int) -> Written:
        if number != self._number:
            self._newest, self._number = self._rule_at(self._starts[number]), number
        return self._newest


Lists = Mapping[str, list[Written] | Again]  # by the member of `data` that they make up


def locator(clean: Clean, job: Written, lists: Lists) -> Locate:
    """The `locate` of a document (see there)."""

    pools = {str(pool.head): pool for pool in reversed(list(lists["pools"]))}

    def locate(path: Path, part: str, start: int | None, end: int | None) -> Place:
        if part == KEY and path[-2:-1] == ("values",) and isinstance(path[-1], str):
            found = _given_name(lists["tasks"][int(path[2])], path[-1])
        elif path[1:2] == ("pools",) and len(path) > 2:
            found = _head(pools.get(str(path[2]), job))
        else:
            found = _found(path, job, lists, start, end)
        return clean.extent(*found)

    return locate


def _given_name(written: Written, name: str) -> Place:
    at = written.given[name][0]
    return at, at + len(name)


def _found(path: Path, job: Written, lists: Lists, start: int | None, end: int | None) -> Place:
    written, rest = job, path[1:]
    if rest and rest[0] in lists:
        statements = lists[str(rest[0])]
        if len(rest) < 2:
            return _head(statements[0] if statements else job)
        written, rest = statements[int(rest[1])], rest[2:]
    raw = _raw(written, rest)
    if raw is None:
        return _head(written)
    text, at = raw
    if start is None or end is None:
        return at, at + len(text)
    return at + _inside(written, rest, text, start), at + _inside(written, rest, text, end)


def _inside(written: Written, rest: Path, text: str, offset: int) -> int:
    if rest == ("script",) and written.block is not None:
        return recipe.position(written.block, offset) - len(recipe.indentation(written.block))
    if rest == ("description",):
        return offset + 3 * (1 + text_lines(written, offset))
    return position(text, offset)


def text_lines(written: Written, offset: int) -> int:
    return str(written.members.get("description", "")).count("\n", 0, offset)


def _raw(written: Written, rest: Path) -> tuple[str, int] | None:
    """A value as it stands in the text, and where that is; None where the text does not say it."""
    key = rest[0] if rest else "name"
    number = rest[-1] if isinstance(rest[-1:] and rest[-1], int) else None
    if key == "name" and written.head is not None:
        start, end = _head(written)
        return str(written.head)[: end - start], start
    if key == "use" and written.file is not None:
        return _token(written.file)
    if key == "values" and rest[-1] in written.given:
        return written.given[str(rest[-1])][1:]
    if key in ("dependsOn", "values"):
        return _token(written.references[int(number)]) if number is not None else None
    if key == "default" and written.default is not None:
        return _token(written.default)
    if key == "description" and written.descriptions:
        return _token(written.descriptions[0])
    if key == "script" and written.block is not None:
        width = len(recipe.indentation(written.block))
        return written.block[width:], (written.block.start_pos or 0) + width
    return _attribute(written, rest)


def _attribute(written: Written, rest: Path) -> tuple[str, int] | None:
    """The item of the attribute that says a member, or its name."""
    key = rest[1] if rest[:1] == ("onResult",) and len(rest) > 1 else rest[0] if rest else ""
    if key in _REPEATED or key == "retry":
        return _limit(written, rest)
    if key == "secrets":
        named = [(i.raw, base + i.at) for base, clause in written.clauses("secret") for i in clause.items]
        return named[int(rest[-1])] if isinstance(rest[-1], int) and rest[-1] < len(named) else None
    name, skipped = SAID_BY.get(str(key), ("", 0))
    number = rest[-1] if rest else 0
    if key == "environment" and isinstance(number, str):
        return written.variable(number)
    for base, clause in written.clauses(name):
        index = skipped + (number if isinstance(number, int) else 0)
        item = clause.items[index] if index < len(clause.items) else clause.name
        return item.raw, base + item.at
    return None


_REPEATED = {"pools": "pool", "each": "each"}


def _limit(written: Written, rest: Path) -> tuple[str, int] | None:
    """The item that says a part of a retry, a pool, or the name or a value of an `each`."""
    name = _REPEATED.get(str(rest[0]), "retry")
    clauses = written.clauses(name)
    number = int(rest[1]) if name != "retry" and len(rest) > 1 else 0
    if number >= len(clauses):
        return None
    base, clause = clauses[number]
    item = _limit_item(clause, rest[1:] if name == "retry" else rest[2:])
    return item.raw, base + item.at


def _limit_item(clause: Clause, rest: Path) -> Item:
    items, key = clause.items, rest[0] if rest else ""
    if not items:
        return clause.name
    if clause.name.raw == "pool" or key in ("times", "name"):
        return items[0]
    if key == "values":
        return items[min(2 + int(rest[-1]) if isinstance(rest[-1], int) else 2, len(items) - 1)]
    at = next((i for i, item in enumerate(items) if item.raw == key), None)
    if at is None:
        return clause.name
    return items[min(at + 1 + (int(rest[1]) if len(rest) > 1 else 0), len(items) - 1)]


def _token(token: Token) -> tuple[str, int]:
    return str(token), token.start_pos or 0


def _head(written: Written) -> Place:
    """The name of a statement."""
    if written.head is None:
        return 0, 0
    start, end = written.head.start_pos or 0, written.head.end_pos or 0
    if written.head.type == "HEAD":
        end = start + len(written.head[:-1].rstrip(" \t"))
    return start, end
