"""Shell text taken apart: where each template tag stands, and which words are commands.

Knows POSIX shell quoting, with what bash, ksh and zsh add; knows no values and no files, and never fails:
of a text that no shell would take it says what it can.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from factc.plan import BARE, DOUBLE, SINGLE

COMMENT = "comment"  # a tag there is left as it stands

SUBSTITUTION = "substitution"
ARITHMETIC = "arithmetic"
EXPANSION = "expansion"
BACKTICK = "backtick"
HERE_DOCUMENT = "here-document"
DOLLAR = "dollar"
BACKSLASH = "backslash"
ANSI = "ansi-quote"
SUBSCRIPT = "subscript"

# Places where no quoting is safe, in words.
UNSAFE = {
    SUBSTITUTION: "inside `$(…)`",
    ARITHMETIC: "inside `((…))`",
    EXPANSION: "inside `${…}`",
    BACKTICK: "inside backticks",
    HERE_DOCUMENT: "in a here-document",
    DOLLAR: "directly after `$`",
    BACKSLASH: "directly after a backslash",
    ANSI: "in or behind `$'…'`, which shells read differently",
    SUBSCRIPT: "in the subscript of an array",
}

OPERATORS = "\n;&|()<>"
_TAG = "\ue000"  # stands for a tag in the text that is looked at; the author may have written one too
_BLANKS = re.compile("[ \t]+")
# Runs of characters that mean nothing: in a command (with the blanks behind them), in double quotes, in `${…}`.
_PLAIN = re.compile(f"([^{OPERATORS} \t'\"`$\\\\#{_TAG}]+)([ \t]*)")
_PLAIN_QUOTED = re.compile(f'[^"`$\\\\{_TAG}]+')
_PLAIN_END = re.compile(r"""(['"]?)[A-Za-z_]\w*\1|\\[A-Za-z_]\w*""")  # an end word that all shells read alike
_PLAIN_EXPANSION = re.compile(f"[^}}'\"`$\\\\{_TAG}]+")


class Word:
    """A word of a command: offsets in the text, its literal beginning, and which tags stand in it."""

    __slots__ = ("start", "end", "begins", "literal", "tags")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.begins = ""
        self.literal = True
        self.tags: list[int] = []

    @property
    def value(self) -> str | None:
        """What the shell will see, or None if that is known only when it runs."""
        return self.begins if self.literal else None

    def add(self, text: str) -> None:
        if self.literal:
            self.begins += text


# An operator is a string; a line end is "\n".
Tokens = list["Word | str"]


class _Frame:
    """A nest of shell text: the whole, or what stands in `$(…)`, `((…))`, `${…}` or double quotes."""

    __slots__ = ("kind", "unsafe", "tokens", "depth", "cases", "word", "quoted")

    def __init__(self, kind: str, unsafe: str | None, *, quoted: bool = False) -> None:
        self.kind = kind
        self.unsafe = unsafe
        self.tokens: Tokens = []
        self.depth = 0
        self.cases = 0
        self.word: Word | None = None
        self.quoted = quoted  # stands in double quotes


class Scan:
    """One pass over a text. `places` has a place for each tag, `lists` the tokens of each nest of commands.

    closed: whether all that it opens (quotes, brackets, here-documents) it surely closes, in every shell.
    unfinished: where here-documents begin whose end never comes. reckoned: where `((` stands in a command's place.
    """

    def __init__(self, pieces: Sequence[str | object]) -> None:
        self.text = "".join([p if isinstance(p, str) else _TAG for p in pieces])
        self.tags = _positions(pieces)
        self._offsets = list(self.tags)
        self.places: list[str] = [BARE] * len(self.tags)
        self.lists: list[Tokens] = []
        self.closed = True
        self.unfinished: list[int] = []
        self.reckoned: list[int] = []
        self._at = 0
        self._here: list[tuple[str, bool, bool, int]] = []  # end word, `<<-`, quoted, where it stands
        self._desynchronised = False
        self._stack = [_Frame("command", None)]
        self._scan(len(self.text))
        self.unfinished += [at for *_, at in self._here]
        if len(self._stack) > 1 or self._stack[0].depth or self._desynchronised or self.unfinished:
            self.closed = False
        for frame in reversed(self._stack):
            self._end_word(frame)
            self._keep(frame)

    # ---- one step, by the kind of nest

    def _scan(self, end: int) -> None:
        stack, tags = self._stack, self.tags
        while self._at < end:
            frame = stack[-1]
            if self._at in tags:
                self._tag(frame)
            elif frame.kind == DOUBLE:
                self._in_double(frame)
            elif frame.kind == EXPANSION:
                self._in_expansion(frame)
            else:
                self._in_command(frame)

    def _tag(self, frame: _Frame) -> None:
        before = self.text[self._at - 1 : self._at]
        place = frame.unsafe or (DOUBLE if frame.kind == DOUBLE else BARE)
        if place in (BARE, DOUBLE) and before == "$" and self._odd_dollar():
            place = DOLLAR
        if self._desynchronised:
            place = ANSI
        outer = self._stack[-2] if frame.kind == DOUBLE and len(self._stack) > 1 else frame
        word = self._word(outer)
        if place == BARE and word.literal and _in_subscript(word.begins):
            place = SUBSCRIPT
        word.tags.append(self.tags[self._at])
        word.literal = False
        self._place(place)
        self._at += 1

    def _in_command(self, frame: _Frame) -> None:
        plain = _PLAIN.match(self.text, self._at)
        if plain:
            self._word(frame).add(plain[1])
            self._at = plain.end(1)
            if plain[2]:
                self._end_word(frame)
                self._at = plain.end()
            return
        character = self.text[self._at]
        if character in " \t":
            self._end_word(frame)
            self._run(_BLANKS)
        elif character in OPERATORS:
            self._operator(frame, character)
        elif character == "#" and frame.word is None and frame.kind != ARITHMETIC:
            self._skip_to("\n", COMMENT if not frame.unsafe else frame.unsafe)
        elif character == "'":
            self._single(frame)
        elif character == "\\":
            self._escape(frame)
        elif character in '"`$':
            self._quote_or_dollar(frame, character)
        else:
            self._word(frame).add(character)
            self._at += 1

    def _in_double(self, frame: _Frame) -> None:
        character = self.text[self._at]
        if character == '"':
            self._stack.pop()
            self._at += 1
        elif character == "\\":
            self._escape(self._stack[-2])
        elif character in "`$":
            self._quote_or_dollar(frame, character)
        else:
            self._word(self._stack[-2]).add(self._run(_PLAIN_QUOTED))

    def _in_expansion(self, frame: _Frame) -> None:
        character = self.text[self._at]
        if character == "}":
            self._stack.pop()
            self._at += 1
        elif character == "'" and not frame.quoted:
            self._single(frame)
        elif character == "\\":
            self._escape(frame)
        elif character in '"`$':
            self._quote_or_dollar(frame, character)
        else:
            self._run(_PLAIN_EXPANSION)

    def _run(self, plain: re.Pattern[str]) -> str:
        """Passes over characters of that kind, or over a single one of another."""
        match = plain.match(self.text, self._at)
        start, self._at = self._at, match.end() if match else self._at + 1
        return self.text[start : self._at]

    # ---- quotes, escapes, dollars

    def _single(self, frame: _Frame) -> None:
        word = self._word(frame)
        start = self._at + 1
        end = self._end_of_quote(self.text.find("'", start))
        for at in self._tags_between(start, end):
            self._place(frame.unsafe or (ANSI if self._desynchronised else SINGLE), at)
            word.tags.append(self.tags[at])
            word.literal = False
        word.add(self.text[start:end])
        self._at = end + 1

    def _end_of_quote(self, end: int) -> int:
        """Where a quote ends: with the text, if it has no end (-1) of its own."""
        if 0 <= end < len(self.text):
            return end
        self.closed = False
        return len(self.text)

    def _escape(self, frame: _Frame) -> None:
        escaped = self.text[self._at + 1 : self._at + 2]
        if not escaped:
            self.closed = False
        if escaped != "\n":  # that would join two lines
            word = self._word(frame)
            if self._at + 1 in self.tags:
                word.tags.append(self.tags[self._at + 1])
                word.literal = False
                self._place(frame.unsafe or BACKSLASH, self._at + 1)
            else:
                word.add(escaped)
        self._at += 2

    def _quote_or_dollar(self, frame: _Frame, character: str) -> None:
        holder = self._stack[-2] if frame.kind == DOUBLE else frame
        word = self._word(holder)
        quoted = frame.kind == DOUBLE or frame.quoted
        if character == '"':
            self._at += 1
            self._stack.append(_Frame(DOUBLE, frame.unsafe, quoted=True))
        elif character == "`":
            word.literal = False
            self._backticks()
        elif self.text.startswith("$((", self._at):
            word.literal = False
            self._at += 3
            self._nest(ARITHMETIC, quoted).depth = 1
        elif self.text.startswith("$(", self._at):
            word.literal = False
            self._at += 2
            self._nest(SUBSTITUTION, quoted)
        elif self.text.startswith("${", self._at):
            word.literal = False
            self._at += 2
            self._nest(EXPANSION, quoted)
        elif self.text.startswith("$'", self._at) and not quoted:
            word.literal = False
            self._ansi(frame)
        else:
            word.literal = False
            self._at += 1

    def _nest(self, kind: str, quoted: bool) -> _Frame:
        frame = _Frame(kind, self._stack[-1].unsafe or kind, quoted=quoted)
        self._stack.append(frame)
        return frame

    def _backticks(self) -> None:
        start = self._at + 1
        end = start
        while end < len(self.text) and self.text[end] != "`":
            end += 2 if self.text[end] == "\\" else 1
        end = self._end_of_quote(end)
        for at in self._tags_between(start, end):
            self._place(self._stack[-1].unsafe or BACKTICK, at)
        self._at = end + 1

    def _ansi(self, frame: _Frame) -> None:
        """`$'…'`: bash knows escapes in it, dash none; where they part ways nothing behind is certain."""
        start = self._at + 2
        end = start
        while end < len(self.text) and self.text[end] != "'":
            end += 2 if self.text[end] == "\\" else 1
        if "\\'" in self.text[start:end]:
            self._desynchronised = True
        end = self._end_of_quote(end)
        for at in self._tags_between(start, end):
            self._place(frame.unsafe or ANSI, at)
        self._at = end + 1

    # ---- operators, comments, here-documents

    def _operator(self, frame: _Frame, character: str) -> None:
        self._end_word(frame)
        if character == "\n":
            frame.tokens.append("\n")
            self._at += 1
            self._here_documents(frame)
        elif self.text.startswith("<<", self._at) and not self.text.startswith("<<<", self._at) and (
            frame.kind != ARITHMETIC
        ):  # fmt: skip
            self._here_delimiter(frame)
        elif character == "(":
            self._open(frame)
        elif character == ")":
            self._close(frame)
        else:
            length = next(n for n in (3, 2, 1) if n == 1 or self.text[self._at : self._at + n] in _LONG)
            frame.tokens.append(self.text[self._at : self._at + length])
            self._at += length

    def _open(self, frame: _Frame) -> None:
        if self.text.startswith("((", self._at) and (_at_command(frame.tokens) or _behind_for(frame.tokens)):
            self.reckoned.append(self._at)
            self._at += 2
            self._nest(ARITHMETIC, False).depth = 1
            return
        frame.tokens.append("(")
        frame.depth += 1
        self._at += 1

    def _close(self, frame: _Frame) -> None:
        self._at += 1
        if frame.depth:
            frame.depth -= 1
        elif frame.kind in (SUBSTITUTION, ARITHMETIC) and not frame.cases:
            self._stack.pop()
            self._keep(frame)
            return
        frame.tokens.append(")")

    def _here_delimiter(self, frame: _Frame) -> None:
        begin = self._at
        self._at += 2
        strip = self.text.startswith("-", self._at)
        self._at += strip
        while self.text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1
        delimiter, quote = "", ""
        first = self._at
        while self._at < len(self.text):
            character = self.text[self._at]
            if not quote and character in OPERATORS + " \t":
                break
            if self._at in self.tags:
                self._place(HERE_DOCUMENT)
            elif quote and character == quote:
                quote = ""
            elif not quote and character in "'\"":
                quote = character
            elif character != "\\" or quote == "'":
                delimiter += character
            self._at += 1
        frame.tokens += ["<<", Word(self._at)]
        written = self.text[first : self._at]
        self._here.append((delimiter, strip, written != delimiter, begin))
        if not _PLAIN_END.fullmatch(written) or len(self._stack) > 1:
            self.closed = False

    def _here_documents(self, frame: _Frame) -> None:
        """The bodies that begin behind a line end; every tag in them is unsafe."""
        for delimiter, strip, quoted, begin in self._here:
            joined = False  # to the line above, so that it cannot be the end
            while self._at < len(self.text):
                end = self.text.find("\n", self._at)
                end = len(self.text) if end < 0 else end
                line = self.text[self._at : end]
                for at in self._tags_between(self._at, end):
                    self._place(frame.unsafe or HERE_DOCUMENT, at)
                self._at = end + 1
                if not joined and (line.lstrip("\t") if strip else line) == delimiter:
                    break
                joined = not quoted and (len(line) - len(line.rstrip("\\"))) % 2 == 1
            else:
                self.unfinished.append(begin)
        self._here = []

    def _skip_to(self, mark: str, place: str) -> None:
        end = self.text.find(mark, self._at)
        end = len(self.text) if end < 0 else end
        for at in self._tags_between(self._at, end):
            self._place(place, at)
        self._at = end

    # ---- bookkeeping

    def _keep(self, frame: _Frame) -> None:
        if frame.kind != ARITHMETIC:  # no commands
            self.lists.append(frame.tokens)

    def _word(self, frame: _Frame) -> Word:
        if frame.word is None:
            frame.word = Word(self._at)
        return frame.word

    def _end_word(self, frame: _Frame) -> None:
        word = frame.word
        if word is None:
            return
        frame.word = None
        word.end = self._at
        if word.begins in ("case", "esac") and word.literal:
            if word.begins == "case" and _at_command(frame.tokens):
                frame.cases += 1
            elif word.begins == "esac" and frame.cases:
                frame.cases -= 1
        frame.tokens.append(word)

    def _place(self, place: str, at: int | None = None) -> None:
        self.places[self.tags[self._at if at is None else at]] = place

    def _tags_between(self, start: int, end: int) -> list[int]:
        return self._offsets[bisect_left(self._offsets, start) : bisect_left(self._offsets, end)]

    def _odd_dollar(self) -> bool:
        """Whether the `$` before a tag is a bare one: not escaped, not the second of `$$`."""
        run = 0
        while self._at - 1 - run >= 0 and self.text[self._at - 1 - run] == "$":
            run += 1
        slashes = 0
        while self._at - 1 - run - slashes >= 0 and self.text[self._at - 1 - run - slashes] == "\\":
            slashes += 1
        return bool((run - slashes % 2) % 2)


_LONG = {"&&", "||", ";;", ";&", ";;&", "|&", ">>", ">&", "<&", "<>", ">|", "&>", "<<<"}
_BEFORE_COMMAND = {"if", "then", "else", "elif", "while", "until", "do", "!", "{", "time", "in"}
REDIRECTIONS = {"<", ">", ">>", ">&", "<&", "<>", ">|", "&>", "<<", "<<<"}


def places(pieces: Sequence[str | object]) -> list[str]:
    """For each tag (anything but a string): BARE, DOUBLE, SINGLE, COMMENT, or a key of UNSAFE."""
    return Scan(pieces).places


def _positions(pieces: Sequence[str | object]) -> dict[int, int]:
    """Offset of each tag in the text in which one character stands for a tag."""
    positions: dict[int, int] = {}
    at = 0
    for piece in pieces:
        if isinstance(piece, str):
            at += len(piece)
        else:
            positions[at] = len(positions)
            at += 1
    return positions


def _at_command(tokens: Tokens) -> bool:
    """Whether the next word would be the name of a command."""
    last = tokens[-1] if tokens else ";"
    if isinstance(last, str):
        return last not in REDIRECTIONS
    return last.value in _BEFORE_COMMAND and last.value != "in"


def _behind_for(tokens: Tokens) -> bool:
    return bool(tokens) and isinstance(tokens[-1], Word) and tokens[-1].value == "for"


def _in_subscript(word: str) -> bool:
    name, bracket, rest = word.partition("[")
    return bool(bracket) and "]" not in rest and name.replace("_", "a").isalnum()
