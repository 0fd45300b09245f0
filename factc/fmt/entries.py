"""What stands in a job's text, in order: its statements as written, and the comments on lines of their own.

Knows the shape of statements; does not know what they mean, nor how they will be laid out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from factc.syntax.fact.parser import statements
from factc.syntax.fact.strings import WORD, value

COMMENT = "comment"

# What Lark leaves out between the words of a statement: line ends, `\`, comments; and the signs and little words.
_GAP = re.compile(r"\\[ \t]*\n|(?P<comment>#[^\n]*)|(?P<word>[^\s#\\]+)")
# What may stand behind the last word: the colon of a `use` that waits for nothing, a comment, a `\` before one.
_TAIL = re.compile(r"(?:(?:[ \t]|\\[ \t]*\n(?=[ \t]))*:)?[ \t]*(?:#[^\n]*|\\[ \t]*)?(?=\n)")
_DESCRIPTION = re.compile(r"##(?:[ \t]|\Z)")
_PART = r"\w[\w.\-]*(?:\[(?:\{\{[^{}\n]*\}\}|[^\s\[\]{}\"])+\])?"
_DEPENDENCY = re.compile(rf"{_PART}(?:/{_PART})*")


@dataclass(slots=True)
class Entry:
    """A statement, or a comment on a line of its own.

    kind:    COMMENT, or the name of the statement in the grammar.
    words:   the words of the line; the whole of a comment or bracket; the lines of a description.
    apart:   whether a blank line stands above it.
    behind:  the comment behind it, or "".
    between: comments in the first column between it and what is indented below it.
    block:   the indented lines below it, or "".
    """

    kind: str
    words: list[str]
    apart: bool = False
    behind: str = ""
    between: list[str] = field(default_factory=list)
    block: str = ""


def entries(text: str) -> list[Entry]:
    """All that stands in a text that ends with a line feed."""
    reader = _Reader(text)
    for statement in statements(text)[0]:
        if hasattr(statement, "children"):
            reader.statement(statement.data, [t for child in statement.children for t in _tokens(child)])
        else:
            reader.block(statement)
    reader.quiet(len(text))
    return reader.found


def _tokens(child: Any) -> Iterator[Any]:
    """The tokens of a statement: a clause of a `param` or `use` has some of its own."""
    return iter(child.children) if hasattr(child, "children") else iter((child,))


class _Reader:
    """Goes through a text from statement to statement; `at` is where a line begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: list[Entry] = []
        self._apart = False

    def statement(self, kind: str, tokens: list[Any]) -> None:
        self.quiet(tokens[0].start_pos)
        blocks = [t for t in tokens if t.type == "BLOCK"]
        entry = Entry(kind, [])
        self._line(entry, [t for t in tokens if t.type != "BLOCK"])
        self._add(entry)
        for block in blocks:
            if kind in ("rule", "use"):
                self._below(entry, block)
            else:
                self.block(block)
                self._apart = True  # what is indented belongs to what stands above it

    def block(self, block: Any) -> None:
        """Indented lines that are all comments: they belong to no statement."""
        self.quiet(block.start_pos)
        self.quiet(block.end_pos + 1)

    def quiet(self, end: int) -> None:
        """Comments and blank lines up to the beginning of another line."""
        for line in self.text[self.at : end].split("\n")[:-1]:
            words = line.strip(" \t")
            if not words:
                self._apart = True
            elif words != "\\":
                self._add(Entry(COMMENT, [words]))
        self.at = end

    def _add(self, entry: Entry) -> None:
        entry.apart, self._apart = self._apart, False
        self.found.append(entry)

    def _below(self, entry: Entry, block: Any) -> None:
        """What is indented below a header, and the comments on the way there."""
        first = len(self.found)
        self.quiet(block.start_pos)
        comments = [comment.words[0] for comment in self.found[first:]]
        del self.found[first:]
        # Between a header and its recipe no line may look like a description.
        entry.behind = " ".join([entry.behind, *filter(_DESCRIPTION.match, comments)]).lstrip(" ")
        comments = [comment for comment in comments if not _DESCRIPTION.match(comment)]
        if entry.block:  # only the lines of a `use` may be parted
            entry.block = "\n".join((entry.block, *comments, str(block)))
        else:
            entry.between, entry.block = comments, str(block)
        self.at, self._apart = block.end_pos + 1, False

    def _line(self, entry: Entry, tokens: list[Any]) -> None:
        """The words of a statement, and the comment behind it."""
        at, comments = tokens[0].start_pos, []
        for token in tokens:
            comments += self._gap(entry, at, token.start_pos)
            entry.words += _spelled(token, entry.kind)
            at = token.end_pos
        tail = _TAIL.match(self.text, at)
        end = tail.end() if tail else self.text.index("\n", at)
        comments += self._gap(entry, at, end)
        entry.behind = " ".join(comments)
        self.at = end + 1

    def _gap(self, entry: Entry, start: int, end: int) -> list[str]:
        """Adds what stands between two words of a statement to them; the comments there."""
        comments = []
        for match in _GAP.finditer(self.text, start, end):
            if match["comment"]:
                comments.append(match["comment"].rstrip(" \t"))
            elif match["word"] == ":":
                entry.words[-1] += ":"
            elif match["word"]:
                entry.words.append(match["word"])
        return comments


def _spelled(token: Any, kind: str) -> list[str]:
    """The words of a token: names without quotes that they do not need."""
    raw = str(token)
    if token.type == "DESCRIPTION":
        return [("## " + line[3:]).rstrip(" \t") for line in raw.split("\n")]
    if token.type == "HEAD":
        return [_bare(raw[:-1].rstrip(" \t"), WORD) + ":"]
    if token.type == "REF":
        return [_bare(raw, _DEPENDENCY)]
    if raw[0] == "#":  # directly behind `=` this is a value; behind a blank it would be a comment
        return [json.dumps(raw, ensure_ascii=False)]
    return [_bare(raw, WORD) if kind == "job" else raw]


def _bare(raw: str, name: re.Pattern[str]) -> str:
    if raw[0] != '"':
        return raw
    text = value(raw, 0, [])
    return text if name.fullmatch(text) else raw
