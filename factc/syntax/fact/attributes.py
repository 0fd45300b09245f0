"""The attributes: what may stand in brackets above a rule, and what each adds to a task's JSON form.

Knows single attributes; knows neither the rule they stand above nor each other. A new attribute is a
function here and a line in ATTRIBUTES.
"""

from __future__ import annotations

import json
import re

from factc.model.job import RETRIED, SHELLS
from factc.model.reported import BROKEN, words
from factc.plan import MAX_CODE
from factc.spelling import nearest
from factc.syntax.fact import attribute_limits
from factc.syntax.fact.clauses import Bracket, Clause, Item, alone, only, short_of
from factc.syntax.fact.positions import Mistake, shortened
from factc.syntax.fact.strings import STRING, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.syntax.fact.clauses import Members, Read

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Attribute:
    """How an attribute is read, how it is written (for hints), and where else it may stand."""

    __slots__ = ("read", "usage", "above_job", "above_use", "repeatable")

    def __init__(
        self,
        read: Read,
        usage: str,
        *,
        above_job: bool = False,
        above_use: bool = False,
        repeatable: bool = False,
    ) -> None:
        self.read = read
        self.usage = usage
        self.above_job = above_job
        self.above_use = above_use
        self.repeatable = repeatable


def understood(clauses: list[Clause]) -> Bracket:
    """Reads every clause of a bracket."""
    bracket = Bracket([], [])
    mistakes = bracket.mistakes
    for clause in _joined(clauses, mistakes):
        name = clause.name.raw
        if name not in ATTRIBUTES:
            mistakes.append(_unknown(clause.name))
            name = nearest(name, ATTRIBUTES) or ""
            if not name:
                bracket.unread |= words(" ".join(item.raw for item in clause.items))
                continue
            mistakes = []  # of what is read as the attribute that was meant
            clause = Clause(Item(name, clause.name.at), clause.items)
        clause.usage, clause.known = ATTRIBUTES[name].usage, ATTRIBUTES
        clause.members = ATTRIBUTES[name].read(clause, mistakes)
        bracket.clauses.append(clause)
        mistakes = bracket.mistakes
    return bracket


def _joined(clauses: list[Clause], mistakes: list[Mistake]) -> list[Clause]:
    """The clauses, those together that a comma parted where a blank belongs."""
    joined: list[Clause] = []
    parted: dict[int, tuple[Item, str]] = {}  # by their number, with the first word behind a comma
    for clause in clauses:
        what = _parted(joined[-1], clause) if joined else ""
        if what:
            parted.setdefault(len(joined) - 1, (clause.name, what))
            joined[-1] = Clause(joined[-1].name, [*joined[-1].items, clause.name, *clause.items])
        else:
            joined.append(clause)
    for number, (item, what) in parted.items():
        written = " ".join(one.raw for one in (joined[number].name, *joined[number].items))
        words = f"`{shortened(item.raw)}` is no attribute: {what} stand without commas"
        hint = f"a comma parts two attributes; write [{shortened(written, 80)}]"
        mistakes.append(Mistake("E304", words, item.at, item.end, hint=hint))
    return joined


def _parted(last: Clause, clause: Clause) -> str:
    """What a clause probably is more of, behind the clause `last`."""
    kind, raw = last.name.raw, clause.name.raw
    if raw in ATTRIBUTES or not last.items:
        return ""
    if kind in ("ok", "noop") and raw.isdecimal():
        return "exit codes"
    if kind == "env" and assignment(raw):
        return "variables"
    if kind == "retry" and "on" in [item.raw for item in last.items] and (raw.isdecimal() or raw in RETRIED):
        return "exit codes"
    if kind == "each" and not clause.items and nearest(raw, ALONE) is None:
        return "values"
    return ""


def _unknown(name: Item) -> Mistake:
    shown = shortened(name.raw)
    if name.raw.isdecimal():
        hint = "a comma parts two attributes; exit codes stand with blanks between them: [ok 0 2]"
        return Mistake("E304", f"`{shown}` is no attribute", name.at, name.end, hint=hint)
    meant = nearest(name.raw, ATTRIBUTES)
    hint = f"did you mean `{meant}`?" if meant else "known are: " + ", ".join(ATTRIBUTES)
    return Mistake("E304", f"no attribute is called `{shown}`", name.at, name.end, hint=hint)


# ---- the attributes


def _ok(clause: Clause, mistakes: list[Mistake]) -> Members:
    return {"onResult": {"continueJob": _codes(clause, mistakes)}}


def _noop(clause: Clause, mistakes: list[Mistake]) -> Members:
    return {"onResult": {"terminateJobWithSuccess": _codes(clause, mistakes)}}


def _codes(clause: Clause, mistakes: list[Mistake]) -> list[int]:
    if not clause.items:
        mistakes.append(short_of(clause, "exit codes"))
    codes = []
    for item in clause.items:
        if re.fullmatch("[0-9]{1,9}", item.raw) and int(item.raw) <= MAX_CODE:
            codes.append(int(item.raw))
        else:
            words = f"`{shortened(item.raw)}` is no exit code"
            hint = f"an exit code is a number from 0 to {MAX_CODE}"
            if item.raw in ("or", "and"):
                hint = "put only blanks between the codes"
            mistakes.append(Mistake("E304", words, item.at, item.end, hint=hint))
    return codes


def _shell(clause: Clause, mistakes: list[Mistake]) -> Members:
    item = only(clause, mistakes, "shell")
    if not item:
        return {}
    shell = value(item.raw, item.at, mistakes)
    if shell not in SHELLS:
        meant = nearest(shell, SHELLS)
        hint = f"did you mean `{meant}`?" if meant else "known are: " + ", ".join(SHELLS)
        mistakes.append(Mistake("E304", f"`{shortened(shell)}` is no known shell", item.at, item.end, hint=hint))
    return {"shell": shell}


def _cd(clause: Clause, mistakes: list[Mistake]) -> Members:
    item = only(clause, mistakes, "directory")
    return {"directory": value(item.raw, item.at, mistakes)} if item else {}


def _env(clause: Clause, mistakes: list[Mistake]) -> Members:
    if not clause.items:
        mistakes.append(short_of(clause, "a variable"))
    variables: dict[str, str] = {}
    clause.items = _closed_up(clause.items, mistakes)
    for item in clause.items:
        length = assignment(item.raw)
        if not length:
            mistakes.append(_no_assignment(item))
            continue
        name = value(item.raw[: length - 1], item.at, mistakes)
        if name in variables:
            words = f"`{shortened(name)}` is set twice"
            mistakes.append(Mistake("E304", words, item.at, item.at + length - 1))
        variables[name] = value(item.raw[length:], item.at + length, mistakes)
    return {"environment": variables}


def _closed_up(items: list[Item], mistakes: list[Mistake]) -> list[Item]:
    """The items, with a name, a `=` and a value that blanks part as one."""
    rest, closed = items[::-1], []
    while rest:
        item = rest.pop()
        if rest and rest[-1].raw[:1] == "=" and _VARIABLE.fullmatch(item.raw):
            last = rest.pop()
            raw, at = last.raw[1:], last.at + 1
            if not raw and rest and not assignment(rest[-1].raw):
                last = rest.pop()
                raw, at = last.raw, last.at
            hint = "write NAME=value without blanks; a value with blanks in double quotes"
            words = f"a blank parts `{shortened(item.raw)}` from its value"
            mistakes.append(Mistake("E304", words, item.at, last.end, hint=hint))
            item = Item(f"{item.raw}={raw}", at - len(item.raw) - 1)  # so that the value has its place
        closed.append(item)
    return closed


def assignment(raw: str) -> int:
    """The length of `NAME=` at the start of an item, 0 if there is none. A strange name is a quoted text."""
    match = STRING.match(raw) if raw[:1] == '"' else _VARIABLE.match(raw)
    return match.end() + 1 if match and raw[match.end() : match.end() + 1] == "=" else 0


def _no_assignment(item: Item) -> Mistake:
    name, sign, _ = item.raw.partition("=")
    hint = "write NAME=value without blanks; a value with blanks in double quotes"
    if sign and name:
        words = f"`{shortened(name)}` is no name of a variable"
        return Mistake("E304", words, item.at, item.at + len(name), hint="letters, digits and `_`; no digit first")
    return Mistake("E304", f"`{shortened(item.raw)}` sets no variable", item.at, item.end, hint=hint)


def _command(clause: Clause, mistakes: list[Mistake]) -> Members:
    texts = _texts(clause, mistakes)
    return {"command": texts[0], "arguments": texts[1:]} if texts else {"command": BROKEN}


def _script(clause: Clause, mistakes: list[Mistake]) -> Members:
    texts = _texts(clause, mistakes)
    for item in clause.items[1:]:
        mistakes.append(Mistake("E304", "`script` takes one text", item.at, item.end))
    return {"script": texts[0] if texts else BROKEN}


def _texts(clause: Clause, mistakes: list[Mistake]) -> list[str]:
    if not clause.items:
        mistakes.append(short_of(clause, "a text"))
    for item in clause.items:
        if item.raw[0] not in "\"'":
            hint = f"write {json.dumps(shortened(item.raw), ensure_ascii=False)}"
            words = f"`{clause.name.raw}` takes texts in double quotes"
            mistakes.append(Mistake("E304", words, item.at, item.end, hint=hint))
    return [value(i.raw, i.at, mistakes) if i.raw[0] in "\"'" else i.raw for i in clause.items]


def _verbatim(clause: Clause, mistakes: list[Mistake]) -> Members:
    alone(clause, mistakes)
    return {"verbatim": True}


def _exec(clause: Clause, mistakes: list[Mistake]) -> Members:
    alone(clause, mistakes)
    return {"executor": "exec"}


ATTRIBUTES = {
    "ok": Attribute(_ok, "ok 0 2"),
    "noop": Attribute(_noop, "noop 3"),
    "retry": Attribute(attribute_limits.retry, "retry 2 every 30s"),
    "timeout": Attribute(attribute_limits.timeout, "timeout 2h", above_job=True),
    "finally": Attribute(attribute_limits.final, "finally"),
    "each": Attribute(attribute_limits.each, "each region in eu us", above_use=True, repeatable=True),
    "pool": Attribute(attribute_limits.pool, "pool disk", repeatable=True),
    "secret": Attribute(attribute_limits.secret, "secret TOKEN", repeatable=True),
    "shell": Attribute(_shell, "shell bash", above_job=True),
    "cd": Attribute(_cd, "cd build", above_job=True, above_use=True),
    "env": Attribute(_env, 'env A=1 B="x y"', above_job=True, above_use=True, repeatable=True),
    "verbatim": Attribute(_verbatim, "verbatim"),
    "exec": Attribute(_exec, "exec"),
    "command": Attribute(_command, 'command "echo" "hello"'),
    "script": Attribute(_script, 'script "echo hello\\n"'),
}

ALONE = ("finally", "verbatim", "exec")  # attributes without items

# Where a member of the JSON form is said: the attribute, and how many of its items stand before the value.
SAID_BY = {
    "continueJob": ("ok", 0),
    "terminateJobWithSuccess": ("noop", 0),
    "timeout": ("timeout", 0),
    "finally": ("finally", 0),
    "shell": ("shell", 0),
    "directory": ("cd", 0),
    "environment": ("env", 0),
    "verbatim": ("verbatim", 0),
    "executor": ("exec", 0),
    "command": ("command", 0),
    "arguments": ("command", 1),
    "script": ("script", 0),
}
