"""The brackets above a statement: what they add to its JSON form, and what does not fit there.

Knows which attribute may stand above what; knows no statement.
"""

from __future__ import annotations

from factc.syntax.fact.attributes import ATTRIBUTES
from factc.syntax.fact.locations import Written
from factc.syntax.fact.positions import Mistake, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.syntax.fact.reader import Token

RULE, JOB, USE = "a rule", "`job`", "`use`"
_RULES = {"continueJob": [0], "terminateJobWithSuccess": []}
_INSTEAD = {
    ("secret", JOB): "for all tasks of this file write it on a line of its own, without brackets: secret TOKEN",
    ("secret", USE): "the used job declares its secrets itself",
}


def attributes(written: Written, members: dict[str, Any], kind: str, mistakes: list[Mistake]) -> None:
    """Adds what the brackets above a statement of that kind say; statements below the same bracket share it."""
    meanings = written.brackets[0][1].meanings if len(written.brackets) == 1 else {}
    if kind not in meanings:
        found: list[Mistake] = []
        meaning = _meaning(written, kind, found)
        mistakes += found
        if found:  # they have places: the same words elsewhere have others
            members |= meaning
            return
        meanings[kind] = meaning
    members |= meanings[kind]


def _meaning(written: Written, kind: str, mistakes: list[Mistake]) -> dict[str, Any]:
    members: dict[str, Any] = {}  # its lists and objects are its own: clauses are shared
    seen: dict[str, tuple[int, int]] = {}
    for token, bracket in written.brackets:
        for clause in bracket.clauses:
            name, start = clause.name.raw, _start(token) + clause.name.at
            place = (start, start + len(name))
            if not _fits(name, kind):
                hint = _INSTEAD.get((name, kind), "")
                mistakes.append(Mistake("E304", f"`{name}` stands above a rule, not above {kind}", *place, hint=hint))
            elif name in seen and not ATTRIBUTES[name].repeatable:
                words, first = f"`{name}` stands twice", (*seen[name], "first here")
                mistakes.append(Mistake("E304", words, *place, related=(first,)))
            else:
                _merge(members, clause.members, place, mistakes)
            seen.setdefault(name, place)
    if "onResult" in members:
        rules = members["onResult"]
        members["onResult"] = {k: rules.get(k, d) for k, d in _RULES.items()}
    return members


def none(written: Written, what: str, mistakes: list[Mistake]) -> None:
    """No brackets belong above that."""
    for token, _ in written.brackets:
        words = f"{what} takes no attributes"
        hint = "attributes stand above a rule, above `use` or above `job`"
        mistakes.append(Mistake("E304", words, _start(token), token.end_pos or 0, hint=hint))


def _fits(name: str, kind: str) -> bool:
    attribute = ATTRIBUTES[name]
    return attribute.above_job if kind == JOB else attribute.above_use if kind == USE else True


def _merge(members: dict[str, Any], more: dict[str, Any], place: tuple[int, int], mistakes: list[Mistake]) -> None:
    for key, item in more.items():
        if isinstance(item, dict):
            known = members.setdefault(key, {})
            for name in [name for name in item if name in known]:
                mistakes.append(Mistake("E304", f"`{shortened(name)}` is set twice", *place))
            known.update(item)
        elif isinstance(item, list):
            members.setdefault(key, []).extend(item)
        else:
            members[key] = item


def _start(token: Token) -> int:
    return token.start_pos or 0
