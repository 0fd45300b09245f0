"""Templates: a text with `{{name}}` tags in it, taken apart.

Knows no values, no quoting and no shell; says what is no proper tag and leaves it to the caller to judge.
"""

from __future__ import annotations

import re

# Kinds of problem: what stands between `{{` and `}}` (or not) where a name should be.
UNCLOSED = "unclosed"
EMPTY = "empty"
SECTION = "section"
PARTIAL = "partial"
DELIMITER = "delimiter"
COMMENT = "comment"
NO_NAME = "no name"

_TAG = re.compile(
    r"\{\{\{(?P<raw>[^{}]*)\}\}\}|\{\{(?P<sign>[#^/>!&=]?)(?P<body>(?:(?!\{\{|\}\}).)*)\}\}|\{\{", re.DOTALL
)
# A word, also with blanks, dashes and colons inside; dots walk into an object. A tag's key may be anything.
_NAME = re.compile(r"tag:[^{}]+|\w[\w :@-]*(?:\.\w[\w :@-]*)*")
_SIGNS = {"#": SECTION, "^": SECTION, "/": SECTION, ">": PARTIAL, "=": DELIMITER, "!": COMMENT}


class Tag:
    """`{{name}}` at `start` up to `end` of its text; `raw` for `{{{name}}}` and `{{&name}}`."""

    __slots__ = ("name", "start", "end", "raw")

    def __init__(self, name: str, start: int, end: int, raw: bool = False) -> None:
        self.name = name
        self.start = start
        self.end = end
        self.raw = raw

    def __repr__(self) -> str:
        return f"Tag({self.name!r}, {self.start}, {self.end}, raw={self.raw})"


class Problem:
    """Something that opens like a tag and is none; unless it is a comment, it stays in the text."""

    __slots__ = ("kind", "start", "end")

    def __init__(self, kind: str, start: int, end: int) -> None:
        self.kind = kind
        self.start = start
        self.end = end


Pieces = list[str | Tag]


def parse(text: str) -> tuple[Pieces, list[Problem]]:
    """A template as literal stretches and tags, in order, and what is wrong with it."""
    if "{{" not in text:
        return [text], []
    pieces: Pieces = []
    problems: list[Problem] = []
    literal, done = "", 0
    for match in _TAG.finditer(text):
        literal += text[done : match.start()]
        done = match.end()
        found = _tag(match)
        if isinstance(found, Tag):
            pieces += [literal, found] if literal else [found]
            literal = ""
            continue
        problems.append(found)
        if found.kind != COMMENT:
            literal += match.group()
    literal += text[done:]
    if literal or not pieces:
        pieces.append(literal)
    return pieces, problems


def names(text: str) -> list[str]:
    """The names that a template uses, in order, repeated ones too."""
    return [piece.name for piece in parse(text)[0] if isinstance(piece, Tag)]


def _tag(match: re.Match[str]) -> Tag | Problem:
    start, end = match.span()
    raw, sign, body = match.group("raw", "sign", "body")
    if raw is None and body is None:
        return Problem(UNCLOSED, start, end)
    if sign in _SIGNS and sign:
        return Problem(_SIGNS[sign], start, end)
    name = (body if raw is None else raw).strip()
    if not name:
        return Problem(EMPTY, start, end)
    if not _NAME.fullmatch(name):
        return Problem(NO_NAME, start, end)
    return Tag(name, start, end, raw is not None or sign == "&")
