"""JSON text with places: where each value stands.

Knows no schema, and of a mistake only where reading stops. Slow beside the standard parser, so it is asked only
when a diagnostic needs a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from factc.compiler.document import Path
from factc.front.jsonmistakes import BEGINS, CLOSES, NEXT, TOKEN, Mistake, misplaced_colon, not_closed, odd, unexpected

__all__ = ["Mistake", "Node", "decoded", "inner", "places", "walk"]

_BLANK = re.compile(r"[ \t\n\r]*")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)|[^\\]", re.DOTALL)
MAX_DEPTH = 500  # levels of nesting; the deepest Factfile has 8


class Node:
    """One value: its path, where it stands, and where its key does (the value's place if it has none)."""

    __slots__ = ("path", "start", "end", "key_start", "key_end")

    def __init__(self, path: Path, start: int, key: tuple[int, int] | None) -> None:
        self.path = path
        self.start = start
        self.end = start
        self.key_start, self.key_end = key or (start, start)


class _Open:
    """A bracket that is not closed yet."""

    __slots__ = ("node", "mark", "count", "keys")

    def __init__(self, node: Node, mark: str) -> None:
        self.node = node
        self.mark = mark
        self.count = 0
        self.keys: dict[str, tuple[int, int]] = {}


def walk(text: str) -> Iterator[Node]:
    """Every value of a JSON text, the outer ones after what they hold. Raises `Mistake` at the first."""
    stack: list[_Open] = []
    at = 0
    node = None
    while True:
        if node is None:  # a value is due
            at = _skip(text, at)
            if stack and not stack[-1].count and text.startswith(CLOSES[stack[-1].mark], at):
                node = _close(stack, at + 1)
            else:
                opened = _value(text, at, stack)
                at = opened.end
                if text[opened.start] in "{[":
                    _open(stack, opened, text)
                    continue
                node = opened
        at = node.end
        yield node
        if not stack:
            break
        at, done = _after(text, _skip(text, at), stack)
        node = _close(stack, at) if done else None
    rest = _skip(text, at)
    if rest < len(text):
        start, end = odd(text, rest)
        raise Mistake(start, end, "invalid JSON: the text goes on after its end", "a Factfile is one JSON object")


def places(text: str) -> dict[Path, Node]:
    """All values by path; of a text that breaks off, those before the break."""
    found: dict[Path, Node] = {}
    try:
        for node in walk(text):
            found[node.path] = node
    except Mistake:
        pass
    return found


def inner(text: str, node: Node, start: int, end: int) -> tuple[int, int]:
    """Where a stretch of a string value, counted in the decoded string, stands in the text."""
    offsets = [node.start + 1]
    high = False
    for match in _ESCAPE.finditer(text, node.start + 1, node.end - 1):
        unit = match.group()
        low = high and unit[:4].lower() in ("\\udc", "\\udd", "\\ude", "\\udf")
        high = unit[:4].lower() in ("\\ud8", "\\ud9", "\\uda", "\\udb")
        if low:  # the second half of one character
            offsets[-1] = match.end()
        else:
            offsets.append(match.end())
    last = len(offsets) - 1
    return offsets[min(start, last)], offsets[min(end, last)]


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _open(stack: list[_Open], node: Node, text: str) -> None:
    if len(stack) >= MAX_DEPTH:
        raise Mistake(node.start, node.start + 1, f"brackets are nested deeper than {MAX_DEPTH} levels")
    stack.append(_Open(node, text[node.start]))


def _opened(stack: list[_Open]) -> list[int]:
    return [one.node.start for one in stack]


def _close(stack: list[_Open], end: int) -> Node:
    node = stack.pop().node
    node.end = end
    return node


def _value(text: str, at: int, stack: list[_Open]) -> Node:
    """A value at `at`, of a container only its opening bracket; in an object its key is read first."""
    if not stack:
        return _scalar(text, at, Node((), at, None), stack)
    top = stack[-1]
    if top.mark == "[":
        return _scalar(text, at, Node((*top.node.path, top.count), at, None), stack)
    start, end, key = _key(text, at, top, stack)
    colon = _skip(text, end)
    if not text.startswith(":", colon):
        raise unexpected(text, colon, _opened(stack), "invalid JSON: a `:` is missing after this key", (start, end))
    at = _skip(text, colon + 1)
    return _scalar(text, at, Node((*top.node.path, key), at, (start, end)), stack)


def _key(text: str, at: int, top: _Open, stack: list[_Open]) -> tuple[int, int, str]:
    match = TOKEN.match(text, at)
    if not match or match.lastgroup != "string":
        if BEGINS.match(text, at) and len(stack) > 1 and stack[-2].mark == "[":
            raise not_closed(text, at, top.node.start)
        raise unexpected(text, at, _opened(stack), "invalid JSON: a key in double quotes was due here")
    key = decoded(match.group())
    if key in top.keys:
        first = top.keys[key]
        raise Mistake(
            match.start(), match.end(), f"the key `{key}` stands twice in one object",
            "JSON keeps only one of them: remove the other", ((*first, "first written here"),),
        )  # fmt: skip
    top.keys[key] = match.span()
    return match.start(), match.end(), key


def _scalar(text: str, at: int, node: Node, stack: list[_Open]) -> Node:
    match = TOKEN.match(text, at)
    if not match or match.group() in ("}", "]", ",", ":"):
        raise unexpected(text, at, _opened(stack), "invalid JSON: a value was due here")
    node.end = match.end()
    return node


def _after(text: str, at: int, stack: list[_Open]) -> tuple[int, bool]:
    """Behind a value inside a bracket: on to the next one, or the bracket closes."""
    top = stack[-1]
    top.count += 1
    mark = text[at : at + 1]
    if mark == CLOSES[top.mark]:
        return at + 1, True
    if mark == ",":
        following = _skip(text, at + 1)
        if text[following : following + 1] in ("}", "]"):
            raise Mistake(at, at + 1, "invalid JSON: a comma before a closing bracket", "remove this comma")
        return at + 1, False
    end = len(text[:at].rstrip())
    if mark == ":":
        raise misplaced_colon(text, at, end, _opened(stack))
    if "\n" not in text[end:at] or not TOKEN.match(text, at) or mark in "}]":
        raise unexpected(text, at, _opened(stack), NEXT.format(CLOSES[top.mark]))
    raise Mistake(end - 1, end, "invalid JSON: a `,` is missing behind this", "", ((at, at + 1, "before this"),))


def decoded(token: str) -> str:
    """The value of a JSON string token."""
    import json

    value: str = json.loads(token)
    return value
