"""Values of secrets that stand in a job's text by mistake, and credentials: what no diagnostic shows.

Knows how a value gets behind a name in either language, also where the text cannot be read; knows no job.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from factc.secrets import credentials

COVER = "\ufdd0"  # stands for each covered character, so that places stay what they are; no character of any text
SHOWN = "***"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = r'"(?:\\[^\n]|[^"\\\n])*"?' + r"|'[^'\n]*'?"
# A line that declares a secret, as it should or indented or misspelt. A word with a colon behind it is a rule.
_DECLARED = re.compile(r"^(?:(?:export|set)[ \t]+)?(\w{4,9})[ \t]+(?=[^\s:])", re.MULTILINE)
_INDENTED = re.compile(r"^[ \t]+secrets?[ \t]+(?=\w+[ \t]*[:?+]?=)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"(?:\[|,)\s*(\w{4,9})[ \t]+(?=[^\s\]])")
_SIGN = re.compile(r"[ \t]*(?:[:?+]?=|:)?[ \t]*")
_BELOW = re.compile(r"(?:\n(?:[ \t]*\n)*[ \t]+[^ \t\n][^\n]*)*")
_ITEM = re.compile(rf"[ \t]*((?:{_QUOTED}|[^\s,\]\"'])+)")
_LEAST = 4  # a value of fewer characters stands elsewhere by chance
_MANY = 100  # of more values only these are looked for elsewhere
_LONG = 39  # so much of a long text a message shows at least

# What has a name that says it: a parameter or a value below `use` with the rest of its line, a variable in a bracket,
# the name and the value of a parameter in JSON.
_NAMED = (
    re.compile(
        r"^(?:param[ \t]+([\w.-]+)[ \t]*|[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]+)[:?+]?=[ \t]*(\S[^\n]*)", re.MULTILINE
    ),
    re.compile(rf"[\[, \t]([\w.-]+)[ \t]*=[ \t]*({_QUOTED}|[^\s,\]\"']+)"),
    re.compile(r'"name"\s*:\s*"([\w.-]+)"\s*,\s*(?:"description"\s*:\s*"(?:\\.|[^"\\])*"\s*,\s*)?"(?:default|value)"\s*:\s*'
               r'("(?:\\.|[^"\\\n])*"?)'),
)  # fmt: skip

_KEY = re.compile(r'"secret(s?)"\s*:\s*', re.IGNORECASE)
_TOKEN = re.compile(rf'{_QUOTED}|[{{}}\[\],:]|[^\s{{}}\[\],:"\']+')
_COLON = re.compile(r"\s*:")


class Hidden:
    """A value from `start` to `end` of a text, of which the first `seen` characters are shown."""

    __slots__ = ("start", "end", "seen")

    def __init__(self, start: int, end: int, seen: int = 0) -> None:
        self.start, self.end, self.seen = start, end, seen


def covered(text: str, hidden: Iterable[Hidden]) -> str:
    """The text as an excerpt may show it: of the same length, with `COVER` in place of what is hidden."""
    pieces, at = [], 0
    for start, end in sorted((one.start + one.seen, one.end) for one in hidden):
        if end > at:
            start = max(at, start)
            pieces += [text[at:start], re.sub(r"[^\r\n]", COVER, text[start:end])]
            at = end
    return "".join([*pieces, text[at:]])


def shown(piece: str) -> str:
    """A piece of a covered text for people."""
    return re.sub(f"{COVER}+", SHOWN, piece) if COVER in piece else piece


def hidden(text: str) -> list[Hidden]:
    """What is hidden, in the order of the text. Of credentials the beginning is shown, so that they are known again."""
    found = list(_declared(text))
    values = {value for one in found[:_MANY] if len(value := _bare(text[one.start : one.end])) >= _LEAST}
    if values:
        everywhere = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
        found += [Hidden(*match.span()) for match in re.finditer(everywhere, text)]
    for start, end in (*((one.start, one.end) for one in credentials.find(text)), *_named(text)):
        found.append(Hidden(start, end, min(4, (end - start) // 2)))
    return sorted(found, key=lambda one: (one.start, one.end))


def veiled(words: str, text: str, hidden: Iterable[Hidden]) -> str:
    """The words of a message without what is hidden in a text, whole or shortened."""
    values = {_bare(line): one.seen for one in hidden for line in text[one.start : one.end].splitlines()}
    for value in sorted(values, key=len, reverse=True):
        beginning = value[: values[value]]
        for spelling in {value, value.replace("\\", "\\\\").replace('"', '\\"')}:
            if len(spelling) > 2:
                words = words.replace(spelling, beginning + SHOWN)
        if len(value) > _LONG:
            words = re.sub(re.escape(value[:_LONG]) + "[^…\n]*…?", beginning + SHOWN, words)
    return words


def _bare(value: str) -> str:
    """A value as messages and other lines may have it: without its quotes, and what closes a bracket behind it."""
    value = value.strip()
    return value.rstrip(",]").strip("\"'") or value


@lru_cache(maxsize=1000)
def _is_secret(word: str) -> bool:
    word = word.lower()
    if len(set(word) & set("secret")) < 4:
        return False
    from difflib import SequenceMatcher

    return SequenceMatcher(None, word, "secret").ratio() > 0.8


def _declared(text: str) -> Iterator[Hidden]:
    at = 0
    for match in _DECLARED.finditer(text):
        if match.start() >= at and _is_secret(match[1]):
            for one in _behind(text, match.end()):
                at = one.end
                yield one
    for match in _INDENTED.finditer(text):
        yield from _behind(text, match.end())
    for match in _ATTRIBUTE.finditer(text):
        if _is_secret(match[1]):
            yield from _in_bracket(text, match.end())
    at = 0
    while key := _KEY.search(text, at):
        at, stretches = _in_json(text, key.end(), "name" if key[1] else "")
        yield from stretches


def _behind(text: str, at: int) -> Iterator[Hidden]:
    """What stands behind the word `secret`, but for the name of a variable, and what is indented below."""
    name = _NAME.match(text, at)
    start = name.end() if name and text[name.end() : name.end() + 1] in tuple("=:?+ \t\r\n") else at
    start = name.end() if name and name.end() == len(text) else start
    sign = _SIGN.match(text, start)
    assert sign
    start, end = sign.end(), _line_end(text, sign.end())
    is_comment = text[start : start + 1] == "#" and not sign.group().strip()
    if text[start:end].strip() and not is_comment:
        if text[start] in "\"'":  # a quotation may go on over lines
            close = text.find(text[start], start + 1)
            end = _line_end(text, close if close >= 0 else len(text))
        while end < len(text) and text[start:end].rstrip().endswith("\\"):
            end = _line_end(text, end + 1)
        yield Hidden(start, end)
    below = _BELOW.match(text, end)
    if below and below.end() > end:
        yield Hidden(end, below.end())


def _in_bracket(text: str, at: int) -> Iterator[Hidden]:
    """What stands in a clause of an attribute, but for names of variables."""
    while item := _ITEM.match(text, at):
        at, (start, end) = item.end(), item.span(1)
        name = _NAME.match(text, start, end)
        if not name or name.end() != end:
            yield Hidden(name.end() + 1 if name and text[name.end()] == "=" else start, end)


def _in_json(text: str, at: int, key: str) -> tuple[int, list[Hidden]]:
    """Where it ends, and what stands below `secrets` but for keys and names: in a list, or behind the `key` "name"."""
    depth, before, found = 0, ":", []
    for token in _TOKEN.finditer(text, at):
        mark = token.group()
        if mark in ("{", "["):
            depth += 1
        elif mark in ("}", "]"):
            depth -= 1
        elif mark not in (",", ":"):
            word = mark.strip("\"'")
            if mark[0] == '"' and _COLON.match(text, token.end()):
                key = word
            elif mark[0] != '"' or not _NAME.fullmatch(word) or (before == ":" and key != "name"):
                name = _NAME.match(word)
                skipped = name.end() + 1 if name and word[name.end() : name.end() + 1] == "=" else 0
                start = token.start() + (mark[0] in "\"'")
                found.append(Hidden(start + skipped, token.end() - (len(mark) > 1 and mark[-1] in "\"'")))
        at, before = token.end(), mark
        if depth <= 0:
            break
    return at, found


def _named(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _NAMED:
        for match in pattern.finditer(text):
            name = next(group for group in match.groups() if group)
            start, end = match.span(match.lastindex or 0)
            if text[start] in "\"'":
                start, end = start + 1, end - (end - start > 1 and text[end - 1] == text[start])
            if credentials.named(name, text[start:end]):
                yield start, end


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
