"""Lines as they will be written: how long ones go on, and where the comments behind them stand.

Knows columns; does not know what the lines say.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

WIDTH = 100  # where a line is broken, if it can be
COLUMN = 60  # a longer line does not push the comments of its neighbours to the right
INDENT = "    "


@dataclass(slots=True)
class Line:
    """A line, and the comment behind it or ""."""

    text: str
    comment: str = ""


def joined(lines: Iterable[Line]) -> str:
    """The text of all lines; within a paragraph, the comments behind them stand in one column."""
    paragraphs = groupby(lines, lambda line: bool(line.text))
    return "".join(text + "\n" for _, paragraph in paragraphs for text in _shown(list(paragraph)))


def _shown(lines: list[Line]) -> Iterator[str]:
    widths = [_width(line.text) if line.comment else 0 for line in lines]
    column = max((width for width in widths if width <= COLUMN), default=0)
    for line, width in zip(lines, widths, strict=True):
        yield line.text + " " * (max(0, column - width) + 2) + line.comment if line.comment else line.text


def _width(text: str) -> int:
    """Columns that a text takes."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def continued(words: list[str], comment: str) -> list[Line]:
    """A line of words that goes on, indented, behind a backslash where it would be too long."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > WIDTH and len(lines[-1]) > len(words[0]):
            lines.append(INDENT + word)
        else:
            lines[-1] += " " + word
    return [*(Line(line + " \\") for line in lines[:-1]), Line(lines[-1], comment)]
