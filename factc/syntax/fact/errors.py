"""What is wrong with a line that the grammar refuses: the first of a list of readings that fits it.

Looks at characters only; knows no parser and no job.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from factc.spelling import nearest
from factc.syntax.fact import errors_declared as declared
from factc.syntax.fact.errors_line import QUOTED, WORD, Line, quoted
from factc.syntax.fact.positions import Mistake, shortened
from factc.syntax.fact.strings import TEXT

Reading = Callable[[Line], Mistake | None]

KEYWORDS = ("job", "param", "secret", "pool", "use")

BRACKET = re.compile(rf'\[[^\]"\n#]*(?:(?:{TEXT}|(?<=\s)#[^\n]*(?![^\n])|(?<!\s)#|\n(?=[ \t\n\]]))[^\]"\n#]*)*\]')
HEAD = rf"(?:\w[\w.\-]*|{TEXT})"
_HEAD = re.compile(rf"{HEAD}[ \t]*:(?=\s|$)")
_SEMICOLON = re.compile(rf"{TEXT}|\{{\{{[^{{}}\n]*\}}\}}|;(?=[\s\]])")
_USE = re.compile(r'use\s+"[^"]*"\s+as\s+\w[\w.\-]*[ \t]*:(?=\s|$)')
_ASSIGNMENT = re.compile(r"(?:export\s+|set\s+)?(\w[\w.\-]*)[ \t]*[:?+]?=[ \t]*(.*)")

_VARIABLE = re.compile(r"\$(?:\((\w+)\)|\{(\w+)\}|(\w+))")


def read(text: str, start: int, at: int) -> tuple[Reading, Line]:
    """The first reading that fits the statement that begins at `start`, where reading it stopped at `at`."""
    line = Line(text, start, at)
    return next(reading for reading in _READINGS if reading(line)), line


def explained_inside(text: str, at: int) -> Mistake:
    """What is wrong with a bracket, where reading it stopped at `at`."""
    piece = re.split(r"[\s,\]]", text[at:], maxsplit=1)[0]
    words = "a name is missing in front of this comma" if not piece and text[at : at + 1] == "," else ""
    words = words or (f"`{shortened(piece)}` does not fit here" if piece else "an attribute is missing here")
    hint = 'attributes look like [ok 0 2, env A=1 B="x y"]'
    return Mistake("E304", words, at, at + max(1, len(piece)), hint=hint)


def double_quoted(text: str) -> tuple[str, list[Mistake]]:
    """A bracket as if its texts in single quotes stood in double quotes, and what is wrong with those."""
    mistakes = []

    def quoted(match: re.Match[str]) -> str:
        if match.group()[0] != "'" or text[match.start() - 1] not in " \t,=[":
            return match.group()
        mistakes.append(_single(match))
        return '"' + re.sub(r'["\\]', "_", match.group()[1:-1]) + '"'

    return QUOTED.sub(quoted, text), mistakes


def parted(text: str) -> tuple[str, list[Mistake]]:
    """A bracket as if commas stood where it has semicolons, and what is wrong with those."""
    mistakes = []

    def comma(match: re.Match[str]) -> str:
        if match.group() != ";":
            return match.group()
        hint = "a comma parts two attributes"
        mistakes.append(Mistake("E304", "`;` does not belong here", match.start(), match.end(), hint=hint))
        return ","

    return _SEMICOLON.sub(comma, text), mistakes


# ---- readings: each answers a mistake, or None if it does not fit the line (`repair` has a repair for each)


def bracket(line: Line) -> Mistake | None:
    if line.text[:1] == "]":
        return line.mistake("E302", "this `]` closes nothing", 0, 1)
    if line.text[:1] != "[":
        return None
    match = BRACKET.match(line.text)
    if match:
        words = "the attributes stand on a line of their own, above the rule"
        hint = "join two brackets to one: [ok 0, noop 3]" if line.text[line.at : line.at + 1] == "[" else ""
        return line.mistake("E304", words, line.at, len(line.text), hint or "begin a new line behind `]`")
    hint = "close it with `]`; a bracket may go on over indented lines"
    return unclosed_quote(line) or line.mistake("E302", "this bracket is never closed", 0, 1, hint)


def unclosed_quote(line: Line) -> Mistake | None:
    for match in QUOTED.finditer(line.text):
        if match.group()[0] == '"' and not match.group(1):
            hint = 'a text ends on the line on which it begins; a quote inside it is written \\"'
            return line.mistake("E302", "this quote is never closed", match.start(), match.start() + 1, hint)
    return None


def single_quotes(line: Line) -> Mistake | None:
    for match in QUOTED.finditer(line.text):
        if match.group()[0] == "'" and match.end() >= line.at:
            return _single(match)
    return None


def _single(match: re.Match[str]) -> Mistake:
    hint = f"write {quoted(match.group()[1:-1])}"
    return Mistake("E309", "a text stands in double quotes", match.start(), match.end(), hint=hint)


def strange(line: Line) -> Mistake | None:
    """Carriage returns, blanks that are no blanks, and other things that one does not see."""
    character = line.text[line.at : line.at + 1]
    if not character.isprintable() or (line.piece and not line.piece.isprintable()):
        at = next(i for i in range(line.at, len(line.text)) if not line.text[i].isprintable())
        words = f"a character that one does not see (U+{ord(line.text[at]):04X}) stands here"
        hint = "write a plain blank in its place" if unicodedata.category(line.text[at]) == "Zs" else "take it out"
        return line.mistake("E308", words, at, at + 1, hint)
    return None


def continued(line: Line) -> Mistake | None:
    if line.piece != "\\" or line.at != len(line.text) - 1:
        return None
    words = "nothing indented follows the `\\` that continues this line"
    return line.mistake("E303", words, line.at, line.at + 1, "indent the next line, or leave the `\\` out")


def dependencies(line: Line) -> Mistake | None:
    head = _HEAD.match(line.text) or _USE.match(line.text)
    if not head or line.at < head.end():
        return None
    piece, at = line.piece, line.at
    name = shortened(piece)
    if ";" in piece or "|" in piece or "&" in piece:
        sign = next(c for c in piece if c in ";|&")
        words, hint = f"`{sign}` does not belong here", "the recipe stands on the lines below, indented"
        return line.mistake("E311", words, at, at + len(piece), hint)
    if "," in piece:
        hint = "write " + head.group() + " " + " ".join(line.text[head.end() :].replace(",", " ").split())
        comma = at + piece.index(",")
        return line.mistake("E311", "dependencies stand without commas", comma, comma + 1, shortened(hint, 100))
    if ":" in piece:
        words = f"a name with `:` needs quotes: `{name}`"
        return line.mistake("E312", words, at, at + len(piece), f"write {quoted(piece)}")
    words = f"`{name}` is no name as it stands"
    meant = _value(piece)
    hint = f"the value of a parameter stands so: {meant}" if meant else ""
    hint = hint or f"a name that is not one word needs quotes: {quoted(piece)}"
    return line.mistake("E312", words, at, at + len(piece), hint)


def _value(name: str) -> str:
    """A name with variables as make and shells write them, with tags in their place; "" if there are none."""
    meant = _VARIABLE.sub(lambda match: f"{{{{{match[match.lastindex or 0]}}}}}", name)
    return "" if meant == name else quoted(meant)


def assignment(line: Line) -> Mistake | None:
    match = _ASSIGNMENT.fullmatch(line.text)
    if not match:
        return None
    name, value = match.groups()
    value = value if value and not re.search(r"""[\s"']""", value) else quoted(value.strip("\"'"))
    words = "a value is declared with `param`"
    return line.mistake("E301", words, 0, len(line.text), f"write param {name} = {value}")


def name(line: Line) -> Mistake | None:
    """A rule whose name is no word."""
    match = re.match(r'([^\n"]*?[^\s:"])[ \t]*:(?=\s|$)', line.text)
    if not match:
        return None
    name = match.group(1)
    if name in (".PHONY", ".SILENT", ".SUFFIXES", ".DEFAULT_GOAL"):
        words = f"`{name}` means nothing here: a task is never a file"
        return line.mistake("E301", words, 0, len(name), "leave the line out")
    strange = ":" if ":" in name else re.sub(r"[-.\w]", "", name)[:1]
    why = f"with `{strange}`" if strange.strip() else "with blanks" if strange else f"that begins with `{name[0]}`"
    words = f"a name {why} needs quotes: `{shortened(name)}`"
    return line.mistake("E312", words, 0, len(name), f"write {_value(name) or quoted(name)}:")


def no_blank(line: Line) -> Mistake | None:
    match = re.match(rf"(\w[\w.\-]*|{TEXT}):(?=\S)", line.text)
    if not match:
        return None
    end = match.end()
    rest = line.text[end:]
    hint = f"write {match.group()} {rest}"
    if not rest.strip('"').count('"') and not match.group(1).startswith('"'):
        hint += f"; if the colon belongs to the name, {quoted(line.first + line.text[len(line.first) :])}:"
    return line.mistake("E301", "a blank is missing behind the colon", end - 1, end, shortened(hint, 120))


def no_colon(line: Line) -> Mistake | None:
    if not WORD.fullmatch(line.first) or line.text[len(line.first) :][:1] == ":":
        return None
    meant = nearest(line.first, KEYWORDS)
    if meant and line.rest:
        words = f"`{shortened(line.first)}` begins nothing that is known here"
        return line.mistake("E301", words, 0, len(line.first), f"did you mean `{meant}`?")
    if not line.rest:
        words = "a colon is missing behind the name of a rule"
        return line.mistake("E301", words, 0, len(line.first), f"write {line.first}:")
    return None


def anything(line: Line) -> Mistake:
    words = "a line in the first column begins a rule or a declaration, and this one is neither"
    hint = "a rule is `NAME: DEPENDENCIES`; if this line belongs to the recipe above, indent it"
    return line.mistake("E301", words, 0, len(line.text), hint)


_READINGS: tuple[Reading, ...] = (
    strange, bracket, unclosed_quote, continued, assignment, single_quotes,
    declared.job, declared.param, declared.secret, declared.pool, declared.use, dependencies,
    name, no_blank, no_colon, anything,
)  # fmt: skip
