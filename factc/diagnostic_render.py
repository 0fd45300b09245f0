"""Diagnostics as text for people, as JSON for programs and as GitHub's annotations.

Knows nothing of how mistakes are found, and prints nothing: the answer is a string.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from factc.diagnostic import ERROR, Diagnostic, veiled
from factc.escape import visible, visible_json
from factc.secrets.written import COVER, shown
from factc.source import Span

WIDTH = 100  # columns of the source that an excerpt shows of a long line
_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "bold": "\x1b[1m", "frame": "\x1b[34m", "help": "\x1b[32m"}


def text(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """All of them, one block each with an empty line between, ending with a line feed ("" for none)."""
    return "\n".join(_block(d, _Paint(colour)) for d in veiled(list(diagnostics)))


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A JSON list of {severity, code, message, file, line, column, endLine, endColumn, hint}."""
    return visible_json(json.dumps([_record(d) for d in veiled(list(diagnostics))], ensure_ascii=False, indent=2))


def as_github(diagnostics: Sequence[Diagnostic], folder: str = "") -> str:
    """Workflow commands, one a line, that GitHub shows beside the lines of a change ("" for none).

    `folder` is where the files' names begin: GitHub wants them from the root of the repository.
    """
    return "".join(_command(d, folder) for d in veiled(list(diagnostics)))


def _command(d: Diagnostic, folder: str) -> str:
    properties = {"title": d.code}
    if d.span:
        line, column = d.span.source.place(d.span.start)
        name = d.span.source.name
        file = f"{folder.rstrip('/')}/{name}" if folder and not name.startswith(("/", "<")) else name
        properties = {"file": file, "line": str(line), "col": str(column), **properties}
    where = ",".join(f"{key}={_escaped(visible(value), ':,')}" for key, value in properties.items())
    words = visible(d.message) + (f"\nhelp: {visible(d.hint)}" if d.hint else "")
    return f"::{d.severity} {where}::{_escaped(words)}\n"


def _escaped(words: str, more: str = "") -> str:
    """Words as a workflow command takes them."""
    for character in "%\r\n" + more:
        words = words.replace(character, f"%{ord(character):02X}")
    return words


class _Paint:
    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, kind: str, words: str) -> str:
        return f"{_COLOURS[kind]}{words}\x1b[0m" if self.colour else words


def _block(d: Diagnostic, paint: _Paint) -> str:
    lines = [paint(d.severity, f"{d.severity}[{d.code}]") + paint("bold", f": {visible(d.message)}")]
    spans = [(d.span, d.label)] if d.span else []
    spans += [(span, words) for span, words in d.related]
    gutter = max((len(str(span.source.place(span.start)[0])) for span, _ in spans), default=1)
    for i, (span, words) in enumerate(spans):
        main = d.span is not None and i == 0
        lines += _excerpt(span, words, gutter, paint, d.severity if main else "frame", "^" if main else "-")
    if d.hint:
        lines.append(" " * gutter + paint("frame", " = ") + paint("help", "help: ") + visible(d.hint))
    return "\n".join(lines) + "\n"


def _excerpt(span: Span, words: str, gutter: int, paint: _Paint, kind: str, mark: str) -> list[str]:
    line, column = span.source.place(span.start)
    first, last = span.source.extent(line)
    length = max(1, min(span.end - span.start, last - first - column + 2))
    before, marked, after = _window(span.source.covered(), first, last, column - 1, length)
    pad = " " * gutter
    caret = " " * _width(before) + mark * max(1, _width(marked)) + (f" {visible(words)}" if words else "")
    return [
        f"{pad}{paint('frame', ' ┌─')} {visible(span.source.name)}:{line}:{column}",
        f"{pad}{paint('frame', ' │')}",
        f"{paint('frame', f'{line:>{gutter}} │')} {before}{marked}{after}".rstrip(),
        f"{pad}{paint('frame', ' │')} {paint(kind, caret)}",
    ]


def _window(text: str, first: int, last: int, column: int, length: int) -> tuple[str, str, str]:
    """A line of a text as shown, parted before and behind the marked words; of a long one only what is near them."""
    length = min(length, WIDTH)
    start = max(0, column - WIDTH // 2) if last - first > WIDTH else 0
    end = max(column + length, start + WIDTH)
    cuts = [min(first + at, last) for at in (start, column, column + length, end)]
    pieces = [text[a:b] for a, b in pairwise(cuts)]
    if pieces[1].startswith(COVER):  # what is hidden is shown once
        pieces[0] = pieces[0].rstrip(COVER)
    if pieces[1].endswith(COVER):
        pieces[2] = pieces[2].lstrip(COVER)
    before, marked, after = (visible(shown(piece).replace("\t", "    ")) for piece in pieces)
    return "…" * (start > 0) + before, marked, after + "…" * (first + end < last)


def _width(words: str) -> int:
    """Columns that a terminal gives to a text."""
    if words.isascii():
        return len(words)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in words)
    return len(words) + wide - sum(bool(unicodedata.combining(c)) for c in words)


def _record(d: Diagnostic) -> dict[str, str | int | None]:
    record: dict[str, str | int | None] = {"severity": d.severity, "code": d.code, "message": d.message}
    record |= {"file": None, "line": None, "column": None, "endLine": None, "endColumn": None}
    if d.span:
        start, end = d.span.source.place(d.span.start), d.span.source.place(d.span.end)
        record |= {"file": d.span.source.name, "line": start[0], "column": start[1]}
        record |= {"endLine": end[0], "endColumn": end[1]}
    return record | {"hint": d.hint or None}


def headline(diagnostics: Sequence[Diagnostic]) -> str:
    """The first error in one line, as `validate` prints it."""
    errors = [d for d in diagnostics if d.severity == ERROR]
    first, more = errors[0], len(errors) - 1
    words = first.message
    if first.code.startswith("E01") and first.span:
        line, column = first.span.source.place(first.span.start)
        words = f"Invalid JSON at line {line} column {column}"
    return visible(words) + (f" (and {more} more)" if more else "")
