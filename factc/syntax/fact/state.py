"""What has been read of a text so far: its statements, what waits above the next one, and its mistakes.

Knows what all statements share; knows none of them.
"""

from __future__ import annotations

import re

from factc.syntax.fact import recipe
from factc.syntax.fact.locations import Tasks, Written
from factc.syntax.fact.positions import Clean, Mistake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.syntax.fact.reader import Token

_SAME_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?\n")


class Kept:
    """What has been read so far; `above` is the description and the brackets that wait for what they stand above."""

    def __init__(self, clean: Clean) -> None:
        self.clean = clean
        self.mistakes: list[Mistake] = []
        self.job = Written()
        self.parameters: list[Written] = []
        self.secrets: list[Written] = []
        self.pools: list[Written] = []
        self.pool_heads: dict[str, Token] = {}  # by name, the first of each
        self.tasks = Tasks()  # rules, and what `use` puts in place of one
        self.data: dict[str, Any] = {}
        self.above = Written()

    def written(self, start: int, head: Token) -> Written:
        """A statement with what stood above it."""
        self.keep_description(start)
        written, self.above = self.above, Written()
        written.head = head
        above = [*written.descriptions[:1], *(token for token, _ in written.brackets[:1])]
        written.start = min([start, *map(start_of, above)])
        return written

    def keep_description(self, start: int) -> None:
        """A description that does not stand directly above is a mere comment."""
        above = self.above
        if above.descriptions:
            end = max(end_of(t) for t in (above.descriptions[-1], *(token for token, _ in above.brackets[-1:])))
            if not _SAME_LINE.fullmatch(self.clean.text, end, start):
                above.descriptions.clear()

    def describe(self, written: Written, members: dict[str, Any]) -> None:
        if written.descriptions:
            lines = [line for token in written.descriptions for line in token.split("\n")]
            members["description"] = "\n".join(line[3:].rstrip() for line in lines)

    def astray(self, blocks: list[Any], words: str, hint: str = "") -> bool:
        """Indented lines where none belong; tells whether there are any but comments."""
        found = [m.moved(start_of(block)) for block in blocks if (m := recipe.astray(block, words, hint))]
        self.mistakes += found
        return bool(found)


def start_of(token: Token) -> int:
    return token.start_pos or 0


def end_of(token: Token) -> int:
    return token.end_pos or 0
