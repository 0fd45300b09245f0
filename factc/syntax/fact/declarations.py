"""Statements that are no rules: param, secret, pool and use, and the lines indented below a `use`.

Knows what each declares; whether a name is taken or a file exists is judged elsewhere.
"""

from __future__ import annotations

import re

from factc.plan import MAX_SLOTS
from factc.syntax.fact import placement
from factc.syntax.fact.locations import Written
from factc.syntax.fact.positions import Mistake, shortened
from factc.syntax.fact.state import Kept, end_of, start_of
from factc.syntax.fact.strings import TEXT, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.syntax.fact.reader import Token

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE = re.compile(r"^[ \t]*(?!#)([^ \t\n][^\n]*)", re.MULTILINE)
_GIVEN = re.compile(rf'(\w[\w.\-]*)[ \t]*(=?)[ \t]*((?:{TEXT}|\{{\{{[^{{}}\n]*\}}\}}|[^\s"])*)')
_REST = re.compile(r"[ \t]*(?:(?<=[ \t])#[^\n]*)?")


def param(kept: Kept, children: list[Any]) -> None:
    written = kept.written(start_of(children[0]), children[1])
    placement.none(written, "a parameter", kept.mistakes)
    written.members["name"] = str(children[1])
    for clause in children[2:]:
        if not hasattr(clause, "children"):
            kept.astray([clause], "nothing is indented below `param`")
            break
        texts = [value(str(token), start_of(token), kept.mistakes) for token in clause.children]
        is_default = clause.data == "default"
        written.references += [] if is_default else clause.children
        written.default = clause.children[0] if is_default else None
        written.members["default" if is_default else "values"] = texts[0] if is_default else texts
    kept.describe(written, written.members)
    kept.parameters.append(written)


def secret(kept: Kept, children: list[Token]) -> None:
    written = kept.written(start_of(children[0]), children[1])
    placement.none(written, "a secret", kept.mistakes)
    name = str(children[1])
    if not _VARIABLE.fullmatch(name):
        words = "this is no name of an environment variable"  # it is not shown: it may be the value
        hint = "a secret comes from the variable of its name: letters, digits and `_`, no digit first"
        kept.mistakes.append(Mistake("E310", words, start_of(children[1]), end_of(children[1]), hint=hint))
    kept.astray(children[2:], "nothing is indented below `secret`")
    kept.secrets.append(written)


def pool(kept: Kept, children: list[Token]) -> None:
    written = kept.written(start_of(children[0]), children[1])
    placement.none(written, "a pool", kept.mistakes)
    name, slots = str(children[1]), children[2]
    written.default = slots
    first = kept.pool_heads.setdefault(name, children[1])
    if first is not children[1]:
        related = ((start_of(first), end_of(first), "first here"),)
        words = f"the pool `{shortened(name)}` is declared twice"
        kept.mistakes.append(Mistake("E310", words, start_of(children[1]), end_of(children[1]), related=related))
    kept.data.setdefault("pools", {})[name] = _slots(slots, name, kept.mistakes)
    kept.astray(children[3:], "nothing is indented below `pool`")
    kept.pools.append(written)


def _slots(token: Token, name: str, mistakes: list[Mistake]) -> int:
    if re.fullmatch("[0-9]{1,9}", token) and 0 < int(token) <= MAX_SLOTS:
        return int(token)
    words = f"a pool has a whole number of slots, not `{shortened(str(token))}`"
    if str(token) == "0":
        words = "in a pool without slots nothing could ever run"
    hint = f"such as: pool {name} = 2"
    mistakes.append(Mistake("E310", words, start_of(token), end_of(token), hint=hint))
    return 1


def use(kept: Kept, children: list[Any]) -> None:
    keyword, path, name, *rest = children
    written = kept.written(start_of(keyword), name)
    written.file = path
    members = written.members
    members["name"] = str(name)
    members["use"] = value(str(path), start_of(path), kept.mistakes)
    kept.describe(written, members)
    placement.attributes(written, members, placement.USE, kept.mistakes)
    for piece in rest:
        if hasattr(piece, "children"):
            written.references = list(piece.children)
            members["dependsOn"] = [value(str(r), start_of(r), kept.mistakes) for r in piece.children]
        else:
            _given(written, piece, kept.mistakes)
    if not members.get("dependsOn", True):
        del members["dependsOn"]
    kept.tasks.add(written)


def _given(written: Written, block: Token, mistakes: list[Mistake]) -> None:
    """The values for parameters, one a line."""
    for line in _LINE.finditer(block):
        at, text = start_of(block) + line.start(1), line[1].rstrip()
        match = _GIVEN.match(text)
        end = match.end() if match else 0
        if match and match[2] and match[3] and _REST.fullmatch(text, end):
            _give(written, match, at, mistakes)
        else:
            mistakes.append(_no_value(text, match, at))


def _give(written: Written, match: re.Match[str], at: int, mistakes: list[Mistake]) -> None:
    name = match[1]
    if name in written.given:
        related = ((written.given[name][0], written.given[name][0] + len(name), "first here"),)
        words = f"`{shortened(name)}` is given twice"
        mistakes.append(Mistake("E310", words, at, at + len(name), related=related))
        return
    written.given[name] = (at, match[3], at + match.start(3))
    given = written.members.setdefault("values", {})
    given[name] = value(match[3], at + match.start(3), mistakes)


def _no_value(text: str, match: re.Match[str] | None, at: int) -> Mistake:
    """What is wrong with a line below a `use`."""
    words = "below `use` stand values for the parameters of that job"
    hint = "one a line, such as: day = {{day}}"
    if not match:
        return Mistake("E310", words, at, at + len(text), hint=hint)
    name, sign, found = match.groups()
    rest = _uncommented(text[match.end(1) :]).strip()
    if sign and not rest.strip("= \t"):
        words, hint = "a value is missing", f'for an empty one: {name} = ""'
    elif sign:
        rest = rest[1:].strip()
        quoted = rest.startswith(("'", '"'))
        words = "a text stands in double quotes" if quoted else "a value with blanks stands in double quotes"
        plain = rest.strip("\"'").replace('"', '\\"')
        hint = f'write {name} = "{shortened(plain)}"'
    elif rest[:1] == ":" or rest.split()[:1] == ["is"]:
        words, hint = "a value stands behind `=`", f"write {name} = {shortened(rest.lstrip(':').strip())}"
    elif found and not rest[len(found) :].strip():
        words, hint = "a value stands behind `=`", f"write {name} = {shortened(found)}"
    return Mistake("E310", words, at, at + len(_uncommented(text)), hint=hint)


def _uncommented(text: str) -> str:
    return re.sub(r"[ \t]+#.*", "", text)
