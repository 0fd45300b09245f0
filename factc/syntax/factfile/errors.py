"""Why a text is no JSON, and what was probably meant: the guesses behind the messages.

Knows brackets, quotes and indentation; how the text is read, and what it should hold, it does not know. `opened` are
the places of the brackets that are open, the innermost last.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

# Texts are read a stretch at a time: character by character, a long one would take a hundred times its size.
_GOOD = r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*'
_LINE = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*'
TOKEN = re.compile(
    rf'(?P<string>{_GOOD}")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.]))"
    r"|(?P<word>(?:true|false|null)(?!\w))"
    r"|(?P<mark>[{}\[\],:])"
)
_PIECE = re.compile(rf'{_LINE}"?|[{{}}\[\]]|\n[^\S\n]*')
_STRING = re.compile(rf'{_LINE}"')
STRING_BEGINS = re.compile(_GOOD)
_WORD = re.compile(r"[\w.+-]")
_INDENT = re.compile(r"[^\S\n]*")
BEGINS = re.compile(r'\{\s*["}]')
_ODD = re.compile(_LINE + r'"?|\'[^\'\n]*\'?|//[^\n]*|/\*.*?(?:\*/|$)|#[^\n]*|[^\s,:{}\[\]"]+|.', re.DOTALL)
CLOSES = {"{": "}", "[": "]"}


class Mistake(Exception):
    """Why a text is no JSON: offsets, cause, way out, and related places as (start, end, words)."""

    def __init__(
        self, start: int, end: int, message: str, hint: str = "", related: tuple[tuple[int, int, str], ...] = ()
    ) -> None:
        self.start, self.end, self.message, self.hint, self.related = start, end, message, hint, related
        super().__init__(message)


class Missing(Mistake):
    """A comma is missing beside these words, which are right."""


class Unclosed(Mistake):
    """The bracket at `start` has no end."""


class NotBegun(Mistake):
    """A bracket is missing: `mark`, in front of the value at `value`."""

    def __init__(self, mistake: Mistake, mark: str, value: int) -> None:
        super().__init__(mistake.start, mistake.end, mistake.message, mistake.hint, mistake.related)
        self.mark = mark
        self.value = value


NEXT = "invalid JSON: a `,` or a `{}` is missing before this"


def misplaced_colon(text: str, at: int, end: int, opened: Sequence[int]) -> Mistake:
    """A colon behind a value that ends at `end`: an object should have begun before it, or a list have ended."""
    top = opened[-1]
    if text[end - 1] == '"' and _closers(text, at) > len(opened):
        hint = "a list holds values; a key and its value stand in an object" if text[top] == "[" else ""
        return _not_begun(text, "{", end, hint)
    if text[top] == "[":
        return not_closed(text, _start(text, end), top)
    return unexpected(text, at, opened, NEXT.format(CLOSES[text[top]]))


def _not_begun(text: str, mark: str, end: int, hint: str = "") -> Mistake:
    """A bracket is missing before the value that ends at `end`, or at the end of the line above."""
    start = _start(text, end)
    before = len(text[:start].rstrip())
    line = text[text.rfind("\n", 0, before) + 1 : before].lstrip()
    if "\n" in text[before:start] and (line == "}," or line[-1:] != ","):
        words = f"invalid JSON: a `{mark}` is missing behind this"
        mistake = Mistake(before - 1, before, words, hint, ((start, end, "before this"),))
    else:
        mistake = Mistake(start, end, f"invalid JSON: a `{mark}` is missing before this", hint)
    return NotBegun(mistake, mark, start)


def _start(text: str, end: int) -> int:
    """Where the text, number or word begins that ends at `end`."""
    if text[end - 1] != '"':
        while end and _WORD.match(text, end - 1):
            end -= 1
        return end
    return max(m.start() for m in _STRING.finditer(text, text.rfind("\n", 0, end) + 1, end))


def surplus(text: str, at: int, opened: Sequence[int]) -> bool:
    """Whether the closing bracket at `at`, which does not fit the innermost, closes none of the others either.

    Inside a line it belongs to one that began there; where that tells nothing, the brackets are counted.
    """
    line = text.rfind("\n", 0, at) + 1
    outer = next((start for start in opened[-2::-1] if CLOSES[text[start]] == text[at]), -1)
    if outer < 0:
        return True
    if line in (0, at) or not text[line:at].strip():
        return _closers(text, at) > len(opened)
    end = text.find("\n", at)
    return outer < line or _closers(text, at, end if end >= 0 else len(text)) > sum(start >= line for start in opened)


def _closers(text: str, at: int, end: int = sys.maxsize) -> int:
    """How many more brackets close than open from here on."""
    counts = {"}": 1, "]": 1, "{": -1, "[": -1}
    return sum(counts.get(match.group(), 0) for match in _PIECE.finditer(text, at, end))


def not_closed(text: str, at: int, start: int) -> Mistake:
    """The bracket at `start`, or one inside it that the indentation says was meant, lacks its end before `at`."""
    start = _left_open(text, at, start)
    return Unclosed(
        start, start + 1, f"invalid JSON: this `{text[start]}` is not closed",
        f"a `{CLOSES[text[start]]}` is missing", ((at, at + 1, "it should be closed before this"),),
    )  # fmt: skip


def _left_open(text: str, at: int, start: int) -> int:
    """The first bracket from `start` on whose end is indented less than the line that it begins on; else `start`."""
    found: list[tuple[int, int, int]] = []  # each bracket, with where its line begins and how far that is indented
    line = text.rfind("\n", 0, start) + 1
    indentation = _indented(text, line)
    for match in _PIECE.finditer(text, start, at):
        mark = match.group()
        if mark[0] == "\n":
            line, indentation = match.start() + 1, len(mark) - 1
        elif mark in ("{", "["):
            found.append((match.start(), line, indentation))
        elif mark in ("}", "]") and found:
            one, its_line, its_indentation = found.pop()
            alone = match.start() == line + indentation
            if alone and line > its_line and indentation < its_indentation:
                return one
    return start


def _indented(text: str, line: int) -> int:
    match = _INDENT.match(text, line)
    return match.end() - line if match else 0


def unexpected(
    text: str, at: int, opened: Sequence[int], message: str, instead: tuple[int, int] | None = None
) -> Mistake:
    """The most helpful words for what stands where something else was due."""
    if at >= len(text):
        if opened:
            start = _left_open(text, at, opened[-1])
            return Unclosed(
                start, start + 1, f"invalid JSON: this `{text[start]}` is never closed",
                f"a `{CLOSES[text[start]]}` is missing", ((max(0, at - 1), at, "the text ends here"),),
            )  # fmt: skip
        return Mistake(max(0, at - 1), at, "invalid JSON: the text ends where a value was due")
    if opened and text[at] in "}]" and text[at] != CLOSES[text[opened[-1]]]:
        end = len(text[:at].rstrip())
        if surplus(text, at, opened):
            if text[end - 1] in "}],{[:":
                return Mistake(at, at + 1, f"invalid JSON: this `{text[at]}` closes nothing", "remove it")
            return _not_begun(text, "[" if text[at] == "]" else "{", end)
        return not_closed(text, at, opened[-1])
    start, end = odd(text, at)
    words = text[start:end]
    if words.startswith('"') and not TOKEN.match(text, start):
        return _bad_string(text, start, end)
    if words[0] == "'":
        return Mistake(start, end, "invalid JSON: a text stands in double quotes", "write \"…\" instead of '…'")
    if words.startswith(("//", "/*", "#")):
        return Mistake(start, end, "invalid JSON: JSON has no comments", "remove it; the text language has comments")
    if words in ("NaN", "Infinity", "-Infinity"):
        return Mistake(start, end, f"invalid JSON: `{words}` is no JSON number")
    if words in ("True", "False", "None"):
        return Mistake(start, end, f"invalid JSON: `{words}` is Python", "JSON writes true, false and null")
    kind = Missing if message in (NEXT.format("}"), NEXT.format("]")) else Mistake
    return kind(*(instead or (start, end)), message)


def _bad_string(text: str, start: int, end: int) -> Mistake:
    """A string that is left open or holds what no JSON string may."""
    good = STRING_BEGINS.match(text, start)
    stop = good.end() if good else start
    if stop >= len(text) or text[stop] in "\r\n":
        return Mistake(start, max(stop, start + 1), "invalid JSON: this text is not closed", 'a `"` is missing')
    if text[stop] == "\\":
        return Mistake(
            stop, min(stop + 2, len(text)), "invalid JSON: an unknown escape in a text",
            'JSON knows \\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX; write \\\\ for a backslash',
        )  # fmt: skip
    return Mistake(stop, stop + 1, "invalid JSON: a control character in a text", "write it as \\n, \\t or \\u00XX")


def odd(text: str, at: int, most: int = 80) -> tuple[int, int]:
    """The extent of what stands at `at` and is no JSON, as much of it as is shown."""
    match = _ODD.match(text, at)
    return (at, min(match.end(), at + most)) if match else (at, at)
