"""Quoted texts (JSON strings) and bare words: their values, and what is wrong with them.

Knows JSON's escapes; does not know where in a job the text stands.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from factc.syntax.fact.positions import Mistake, shortened

# No regular expression here repeats possessively: Python 3.11.4 and older get that wrong. Where two readings would be
# possible, what is repeated is written so that there is but one.
TEXT = r'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"'
STRING = re.compile(TEXT)
WORD = re.compile(r"\w[\w.\-]*")
NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_SUSPECT = re.compile(r'\\u[0-9a-fA-F]{4}|\\["\\/bfnrt]|\\u[^"]{0,4}|\\.?|[\x00-\x1f]')
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_CHARACTER = re.compile(_PAIR + r"|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)
_CONTROL = {"\t": r"\t", "\r": r"\r", "\b": r"\b", "\f": r"\f"}


def value(raw: str, at: int, mistakes: list[Mistake]) -> str:
    """The value of a quoted text or a bare word that stands at `at`."""
    if raw[:1] == '"':
        return _unquoted(raw, at, mistakes)
    if raw[:1] == "'":
        hint = f"write {json.dumps(shortened(raw.strip(chr(39))), ensure_ascii=False)}"
        mistakes.append(Mistake("E309", "a text stands in double quotes", at, at + len(raw), hint=hint))
    elif '"' in raw:
        hint = "put the whole value into double quotes"
        quote = at + raw.index('"')
        mistakes.append(Mistake("E302", "a quote in the middle of a word", quote, quote + 1, hint=hint))
    return raw


def position(raw: str, offset: int) -> int:
    """Where the character number `offset` of a value begins in the raw text, from the start of that."""
    if raw[:1] != '"':
        return offset
    if "\\" not in raw:
        return offset + 1
    places = _places(raw)
    return places[min(offset, len(places) - 1)]


@lru_cache(maxsize=4)
def _places(raw: str) -> list[int]:
    """Where each character of the value begins, and its end."""
    return [*(match.start() for match in _CHARACTER.finditer(raw, 1, len(raw) - 1)), len(raw) - 1]


def _unquoted(raw: str, at: int, mistakes: list[Mistake]) -> str:
    if not STRING.fullmatch(raw):
        end = at + len(raw)
        hint = "leave a blank behind the closing quote"
        mistakes.append(Mistake("E302", "a word directly behind a closing quote", at, end, hint=hint))
        return raw
    if "\\" not in raw and raw.isprintable():
        return raw[1:-1]
    try:
        decoded = str(json.loads(raw))
    except ValueError:
        mistakes += [_judged(m.group(), at + m.start()) for m in _SUSPECT.finditer(raw, 1, len(raw) - 1) if _bad(m)]
        return raw[1:-1]
    for match in NO_TEXT.finditer(decoded):
        start = at + position(raw, match.start())
        words = "NUL cannot be part of a text" if match.group() == "\0" else "half a character (a lone surrogate)"
        mistakes.append(Mistake("E307", words, start, at + position(raw, match.end())))
    return decoded


def _bad(match: re.Match[str]) -> bool:
    found = match.group()
    return not (len(found) == 2 and found[1] in '"\\/bfnrt') and not (len(found) == 6 and found[0] == "\\")


def _judged(found: str, at: int) -> Mistake:
    end = at + len(found)
    if found[0] != "\\":
        hint = f"write {_CONTROL.get(found, f'{chr(92)}u{ord(found):04x}')}"
        return Mistake("E307", "a raw control character inside quotes", at, end, hint=hint)
    if found[1:2] == "u":
        return Mistake("E307", r"`\u` takes four hexadecimal digits", at, end, hint=r"such as \u00e9")
    hint = r"the escapes are \" \\ \/ \b \f \n \r \t and \u with four digits; for a backslash write \\"
    return Mistake("E307", f"`{found}` is no escape", at, end, hint=hint)
