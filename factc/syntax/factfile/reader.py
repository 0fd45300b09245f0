"""The JSON form: a JSON text becomes a document, or all that is wrong with it as JSON.

Knows JSON and its traps; does not know what a Factfile must hold (`document` does).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache

from factc.diagnostic import CompileError, Diagnostic
from factc.model.document import KEY, VALUE, Document, Locate, Path
from factc.model.reported import sound
from factc.source import Source, Span
from factc.syntax.factfile import positions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _Refused(Exception):
    """The standard parser met something that it would have let pass."""


def read_json(source: Source) -> Document:
    """The document of a JSON text. Raises CompileError with all that is wrong with it as JSON."""
    document = json_document(source)
    if document.mistakes:
        raise CompileError(document.mistakes)
    return document


def json_document(source: Source) -> Document:
    """The document of a JSON text, with all that is wrong with it as JSON. Raises CompileError if it is no object."""
    try:
        value, locate = _value(source.text), _locator(source.text)
    except (ValueError, RecursionError, _Refused):
        return _repaired(source)
    mistakes = _strings_refused(source, value, locate)
    if not isinstance(value, dict):
        raise CompileError([*mistakes, _no_object(source)])
    return Document(sound(value) if mistakes else value, source, locate, textual=False, mistakes=mistakes)


def _value(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_members, parse_constant=_constant)


def _repaired(source: Source) -> Document:
    """The document of a text that is no JSON, as it was probably meant."""
    from factc.syntax.factfile.repair import Repaired

    repaired = Repaired(source.text)
    mistakes = [_diagnostic(source, mistake) for mistake in repaired.mistakes]
    if repaired.hopeless:
        raise CompileError(mistakes)
    try:
        value = _value(repaired.text)
    except (ValueError, RecursionError, _Refused):
        raise CompileError(mistakes) from None
    locate = _locator(repaired.text, repaired.back)
    mistakes += _strings_refused(source, value, locate)
    if not isinstance(value, dict):
        raise CompileError(mistakes)
    return Document(
        sound(value), source, locate,
        textual=False, mistakes=mistakes, unread=repaired.unread, doubtful=repaired.doubtful,
    )  # fmt: skip


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused
    return members


def _constant(word: str) -> None:
    raise _Refused


def _diagnostic(source: Source, mistake: positions.Mistake) -> Diagnostic:
    related = [(Span(source, start, end), words) for start, end, words in mistake.related]
    span = Span(source, mistake.start, mistake.end)
    made = Diagnostic(_code(mistake.message), mistake.message, span, hint=mistake.hint, related=related)
    made.near = isinstance(mistake, positions.Missing)
    return made


def _code(message: str) -> str:
    if message.startswith("brackets are nested"):
        return "E013"
    if message.startswith("a number of"):
        return "E014"
    return "E011" if "stands twice" in message else "E010"


def _no_object(source: Source) -> Diagnostic:
    return Diagnostic("E021", "a Factfile is a JSON object `{…}`", Span(source, *_top(source.text)))


def _top(text: str) -> tuple[int, int]:
    start = len(text) - len(text.lstrip())
    return start, min(len(text), start + 1)


def _strings_refused(source: Source, value: object, locate: Locate) -> list[Diagnostic]:
    """NUL and lone surrogates: JSON can write them, no command, file or terminal can take them."""
    if not _SURROGATE.search(source.text) and "\\u0000" not in source.text:
        return []
    bad: list[Diagnostic] = []
    for path, key, text in _strings(value):
        for pattern, code, words in (
            (r"\x00", "E016", "a NUL character (\\u0000) cannot be part of a command, a name or a value"),
            (r"[\ud800-\udfff]", "E015", "half a character (a lone surrogate) in a text"),
        ):
            if match := re.search(pattern, text):
                start, end = locate(path, KEY if key else VALUE, *((None, None) if key else match.span()))
                if "\\u" in source.text[start:end]:  # else it is an error node
                    bad.append(Diagnostic(code, words, Span(source, start, end)))
    return bad


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


def _locator(text: str, back: Callable[[int], int] | None = None) -> Locate:
    """The way from a path to a place; the text is walked once, when the first place is asked for.

    `back` leads from a place in a text that was repaired to one in what it was.
    """

    @cache
    def nodes() -> dict[Path, positions.Node]:
        return positions.places(text)

    def locate(path: Path, part: str, start: int | None, end: int | None) -> tuple[int, int]:
        first, last = found(path, part, start, end)
        if back is None:
            return first, last
        return back(first), max(back(first), back(last - 1) + 1 if last > first else 0)

    def found(path: Path, part: str, start: int | None, end: int | None) -> tuple[int, int]:
        known = nodes()
        while path not in known and path:
            path, start, end = path[:-1], None, None
        node = known.get(path)
        if node is None:
            return _top(text)
        if part == KEY:
            return node.key_start, node.key_end
        if start is not None and end is not None and text[node.start] == '"':
            return positions.inner(text, node, start, end)
        return node.start, node.end

    return locate
