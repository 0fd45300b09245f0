"""A job's text as it is read, and the way from an offset in it to a place in the source.

Knows line ends and marks of mistakes; does not know the language.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from factc.diagnostic import Diagnostic
from factc.source import Source, Span


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
    """The text of a source with every CR LF read as LF, and with a line feed at its end."""

    __slots__ = ("source", "text", "_removed")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text.replace("\r\n", "\n")
        self._removed: list[int] | None = None
        if not self.text.endswith("\n"):
            self.text += "\n"

    def offset(self, at: int) -> int:
        """Where a character of the text stands in the source."""
        if self._removed is None:
            self._removed = [m.start() - i for i, m in enumerate(re.finditer("\r\n", self.source.text))]
        return min(at + bisect_left(self._removed, at), len(self.source.text))

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, self.offset(start), self.offset(end))

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
