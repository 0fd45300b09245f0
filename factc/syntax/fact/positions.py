"""A job's text as it is read, and the way from an offset in it to a place in the source.

Knows line ends and marks of mistakes; does not know the language.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from factc.diagnostic import Diagnostic
from factc.source import Source, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.edits import Edit, Edited


class Mistake:
    """A diagnostic whose places are still offsets: in the whole text, or in the part of it that was looked at."""

    __slots__ = ("code", "message", "start", "end", "label", "hint", "related")

    def __init__(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        label: str = "",
        hint: str = "",
        related: tuple[tuple[int, int, str], ...] = (),
    ) -> None:
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.label = label
        self.hint = hint
        self.related = related

    def moved(self, by: int) -> Mistake:
        """The same mistake in a text that begins `by` characters earlier."""
        related = tuple((start + by, end + by, words) for start, end, words in self.related)
        return Mistake(self.code, self.message, self.start + by, self.end + by, self.label, self.hint, related)


class Clean:
    """The text of a source with every CR LF read as LF, and with a line feed at its end; mistakes can be repaired."""

    __slots__ = ("source", "text", "_removed", "_edits")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text.replace("\r\n", "\n")
        self._removed: list[int] | None = None
        self._edits: list[Edited] = []  # the last one first
        if not self.text.endswith("\n"):
            self.text += "\n"

    def repair(self, edits: Iterable[Edit]) -> None:
        """Goes on with a text where something else stands; places still lead to what was written."""
        from factc.edits import Edited

        self._edits.insert(0, Edited(self.text, edits))
        self.text = self._edits[0].text

    def is_written(self, start: int, end: int) -> bool:
        """Whether a stretch of the text stands in the source, at least a part of it."""
        for edited in self._edits:
            if edited.is_new(start, end):
                return False
            start, end = edited.back(start), edited.back(end)
        return True

    def offset(self, at: int) -> int:
        """Where a character of the text stands in the source."""
        for edited in self._edits:
            at = edited.back(at)
        if self._removed is None:
            self._removed = [m.start() - i for i, m in enumerate(re.finditer("\r\n", self.source.text))]
        return min(at + bisect_left(self._removed, at), len(self.source.text))

    def extent(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the text stands in the source."""
        first = self.offset(start)
        return first, (max(first, self.offset(end - 1) + 1) if end > start else first)

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, *self.extent(start, end))

    def diagnostics(self, mistakes: Sequence[Mistake]) -> list[Diagnostic]:
        return [
            Diagnostic(
                m.code,
                m.message,
                self.span(m.start, m.end),
                label=m.label,
                hint=m.hint,
                related=[(self.span(start, end), words) for start, end, words in m.related],
            )
            for m in mistakes
        ]


def shortened(words: str, limit: int = 60) -> str:
    """Words from the text as a message may show them."""
    return words if len(words) <= limit else words[: limit - 1] + "…"
