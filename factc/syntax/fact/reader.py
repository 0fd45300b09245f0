"""Reads a text by the tables of the grammar: an LALR parser, and a lexer that looks only for what may come next.

Knows tables; knows neither the grammar nor what anything means. The trees are those that Lark would make.
"""

from __future__ import annotations

from factc.syntax.fact.tables import tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_END = "$END"


class Stuck(Exception):
    """The text cannot be read on; `at` is where."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class Token(str):
    """A piece of the text: the name of its terminal, and where it stands."""

    __slots__ = ("type", "start_pos", "end_pos")

    type: str
    start_pos: int
    end_pos: int

    def __repr__(self) -> str:
        return f"Token({self.type}, {str(self)!r}, {self.start_pos})"


class Node:
    """A rule of the grammar as it stands in a text, by its name: its tokens and the rules in it."""

    __slots__ = ("data", "children")

    def __init__(self, data: str, children: list[Any]) -> None:
        self.data = data
        self.children = children

    def __repr__(self) -> str:
        return f"Node({self.data}, {self.children})"


class Reader:
    """Reads a text as a `start` of the grammar, token by token; `at` is where the next one is looked for."""

    __slots__ = ("text", "at", "states", "values", "_tables", "_end")

    def __init__(self, text: str, start: str) -> None:
        self.text = text
        self.at = 0
        self._tables = tables()
        self._end = self._tables.ends[start]
        self.states = [self._tables.starts[start]]
        self.values: list[Any] = []  # one for each state but the first

    def steps(self) -> Iterator[Token]:
        """Takes the tokens of the text up to its end, and tells of each. Raises Stuck."""
        text, length, states = self.text, len(self.text), self.states
        matcher, ignored = self._tables.matcher, self._tables.ignored
        while self.at < length:
            start = self.at
            match = matcher(states[-1])(text, start)
            if match is None:
                raise Stuck(start)
            self.at = match.end()
            kind = match.lastgroup
            if kind in ignored:
                continue
            assert kind is not None
            yield self.feed(kind, match.group(), start, self.at)

    def feed(self, kind: str, text: str, start: int, end: int) -> Token:
        """Takes one token. Raises Stuck."""
        token = Token(text)
        token.type, token.start_pos, token.end_pos = kind, start, end
        self.states.append(self._reduced(kind, start))
        self.values.append(token)
        return token

    def finished(self) -> Node:
        """The whole, where the text ends. Raises Stuck."""
        while self.states[-1] != self._end:
            self._reduce(self._action(_END, len(self.text)))
        whole: Node = self.values[-1]
        return whole

    def _reduced(self, kind: str, start: int) -> int:
        """Completes the rules that end in front of a token; the state behind it."""
        while (action := self._action(kind, start)) < 0:
            self._reduce(action)
        return action

    def _action(self, kind: str, at: int) -> int:
        action = self._tables.rows[self.states[-1]].get(kind)
        if action is None:
            raise Stuck(at)
        return action

    def _reduce(self, action: int) -> None:
        """Puts a rule in the place of what it consists of."""
        states, values = self.states, self.values
        name, size, shown = self._tables.rules[~action]
        children: list[Any] = []
        if size:
            children = values[-size:]
            del values[-size:], states[-size:]
        if shown is not None:
            pieces, children = children, []
            for number, opened in shown:
                if not opened:
                    children.append(pieces[number])
                elif children:
                    children += pieces[number].children
                else:  # a list grows by itself, so that long ones cost no more
                    children = pieces[number].children
        states.append(self._tables.rows[states[-1]][name])
        values.append(Node(name, children))


def parsed(text: str, start: str) -> Node:
    """A whole text. Raises Stuck."""
    reader = Reader(text, start)
    for _ in reader.steps():
        pass
    return reader.finished()
