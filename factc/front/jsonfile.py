"""The JSON door: a JSON text becomes a document, or all that is wrong with it as JSON.

Knows JSON and its traps; does not know what a Factfile must hold (`document` does).
"""

from __future__ import annotations

import json
import re
from functools import cache

from factc.compiler.document import KEY, Document, Path
from factc.diagnostic import CompileError, Diagnostic
from factc.front import jsontext
from factc.source import Source, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
MAX_DIGITS = 4300  # Python's own limit for turning digits into a number


class _Refused(Exception):
    """The standard parser met something that it would have let pass."""


def read_json(source: Source) -> Document:
    """The document of a JSON text. Raises CompileError."""
    try:
        value = json.loads(source.text, object_pairs_hook=_members, parse_constant=_constant)
    except (ValueError, RecursionError, _Refused):
        raise CompileError([_mistake(source)]) from None
    _check_strings(source, value)
    if not isinstance(value, dict):
        span = Span(source, *_top(source.text))
        raise CompileError([Diagnostic("E021", "a Factfile is a JSON object `{…}`", span)])
    return Document(value, source, _locator(source.text), textual=False)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused
    return members


def _constant(word: str) -> None:
    raise _Refused


def _mistake(source: Source) -> Diagnostic:
    """The first thing wrong with a text that the standard parser refused."""
    try:
        for node in jsontext.walk(source.text):
            if node.end - node.start > MAX_DIGITS and (digits := _too_long(source.text, node)):
                return Diagnostic("E014", f"a number of {digits} digits", Span(source, node.start, node.end))
    except jsontext.Mistake as mistake:
        related = [(Span(source, start, end), words) for start, end, words in mistake.related]
        span = Span(source, mistake.start, mistake.end)
        return Diagnostic(_code(mistake.message), mistake.message, span, hint=mistake.hint, related=related)
    return Diagnostic("E010", "invalid JSON", Span(source, 0, 1))


def _code(message: str) -> str:
    if message.startswith("brackets are nested"):
        return "E013"
    return "E011" if "stands twice" in message else "E010"


def _too_long(text: str, node: jsontext.Node) -> int:
    return node.end - node.start if re.fullmatch(r"-?[0-9]+", text[node.start : node.end]) else 0


def _top(text: str) -> tuple[int, int]:
    start = len(text) - len(text.lstrip())
    return start, min(len(text), start + 1)


def _check_strings(source: Source, value: object) -> None:
    """NUL and lone surrogates: JSON can write them, no command, file or terminal can take them."""
    if not _SURROGATE.search(source.text) and "\\u0000" not in source.text:
        return
    bad: list[Diagnostic] = []
    locate = _locator(source.text)
    for path, key, text in _strings(value):
        for pattern, code, words in (
            (r"\x00", "E016", "a NUL character (\\u0000) cannot be part of a command, a name or a value"),
            (r"[\ud800-\udfff]", "E015", "half a character (a lone surrogate) in a text"),
        ):
            if match := re.search(pattern, text):
                part = (None, None) if key else match.span()
                bad.append(Diagnostic(code, words, Span(source, *locate(path, KEY if key else "value", *part))))
    if bad:
        raise CompileError(bad)


def _strings(value: object) -> list[tuple[Path, bool, str]]:
    """Every string of a value with its path; keys too (those are marked)."""
    found: list[tuple[Path, bool, str]] = []
    todo: list[tuple[Path, object]] = [((), value)]
    while todo:
        path, item = todo.pop()
        if isinstance(item, str):
            found.append((path, False, item))
        elif isinstance(item, dict):
            found += [((*path, key), True, key) for key in item]
            todo += [((*path, key), inner) for key, inner in item.items()]
        elif isinstance(item, list):
            todo += [((*path, i), inner) for i, inner in enumerate(item)]
    return found


def _locator(text: str) -> Any:
    """The way from a path to a place; the text is walked once, when the first place is asked for."""

    @cache
    def nodes() -> dict[Path, jsontext.Node]:
        return jsontext.places(text)

    def locate(path: Path, part: str, start: int | None, end: int | None) -> tuple[int, int]:
        found = nodes()
        while path not in found and path:
            path, start, end = path[:-1], None, None
        node = found.get(path)
        if node is None:
            return _top(text)
        if part == KEY:
            return node.key_start, node.key_end
        if start is not None and end is not None and text[node.start] == '"':
            return jsontext.inner(text, node, start, end)
        return node.start, node.end

    return locate
