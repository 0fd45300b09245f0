"""The gate for words that enter factc: an option, a variable of the environment, an argument of the API.

An empty word is never the same as none: it is what becomes of a variable that a script forgot to set. Knows words;
does not know what they mean.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from factc.diagnostic import RequestError
from factc.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeVar

    T = TypeVar("T")


def entered(what: str, value: object) -> str:
    """The word that was given for `what`, perhaps the name of a file: bytes that are no UTF-8 may be in it, as Python
    spells them. Raises RequestError."""
    if not isinstance(value, str):
        raise wrong_kind(what, value, "it is a text")
    if not value:
        raise RequestError(f"{what} is empty", "leave it out, or give it a value; is a variable not set?")
    if not value.isascii():
        try:
            value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise _half(what, value) from None
    return value


def wrong_kind(what: str, value: object, hint: str) -> RequestError:
    """Without the value: it may be a secret."""
    return RequestError(f"{what} cannot be of the kind {type(value).__name__}", hint)


def named(what: str, value: Mapping[str, T] | None) -> dict[str, T]:
    """An argument of the API that gives something to names; None gives nothing. Raises RequestError."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wrong_kind(what, value, "it is a dict")
    for name in value:
        if not isinstance(name, str):
            raise wrong_kind(f"a name in {what}", name, "it is a text")
    return dict(value)


def filename(what: str, value: object) -> str:
    """A text, or an object that stands for a path. Raises RequestError."""
    return entered(what, os.fspath(value) if isinstance(value, os.PathLike) else value)


def text(what: str, value: str) -> str:
    """A text that goes into a job: UTF-8 and nothing else. Raises RequestError."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _half(what, value) from None
    return value


def texts(kind: str, value: object) -> None:
    """All names and texts of an object as JSON has them, however deep. Raises RequestError."""
    todo = [("", value)]
    while todo:
        place, one = todo.pop()
        if isinstance(one, str):
            text(f"the {kind} `{place}`", one)
        elif isinstance(one, Mapping):
            for name, inner in one.items():
                part = text(f"the name of a {kind}", str(name))
                todo.append((f"{place}.{part}" if place else part, inner))
        elif isinstance(one, (list, tuple)):
            todo += [(place, inner) for inner in one]
        elif isinstance(one, (bytes, bytearray, set, frozenset)):  # Python's spelling of it is nobody's value
            raise wrong_kind(f"the {kind} `{place}`", one, "it is a text, a number, a truth value, or none")


def _half(what: str, value: str) -> RequestError:
    shown = visible(value[:60])
    return RequestError(f"{what}: `{shown}` is not UTF-8", "a character is cut in half, or a byte stands for none")


def enter(words: Iterable[tuple[str, object]]) -> None:
    """The same for several arguments of the API, which may hold what a command line cannot; None was not given."""
    for what, value in words:
        if value is not None and "\0" in entered(what, value):
            raise RequestError(f"{what} holds a NUL character", "no name and no command can have one")


def variable(name: str) -> str | None:
    """A variable of factc's own; None if it is not set. Raises RequestError."""
    value = os.environ.get(name)
    if value == "":
        raise RequestError(f"the variable {name} is set, but empty", f"give it a value, or `unset {name}`")
    return value
