"""JSON text with places: where each value stands.

Knows no schema, and of a mistake only where reading stops. Slow beside the standard parser, so it is asked only
when a diagnostic needs a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from factc.model.document import Path
from factc.syntax.factfile.errors import (
    BEGINS,
    CLOSES,
    NEXT,
    TOKEN,
    Missing,
    Mistake,
    misplaced_colon,
    not_closed,
    odd,
    unexpected,
)

__all__ = ["Missing", "Mistake", "Node", "Walk", "decoded", "inner", "places", "skipped", "walk"]

_BLANK = re.compile(r"[ \t\n\r]*")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)|[^\\]", re.DOTALL)
MAX_DIGITS = 4300  # Python's own limit for turning digits into a number
MAX_DEPTH = 500  # levels of nesting; the deepest Factfile has 8


class Node:
    """One value: its path, where it stands, and where its key does (the value's place if it has none)."""

    __slots__ = ("path", "start", "end", "key_start", "key_end")

    def __init__(self, path: Path, start: int, key: tuple[int, int] | None) -> None:
        self.path = path
        self.start = start
        self.end = start
        self.key_start, self.key_end = key or (start, start)


class Open:
    """A bracket that is not closed yet."""

    __slots__ = ("node", "mark", "count", "keys")

    def __init__(self, node: Node, mark: str) -> None:
        self.node = node
        self.mark = mark
        self.count = 0
        self.keys: dict[str, tuple[int, int]] = {}


class Walk:
    """On the way through a JSON text: `step` is the next value. What raises `Mistake` leaves all as it was."""

    __slots__ = ("text", "at", "stack", "due", "done")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.stack: list[Open] = []
        self.due = True  # a value; else what stands behind one
        self.done = False

    def step(self) -> Node | None:
        """One value, or None for the beginning of one with others in it and for what stands between two."""
        text, stack = self.text, self.stack
        if self.due:
            at = skipped(text, self.at)
            if stack and not stack[-1].count and text.startswith(CLOSES[stack[-1].mark], at):
                return self._ended(_close(stack, at + 1))
            node = _value(text, at, stack)
            self.at = node.end
            if stack and stack[-1].mark == "{":
                stack[-1].keys[str(node.path[-1])] = node.key_start, node.key_end
            if text[node.start] in "{[":
                stack.append(Open(node, text[node.start]))
                return None
            return self._ended(node)
        if not stack:
            rest = skipped(text, self.at)
            if rest < len(text):
                start, end = odd(text, rest)
                words = "invalid JSON: the text goes on after its end"
                raise Mistake(start, end, words, "a Factfile is one JSON object")
            self.done = True
            return None
        at, closed = _after(text, skipped(text, self.at), stack)
        stack[-1].count += 1
        if closed:
            return self._ended(_close(stack, at))
        self.at, self.due = at, True
        return None

    def _ended(self, node: Node) -> Node:
        self.at, self.due = node.end, False
        return node


def walk(text: str) -> Iterator[Node]:
    """Every value of a JSON text, the outer ones after what they hold. Raises `Mistake` at the first."""
    way = Walk(text)
    while not way.done:
        if node := way.step():
            yield node


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


def skipped(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _opened(stack: list[Open]) -> list[int]:
    return [one.node.start for one in stack]


def _close(stack: list[Open], end: int) -> Node:
    node = stack.pop().node
    node.end = end
    return node


def _value(text: str, at: int, stack: list[Open]) -> Node:
    """A value at `at`, of a container only its opening bracket; in an object its key is read first."""
    if not stack:
        return _scalar(text, at, Node((), at, None), stack)
    top = stack[-1]
    if top.mark == "[":
        return _scalar(text, at, Node((*top.node.path, top.count), at, None), stack)
    start, end, key = _key(text, at, top, stack)
    colon = skipped(text, end)
    if not text.startswith(":", colon):
        raise unexpected(text, colon, _opened(stack), "invalid JSON: a `:` is missing after this key", (start, end))
    at = skipped(text, colon + 1)
    return _scalar(text, at, Node((*top.node.path, key), at, (start, end)), stack)


def _key(text: str, at: int, top: Open, stack: list[Open]) -> tuple[int, int, str]:
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
    return match.start(), match.end(), key


def _scalar(text: str, at: int, node: Node, stack: list[Open]) -> Node:
    match = TOKEN.match(text, at)
    if not match or match.group() in ("}", "]", ",", ":"):
        raise unexpected(text, at, _opened(stack), "invalid JSON: a value was due here")
    if match.group() in ("{", "[") and len(stack) >= MAX_DEPTH:
        raise Mistake(at, at + 1, f"brackets are nested deeper than {MAX_DEPTH} levels")
    node.end = match.end()
    if node.end - at > MAX_DIGITS and match.lastgroup == "number" and match.group().strip("-").isdigit():
        raise Mistake(at, node.end, f"a number of {node.end - at} digits")
    return node


def _after(text: str, at: int, stack: list[Open]) -> tuple[int, bool]:
    """Behind a value inside a bracket: on to the next one, or the bracket closes."""
    top = stack[-1]
    mark = text[at : at + 1]
    if mark == CLOSES[top.mark]:
        return at + 1, True
    if mark == ",":
        following = skipped(text, at + 1)
        if text[following : following + 1] in ("}", "]"):
            raise Mistake(at, at + 1, "invalid JSON: a comma before a closing bracket", "remove this comma")
        return at + 1, False
    end = len(text[:at].rstrip())
    if mark == ":":
        raise misplaced_colon(text, at, end, _opened(stack))
    if "\n" not in text[end:at] or not TOKEN.match(text, at) or mark in "}]":
        raise unexpected(text, at, _opened(stack), NEXT.format(CLOSES[top.mark]))
    raise Missing(end - 1, end, "invalid JSON: a `,` is missing behind this", "", ((at, at + 1, "before this"),))


def decoded(token: str) -> str:
    """The value of a JSON string token."""
    import json

    value: str = json.loads(token)
    return value
