"""What is shown when the pointer rests on a name: its description, its command, and who waits for whom.

Knows Markdown; does not know the protocol.
"""

from __future__ import annotations

import re

from factc.lsp import symbols
from factc.lsp.index import PARAM, POOL, RULE, SECRET, USE, Statement
from factc.lsp.library import File, Library
from factc.lsp.symbols import EACH, TASK, Key
from factc.lsp.words import attribute

MOST = 12  # names in one line
LONGEST = 40  # lines of a recipe

_WORD = re.compile(r"[a-z]+")


def hover(library: Library, file: File, offset: int) -> tuple[str, int, int] | None:
    """The text for an offset, and the stretch that it is about."""
    here = symbols.at(library, file, offset)
    if here is None:
        return _attribute(file, offset)
    there = symbols.definition(library, here.key)
    if there is None or there.statement is None:
        return None
    text = _about(library, there.file, there.statement, here.key)
    return text, here.start, here.end


def _about(library: Library, file: File, statement: Statement, key: Key) -> str:
    if key[0] == TASK:
        return _task(library, file, statement)
    line = _first_line(file, statement.head)
    if key[0] == EACH:
        return f"`{key[-1]}`: a variable of `each`, above `{statement.name.text}`"
    if key[0] == SECRET and statement.kind == RULE:
        inside = [s.name.text for s in file.index.statements for one in s.secrets if one.text == key[-1]]
        return f"`{key[-1]}`: a secret that only these tasks see: " + _listed("tasks", inside).partition(": ")[2]
    paragraphs = [_fenced(line, "fact"), statement.about]
    if key[0] == POOL:
        inside = [s.name.text for f in library.known() for s in f.index.statements for p in s.pools if p.text == key[1]]
        paragraphs.append(_listed("tasks", inside))
    if key[0] == PARAM:
        paragraphs.append(f"{max(0, len(symbols.everywhere(library, key)) - 1)} times used")
    return "\n\n".join(p for p in paragraphs if p)


def _task(library: Library, file: File, statement: Statement) -> str:
    waits, waited = neighbours(library, file, statement)
    paragraphs = [f"**{statement.name.text}**", statement.about]
    if statement.kind == USE and statement.file:
        paragraphs.append(f"the job `{statement.file.text}`")
    paragraphs += [_fenced(_shortened(bracket), "fact") for bracket in statement.brackets]
    if statement.kind == RULE:
        paragraphs.append(_fenced(_shortened(statement.recipe), "sh") if statement.recipe else "")
    paragraphs += [_listed("waits for", waits), _listed("waited for by", waited)]
    return "\n\n".join(p for p in paragraphs if p)


def neighbours(library: Library, file: File, statement: Statement) -> tuple[list[str], list[str]]:
    """What a task waits for and what waits for it: from the plan if the text compiles, else as it is written."""
    name = statement.name.text
    if file.path in library.opened and file.analysis.compiled:
        return file.analysis.waits(name), file.analysis.waited(name)
    key = (file.path, name)
    waited = [
        other.name.text
        for other in file.index.statements
        for reference in other.references
        if key in [(f.path, s.name.text) for _, f, s in symbols.meant(library, file, reference)]
    ]
    return [reference.text for reference in statement.references], waited


def _attribute(file: File, offset: int) -> tuple[str, int, int] | None:
    """About an attribute's name, if the offset is in a bracket above a statement."""
    statement = file.index.around(offset)
    if statement is None or offset >= statement.head:
        return None
    for match in _WORD.finditer(file.index.text, statement.start, statement.head):
        if match.start() <= offset <= match.end() and attribute(match.group()):
            before = file.index.text[statement.start : match.start()].rstrip()[-1:]
            return (attribute(match.group()), *match.span()) if before in ("[", ",") else None
    return None


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"{what}: " + ", ".join(f"`{name}`" for name in names[:MOST]) + more


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, 1 + max((len(m) for m in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _shortened(text: str) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:LONGEST], "…"] if len(lines) > LONGEST else lines)


def _first_line(file: File, start: int) -> str:
    return file.index.text[start : file.index.text.index("\n", start)]
