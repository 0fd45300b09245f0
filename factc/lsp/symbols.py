"""What each name in a job file means, over all the files that belong to it: one walk for definitions and references.

Knows which names see which; does not know what is asked, nor what a job does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from factc.lsp.index import JOB, PARAM, POOL, RULE, SECRET, USE, Name, Reference, Statement
from factc.lsp.library import File, Library

TASK, EACH, FILE = "task", "each", "file"
Key = tuple[str, ...]  # the kind, then what tells this thing from others of its kind


class Occurrence:
    """A place where a thing is named. `statement` is the one that declares it, if it does so here."""

    __slots__ = ("file", "start", "end", "key", "statement")

    def __init__(self, file: File, name: Name, key: Key, statement: Statement | None = None) -> None:
        self.file = file
        self.start = name.start
        self.end = name.end
        self.key = key
        self.statement = statement


def occurrences(library: Library, file: File) -> Iterator[Occurrence]:
    """All names of a file, statement by statement."""
    for statement in file.index.statements:
        yield from _declared(file, statement)
        for reference in statement.references:
            yield from _dependency(library, file, reference)
        for pool in statement.pools:
            yield Occurrence(file, pool, (POOL, pool.text))
        for secret in statement.secrets:  # it is declared where it is named
            yield Occurrence(file, secret, (SECRET, file.path, secret.text), statement)
        own = {each.text for each in statement.eaches}
        for tag in statement.tags:
            yield Occurrence(file, tag, _each(file, statement, tag) if tag.text in own else _param(file, tag))
        yield from _of_use(library, file, statement)


def at(library: Library, file: File, offset: int) -> Occurrence | None:
    """The name at an offset; the innermost, if there are two."""
    found = [one for one in occurrences(library, file) if one.start <= offset <= one.end]
    return min(found, key=lambda one: one.end - one.start, default=None)


def everywhere(library: Library, key: Key) -> list[Occurrence]:
    """All places of a thing in the open files and those that they use."""
    return [one for file in library.known() for one in occurrences(library, file) if one.key == key]


def definition(library: Library, key: Key) -> Occurrence | None:
    """Where a thing is declared."""
    if key[0] == FILE:
        file = library.file(key[1])
        return Occurrence(file, Name("", 0, 0), key) if file else None
    return next((one for one in everywhere(library, key) if one.statement), None)


def meant(library: Library, file: File, reference: Reference) -> list[tuple[Name, File, Statement]]:
    """What the words of a dependency mean, one after the other: a `use`, then a task in its file."""
    whole = file.index.named(reference.text)
    if whole:
        return [(reference, file, whole)]
    for bracket in re.finditer(r"\[", reference.text if reference.parts else ""):
        one = file.index.named(reference.text[: bracket.start()])
        if one and one.eaches and one.kind == RULE:  # its own name may hold slashes and brackets
            start = reference.parts[0].start
            return [(Name(one.name.text, start, start + bracket.start()), file, one)]
    found: list[tuple[Name, File, Statement]] = []
    inside: File | None = file
    for part in reference.parts:
        statement = inside.index.named(part.text) if inside else None
        if inside is None or statement is None:
            break
        found.append((part, inside, statement))
        inside = library.used(inside, statement)
    return found


def _declared(file: File, statement: Statement) -> Iterator[Occurrence]:
    name, kind = statement.name, statement.kind
    if kind in (RULE, USE):
        yield Occurrence(file, name, (TASK, file.path, name.text), statement)
    elif kind == PARAM:
        yield Occurrence(file, name, _param(file, name), statement)
    elif kind == POOL:
        yield Occurrence(file, name, (POOL, name.text), statement)
    elif kind in (JOB, SECRET):
        yield Occurrence(file, name, (kind, file.path, name.text), statement)
    for each in statement.eaches:
        yield Occurrence(file, each, _each(file, statement, each), statement)


def _dependency(library: Library, file: File, reference: Reference) -> Iterator[Occurrence]:
    for part, where, statement in meant(library, file, reference):
        yield Occurrence(file, part, (TASK, where.path, statement.name.text))


def _of_use(library: Library, file: File, statement: Statement) -> Iterator[Occurrence]:
    other = library.used(file, statement)
    if other is None or statement.file is None:
        return
    yield Occurrence(file, statement.file, (FILE, other.path))
    for given in statement.given:
        yield Occurrence(file, given, _param(other, given))


def _param(file: File, name: Name) -> Key:
    return (PARAM, file.path, name.text)


def _each(file: File, statement: Statement, name: Name) -> Key:
    return (EACH, file.path, statement.name.text, name.text)
