"""Colours for job texts: a lexer for Pygments, which installs it by the name `fact`.

Knows how lines of a job look; leaves recipes to the lexer of the shell, and says nothing of mistakes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, default, include, using, words
from pygments.lexers.shell import BashLexer
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)

_TAG = r"\{\{\{[^{}\n]*\}\}\}|\{\{[^{}\n]*\}\}"
_STRING = r'"(?:[^"\\\n]|\\[^\n])*"'
_WORD = r"\w[\w.\-]*"
_INDENTED = r"(?:[ \t]+\S[^\n]*(?:\n|\Z)(?:[ \t]*\n(?=(?:[ \t]*\n)*[ \t]+\S))*)+"
_ATTRIBUTES = "ok noop retry timeout finally each pool secret shell cd env verbatim exec command script".split()


class RecipeLexer(BashLexer):
    """The shell with tags in it: each is one word for the shell, whatever it holds."""

    name = "Fact recipe"
    aliases: ClassVar[list[str]] = []
    filenames: ClassVar[list[str]] = []
    mimetypes: ClassVar[list[str]] = []
    url = ""

    def get_tokens_unprocessed(self, text: str, *more: Any) -> Iterator[tuple[int, _TokenType, str]]:
        tags = [match.span() for match in re.finditer(_TAG, text)]
        masked = re.sub(_TAG, lambda match: "_" * len(match[0]), text)
        for at, kind, token in super().get_tokens_unprocessed(masked, *more):
            yield from _with_tags(text, tags, at, at + len(token), kind)


def _with_tags(
    text: str, tags: list[tuple[int, int]], start: int, end: int, kind: _TokenType
) -> Iterator[tuple[int, _TokenType, str]]:
    """One token of the shell, cut where tags stand in it."""
    at = start
    for first, last in tags:
        if last <= at or first >= end:
            continue
        if first > at:
            yield at, kind, text[at:first]
        yield max(first, at), String.Interpol, text[max(first, at) : min(last, end)]
        at = min(last, end)
    if at < end:
        yield at, kind, text[at:end]


_parts: Any = bygroups
_RECIPE: Any = using(RecipeLexer)  # type: ignore[no-untyped-call]


class FactLexer(RegexLexer):
    """Jobs of factc as text."""

    name = "Fact"
    aliases = ["fact"]
    filenames = ["*.fact"]
    mimetypes = ["text/x-fact"]
    url = ""

    tokens = {
        "root": [
            (r"\A#![^\n]*", Comment.Hashbang),
            (r"##(?=[ \t\n]|\Z)[^\n]*", String.Doc),
            (r"#[^\n]*", Comment.Single),
            (r"\n", Whitespace),
            (rf"({_WORD}|{_STRING})([ \t]*)(:)(?=\s|\Z)", _parts(Name.Function, Whitespace, Punctuation), "header"),
            (r"(job)([ \t]+)", _parts(Keyword.Declaration, Whitespace), "title"),
            (
                rf"(param|secret|pool)([ \t]+)({_WORD})",
                _parts(Keyword.Declaration, Whitespace, Name.Variable),
                "line",
            ),
            (r"use(?=[ \t])", Keyword.Namespace, ("values", "line")),
            (r"\[", Punctuation, ("bracket", "attribute")),
            (_INDENTED, _RECIPE),
            (r"[^\n]", Text),
        ],
        "words": [
            (r"\\[ \t]*\n", Punctuation),
            (r"(?<=[ \t])#[^\n]*", Comment.Single),
            (r"[ \t]+", Whitespace),
            (_TAG, String.Interpol),
            (r'"', String.Double, "string"),
        ],
        "string": [
            (_TAG, String.Interpol),
            (r"\\[^\n]", String.Escape),
            (r'"', String.Double, "#pop"),
            (r'[^"\\{\n]+|\{', String.Double),
            default("#pop"),
        ],
        "title": [
            (r"\n", Whitespace, "#pop"),
            include("words"),
            (_WORD, Name.Namespace),
            (r"[^\n]", Text),
        ],
        "line": [
            (r"\n", Whitespace, "#pop"),
            include("words"),
            (r"(?<=[ \t])(?:in|as)(?=\s)", Keyword),
            (r"=|:(?=\s)", Operator),
            (r"\d+(?=\s)", Number.Integer),
            (rf"{_WORD}|[^\s]", Name),
        ],
        "header": [
            (r"\n", Whitespace, ("#pop", "recipe")),
            include("words"),
            (_WORD, Name.Label),
            (r"[^\n]", Punctuation),
        ],
        "recipe": [
            (_INDENTED, _RECIPE, "#pop"),
            (r"[ \t]*\n", Whitespace),
            default("#pop"),
        ],
        "values": [
            (rf"([ \t]+)({_WORD})([ \t]*)(=)", _parts(Whitespace, Name.Variable, Whitespace, Operator), "line"),
            (r"[ \t]+#[^\n]*", Comment.Single),
            (r"[ \t]*\n", Whitespace),
            default("#pop"),
        ],
        "attribute": [
            (r"\s+", Whitespace),
            (r"(?<=\s)#[^\n]*", Comment.Single),
            (words(_ATTRIBUTES, suffix=r"\b"), Name.Decorator, "#pop"),
            default("#pop"),
        ],
        "bracket": [
            (r"\]", Punctuation, "#pop"),
            (r",", Punctuation, "attribute"),
            (r"\n(?![ \t\n\]])", Whitespace, "#pop"),
            (r"\n", Whitespace),
            include("words"),
            (r"(?<=\s)(?:in|every|backoff|on)(?=\s)", Keyword),
            (r"([A-Za-z_]\w*)(=)", _parts(Name.Variable, Operator)),
            (r"\d+\b", Number.Integer),
            (r"[^\s\",\]{]+|\{", Text),
        ],
    }
