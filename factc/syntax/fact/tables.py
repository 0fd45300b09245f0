"""The tables by which a text is read: those that stand beside the grammar, or, where these do not fit, made by Lark.

They fit if they were made from this very grammar, and by the Lark that is installed.
"""

from __future__ import annotations

import json
import re
import sys

from factc import resources
from factc.digest import sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    Matcher = Callable[[str, int], re.Match[str] | None]

_known: list[Tables] = []


class Tables:
    """What a parser does in each state.

    starts, ends: the first and the last state of what can be read.
    rows:  for each state what a symbol does there: the next state, or -1 - the number of a rule that is complete.
    rules: the name of each, how many symbols it has, and what of them the tree shows: None for all as they are, or the
    number of each with whether its children stand in its place.
    """

    __slots__ = ("starts", "ends", "rows", "rules", "ignored", "_terminals", "_matchers", "_compiled")

    def __init__(self, made: dict[str, Any]) -> None:
        self.starts: dict[str, int] = made["starts"]
        self.ends: dict[str, int] = made["ends"]
        self.rows: list[dict[str, int]] = made["states"]
        self.rules = [(name, size, _shown(shown)) for name, size, shown in made["rules"]]
        self.ignored = frozenset(made["ignored"])
        self._terminals: dict[str, str] = made["terminals"]
        self._matchers: list[Matcher | None] = [None] * len(self.rows)
        self._compiled: dict[Collection[str], Matcher] = {}

    def matcher(self, state: int) -> Matcher:
        """What finds the next token in a state: only those that may come there, the first that fits."""
        found = self._matchers[state]
        if found is None:
            row, ignored = self.rows[state], self.ignored
            names = tuple([name for name in self._terminals if name in row or name in ignored])
            found = self._compiled.get(names)
            if found is None:
                pattern = "|".join([f"(?P<{name}>{self._terminals[name]})" for name in names])
                found = self._compiled[names] = re.compile(pattern).match
            self._matchers[state] = found
        return found


def _shown(shown: str) -> list[tuple[int, bool]] | None:
    return None if set(shown) <= {"1"} else [(i, kind == "2") for i, kind in enumerate(shown) if kind != "0"]


def tables() -> Tables:
    """The tables of the grammar."""
    if not _known:
        _known.append(Tables(_fitting() or _anew()))
    return _known[0]


def _fitting() -> dict[str, Any] | None:
    """Those beside the grammar, if they fit."""
    try:
        made: dict[str, Any] = json.loads(resources.text(resources.TABLES))
        fits = made["lark"] == installed() and made["grammar"] == sha256_hex(
            [resources.text(resources.GRAMMAR).encode()]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return made if fits else None


def _anew() -> dict[str, Any]:
    from factc.syntax.fact.grammar import made

    return made()


def installed() -> str:
    """The version of Lark, found without importing it, which takes as long as all else; "" if it is not to be found."""
    for finder in sys.meta_path:
        spec = finder.find_spec("lark", None)
        if spec is not None:
            break
    else:
        return ""
    if not spec.origin:
        return ""
    with open(spec.origin, encoding="utf-8") as file:
        for line in file:
            if line.startswith("__version__"):
                return line.partition("=")[2].strip().strip("\"'")
    return ""
