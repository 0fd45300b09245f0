"""What the fields of a journal's lines may hold: a record is input, and is looked at before it is believed.

Knows the lines' fields; knows no file. What does not fit raises ValueError, which is all that a reader needs to know.
"""

from __future__ import annotations

from factc.events import RunFinished, TaskEnded
from factc.events.payload import WHOLE, WITHOUT_FACTFILE, WITHOUT_OUTPUT
from factc.events.state import FAILED, NO_OP, SUCCEEDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Check = Callable[[Any], bool]

MOST = 1e11  # of any number: as seconds since the epoch still a moment that a calendar has
_HEX = frozenset("0123456789abcdef")
_ENDS = {TaskEnded: (SUCCEEDED, NO_OP, FAILED), RunFinished: (SUCCEEDED, FAILED)}


def check_fact(kind: type, names: Sequence[str], values: Sequence[Any], tasks: int) -> None:
    """The fields of a fact, by name. tasks: how many there are."""
    for name, value in zip(names, values, strict=True):
        if value is None:
            if name in _NEEDED:
                raise ValueError
            continue
        fits = _FACT.get(name, is_plain)(value)
        fits = fits and not (name == "task" and value >= tasks)
        if not fits or (name == "state" and value not in _ENDS.get(kind, (value,))):
            raise ValueError


def check_header(value: dict[str, Any]) -> None:
    """The fields of a header, as far as they are known here."""
    for name, check in _HEADER.items():
        found = value.get(name)
        if not (name not in _NEEDED_OF_RUN if found is None else check(found)):
            raise ValueError
    order = value.get("order")
    if order is not None and sorted(order) != list(range(len(value.get("names") or ()))):
        raise ValueError


def check_delivery(value: dict[str, Any], endpoints: int) -> None:
    """A line about an event: which endpoint it went to, which event it was, and what became of it."""
    fits = is_whole(value["endpoint"]) and 1 <= value["endpoint"] <= max(1, endpoints)
    if "seal" in value:
        fits = fits and is_count(value["seal"]) and is_count(value["last"]) and _is_id(value["id"])
        fits = fits and value.get("without", WHOLE) in (WHOLE, WITHOUT_OUTPUT, WITHOUT_FACTFILE)
    elif "ack" in value:
        fits = fits and is_count(value["ack"])
    elif "passed" in value:
        fits = fits and is_count(value["passed"]) and is_text(value["why"])
    else:
        fits = fits and is_text(value["stopped"])
    if not fits:
        raise ValueError


# ---- kinds of values; `type` and not `isinstance`, for True is no number here


def is_number(value: Any) -> bool:
    return type(value) in (int, float) and -MOST < value < MOST


def is_whole(value: Any) -> bool:
    return type(value) is int and -MOST < value < MOST


def is_count(value: Any) -> bool:
    return type(value) is int and 1 <= value < MOST


def is_text(value: Any) -> bool:
    return type(value) is str


def is_plain(value: Any) -> bool:
    """A value of a field that this version does not know."""
    return is_text(value) or is_number(value) or type(value) is bool


def is_reference(value: Any) -> bool:
    return is_text(value) and 8 <= len(value) <= 64 and _HEX.issuperset(value)


def _is_id(value: Any) -> bool:
    """It goes into a header of HTTP."""
    return is_text(value) and 1 <= len(value) <= 200 and value.isascii() and value.isprintable() and " " not in value


def _is_word(value: Any) -> bool:
    return is_text(value) and value.isprintable()


def _is_zero_or_more(value: Any) -> bool:
    return is_whole(value) and value >= 0


def _all(check: Check) -> Check:
    return lambda value: type(value) is list and all(map(check, value))


def _by_name(check: Check) -> Check:
    return lambda value: type(value) is dict and all(map(check, value.values()))


def _is_file(value: Any) -> bool:
    return _by_name(is_text)(value) and "path" in value and "sha256" in value


def _is_endpoint(value: Any) -> bool:
    return _by_name(is_text)(value) and "url" in value and "sha256" in value


_FACT: dict[str, Check] = {
    "at": is_number, "task": _is_zero_or_more, "attempt": is_count, "state": is_text, "code": is_whole,
    "duration": is_number, "started": is_number, "again": is_number, "user": is_number, "system": is_number,
    "reason": is_text, "cause": is_text, "stdout": is_text, "stderr": is_text,
}  # fmt: skip
_NEEDED = frozenset(("at", "task", "attempt", "state", "again", "cause"))

_HEADER: dict[str, Check] = {
    "run": is_reference, "reference": is_text, "job": is_text, "at": is_number, "version": _is_word, "host": _is_word,
    "pid": is_whole, "directory": is_text, "arguments": _all(is_text), "again": is_text, "plan": is_text,
    "names": _all(is_text), "order": _all(is_whole), "tags": _by_name(is_text), "factfile": is_text, "start": is_text,
    "to": is_text, "endpoints": _all(_is_endpoint), "secrets": _all(is_text), "signed": is_text,
    "headers": _all(is_text), "continues": is_reference, "jobs": _is_zero_or_more, "pools": _by_name(is_count),
    "files": _all(_is_file), "same": is_text, "inherited": _by_name(is_text), "values": _by_name(is_text),
}  # fmt: skip
_NEEDED_OF_RUN = frozenset(("run", "reference", "job", "at", "tags"))
