"""The text door: a job's text becomes a document, or all that is wrong with it.

Knows the grammar and is the only one to know its library; what the statements mean is known elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from factc import resources
from factc.compiler.document import Document
from factc.front.text_attributes import understood
from factc.front.text_clauses import Bracket, Clause, Item
from factc.front.text_mistakes import double_quoted, explained_inside
from factc.front.text_places import Clean
from factc.front.text_statements import Assembly
from factc.front.text_string import TEXT
from factc.front.text_written import Written
from factc.source import Source

Statement = Any  # a Tree, or the Token of indented lines above the first

# How many statements are parsed before they are looked at. One by one would cost a third more time (the processor's
# caches hold either the parser or what comes after it), all at once three times the memory.
TOGETHER = 1000

_BEGINNINGS = {"HEAD", "JOB", "PARAM", "SECRET", "POOL", "USE", "DESCRIPTION", "BRACKET", "WRONG"}

# The beginning of a statement: no blank, no comment.
_NEXT = re.compile(r"(?<=\n)(?:[^ \t\n#]|##)")
_QUIET = re.compile(rf"{TEXT}|(?<=\s)#[^\n]*|\n")


def read_text(source: Source) -> Document:
    """The document of a job's text. Raises CompileError with all its mistakes, in source order."""
    clean = Clean(source)
    stops: dict[int, int] = {}
    bracket = lru_cache(maxsize=1000)(read_bracket)  # most rules of a long text say one of a few things
    assembly = Assembly(clean, bracket, stops)
    for statement in _statements(clean.text, stops):
        assembly.take(statement)
    return assembly.finished(lambda start: _rule_at(start, clean, bracket))


@cache
def grammar() -> Lark:
    """The parser, built from the grammar file."""
    text = resources.text("grammar/fact.lark")
    return Lark(text, parser="lalr", start=["file", "attributes"], maybe_placeholders=False)


def statements(text: str) -> tuple[list[Statement], dict[int, int]]:
    """The statements of a text that ends with a line feed.

    Those that cannot be read are `wrong` ones; for each that begins well, the dictionary says by its
    beginning where reading it stopped.
    """
    stops: dict[int, int] = {}
    return list(_statements(text, stops)), stops


def _statements(text: str, stops: dict[int, int]) -> Iterator[Statement]:
    """The statements one by one, so that none has to be kept; `stops` is filled on the way."""
    parser = grammar().parse_interactive(text, start="file")
    while True:
        try:
            yield from _rest(parser, TOGETHER)
            return
        except UnexpectedInput as error:
            start, at, end = _extent(text, _offset(error, text))
            stops[start] = at
            _put_aside(parser, start, end)


def _rule_at(start: int, clean: Clean, bracket: Callable[[str], Bracket]) -> Written:
    """The rule or `use` that begins at `start`, with what stands above it, of a text without mistakes."""
    parser = grammar().parse_interactive(clean.text, start="file")
    _go_to(parser, start)
    assembly = Assembly(clean, bracket, {})
    statements = _rest(parser, 1)
    while not assembly.tasks:
        assembly.take(next(statements))
    return assembly.tasks.last


def read_bracket(text: str) -> Bracket:
    """What one bracket says."""
    quiet = _QUIET.sub(_silenced, text) if "\n" in text else text
    quiet, mistakes = double_quoted(quiet) if "'" in quiet else (quiet, [])
    try:
        tree = grammar().parse(quiet, start="attributes")
    except UnexpectedInput as error:
        return Bracket([], [*mistakes, explained_inside(text, _offset(error, text))])
    bracket = understood([_clause(clause) for clause in tree.children])
    bracket.mistakes += mistakes
    return bracket


def _clause(clause: Statement) -> Clause:
    name, *items = (Item(str(token), token.start_pos) for token in clause.children)
    return Clause(name, items)


def _silenced(match: re.Match[str]) -> str:
    """Comments and line ends of a bracket as blanks: places stay what they are."""
    found = match.group()
    return found if found[0] == '"' else " " * len(found)


def _offset(error: UnexpectedInput, text: str) -> int:
    """Where the parser got stuck."""
    if isinstance(error, UnexpectedCharacters):
        return int(error.pos_in_stream or 0)
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return int(error.token.start_pos or 0)
    return len(text)


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


def _rest(parser: InteractiveParser, together: int) -> Iterator[Statement]:
    """What is read on from where the parser stands, about so many statements together.

    Where a statement has begun, the stack holds that beginning, and below it only the lists that `_put_aside` tells of.
    """
    state = parser.parser_state
    begun = 0
    for token in state.lexer.lex(state):  # type: ignore[no-untyped-call]
        state.feed_token(token)
        if token.type in _BEGINNINGS:
            begun += 1
            if begun > together:
                begun = 1
                for complete in state.value_stack[:-1]:
                    yield from complete.children
                    complete.children.clear()
    yield from state.feed_token(Token("$END", ""), is_end=True).children


def _go_to(parser: InteractiveParser, at: int) -> None:
    """Makes the parser read on from another place in its text."""
    assert parser.lexer_thread.state is not None
    parser.lexer_thread.state.line_ctr.char_pos = at


def _put_aside(parser: InteractiveParser, start: int, end: int) -> None:
    """Makes the statement that is being read, from `start`, a wrong one, and reads on from `end`.

    The stacks hold, from the bottom: where a file begins; the list of what is indented above the first
    statement, if anything is; the list of statements, if one has been complete; the pieces of this one.
    """
    state = parser.parser_state
    kept = sum(map(_is_list, state.value_stack[:2]))
    del state.value_stack[kept:]
    del state.state_stack[kept + 1 :]
    parser.feed_token(Token("WRONG", "", start_pos=start, end_pos=end))
    _go_to(parser, end)


def _is_list(value: Statement) -> bool:
    return isinstance(value, Tree) and value.data.startswith("__file_star")
