"""The layout: what stands above a rule, one blank line between rules, recipes four blanks in.

Knows what stands in a text, in order; knows no grammar and no job.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from factc.fmt.brackets import Remark, bracket_lines, parts
from factc.fmt.entries import COMMENT, Entry
from factc.fmt.lines import INDENT, Line, continued, joined
from factc.syntax.fact.recipe import dedented

_DECLARATIONS = {"param", "secret", "pool"}  # no blank line has to stand between these
_ABOVE = {"description", "bracket"}
_DESCRIPTION = re.compile(r"##(?:[ \t]|\Z)")
_VALUE = re.compile(
    r"(?P<name>\w[\w.\-]*)[ \t]*=[ \t]*(?!#)"
    r'(?P<value>(?:"[^"\\]*(?:\\.[^"\\]*)*"|\{\{[^{}]*\}\}|(?!\{\{[^{}]*\}\})[^\s"])+)'
    r"[ \t]*(?P<comment>(?<=[ \t])#.*)?"
)


def laid_out(entries: list[Entry]) -> str:
    """The text that says these things."""
    _strip_of_meaning(entries)
    lines: list[Line] = []
    above, last = [], ""
    for entry in _that_say_something(entries):
        above.append(entry)
        if entry.kind not in _ABOVE and entry.kind != COMMENT:
            _set_apart(above, last)
            _write(lines, above)
            above, last = [], entry.kind
    _write(lines, above)
    # A carriage return at the end of a line belongs to it: with a second one it is not read as part of the line end.
    return joined(lines).replace("\r\n", "\r\r\n")


def remarks(entries: list[Entry]) -> Iterable[str]:
    """All comments and descriptions of a text."""
    for entry in entries:
        yield from (entry.behind, *entry.between)
        if entry.kind in (COMMENT, "description"):
            yield from entry.words
        elif entry.kind == "bracket":
            lead, clauses = parts(entry.words[0])
            yield from (part.text for clause in (lead, *clauses) for part in clause if isinstance(part, Remark))


def _strip_of_meaning(entries: list[Entry]) -> None:
    """Descriptions that do not stand directly above anything become the comments that they are."""
    waiting: list[Entry] = []
    previous = ""
    for entry in [*entries, Entry("end", [], apart=True)]:
        if entry.kind == COMMENT or entry.apart or previous == COMMENT:
            for description in waiting:
                description.kind = COMMENT
            waiting = []
        if entry.kind == "description":
            waiting.append(entry)
        elif entry.kind not in (COMMENT, "bracket"):
            waiting = []
        previous = entry.kind


def _that_say_something(entries: list[Entry]) -> Iterator[Entry]:
    """All but empty brackets."""
    apart = False
    for entry in entries:
        entry.apart = entry.apart or apart
        empty = entry.kind == "bracket" and not entry.behind and not any(parts(entry.words[0]))
        apart = empty and entry.apart
        if not empty:
            yield entry


def _set_apart(group: list[Entry], last: str) -> None:
    """Where blank lines stand around a statement with its comments and all that stands above it."""
    first = next(at for at, entry in enumerate(group) if entry.kind != COMMENT)
    for entry in group[first + 1 :]:
        entry.apart = False
    together = not last or (last in _DECLARATIONS and group[-1].kind in _DECLARATIONS)
    if not together and not any(entry.apart for entry in group):
        group[0].apart = True


def _write(lines: list[Line], group: list[Entry]) -> None:
    """Adds the lines of a statement and of what stands above it, or of comments at the end."""
    lost = False  # whether the last line was a description of nothing, and has to remain one
    for is_above, run in groupby(group, lambda entry: entry.kind in _ABOVE):
        entries = list(run)
        for entry in entries[:1] if is_above else entries:
            if lines and (entry.apart or (lost and entry.kind != COMMENT)):
                lines.append(Line(""))
            lines += _above(entries) if is_above else _written(entry)
            lost = entry.kind == COMMENT and _DESCRIPTION.match(entry.words[-1]) is not None


def _above(entries: list[Entry]) -> list[Line]:
    """Descriptions, then brackets."""
    descriptions = [Line(line) for entry in entries if entry.kind == "description" for line in entry.words]
    brackets = [(entry.words[0], entry.behind) for entry in entries if entry.kind == "bracket"]
    return descriptions + bracket_lines(brackets)


def _written(entry: Entry) -> list[Line]:
    if entry.kind == COMMENT:
        return [Line(line) for line in entry.words]
    lines = continued(entry.words, entry.behind) + [Line(comment) for comment in entry.between]
    if entry.block:
        lines += _values(entry.block) if entry.kind == "use" else _recipe(entry.block)
    return lines


def _recipe(block: str) -> list[Line]:
    """A recipe, unchanged but for its indentation."""
    return [Line(INDENT + line if line else "") for line in dedented(block)[0].split("\n")]


def _values(block: str) -> list[Line]:
    """The values that a used job is given."""
    lines = []
    for blank, run in groupby((line.strip(" \t") for line in block.split("\n")), lambda line: not line):
        lines += [Line("")] if blank else [_value(line) for line in run]
    return lines


def _value(line: str) -> Line:
    match = _VALUE.fullmatch(line)
    return Line(f"{INDENT}{match['name']} = {match['value']}", match["comment"] or "") if match else Line(INDENT + line)
