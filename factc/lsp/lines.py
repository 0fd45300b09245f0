"""Offsets in a text as lines and columns, the way an editor counts them, and back.

Knows the three units that columns are counted in; does not know what the text means.
"""

from __future__ import annotations

from bisect import bisect_right

from factc.source import line_starts

UTF8, UTF16, UTF32 = "utf-8", "utf-16", "utf-32"


class Lines:
    """The lines of a text; lines and columns count from 0."""

    __slots__ = ("text", "_starts", "_encoding", "_last")

    def __init__(self, text: str, encoding: str = UTF16) -> None:
        self.text = text
        self._starts = line_starts(text)
        self._encoding = encoding
        self._last = (0, 0)  # the offset that was asked for last, and its column

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect_right(self._starts, offset) - 1
        start, (at, column) = self._starts[line], self._last
        if not start <= at <= offset:  # else only what is behind the last place, in a line that may be very long
            at, column = start, 0
        column += self._units(self.text[at:offset])
        self._last = (offset, column)
        return line, column

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column; past the end of a line, that end."""
        if line >= len(self._starts):
            return len(self.text)
        start = self._starts[line]
        end = self._starts[line + 1] - 1 if line + 1 < len(self._starts) else len(self.text)
        words = self.text[start:end]
        if self._encoding == UTF32 or words.isascii():
            return min(start + column, end)
        at = counted = 0
        while at < len(words) and counted < column:
            counted += self._units(words[at])
            at += 1
        return start + at

    def _units(self, words: str) -> int:
        if self._encoding == UTF32 or words.isascii():
            return len(words)
        if self._encoding == UTF8:
            return len(words.encode("utf-8", "surrogatepass"))
        return len(words.encode("utf-16-le", "surrogatepass")) // 2
