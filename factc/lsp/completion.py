"""What can stand where somebody writes: tasks behind a colon, parameters in braces, attributes in brackets.

Looks at the text before the cursor, which may be full of mistakes; does not know the protocol.
"""

from __future__ import annotations

import json
import os
import re

from factc.lsp.index import PARAM, POOL, RULE, USE, Statement
from factc.lsp.library import File, Library
from factc.lsp.words import ATTRIBUTE, KEYWORD, attribute
from factc.model.job import SHELLS
from factc.reach import MAX_DEPTH, Reach
from factc.syntax.fact.strings import TEXT

TASK, PARAMETER, ATTRIBUTES, VALUE, FILE, WORDS = "task", "parameter", "attribute", "value", "file", "keyword"

_TAG = re.compile(r"\{\{\{?&?[ \t]*([^{}\n]*)\Z")
_HEADER = re.compile(rf"(?:use[ \t]+{TEXT}[ \t]+as[ \t]+(\w[\w.\-]*)|(\w[\w.\-]*|{TEXT}))[ \t]*:(?=[ \t])")
_QUOTED = re.compile(r'"[^"]*(?:"|\Z)')
_PATH = re.compile(r'use[ \t]+"([^"\\\n]*)\Z')
_LAST = re.compile(r'("(?:[^"\\\n]|\\[^\n])*|[^\s"]*)\Z')
_COMMENT = re.compile(r"(?:^|[ \t])#")
_BRACKET = re.compile(rf"^\[(?:[^\]\"]|{TEXT})*\Z", re.MULTILINE)
_DEPENDENCY = re.compile(r"\w[\w.\-]*(?:\[[^\s\[\]{}\"]+\])?(?:/\w[\w.\-]*(?:\[[^\s\[\]{}\"]+\])?)*")


class Proposal:
    """A word that can stand at the cursor, and what is said of it. `start`: where what it takes the place of begins."""

    __slots__ = ("label", "text", "kind", "detail", "start")

    def __init__(self, label: str, text: str, kind: str, detail: str, start: int) -> None:
        self.label = label
        self.text = text
        self.kind = kind
        self.detail = detail
        self.start = start


def proposals(library: Library, file: File, offset: int) -> list[Proposal]:
    """What can stand at an offset."""
    line = _line(file.index.text, offset)
    tag = _TAG.search(line)
    if tag:
        return _parameters(file, offset, tag[1])
    bracket = _bracket(file.index.text, offset)
    if bracket is not None:
        return _attributes(file, offset, bracket)
    path = _PATH.match(line)
    if path:
        return _files(file, offset, path[1])
    header = _HEADER.match(line)
    if header:
        rest = line[header.end() :]
        return [] if _COMMENT.search(rest) else _tasks(library, file, offset, rest, header[1] or header[2])
    if line.isalpha() or not line:
        return [Proposal(w, w, WORDS, about, offset - len(line)) for w, about in KEYWORD.items()]
    return []


def _line(text: str, offset: int) -> str:
    """The line up to an offset, with those that a backslash joins to it; parts are joined by a blank."""
    parts: list[str] = []
    start = text.rfind("\n", 0, offset) + 1
    line = text[start:offset]
    while start and line[:1] in (" ", "\t"):
        end, above = start - 1, text.rfind("\n", 0, start - 1) + 1
        words = text[above:end].rstrip(" \t")
        if not words.endswith("\\"):
            break
        parts.append(line)
        start, line = above, words[:-1]
    return " ".join([line, *reversed(parts)])


def _bracket(text: str, offset: int) -> str | None:
    """What stands between an open bracket above a rule and the offset."""
    start = text.rfind("\n[", 0, offset) + 1 if text[:1] != "[" or "\n[" in text[:offset] else 0
    match = _BRACKET.match(text, start, offset) if text[start : start + 1] == "[" else None
    if match is None or re.search(r"\n[^ \t\n\]]", match.group()):
        return None
    return match.group()[1:]


def _tasks(library: Library, file: File, offset: int, rest: str, own: str) -> list[Proposal]:
    word = _LAST.search(rest)
    start = offset - len(word[1] if word else "")
    found = _known_tasks(library, file)
    found.pop(own, None)
    return [Proposal(name, _written(name), TASK, about, start) for name, about in found.items()]


def _known_tasks(library: Library, file: File) -> dict[str, str]:
    """Names of tasks with the first line of what they do: of the text as it is, and of the last that compiled."""
    found = dict(_tasks_of(library, file, Reach(), {}))
    for name in file.good.names() if file.good else ():
        found.setdefault(name, "")
    return found


def _tasks_of(
    library: Library, file: File, reach: Reach, seen: dict[str, dict[str, str]], depth: int = 0
) -> dict[str, str]:
    """Those of one file, each looked at once (`seen`), as far as a job may reach."""
    if file.path not in seen:
        found = seen[file.path] = {}
        for statement in file.index.statements:
            if statement.kind in (RULE, USE):
                found[statement.name.text] = _summary(statement)
            other = library.used(file, statement) if depth < MAX_DEPTH else None
            if other is None or (other.path not in seen and not reach.file()):
                continue
            inner = dict(_tasks_of(library, other, reach, seen, depth + 1))
            if reach.made(len(inner), sum(map(len, inner)) + len(inner) * len(statement.name.text)):
                found |= {f"{statement.name.text}/{name}": about for name, about in inner.items()}
    return seen[file.path]


def _summary(statement: Statement) -> str:
    if statement.about:
        return statement.about.split("\n")[0]
    return statement.file.text if statement.file else statement.recipe.split("\n")[0]


def _written(name: str) -> str:
    """A name as it stands among dependencies."""
    return name if _DEPENDENCY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _parameters(file: File, offset: int, word: str) -> list[Proposal]:
    start = offset - len(word)
    statement = file.index.around(offset)
    found = {each.text: "a variable of `each` here" for each in (statement.eaches if statement else ())}
    for param in file.index.names(PARAM):
        line = file.index.text[param.head : file.index.text.index("\n", param.head)]
        found.setdefault(param.name.text, param.about.split("\n")[0] or line)
    if file.good and file.good.compiled:  # one whose line is being changed
        for declaration in file.good.compiled.job.parameters:
            found.setdefault(declaration.name, declaration.description)
    return [Proposal(name, name, PARAMETER, about, start) for name, about in found.items()]


def _attributes(file: File, offset: int, inside: str) -> list[Proposal]:
    outside = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), inside)
    clause = inside[outside.rfind(",") + 1 :].lstrip()
    first, blank, rest = clause.partition(" ")
    start = offset - len(rest.rpartition(" ")[2] if blank else clause)
    if not blank:
        return [Proposal(name, name, ATTRIBUTES, attribute(name), start) for name in ATTRIBUTE]
    if first == "shell":
        return [Proposal(shell, shell, VALUE, "", start) for shell in SHELLS]
    if first == "pool":
        return [Proposal(p.name.text, p.name.text, VALUE, p.about, start) for p in file.index.names(POOL)]
    if first == "secret":
        known = {name.text: s.name.text for s in file.index.statements for name in s.secrets}
        return [Proposal(name, name, VALUE, f"a secret of {task}", start) for name, task in known.items()]
    return []


def _files(file: File, offset: int, begun: str) -> list[Proposal]:
    """Job files in the folder that is being written."""
    folder, _, word = begun.rpartition("/")
    place = os.path.join(os.path.dirname(file.path), folder or ("/" if begun.startswith("/") else ""))
    try:
        with os.scandir(place) as entries:
            names = sorted(e.name + "/" * e.is_dir() for e in entries if not e.name.startswith("."))
    except OSError:
        return []
    own = os.path.basename(file.path)
    wanted = [n for n in names if n.endswith(("/", ".fact", ".factfile")) and n != own]
    return [Proposal(name, name, FILE, "", offset - len(word)) for name in wanted]
