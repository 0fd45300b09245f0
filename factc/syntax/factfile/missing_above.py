"""What is missing further up in a JSON text than where reading stops: brackets and quotes.

Knows indentation, and what swallowed text looks like. Each answer is a repair, or None.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from factc.syntax.factfile.errors import CLOSES, TOKEN, Mistake, NotBegun, Unclosed, surplus
from factc.syntax.factfile.positions import Walk, skipped

SURE, LINE, GUESS = 2, 1, 0  # of a repair; LINE: as far as others on this line are concerned
KEY, TWICE, COLON, VALUE, BEHIND, END = range(6)  # what is due
_SWALLOWED = re.compile(r"\s*[,\]}][\s,\]}\[{]*$")  # of a text: what stands between two values
_BRACES = re.compile(r'\{\{[^"\n]*"')
WORDLIKE = re.compile(r"[\w$.\-]|\{\{")
_LAST = re.compile(r"[\w.+\-]+$")
_INDENTED = re.compile(r"^([ \t]*)(?=[^ \t\r\n])", re.MULTILINE)


class Repair(NamedTuple):
    """What to write instead, and how sure that is."""

    start: int
    end: int
    instead: str
    sure: int = SURE


def above(walk: Walk, mistake: Mistake, what: int, at: int) -> Repair | None:
    """What is missing further up if a mistake was met at `at`, where `what` is due; the text is read once more then."""
    if quote := _quote(walk, at):
        return quote
    if what == END and walk.text.startswith(":", at):
        begin = skipped(walk.text, 0)  # all of it is an object that was not begun
        return Repair(begin, begin, "{", LINE)
    if isinstance(mistake, NotBegun):
        return _begun(walk, mistake)
    return _closed(walk, mistake.start, at) if isinstance(mistake, Unclosed) else _list(walk, what, at)


def _quote(walk: Walk, at: int) -> Repair | None:
    """The value before this one swallowed what stands behind it: its closing quote is missing."""
    text, end = walk.text, walk.at
    if walk.due and text[at - 1 : at + 1] == "{{" and _BRACES.match(text, at - 1):
        return Repair(at - 1, at - 1, '"')  # the opening one of a template is missing
    if not walk.due and at == end and text[at : at + 1] == '"' and (word := _LAST.search(text, max(0, end - 80), end)):
        return Repair(word.start(), word.start(), '"')
    if walk.due or not WORDLIKE.match(text, at) or text[end - 1] != '"':
        return None
    start = text.rfind('"', 0, end - 1)
    tail = _SWALLOWED.search(text, start + 1, end - 1)
    if not tail:
        return None
    before = balanced(text, start, tail.start())
    return Repair(before, before, '"')


def _list(walk: Walk, what: int, at: int) -> Repair | None:
    """In an object stands what only a list holds: the list was not begun behind the last key."""
    text, stack = walk.text, walk.stack
    if not stack or stack[-1].mark != "{" or not stack[-1].keys:
        return None
    colon = text.find(":", max(end for _, end in stack[-1].keys.values()))
    value = text[skipped(text, colon + 1)]
    number = TOKEN.match(text, at) if what == KEY else None
    if what == COLON and text[at : at + 1] == "]":
        return Repair(colon + 1, colon + 1, "[", LINE)
    more = (number and number.lastgroup == "number") or (what == KEY and text[at : at + 1] == "{" == value)
    end = (
        what == BEHIND
        and text[at : at + 1] == "]"
        and value != "["
        and surplus(text, at, [one.node.start for one in stack])
    )
    return Repair(colon + 1, colon + 1, "[", LINE) if more or end else None


def _begun(walk: Walk, mistake: NotBegun) -> Repair | None:
    text, stack = walk.text, walk.stack
    if mistake.mark == "[" and stack[-1].keys:  # around all behind the last key
        colon = text.find(":", max(end for _, end in stack[-1].keys.values()))
        return Repair(colon + 1, colon + 1, "[", LINE)
    if mistake.mark == "{" and text.startswith(":", skipped(text, walk.at)):
        return Repair(mistake.value, mistake.value, "{", LINE)
    return None


def _closed(walk: Walk, start: int, at: int) -> Repair | None:
    """Where the lines that are indented more than that of the bracket at `start` end."""
    text = walk.text
    line = text.rfind("\n", 0, start) + 1
    indented = _INDENTED.match(text, line)
    inside = text[start + 1 : text.find("\n", start)]
    if any(inside.count(mark) > inside.count(end) for mark, end in CLOSES.items()):
        return None  # the lines below belong to a bracket inside this one
    for match in _INDENTED.finditer(text, text.find("\n", start) + 1 or len(text), at + 1):
        if indented and len(match[1]) <= len(indented[1]):
            end = len(text[: match.start()].rstrip())
            mark = CLOSES[text[start]]
            if text[match.end()] == mark and len(match[1]) == len(indented[1]):
                return None  # it is closed here
            if text[match.end()] == ",":
                return Repair(match.end(), match.end(), mark, LINE)
            comma = text[end - 1] == ","
            end -= comma
            return Repair(end, end, mark + ("," if not comma and text[match.end()] not in "]}" else ""), LINE)
    return None


def balanced(text: str, start: int, at: int) -> int:
    """The place behind the closing brackets at `at` that belong to a template, or to a name, that began in the text."""
    while (mark := text[at]) in "}]":
        opening = "{" if mark == "}" else "["
        if text.count(opening, start, at) <= text.count(mark, start, at):
            break
        at += 1
    return at
