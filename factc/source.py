"""Where text came from: a source, and spans of it as offsets.

Knows nothing of what the text means. Lines and columns are worked out only when somebody shows one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.secrets.written import Hidden

BOM = "\ufeff"


class Source:
    """A text and the name it is shown under.

    `name` is the path as the user typed it, or `<stdin>`. `factfile` is the text exactly as read, a byte
    order mark with it; `text` is the same without that mark, and is what every offset counts in.
    """

    __slots__ = ("name", "factfile", "text", "_starts", "_hidden", "_covered")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.factfile = text
        self.text = text.removeprefix(BOM)
        self._starts: list[int] | None = None
        self._hidden: list[Hidden] | None = None
        self._covered: str | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1 (columns in characters)."""
        if self._starts is None:
            self._starts = line_starts(self.text)
        from bisect import bisect_right  # only for what is shown

        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def extent(self, number: int) -> tuple[int, int]:
        """Where a line (counted from 1) begins, and where it ends without its line end."""
        if self._starts is None:
            self._starts = line_starts(self.text)
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return start, end

    def hidden(self) -> list[Hidden]:
        """What of the text nobody is shown: values of secrets, and credentials."""
        if self._hidden is None:
            from factc.secrets.written import hidden

            self._hidden = hidden(self.text)
        return self._hidden

    def hidden_between(self, start: int, end: int) -> list[Hidden]:
        """What of it begins there, or goes on there as the one before."""
        from bisect import bisect_left

        found = self.hidden()
        first = bisect_left(found, start, key=lambda one: one.start)
        last = bisect_left(found, end, key=lambda one: one.start)
        return [one for one in found[max(0, first - 1) : last] if one.end > start]

    def covered(self) -> str:
        """The text, character for character, without what is hidden."""
        if self._covered is None:
            from factc.secrets.written import covered

            self._covered = covered(self.text, self.hidden()) if self.hidden() else self.text
        return self._covered


class Span:
    """A stretch of a source: `start` up to but not including `end`, in characters."""

    __slots__ = ("source", "start", "end")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        line, column = self.source.place(self.start)
        return f"Span({self.source.name}:{line}:{column}+{self.end - self.start})"


def line_starts(text: str) -> list[int]:
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts
