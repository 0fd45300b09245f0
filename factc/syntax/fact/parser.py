"""The text form: a job's text becomes a document, or all that is wrong with it.

Knows the rules of the grammar; how a text is read by them, and what the statements mean, is known elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from factc.diagnostic import CompileError
from factc.model.document import Document
from factc.model.reported import words
from factc.source import Source
from factc.syntax.fact.attributes import understood
from factc.syntax.fact.builder import Assembly
from factc.syntax.fact.clauses import Bracket, Clause, Item
from factc.syntax.fact.locations import Written
from factc.syntax.fact.positions import Clean, Mistake
from factc.syntax.fact.reader import Reader, Stuck, parsed
from factc.syntax.fact.strings import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.syntax.fact.repair import Repairs

    Statement = Any  # a Node, or the Token of indented lines above the first

# How many statements are parsed before they are looked at. One by one would cost a third more time (the processor's
# caches hold either the parser or what comes after it), all at once three times the memory.
TOGETHER = 1000

SLIPS = 8  # of the form of one bracket that are told

_BEGINNINGS = {"HEAD", "JOB", "PARAM", "SECRET", "POOL", "USE", "DESCRIPTION", "BRACKET", "WRONG"}

# The beginning of a statement: no blank, no comment.
_NEXT = re.compile(r"(?<=\n)(?:[^ \t\n#]|##)")
_QUIET = re.compile(rf"{TEXT}|(?<=\s)#[^\n]*|\n")


def read_text(source: Source) -> Document:
    """The document of a job's text. Raises CompileError with all its mistakes, in source order."""
    document = text_document(source)
    if document.mistakes:
        raise CompileError(document.mistakes)
    return document


def text_document(source: Source) -> Document:
    """The document of a job's text with all that is wrong with it.

    A text with statements that cannot be read is repaired and read again.
    """
    clean = Clean(source)
    bracket = lru_cache(maxsize=1000)(read_bracket)  # most rules of a long text say one of a few things
    repairs: Repairs | None = None
    while True:
        stops: dict[int, int] = {}
        assembly = Assembly(clean, bracket, stops)
        for statement in _statements(clean.text, stops):
            assembly.take(statement)
        if assembly.wrong:
            from factc.syntax.fact.repair import Repairs

            repairs = repairs or Repairs()
            if edits := repairs.edits(clean, assembly.wrong):
                clean.repair(edits)
                continue
        mistakes, unread = (repairs.mistakes, repairs.unread) if repairs else ([], set[str]())
        return assembly.finished(lambda start: _rule_at(start, clean, bracket), mistakes, unread)


def statements(text: str) -> tuple[list[Statement], dict[int, int]]:
    """The statements of a text that ends with a line feed.

    Those that cannot be read are `wrong` ones; for each that begins well, the dictionary says by its
    beginning where reading it stopped.
    """
    stops: dict[int, int] = {}
    return list(_statements(text, stops)), stops


def _statements(text: str, stops: dict[int, int]) -> Iterator[Statement]:
    """The statements one by one, so that none has to be kept; `stops` is filled on the way."""
    reader = Reader(text, "file")
    while True:
        try:
            yield from _rest(reader, TOGETHER)
            return
        except Stuck as stuck:
            start, at, end = _extent(text, stuck.at)
            stops[start] = at
            _put_aside(reader, start, end)


def _rule_at(start: int, clean: Clean, bracket: Callable[[str], Bracket]) -> Written:
    """The rule or `use` that begins at `start`, with what stands above it, of a text without mistakes."""
    reader = Reader(clean.text, "file")
    reader.at = start
    assembly = Assembly(clean, bracket, {})
    statements = _rest(reader, 1)
    while not assembly.tasks:
        assembly.take(next(statements))
    return assembly.tasks.last


def read_bracket(text: str) -> Bracket:
    """What one bracket says."""
    quiet = _QUIET.sub(_silenced, text) if "\n" in text else text
    mistakes: list[Mistake] = []
    if "'" in quiet or ";" in quiet:
        from factc.syntax.fact.errors import double_quoted, parted

        quiet, mistakes = double_quoted(quiet)
        quiet, more = parted(quiet)
        mistakes += more
    for _ in range(SLIPS):
        try:
            tree = parsed(quiet, "attributes")
        except Stuck as stuck:
            from factc.syntax.fact.errors import explained_inside

            mistakes.append(explained_inside(text, stuck.at))
            start, end = mistakes[-1].start, mistakes[-1].end
            quiet = quiet[:start] + " " * len(quiet[start:end]) + quiet[end:]
            continue
        bracket = understood([_clause(clause) for clause in tree.children])
        bracket.mistakes += mistakes
        return bracket
    unclear = Bracket([], mistakes)
    unclear.unread = words(text)
    return unclear


def _clause(clause: Statement) -> Clause:
    name, *items = (Item(str(token), token.start_pos) for token in clause.children)
    return Clause(name, items)


def _silenced(match: re.Match[str]) -> str:
    """Comments and line ends of a bracket as blanks: places stay what they are."""
    found = match.group()
    return found if found[0] == '"' else " " * len(found)


def _extent(text: str, at: int) -> tuple[int, int, int]:
    """The statement at fault: where it begins, where in it the fault is, and where the next one begins."""
    if text[at - 1 : at] in ("", "\n"):  # the one before was not complete
        end = at if text[at : at + 1] not in ("", " ", "\t") else _next(text, at)
        at = _line_above(text, at)
    else:
        end = _next(text, at)
    start = at
    while not _NEXT.match(text, start) and start > 0:
        start = text.rfind("\n", 0, start - 1) + 1
    return start, at, end


def _line_above(text: str, at: int) -> int:
    """The end of what the line above says that is not blank."""
    while at > 0 and text[at - 1] in " \t\n":
        at -= 1
    return at


def _next(text: str, at: int) -> int:
    match = _NEXT.search(text, at + 1)
    return match.start() if match else len(text)


def _rest(reader: Reader, together: int) -> Iterator[Statement]:
    """What is read on from where the reader stands, about so many statements together.

    Where a statement has begun, the stack holds that beginning, and below it only the lists that `_put_aside` tells of.
    """
    begun = 0
    for token in reader.steps():
        if token.type in _BEGINNINGS:
            begun += 1
            if begun > together:
                begun = 1
                for complete in reader.values[:-1]:
                    yield from complete.children
                    complete.children.clear()
    yield from reader.finished().children


def _put_aside(reader: Reader, start: int, end: int) -> None:
    """Makes the statement that is being read, from `start`, a wrong one, and reads on from `end`.

    The stacks hold, from the bottom: where a file begins; the list of what is indented above the first
    statement, if anything is; the list of statements, if one has been complete; the pieces of this one.
    """
    kept = sum(map(_is_list, reader.values[:2]))
    del reader.values[kept:]
    del reader.states[kept + 1 :]
    reader.feed("WRONG", "", start, end)
    reader.at = end


def _is_list(value: Statement) -> bool:
    return hasattr(value, "children") and value.data.startswith("__file_star")
