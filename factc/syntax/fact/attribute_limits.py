"""The attributes that say how often, how long, for what, with what: retry, timeout, finally, each, pool, secret.

Knows what each adds to a task's JSON form; whether a pool exists or a list has values is judged elsewhere.
"""

from __future__ import annotations

import re

from factc.model.duration_text import refusal
from factc.model.job import RETRIED
from factc.model.reported import BROKEN
from factc.plan import MAX_BACKOFF, MAX_CODE, MAX_TIMES
from factc.spelling import nearest
from factc.syntax.fact.clauses import Clause, Item, alone, only, short_of
from factc.syntax.fact.positions import Mistake, shortened
from factc.syntax.fact.strings import WORD, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.syntax.fact.clauses import Members

_NEEDS = {"every": "a duration", "backoff": "a factor", "on": "exit codes, `signal`, `timeout` or `lost`"}
_PARTS = tuple(_NEEDS)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


# ---- retry


def retry(clause: Clause, mistakes: list[Mistake]) -> Members:
    if not clause.items:
        mistakes.append(short_of(clause, "a number"))
        return {}
    said: dict[str, Any] = {"times": _times(clause.items[0], mistakes)}
    rest = clause.items[1:]
    while rest:
        part = rest.pop(0)
        length = next((i for i, item in enumerate(rest) if item.raw in _PARTS), len(rest))
        found, rest = rest[:length], rest[length:]
        if part.raw not in _PARTS:
            mistakes.append(_no_part(part, clause))
        elif part.raw in said:
            mistakes.append(Mistake("E304", f"`{part.raw}` stands twice", part.at, part.end))
        else:
            said |= _part(part, found, clause, mistakes)
    return {"retry": said}


def _times(item: Item, mistakes: list[Mistake]) -> int:
    if re.fullmatch("[0-9]{1,9}", item.raw) and 0 < int(item.raw) <= MAX_TIMES:
        return int(item.raw)
    words = f"`retry` needs a number: how many more times, not `{shortened(item.raw)}`"
    hint = "such as [retry 2] or [retry 2 every 30s]"
    if item.raw == "0":
        words, hint = "`retry 0` tries nothing again", "leave it out, or write [retry 1]"
    mistakes.append(Mistake("E304", words, item.at, item.end, hint=hint))
    return 1


def _no_part(item: Item, clause: Clause) -> Mistake:
    words = f"`{shortened(item.raw)}` does not fit here"
    meant = nearest(item.raw, _PARTS)
    hint = "write [retry 2 every 30s backoff 2 on 75 signal]; all but the number may be left out"
    if item.raw in clause.known:
        hint = "a comma parts two attributes"
    elif not refusal(item.raw):
        hint = f"write every {item.raw}"
    elif meant:
        hint = f"did you mean `{meant}`?"
    elif item.raw in ("time", "times", "x"):
        hint = "leave the word out"
    return Mistake("E304", words, item.at, item.end, hint=hint)


def _part(part: Item, items: list[Item], clause: Clause, mistakes: list[Mistake]) -> Members:
    if not items:
        hint = "such as [retry 2 every 30s backoff 2 on 75 signal]"
        mistakes.append(Mistake("E304", f"`{part.raw}` needs {_NEEDS[part.raw]}", part.at, part.end, hint=hint))
        return {}
    if part.raw == "on":
        return {"on": [found for item in items if (found := _what(item, clause, mistakes)) is not None]}
    mistakes += [_no_part(item, clause) for item in items[1:2]]
    if part.raw == "every":
        return {"every": duration(items[0], mistakes, zero=True)}
    return {"backoff": _factor(items[0], mistakes)}


def _factor(item: Item, mistakes: list[Mistake]) -> int | float:
    if re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,9})?", item.raw) and 1 <= float(item.raw) <= MAX_BACKOFF:
        return float(item.raw) if "." in item.raw else int(item.raw)
    words = f"`backoff` needs a number from 1 to {MAX_BACKOFF}, not `{shortened(item.raw)}`"
    mistakes.append(Mistake("E304", words, item.at, item.end, hint="`backoff 2` waits twice as long each time"))
    return 1


def _what(item: Item, clause: Clause, mistakes: list[Mistake]) -> int | str | None:
    """An exit code, or a word for another way to fail."""
    if re.fullmatch("[0-9]{1,9}", item.raw) and int(item.raw) <= MAX_CODE:
        return int(item.raw)
    if item.raw in RETRIED:
        return item.raw
    meant = nearest(item.raw, RETRIED)
    hint = f"did you mean `{meant}`?" if meant else "exit codes, and the words " + ", ".join(RETRIED)
    if item.raw in clause.known or not refusal(item.raw):
        hint = "a comma parts two attributes"
    words = f"`{shortened(item.raw)}` is nothing that can be tried again"
    mistakes.append(Mistake("E304", words, item.at, item.end, hint=hint))
    return None


# ---- the others


def timeout(clause: Clause, mistakes: list[Mistake]) -> Members:
    parts, joined = clause.items, "".join(item.raw for item in clause.items)
    wrong = refusal(joined) if len(parts) > 1 else None
    if len(parts) > 1 and (wrong is None or re.match("write [0-9]+[a-z]+$", wrong[1])):
        hint = f"write [timeout {wrong[1].removeprefix('write ') if wrong else joined}]"
        mistakes.append(Mistake("E304", "a duration is one word", parts[0].at, parts[-1].end, hint=hint))
        return {}
    item = only(clause, mistakes, "duration")
    return {"timeout": duration(item, mistakes)} if item else {}


def duration(item: Item, mistakes: list[Mistake], *, zero: bool = False) -> str:
    """A duration, or a template that will be one."""
    text = value(item.raw, item.at, mistakes)
    wrong = None if "{{" in text else refusal(text, zero=zero)
    if wrong:
        mistakes.append(Mistake("E304", wrong[0], item.at, item.end, hint=wrong[1]))
    return text


def final(clause: Clause, mistakes: list[Mistake]) -> Members:
    alone(clause, mistakes)
    return {"finally": True}


def pool(clause: Clause, mistakes: list[Mistake]) -> Members:
    if len(clause.items) > 1 and clause.items[1].raw not in clause.known:
        extra = clause.items[1]
        hint = f"for a slot of each write [pool {clause.items[0].raw}, pool {shortened(extra.raw)}]"
        if extra.raw == clause.items[0].raw:
            hint = f"a task takes one slot of a pool: write [pool {extra.raw}]"
        if "=" in extra.raw:
            hint = "how many slots a pool has is said on a line of its own, as in: pool disk = 2"
        mistakes.append(Mistake("E304", "`pool` takes one pool", extra.at, clause.items[-1].end, hint=hint))
        return {}
    item = only(clause, mistakes, "pool")
    return {"pools": [value(item.raw, item.at, mistakes)]} if item else {}


def secret(clause: Clause, mistakes: list[Mistake]) -> Members:
    """Names of variables. What is none is not shown: it may be the value."""
    if not clause.items:
        mistakes.append(short_of(clause, "the name of an environment variable"))
    names = []
    for item in clause.items:
        if _VARIABLE.fullmatch(item.raw):
            names.append(item.raw)
            continue
        words, hint = "this is no name of an environment variable", "letters, digits and `_`, no digit first"
        if "=" in item.raw:
            words, hint = (
                "a secret has no value in the text",
                "the value comes from the environment variable of its name",
            )
        mistakes.append(Mistake("E304", words, item.at, item.end, hint=hint))
    return {"secrets": names} if names else {}


def each(clause: Clause, mistakes: list[Mistake]) -> Members:
    items = clause.items
    hint = "such as [each region in eu us] or [each region in {{regions}}]"
    if len(items) < 2 or items[1].raw != "in" or not WORD.fullmatch(items[0].raw):
        words, at = "`each` takes a name, `in` and values", items[0] if items else clause.name
        mistakes.append(Mistake("E304", words, at.at, items[-1].end if items else at.end, hint=hint))
        return _unclear(items)
    if len(items) == 2:
        words = f"`each {items[0].raw} in` needs values"
        mistakes.append(Mistake("E304", words, items[1].at, items[1].end, hint=hint))
        return _unclear(items)
    values = [value(item.raw, item.at, mistakes) for item in items[2:]]
    listed = len(values) == 1 and re.fullmatch(r"\{\{[^{}]*\}\}", items[2].raw)
    return {"each": [{"name": items[0].raw, "values": values[0] if listed else values}]}


def _unclear(items: list[Item]) -> Members:
    """An `each` of which at most the name is known."""
    name = WORD.match(items[0].raw) if items else None
    return {"each": [{"name": name.group() if name else BROKEN, "values": [BROKEN]}]}
