"""A bracket taken apart: its clauses, their items, and what is said of clauses with too few or too many.

Knows the form that all attributes share; knows none of them.
"""

from __future__ import annotations

from factc.syntax.fact.positions import Mistake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    Members = dict[str, Any]
    Read = Callable[["Clause", list[Mistake]], Members]


class Item:
    """A word or a quoted text of a clause, as written; `at` counts from the start of the bracket."""

    __slots__ = ("raw", "at")

    def __init__(self, raw: str, at: int) -> None:
        self.raw = raw
        self.at = at

    @property
    def end(self) -> int:
        return self.at + len(self.raw)


class Clause:
    """One attribute as written: its name, the items behind it, and what it adds to the JSON form.

    usage: how it is written, for hints; known: the names of all attributes.
    """

    __slots__ = ("name", "items", "members", "usage", "known")

    def __init__(self, name: Item, items: list[Item]) -> None:
        self.name = name
        self.items = items
        self.members: Members = {}
        self.usage = ""
        self.known: Collection[str] = ()


class Bracket:
    """What one bracket says; places count from its start. `meanings`: what it adds, by the kind of statement below.

    unread: the names that may stand in what could not be read.
    """

    __slots__ = ("clauses", "mistakes", "unread", "meanings")

    def __init__(self, clauses: list[Clause], mistakes: list[Mistake]) -> None:
        self.clauses = clauses
        self.mistakes = mistakes
        self.unread: set[str] = set()
        self.meanings: dict[str, Members] = {}


def alone(clause: Clause, mistakes: list[Mistake]) -> None:
    """What to say where something stands behind an attribute that takes nothing."""
    for item in clause.items[:1]:
        hint = "a comma parts two attributes" if item.raw in clause.known else ""
        mistakes.append(Mistake("E304", f"`{clause.name.raw}` stands alone", item.at, item.end, hint=hint))


def only(clause: Clause, mistakes: list[Mistake], what: str) -> Item | None:
    """The one item of a clause that takes one."""
    if not clause.items:
        mistakes.append(short_of(clause, f"a {what}"))
        return None
    if len(clause.items) > 1:
        extra = clause.items[1]
        hint = "put a value with blanks into double quotes"
        if extra.raw in clause.known:
            hint = "a comma parts two attributes"
        words = f"`{clause.name.raw}` takes one {what} and nothing more"
        mistakes.append(Mistake("E304", words, extra.at, clause.items[-1].end, hint=hint))
    return clause.items[0]


def short_of(clause: Clause, what: str) -> Mistake:
    name = clause.name
    words = f"`{name.raw}` needs {what}"
    return Mistake("E304", words, name.at, name.end, hint=f"such as [{clause.usage}]")
