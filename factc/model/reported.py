"""What has been told already, so that nobody complains of what only follows from it.

Reading goes on behind a mistake, and every stage looks at what is still sound. In the place of what could not be
read stands an error node: BROKEN, a character that no job may hold, or NO_NUMBER. It goes where values go: a text with
it in it is a value that nobody knows. Names that stand in words that could not be read (`unread`, in a document) are
not missed elsewhere. And of the words of a told mistake a later stage says nothing more. Who is about to complain
asks here; who has nothing to complain of never does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from factc.diagnostic import Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.source import Span

BROKEN = "\0"  # a text, or a part of one; as a key: something of this object could not be read
SECOND = BROKEN + "="  # a key that begins so stood twice
NO_NUMBER = -1


def is_broken(text: object) -> bool:
    """Whether nobody knows what a value would be, for a mistake in it, or in what it is made of, has been told."""
    return BROKEN in text if isinstance(text, str) else text == NO_NUMBER and text is not True


def sound(value: Any) -> Any:
    """A value of a document with error nodes for characters that no job can hold."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", BROKEN, value)
    if isinstance(value, dict):
        return {sound(key): sound(inner) for key, inner in value.items()}
    return [sound(inner) for inner in value] if isinstance(value, list) else value


def words(text: str) -> set[str]:
    """What may be names in words that could not be read."""
    return {*re.findall(r"\w[\w.\-]*", text)}


def may_be(name: str, unread: Iterable[str]) -> bool:
    """Whether a name that is not known may stand in what could not be read (BROKEN among that: anything may)."""
    return is_broken(name) or name in unread or BROKEN in unread


class Told:
    """The mistakes that earlier stages told, by place."""

    def __init__(self, mistakes: Iterable[Diagnostic]) -> None:
        self._places: dict[int, list[tuple[int, int]]] = {}
        self._sources: list[object] = []  # kept, so that no id is given twice
        for mistake in mistakes:
            if (span := mistake.span) and not mistake.near:
                self._sources.append(span.source)
                self._places.setdefault(id(span.source), []).append((span.start, span.end))
        for places in self._places.values():
            places.sort()

    def news(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Those that are not about words in which a mistake has been told."""
        news = [d for d in diagnostics if not self._places or not self._knows(d)]
        for d in news if self._places else ():
            d.message, d.hint = d.message.replace(BROKEN, "…"), d.hint.replace(BROKEN, "…")
        return news

    def apart(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Those about words that no told mistake touches."""
        return [d for d in diagnostics if not (d.span and self._touches(d.span))]

    def _touches(self, span: Span) -> bool:
        places = self._places.get(id(span.source), [])
        return any(start < span.end and span.start < end for start, end in places)

    def _knows(self, diagnostic: Diagnostic) -> bool:
        span = diagnostic.span
        places = self._places.get(id(span.source), []) if span else []
        if not span or not places:
            return False
        at = bisect_left(places, (span.start, span.start))
        while at < len(places) and places[at][0] <= span.end:
            if places[at][1] <= span.end:
                return True
            at += 1
        return False
