"""How a JSON text is read on behind a mistake: it is repaired where that was found, and reading goes on from there.

Knows what may stand at each place of a JSON text; what is said of a mistake is known elsewhere. A key that begins with
BROKEN stands where something of an object could not be read, a text that is BROKEN where a value could not.
"""

from __future__ import annotations

import json
import re

from factc.edits import Edited
from factc.model.reported import BROKEN, SECOND, words
from factc.syntax.factfile.errors import BEGINS, CLOSES, STRING_BEGINS, TOKEN, Missing, Mistake, odd, surplus
from factc.syntax.factfile.missing_above import (  # fmt: skip
    BEHIND,
    COLON,
    END,
    GUESS,
    KEY,
    LINE,
    SURE,
    TWICE,
    VALUE,
    WORDLIKE,
    Repair,
    above,
    balanced,
)
from factc.syntax.factfile.positions import Walk, decoded, skipped

MAX_REPAIRS = 1000  # of one text; each costs a copy of it
STUCK = 4  # repairs at one place
LAYERS = 20  # times that the text is read from its beginning once more
SINGLE = "invalid JSON: a text stands in double quotes"
NODE = json.dumps(BROKEN)
_INSTEAD = {"True": "true", "False": "false", "None": "null"}
_COMMENTS = ("//", "/*", "#")
_TAIL = re.compile(r"[\]}]*,?[ \t\r]*$")
_BARE = re.compile(r"[\w$.\-]+")
_CONTROL = {"\t": r"\t", "\b": r"\b", "\f": r"\f"}
_SWALLOWED_COLON = re.compile(r'("[\w$.\-]+)\s*:[^"\n]*"\s*')
_OPEN_KEY = re.compile(r'"[\w$.\-]+(?=\s*:)')
_UNQUOTED = re.compile(r'[^\s"\'{}\[\],:][^"\n]*"[ \t\r]*(?:[,\]}\n]|$)')
_SINGLE = re.compile(r"'[^'\n]*'")
_LINES = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class Repaired:
    """`text` is JSON, whatever it was; `back` leads to the places in what it was.

    mistakes: those to tell. unread: names that may stand in what was left out. hopeless: nested too deeply for more.
    """

    def __init__(self, before: str) -> None:
        self.mistakes: list[Mistake] = []
        self.unread: set[str] = set()
        self.hopeless = False
        self._before = before
        self._layers = [Edited(before)]  # the last first: each is read from its beginning
        self._walk = Walk(before)
        self._repairs = 0
        self._number = 0  # of the keys that stand for something
        self._guessed = False  # whether a bracket was
        self._single = -1  # the beginning of the last line with texts in single quotes: that is told once of a line
        self._unclear: set[int] = set()  # the beginnings of lines where a repair was a guess
        self._read()

    @property
    def doubtful(self) -> list[tuple[int, int]]:
        """The lines of what it was in which a repair was a guess."""
        ends = (self._before.find("\n", start) for start in self._unclear)
        return [(start, end if end >= 0 else len(self._before)) for start, end in zip(self._unclear, ends, strict=True)]

    @property
    def text(self) -> str:
        return self._layers[0].text

    def back(self, at: int) -> int:
        for layer in self._layers:
            at = layer.back(at)
        return at

    def _read(self) -> None:
        place, stuck = -1, 0
        while not self._walk.done:
            try:
                self._walk.step()
            except Mistake as mistake:
                what, at = self._due()
                further_up = above(self._walk, mistake, what, at) if len(self._layers) <= LAYERS else None
                stuck = stuck + 1 if at <= place else 0
                place = max(at, place)
                self._repairs += 1
                hopeless = stuck > STUCK or self._repairs > MAX_REPAIRS
                repair = further_up or (self._given_up(what, at) if hopeless else self._repair(what, at))
                self._tell(mistake, repair.sure)
                if further_up:
                    self._layers.insert(0, Edited(self.text, [repair[:3]]))
                    self._walk, place, stuck = Walk(self.text), -1, 0
                else:
                    self._layers[0].replace(*repair[:3])
                    self._walk.text = self.text

    def _tell(self, mistake: Mistake, sure: int) -> None:
        """Behind what is not sure, mistakes of the same line may only follow; behind a guess, other guesses, too."""
        start, end = self.back(mistake.start), self.back(mistake.end)
        line = self._before.rfind("\n", 0, start) + 1
        again = mistake.message == SINGLE and line == self._single
        self._single = line if mistake.message == SINGLE else self._single
        if line not in self._unclear and (sure or not self._guessed) and not again:
            related = tuple((self.back(first), self.back(last), why) for first, last, why in mistake.related)
            kind = Missing if isinstance(mistake, Missing) else Mistake
            self.mistakes.append(kind(start, max(start, end), mistake.message, mistake.hint, related))
        if sure != SURE:
            self._unclear.add(line)
        self._guessed = self._guessed or sure == GUESS

    # ---- where reading stopped

    def _due(self) -> tuple[int, int]:
        """What was due where reading stopped, and where that is."""
        walk, text = self._walk, self.text
        at = skipped(text, walk.at)
        if not walk.due:
            return (BEHIND if walk.stack else END), at
        if not walk.stack or walk.stack[-1].mark == "[":
            return VALUE, at
        match = TOKEN.match(text, at)
        if not match or match.lastgroup != "string":
            return KEY, at
        if decoded(match.group()) in walk.stack[-1].keys:
            return TWICE, at
        colon = skipped(text, match.end())
        return (VALUE, skipped(text, colon + 1)) if text.startswith(":", colon) else (COLON, colon)

    def _repair(self, what: int, at: int) -> Repair:
        text, stack = self.text, self._walk.stack
        if at >= len(text):
            return Repair(at, at, self._closing(what), GUESS)
        start, end = odd(text, at, len(text))
        piece = text[start:end]
        if what == END:
            return self._left_out(at, len(text), GUESS)
        if piece.startswith(_COMMENTS):
            return Repair(start, end, "")
        if piece[0] == '"' and not TOKEN.match(text, at):
            return self._string(what, at)
        if piece in ("}", "]") and stack and piece != CLOSES[stack[-1].mark]:
            return self._bracket(what, at)
        return _BY_PLACE[what](self, at, piece)

    # ---- one for each thing that is due; `piece` is what stands there

    def _key(self, at: int, piece: str) -> Repair:
        text, stack = self.text, self._walk.stack
        if _SINGLE.fullmatch(piece):
            return Repair(at, at + len(piece), json.dumps(piece[1:-1]))
        if _BARE.fullmatch(piece):
            if text.startswith('"', at + len(piece)):
                return Repair(at, at, '"')
            return Repair(at, at + len(piece), json.dumps(piece))
        if piece == ",":
            return Repair(at, at + 1, "")
        if piece == ":":
            return Repair(at, at, self._new_key(), GUESS)
        if piece == "{" and BEGINS.match(text, at) and len(stack) > 1 and stack[-2].mark == "[":
            return Repair(at, at, f"{self._new_key()}:0}},", GUESS)
        if piece in "{[":
            return Repair(at, at, self._new_key() + ":", GUESS)
        return self._left_out(at, at + len(piece))

    def _twice(self, at: int, piece: str) -> Repair:
        """The value of the second is left out."""
        match = TOKEN.match(self.text, at)
        assert match
        self._number += 1
        return Repair(at, match.end(), json.dumps(f"{SECOND}{self._number}"))

    def _colon(self, at: int, piece: str) -> Repair:
        begun = skipped(self.text, self._walk.at)
        colon = _SWALLOWED_COLON.match(self.text, begun)
        if colon and colon.end() == at and WORDLIKE.match(self.text, at):  # the key's closing quote is missing
            return Repair(colon.end(1), colon.end(1), '"')
        match = TOKEN.match(self.text, at)
        if match and match.group() not in "}],:":
            return Repair(at, at, ":")
        if piece in ("=", "=>"):
            return Repair(at, at + len(piece), ":")
        if piece in ("}", ","):
            return Repair(at, at, f":{NODE}", LINE)
        return self._left_out(at, at + len(piece))

    def _value(self, at: int, piece: str) -> Repair:
        if _SINGLE.fullmatch(piece):
            return Repair(at, at + len(piece), json.dumps(piece[1:-1]))
        if _UNQUOTED.match(self.text, at):
            return Repair(at, at, '"')
        if piece == ":" or (piece == "," and self._walk.stack and self._walk.stack[-1].mark == "["):
            return Repair(at, at + 1, "")
        if piece in ("}", "]", ","):
            return Repair(at, at, NODE)
        if piece in ("{", "[") or not self._walk.stack:  # the deepest that there may be, or no object at all
            self.hopeless = True
            return self._given_up(VALUE, at)
        return Repair(at, at + len(piece), _INSTEAD.get(piece, NODE))

    def _behind(self, at: int, piece: str) -> Repair:
        text, stack = self.text, self._walk.stack
        if piece == ",":
            return Repair(at, at + 1, "")  # the one in front of a closing bracket
        if piece == ":":
            return self._misplaced_colon(at)
        if TOKEN.match(text, at) or _SINGLE.match(text, at):
            return Repair(at, at, ",")
        if piece == ";" and stack:
            return Repair(at, at + 1, ",")
        return self._left_out(at, at + len(piece))

    def _misplaced_colon(self, at: int) -> Repair:
        """In a list: the key of an object that goes on. The list ends before it."""
        text, top = self.text, self._walk.stack[-1]
        key = text.rfind('"', 0, text.rfind('"', 0, at))
        comma = text.rfind(",", 0, key)
        if top.mark == "[" and top.count and comma > top.node.start and not text[comma + 1 : key].strip():
            top.count -= 1
            self._walk.at = comma
            return Repair(comma, key, "],", GUESS)
        return Repair(at, at + 1, f",{self._new_key()}:" if top.mark == "{" else ",", GUESS)

    # ---- brackets and texts

    def _bracket(self, what: int, at: int) -> Repair:
        """A closing bracket that fits an outer one closes the inner ones first; else it closes nothing."""
        if not surplus(self.text, at, [one.node.start for one in self._walk.stack]):
            return Repair(at, at, self._closing(what, 1), GUESS)
        return Repair(at, at + 1, f":{NODE}" if what == COLON else NODE if what == VALUE else "", GUESS)

    def _closing(self, what: int, number: int = 1 << 30) -> str:
        """What is missing here for the innermost brackets to be closed."""
        stack = self._walk.stack
        begun = {KEY: f"{self._new_key()}:0", TWICE: f"{self._new_key()}:0", COLON: f":{NODE}", VALUE: NODE}
        marks = [one.mark for one in reversed(stack)][:number]
        first = begun.get(what, f",{self._new_key()}:0" if marks and marks[0] == "{" else "")
        return first + "".join(CLOSES[mark] for mark in marks)

    def _string(self, what: int, at: int) -> Repair:
        text = self.text
        if what == KEY and (key := _OPEN_KEY.match(text, at)):
            return Repair(key.end(), key.end(), '"')
        good = STRING_BEGINS.match(text, at)
        stop = good.end() if good else at + 1
        if stop >= len(text):
            return Repair(stop, stop, '"', LINE)
        if text[stop] == "\\":
            return Repair(stop, stop, "\\")
        if text[stop] not in "\r\n":
            return Repair(stop, stop + 1, _CONTROL.get(text[stop], f"\\u{ord(text[stop]):04x}"))
        rest = _LINES.match(text, stop)
        if rest and text[stop:].lstrip()[:1] not in ('"', "}", "]", "{", "["):  # it goes on over several lines
            inside = "".join(_CONTROL.get(c, c) for c in rest.group()[:-1].replace("\r", ""))
            return Repair(stop, rest.end(), inside.replace("\n", "\\n") + '"')
        tail = _TAIL.search(text, at + 1, stop)
        before = balanced(text, at, tail.start() if tail else stop)
        return Repair(before, before, '"', LINE)

    # ---- what is left out

    def _left_out(self, start: int, end: int, sure: int = LINE) -> Repair:
        self.unread |= words(self.text[start:end])
        return Repair(start, end, "", sure)

    def _given_up(self, what: int, at: int) -> Repair:
        """The rest of the text is left out."""
        self.unread.add(BROKEN)
        return Repair(at, len(self.text), self._closing(what), GUESS)

    def _new_key(self) -> str:
        self._number += 1
        return json.dumps(f"{BROKEN}{self._number}")


_BY_PLACE = {
    KEY: Repaired._key,
    TWICE: Repaired._twice,
    COLON: Repaired._colon,
    VALUE: Repaired._value,
    BEHIND: Repaired._behind,
}
