"""The names in a job's text and their places, of a text with mistakes in it, too.

Knows how statements look; does not know what a job means, and reads no other file.
"""

from __future__ import annotations

import re
from typing import Any

from factc.source import Source
from factc.syntax import is_json
from factc.syntax.fact.parser import statements
from factc.syntax.fact.positions import Clean
from factc.syntax.fact.recipe import dedented
from factc.syntax.fact.strings import TEXT, value

RULE, USE, PARAM, SECRET, POOL, JOB = "rule", "use", "param", "secret", "pool", "job"

_HEAD = re.compile(rf"(\w[\w.\-]*|{TEXT})[ \t]*:(?=\s)")
_PART = re.compile(r"([^/\[\]{}]+)(?:\[(?:\{\{[^{}]*\}\}|[^\[\]])*\])?(?:/|\Z)")
_EACH = re.compile(r"(?:^\[|,)\s*each\s+(\w[\w.\-]*)\s+in\b")
_POOL = re.compile(r"(?:^\[|,)\s*pool\s+(\w[\w.\-]*)")
_SECRETS = re.compile(r"(?:^\[|,)\s*secret((?:\s+[A-Za-z_]\w*)+)", re.ASCII)
_VERBATIM = re.compile(r"(?:^\[|,)\s*verbatim\b")
_TAG = re.compile(r"\{\{\{?&?[ \t]*(?P<name>\w[\w.\-]*|tag:[^{}\n]*)[ \t]*\}\}")
_GIVEN = re.compile(r"^[ \t]+(\w[\w.\-]*)[ \t]*=", re.MULTILINE)


class Name:
    """A word with its place."""

    __slots__ = ("text", "start", "end")

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.start = start
        self.end = end


class Reference(Name):
    """A written dependency. `parts` are the words between its slashes, without what stands in brackets."""

    __slots__ = ("parts",)

    def __init__(self, text: str, start: int, end: int, parts: list[Name]) -> None:
        super().__init__(text, start, end)
        self.parts = parts


class Statement:
    """One statement with what stands above it.

    start, end: from the first line above it to its last. head: where its own line begins. file: the path that a
    `use` names. eaches, pools, secrets: names in its brackets. tags: names in `{{…}}`. given: the parameters that a
    `use` sets.
    """

    __slots__ = ("kind", "name", "start", "head", "end", "references", "file", "about", "brackets", "recipe",
                 "eaches", "pools", "secrets", "tags", "given")  # fmt: skip

    def __init__(self, kind: str, name: Name, start: int, head: int, end: int) -> None:
        self.kind = kind
        self.name = name
        self.start = start
        self.head = head
        self.end = end
        self.references: list[Reference] = []
        self.file: Name | None = None
        self.about = ""
        self.brackets: list[str] = []
        self.recipe = ""
        self.eaches: list[Name] = []
        self.pools: list[Name] = []
        self.secrets: list[Name] = []
        self.tags: list[Name] = []
        self.given: list[Name] = []


class Index:
    """The statements of a text, in order. Offsets count in `text`, which has no carriage returns."""

    __slots__ = ("text", "statements", "_named")

    def __init__(self, source: Source) -> None:
        clean = Clean(source)
        self.text = clean.text
        self.statements: list[Statement] = [] if is_json(source) else _Reader(self.text).statements()
        self._named: dict[str, Statement] = {}
        for statement in self.statements:
            if statement.kind in (RULE, USE):
                self._named.setdefault(statement.name.text, statement)

    def named(self, name: str) -> Statement | None:
        """The rule or `use` of a name."""
        return self._named.get(name)

    def declared(self, kind: str, name: str) -> Statement | None:
        return next((s for s in self.statements if s.kind == kind and s.name.text == name), None)

    def names(self, kind: str) -> list[Statement]:
        return [s for s in self.statements if s.kind == kind]

    def around(self, offset: int) -> Statement | None:
        """The statement at an offset, or the last one above it."""
        found = None
        for statement in self.statements:
            if statement.start > offset:
                break
            found = statement
        return found


class _Reader:
    """Gives each statement what stands above it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._start: int | None = None
        self._about = ""
        self._brackets: list[Any] = []

    def statements(self) -> list[Statement]:
        found = (self._statement(tree) for tree in statements(self._text)[0] if hasattr(tree, "children"))
        return [statement for statement in found if statement]

    def _statement(self, tree: Any) -> Statement | None:
        tokens = [token for child in tree.children for token in _tokens(child)]
        first = tokens[0]
        if self._start is None:
            self._start = first.start_pos
        if tree.data == "description":
            self._about = "\n".join(line[3:].strip() for line in str(first).split("\n"))
            return None
        if tree.data == "bracket":
            self._brackets.append(first)
            return None
        made = self._made(str(tree.data), tokens)
        self._start, self._about, self._brackets = None, "", []
        return made

    def _made(self, kind: str, tokens: list[Any]) -> Statement | None:
        name = self._name(kind, tokens)
        if name is None:
            return None
        head, end = tokens[0].start_pos, tokens[-1].end_pos
        assert self._start is not None
        made = Statement(RULE if kind == "wrong" else kind, name, self._start, head, end)
        made.about, made.brackets = self._about, [str(b) for b in self._brackets]
        made.references = [_reference(token) for token in tokens if token.type == "REF"]
        if kind == USE:
            made.file = next((Name(_value(t), t.start_pos, t.end_pos) for t in tokens if t.type == "STRING"), None)
        for bracket in self._brackets:
            made.eaches += _found(_EACH, bracket)
            made.pools += _found(_POOL, bracket)
            made.secrets += _secrets(bracket)
        blocks = [token for token in tokens if token.type == "BLOCK"]
        if kind == USE:
            made.given = [name for block in blocks for name in _found(_GIVEN, block)]
        elif blocks:
            made.recipe = dedented(blocks[0])[0].rstrip("\n")
        self._tags(made, blocks)
        return made

    def _name(self, kind: str, tokens: list[Any]) -> Name | None:
        """The name of a statement; of one that cannot be read, if it begins like a rule."""
        start = tokens[0].start_pos
        if kind in (RULE, "wrong"):
            match = _HEAD.match(self._text, start)
            return Name(value(match[1], 0, []), *match.span(1)) if match else None
        types = ("NAME",) if kind == USE else ("NAME", "STRING")
        token = next((token for token in tokens[1:] if token.type in types), None)
        return Name(_value(token), token.start_pos, token.end_pos) if token else None

    def _tags(self, made: Statement, blocks: list[Any]) -> None:
        end = blocks[0].start_pos if blocks and any(_VERBATIM.search(b) for b in made.brackets) else made.end
        for match in _TAG.finditer(self._text, made.start, end):
            word = match["name"].partition(".")[0]
            start = match.start("name")
            made.tags.append(Name(word, start, start + len(word)))


def _tokens(child: Any) -> list[Any]:
    return [t for c in child.children for t in _tokens(c)] if hasattr(child, "children") else [child]


def _found(pattern: re.Pattern[str], token: Any) -> list[Name]:
    at = token.start_pos
    return [Name(m[1], at + m.start(1), at + m.end(1)) for m in pattern.finditer(str(token))]


def _secrets(token: Any) -> list[Name]:
    text, at = str(token), token.start_pos
    words = (w for m in _SECRETS.finditer(text) for w in re.compile(r"\S+").finditer(text, *m.span(1)))
    return [Name(word.group(), at + word.start(), at + word.end()) for word in words]


def _value(token: Any) -> str:
    return value(str(token), 0, [])


def _reference(token: Any) -> Reference:
    raw, start = str(token), token.start_pos
    quoted = raw[0] == '"'
    inner, at = (raw[1:-1], start + 1) if quoted else (raw, start)
    parts = [] if "\\" in inner else [Name(m[1], at + m.start(1), at + m.end(1)) for m in _PART.finditer(inner)]
    return Reference(_value(token), start, token.end_pos, parts)
