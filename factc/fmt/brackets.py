"""Attributes in brackets: on one line where they fit, else a bracket for each; comments stay where they stand.

Knows clauses as a name and items; knows no attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from factc.fmt.lines import INDENT, WIDTH, Line
from factc.syntax.fact.reader import parsed
from factc.syntax.fact.strings import TEXT

_QUIET = re.compile(rf"{TEXT}|(?P<comment>(?<=\s)#[^\n]*)|\n")
_ASSIGNMENT = re.compile(rf"(?:[A-Za-z_]\w*|{TEXT})=")


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment inside a bracket: `own` if nothing stands before it on its line."""

    text: str
    own: bool


Clause = tuple[str | Remark, ...]  # a name, its items, and comments among them
Group = tuple[list[Clause], str]  # clauses of one line, and the comment behind them


def bracket_lines(brackets: Iterable[tuple[str, str]]) -> list[Line]:
    """The lines of brackets that stand together, each with the comment behind it."""
    lines: list[Line] = []
    groups: list[Group] = []
    for raw, behind in brackets:
        lead, clauses = parts(raw)
        found = None if lead or (behind and not clauses) else _groups(clauses, behind)
        if found is None:
            lines += _grouped(groups)
            groups = []
            lines += _kept(lead, clauses, behind)
        else:
            groups += found
    return lines + _grouped(groups)


@lru_cache(20_000)
def parts(raw: str) -> tuple[tuple[Remark, ...], tuple[Clause, ...]]:
    """The comments in front of the first clause of a bracket, and its clauses with the comments behind each."""
    comments: list[tuple[int, Remark]] = []

    def silenced(match: re.Match[str]) -> str:
        if match["comment"]:
            own = not raw[raw.rfind("\n", 0, match.start()) + 1 : match.start()].strip(" \t,")
            comments.append((match.start(), Remark(match.group().rstrip(" \t"), own)))
        return match.group() if match.group()[0] == '"' else " " * len(match.group())

    tree = parsed(_QUIET.sub(silenced, raw) if "\n" in raw else raw, "attributes")
    found: list[list[str | Remark]] = [[]]
    for clause in tree.children:
        for number, item in enumerate(clause.children):
            while comments and comments[0][0] < item.start_pos:
                found[-1].append(comments.pop(0)[1])
            if number == 0:
                found.append([])
            found[-1].append(str(item))
    found[-1] += [comment for _, comment in comments]
    lead, *clauses = found
    return tuple(c for c in lead if isinstance(c, Remark)), tuple(map(tuple, clauses))


# ---- brackets whose comments, if any, stand behind clauses


def _groups(clauses: tuple[Clause, ...], behind: str) -> list[Group] | None:
    """The clauses of a bracket by the comments behind them; None where comments stand elsewhere."""
    groups: list[Group] = []
    waiting: list[Clause] = []
    for clause in clauses:
        *words, last = clause
        remark = last if isinstance(last, Remark) else None
        if any(isinstance(word, Remark) for word in words) or (remark and remark.own):
            return None
        waiting.append(tuple(words) if remark else clause)
        if remark:
            groups += _split(waiting, remark.text)
            waiting = []
    if behind and not waiting:
        return None
    return groups + _split(waiting, behind)


def _split(clauses: list[Clause], comment: str) -> list[Group]:
    """A comment behind a line that is too long stands behind the last of its clauses."""
    if comment and len(clauses) > 1 and not _fits(clauses):
        return [(clauses[:-1], ""), (clauses[-1:], comment)]
    return [(clauses, comment)]


def _grouped(groups: list[Group]) -> list[Line]:
    lines: list[Line] = []
    plain: list[Clause] = []
    for clauses, comment in groups:
        if comment:
            lines += [*_plain(plain), *_plain(clauses, comment)]
            plain = []
        else:
            plain += clauses
    return lines + _plain(plain)


def _plain(clauses: list[Clause], comment: str = "") -> list[Line]:
    """One bracket if it fits on a line, else one for each clause."""
    if not clauses:
        return []
    if _fits(clauses) or (len(clauses) == 1 and len(clauses[0]) <= 2):
        return [Line(_bracket(clauses), comment)]
    if len(clauses) == 1:
        return [*_clause(clauses[0], "[", INDENT, broken=True), Line("]", comment)]
    return list(chain.from_iterable(_plain([clause]) for clause in clauses))


def _fits(clauses: list[Clause]) -> bool:
    return len(_bracket(clauses)) < WIDTH


def _bracket(clauses: Iterable[Clause]) -> str:
    return f"[{', '.join(' '.join(map(str, clause)) for clause in clauses)}]"


# ---- brackets over several lines


def _kept(lead: tuple[Remark, ...], clauses: tuple[Clause, ...], behind: str) -> list[Line]:
    """A bracket that stays one bracket because of the comments in it: a clause a line."""
    if not lead and not clauses:
        return [Line("[]", behind)]
    if not lead and len(clauses) == 1:
        return [*_clause(clauses[0], "[", INDENT), Line("]", behind)]
    lines = [Line("[")]
    for remark in lead:
        _remark(lines, remark, INDENT)
    for clause in clauses:
        lines += _clause(clause, INDENT, INDENT * 2, ",")
    return [*lines, Line("]", behind)]


def _clause(clause: Clause, start: str, indent: str, comma: str = "", *, broken: bool = False) -> list[Line]:
    """A clause, over several lines if it is too long or has comments inside: each assignment on one of its own."""
    last = max(at for at, part in enumerate(clause) if isinstance(part, str))
    words = [part + (comma if at == last else "") if isinstance(part, str) else part for at, part in enumerate(clause)]
    flat = " ".join(part for part in words if isinstance(part, str))
    too_long = len(start + flat) >= WIDTH and last > 1
    broken = broken or too_long or any(isinstance(part, Remark) for part in words[:last])
    lines = [Line(start + str(words[0]))]
    for at, part in enumerate(words[1:], 1):
        if isinstance(part, Remark):
            _remark(lines, part, indent if at < last or not comma else start)
        elif broken and (at == 1 or not _goes_on(lines[-1], part)):
            lines.append(Line(indent + part))
        else:
            lines[-1].text += " " + part
    return lines


def _goes_on(line: Line, word: str) -> bool:
    """Whether a word fits behind a line, where comments and assignments allow it."""
    own = line.text.lstrip(" ")
    alone = line.comment or own[0] in "#" or _ASSIGNMENT.match(own) or _ASSIGNMENT.match(word)
    return not alone and len(line.text) + 1 + len(word) < WIDTH


def _remark(lines: list[Line], remark: Remark, indent: str) -> None:
    """Adds a comment: behind the last line, or on one of its own."""
    if remark.own or lines[-1].comment or lines[-1].text.lstrip(" ")[0] == "#":
        lines.append(Line(indent + remark.text))
    else:
        lines[-1].comment = remark.text
