"""The gate for words that enter factc: an option, a variable of the environment, an argument of the API.

An empty word is never the same as none: it is what becomes of a variable that a script forgot to set. Knows words;
does not know what they mean.
"""

from __future__ import annotations

import os

from factc.diagnostic import RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def entered(what: str, value: object) -> str:
    """The word that was given for `what`. Raises RequestError."""
    if not isinstance(value, str):
        raise RequestError(f"{what} cannot be {value!r}", "it is a text")
    if not value:
        raise RequestError(f"{what} is empty", "leave it out, or give it a value; is a variable not set?")
    return value


def enter(words: Iterable[tuple[str, object]]) -> None:
    """The same for several; None was not given."""
    for what, value in words:
        if value is not None:
            entered(what, value)


def variable(name: str) -> str | None:
    """A variable of factc's own; None if it is not set. Raises RequestError."""
    value = os.environ.get(name)
    if value == "":
        raise RequestError(f"the variable {name} is set, but empty", f"give it a value, or `unset {name}`")
    return value
