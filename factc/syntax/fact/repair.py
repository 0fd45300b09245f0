"""How a text reads on behind a statement that cannot be read: the statement is written as it was probably meant.

Knows which repair goes with which reading of a mistake; what stays unclear is left out, and the names in it are not
missed elsewhere. What is read is the repaired text, and every place leads back to what its author wrote.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable

from factc.diagnostic import Diagnostic
from factc.edits import Edit, apart
from factc.model.reported import words
from factc.spelling import nearest
from factc.syntax.fact import errors
from factc.syntax.fact import errors_declared as declared
from factc.syntax.fact.errors_line import QUOTED, WORD, Line
from factc.syntax.fact.positions import Clean, Mistake

ROUNDS = 8  # a line with more mistakes than that is read up to there
NODE = '"\\u0000"'  # an error node, as a text of the language
_NODE_RECIPE = "\n    \0"
Wrong = tuple[int, int, int]  # a statement that cannot be read (see `Assembly`)
_HEAD = re.compile(rf'({errors.HEAD})[ \t]*:(?=\s|$)|use\s+"[^"]*"\s+as\s+\w[\w.\-]*[ \t]*:(?=\s|$)')
_USE = re.compile(r"""use\s+["']?([^\s"']+)["']?(?:\s+as\s+["']?(\w[\w.\-]*)["']?)?[ \t]*(:?)[ \t]*(.*)""", re.DOTALL)
_PLAIN = re.compile(r"\w[\w.\-]*(?:[ \t]+\w[\w.\-]*)*")


class Repair:
    """What to write instead, places counted from the start of the statement; `sure` if hardly anything else is meant.

    Behind one that is not sure, nothing more is said of how the statement is written. `unread`: words left out.
    """

    __slots__ = ("edits", "sure", "unread")

    def __init__(self, *edits: Edit, sure: bool = True, unread: str = "") -> None:
        self.edits = edits
        self.sure = sure
        self.unread = words(unread)


class Repairs:
    """The mistakes of the statements of one text that could not be read, told in rounds; each is repaired or left."""

    def __init__(self) -> None:
        self.mistakes: list[Diagnostic] = []
        self.unread: set[str] = set()
        self._done: dict[int, bool] = {}  # by where a statement begins in the source: whether more may be said of it
        self._round = 0

    def edits(self, clean: Clean, wrong: Iterable[Wrong]) -> list[Edit]:
        """What is to be changed of the text before it is read again; [] if it is as good as it gets."""
        self._round += 1
        edits: list[Edit] = []
        for statement in wrong:
            place = clean.offset(statement[0])
            if self._done.get(place, True):
                edits += self._edits(clean, statement, place)
        return apart(edits)

    def _edits(self, clean: Clean, wrong: Wrong, place: int) -> list[Edit]:
        begin, next_one, at = wrong
        reading, line = errors.read(clean.text, begin, at)
        mistake = reading(line)
        assert mistake
        hopeless = reading is errors.anything and place in self._done  # that something is wrong there has been told
        if not hopeless and clean.is_written(begin + mistake.start, begin + mistake.end):
            self.mistakes += clean.diagnostics([mistake.moved(begin)])
        self._done[place] = False
        repair = None
        if self._round < ROUNDS:
            repair = _REPAIRS[reading](line, mistake, clean.text[begin:next_one])
        if repair is None:
            self.unread |= words(line.text)
            return []
        self._done[place] = repair.sure
        self.unread |= repair.unread
        return [(start + begin, end + begin, instead) for start, end, instead in repair.edits]


# ---- one for each reading; None leaves the statement out


def _left_out(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    return None


def _strange(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    """Every such character of the line at once."""
    odd = [(i, c) for i, c in enumerate(line.text) if not c.isprintable() and c not in "\n\t"]
    return Repair(*((i, i + 1, " " if c.isspace() else "") for i, c in odd)) if odd else None


def _bracket(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    if line.text[:1] == "]":
        return None
    closed = errors.BRACKET.match(line.text)
    if closed:  # what stands behind it begins a line
        between = len(line.text[: line.at].rstrip(" \t"))
        if _HEAD.match(line.text, line.at) or line.text[line.at : line.at + 1] == "[":
            return Repair((between, line.at, "\n"))
        return Repair((between, len(line.text), ""), unread=line.text[between:])
    quote = next((m for m in QUOTED.finditer(line.text) if m.group()[0] == '"' and not m.group(1)), None)
    if quote:
        end = len(line.text)
        inside = end - 1 if line.text.endswith("]") else end
        return Repair((inside, end, '"]'), sure=False)
    end = len(whole.rstrip()) if "\n" in whole.strip() else len(line.text)
    return Repair((end, end, "]"))


def _quote(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    if line.text[:1] == "[":
        return _bracket(line, mistake, whole)
    end = len(line.text) - line.text.endswith(":")
    return Repair((end, end, '"'), sure=False)


def _continued(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    return Repair((line.at, line.at + 1, " "))


def _single(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    found = [m for m in QUOTED.finditer(line.text) if m.group()[0] == "'"]
    return Repair(*((m.start(), m.end(), json.dumps(m.group()[1:-1], ensure_ascii=False)) for m in found))


def _job(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    name = line.rest.replace('"', "").rstrip(":")
    return Repair((0, len(line.text), "job " + (json.dumps(name, ensure_ascii=False) if name else NODE)), sure=False)


def _param(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    """Its name is known, its value is not."""
    name = WORD.match(line.rest)
    return Repair((0, len(line.text), f"param {name.group()} = {NODE}"), sure=False) if name else None


def _secret(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    found = re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)(\s*[=:].*|(?:[\s,]+[A-Za-z_][A-Za-z0-9_]*)*)", line.rest)
    if not found:
        return None
    several = [] if found[2].lstrip()[:1] in ("=", ":") else re.split(r"[\s,]+", found[2].strip(" \t,"))
    return Repair((0, len(line.text), "\n".join(f"secret {name}" for name in [found[1], *several] if name)), sure=False)


def _pool(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    name = WORD.match(line.rest)
    number = re.search("[1-9][0-9]{0,5}", line.rest[name.end() :]) if name else None
    return (
        Repair((0, len(line.text), f"pool {name.group()} = {number[0] if number else 1}"), sure=False) if name else None
    )


def _use(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    found = _USE.fullmatch(line.text)
    if not found:
        return None
    path, name, _, rest = found.groups()
    name = name or os.path.basename(path).partition(".")[0]
    if not WORD.fullmatch(name):
        return None
    words = f'use "{path}" as {name}' + (f": {rest}" if rest else "")
    return Repair((0, len(line.text), words), sure=bool(found[2]))


def _dependencies(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    head = _HEAD.match(line.text)
    assert head
    piece, at = line.piece, line.at
    signs = [i for i, c in enumerate(piece) if c in ";|&"]
    if signs:  # a recipe begins here
        has_recipe = "\n" in whole[len(line.text) :].strip(" \t") and whole[len(line.text) :].strip()
        return Repair((at + signs[0], len(line.text), "" if has_recipe else _NODE_RECIPE), unread=line.text[at:])
    if "," in piece:
        quoted = [m.span() for m in QUOTED.finditer(line.text) if m.group()[0] == '"']
        commas = [m.start() for m in re.finditer(",", line.text) if m.start() >= head.end()]
        return Repair(*((i, i + 1, " ") for i in commas if not any(a < i < b for a, b in quoted)))
    return Repair((at, at + len(piece), ""))


def _assignment(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    name = re.match(r"(?:export\s+|set\s+)?(\w[\w.\-]*)", line.text)
    end = len(whole.rstrip())
    return Repair((0, end, f"param {name[1]} = {NODE}"), sure=False) if name else None


def _name(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    name = line.text[mistake.start : mistake.end]
    if name.startswith("."):
        return None
    return Repair((mistake.start, mistake.end, json.dumps(name, ensure_ascii=False)))


def _no_blank(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    """A name with a colon, or a rule with dependencies: nobody knows."""
    return Repair((mistake.end, len(line.text), ""), sure=False, unread=f"{line.text} {line.text.partition(' ')[0]}")


def _no_colon(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    if line.rest:
        keyword = nearest(line.first, errors.KEYWORDS)
        return Repair((0, len(line.first), keyword)) if keyword else None
    return Repair((len(line.text), len(line.text), ":"))


def _anything(line: Line, mistake: Mistake, whole: str) -> Repair | None:
    """Words with a recipe below them: the first is probably the name of a rule."""
    if not _PLAIN.fullmatch(line.text) or "\n" not in whole.strip():
        return None
    return Repair((0, len(line.text), line.first + ":"), sure=False, unread=line.text)


Make = Callable[[Line, Mistake, str], Repair | None]
_REPAIRS: dict[errors.Reading, Make] = {
    errors.strange: _strange,
    errors.bracket: _bracket,
    errors.unclosed_quote: _quote,
    errors.continued: _continued,
    errors.single_quotes: _single,
    declared.job: _job,
    declared.param: _param,
    declared.secret: _secret,
    declared.pool: _pool,
    declared.use: _use,
    errors.dependencies: _dependencies,
    errors.assignment: _assignment,
    errors.name: _name,
    errors.no_blank: _no_blank,
    errors.no_colon: _no_colon,
    errors.anything: _anything,
}
