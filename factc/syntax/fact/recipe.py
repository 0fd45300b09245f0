"""Recipes: indented lines become shell text, and offsets in that text find their way back.

Knows indentation; knows no shell.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

from factc.syntax.fact.positions import Mistake
from factc.syntax.fact.strings import TEXT

_INDENT = re.compile(r"[ \t]*")
_LINE = re.compile(r"[^ \t\n][^\n]*")
_HEADER = re.compile(rf"(?:\w[\w.\-]*|{TEXT})[ \t]*:(?=\s|$)")
_KEYWORD = re.compile(r'(?:job|param|secret|pool)[ \t]+\S|use[ \t]+"|\[[a-z]+[ \]]|## ')

_STATEMENTS = {"[": "attributes", "##": "a description", "job": "the `job` line", "param": "a parameter",
               "secret": "a secret", "pool": "a pool", "use": "a `use`"}  # fmt: skip


def dedented(block: str) -> tuple[str, list[Mistake]]:
    """The text of a recipe without the indentation of its first line, and what is wrong with the block."""
    indent = indentation(block)
    width = len(indent)
    lines = block.split("\n")
    text = "\n".join([line[width:] if line.startswith(indent) else line.lstrip(" \t") for line in lines])
    short = [i for i, line in enumerate(lines) if not line.startswith(indent) and line.strip(" \t")]
    return text, [_wrong(block, lines, short[0])] if short else []


def indentation(block: str) -> str:
    match = _INDENT.match(block)
    return match.group() if match else ""


def position(block: str, offset: int) -> int:
    """Where a character of the shell text stands in its block."""
    starts, places = _line_places(block)
    number = bisect_right(starts, offset) - 1
    return min(places[number] + offset - starts[number], len(block))


@lru_cache(maxsize=4)
def _line_places(block: str) -> tuple[list[int], list[int]]:
    """Where each line begins: in the shell text, and what is left of it in the block."""
    width = len(indentation(block))
    starts, places = [], []
    start = at = 0
    for line in block.split("\n"):
        removed = min(width, len(line))
        starts.append(start)
        places.append(at + removed)
        start += len(line) - removed + 1
        at += len(line) + 1
    return starts, places


def looks_like_statement(line: str) -> str:
    """What an indented line would be in the first column, in the user's words, or ""."""
    line = line.strip()
    if _HEADER.match(line):
        return "a rule"
    if _KEYWORD.match(line):
        return _STATEMENTS["[" if line[0] == "[" else line.split()[0]]
    return ""


def astray(block: str, words: str, hint: str) -> Mistake | None:
    """What to say of indented lines where none belong; None if they are all comments."""
    for match in _LINE.finditer(block):
        line = match.group()
        if line[0] == "#" and not _KEYWORD.match(line):
            continue
        looks = looks_like_statement(line)
        hint = f"if this is {looks}, begin it in the first column" if looks else hint
        return Mistake("E303", f"this line is indented, but {words}", match.start(), match.end(), hint=hint)
    return None


def ended_by_comment(text: str, at: int) -> Mistake:
    """What to say of the indented lines at `at`, which a comment in the first column parts from their recipe."""
    start = text.rfind("\n", 0, at - 1) + 1
    while start > 0 and text[start] in " \t\n":
        start = text.rfind("\n", 0, start - 1) + 1
    line = _LINE.search(text, at)
    related = ((line.start(), line.end(), "so this line belongs to nothing"),) if line else ()
    words = "a comment in the first column ended the recipe above it"
    hint = "indent the comment like the recipe"
    return Mistake("E303", words, start, text.index("\n", start), hint=hint, related=related)


def _wrong(block: str, lines: list[str], number: int) -> Mistake:
    """The first line of a recipe that is not indented like its first."""
    line = lines[number]
    start = sum(len(above) + 1 for above in lines[:number])
    own, wanted = indentation(line), indentation(block)
    words = "this line is indented less than the first line of its recipe"
    hint = "indent every line of a recipe at least as far as its first"
    if ("\t" in own) != ("\t" in wanted):
        tab = "\t" in own
        words = f"this line is indented with {_kind(tab)}, the first line of its recipe with {_kind(not tab)}"
        hint = "use the same for every line of a recipe"
    elif "<<" in block[:start]:
        hint = "the text and the end word of a here-document are indented like the recipe"
    elif what := looks_like_statement(line):
        hint = f"if this is {what}, begin it in the first column"
    return Mistake("E303", words, start + len(own), start + len(line), hint=hint)


def _kind(tab: bool) -> str:
    return "a tab" if tab else "blanks"
