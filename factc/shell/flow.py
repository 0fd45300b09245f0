"""How a shell text goes from command to command: what runs behind what, and whose failure anybody sees.

Looks at the outermost commands only and says only what is certain; knows no job and no place in a file: its
offsets count in a text in which one character stands for a tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from factc.digits import number
from factc.shell.scanner import REDIRECTIONS, Scan, Word

# Commands that answer a question, so that their failure is none, or that do not fail.
_QUESTIONS = frozenset(
    "[ [[ test true false : command type which hash grep egrep fgrep zgrep cmp diff pgrep id getent mountpoint kill "
    "echo printf export set unset".split()
)
# What stands left of a pipe without anything to lose: filters, and what only tells something.
_HARMLESS = frozenset(
    "echo printf cat ls find grep egrep fgrep zgrep sed awk gawk mawk sort uniq head tail tr cut wc seq yes true false "
    ": date ps env printenv set pwd hostname whoami id basename dirname tac rev nl tee column fold fmt comm join "
    "paste df du uname which type command history alias jobs mount lsblk stat".split()
)
_OPENING = {"if": "fi", "while": "done", "until": "done", "for": "done", "select": "done", "case": "esac", "{": "}"}
_CLOSING = frozenset(_OPENING.values())
_BEFORE_COMMAND = frozenset("then else elif do ! time if while until {".split())
_LEAVES = frozenset("exit return break continue exec".split())
_ENDS = frozenset((";", "&", "\n"))
NO_PIPEFAIL = ("sh", "dash")
_CODES = {"true": 0, ":": 0, "false": 1}


class Call:
    """One command: its words (none for a compound one, or where only variables are set), and where it stands."""

    __slots__ = ("words", "start", "end", "compound", "negated")

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.start = -1
        self.end = -1
        self.compound = False
        self.negated = False

    @property
    def program(self) -> str | None:
        """The name of what it runs, None if that is not certain."""
        return self.words[0].value if self.words and not self.compound else None

    def take(self, word: Word) -> None:
        if self.start < 0:
            self.start = word.start
        self.end = word.end


class Line:
    """Pipelines joined by `&&` and `||`; `background` where `&` ends them."""

    __slots__ = ("pipelines", "joints", "background")

    def __init__(self) -> None:
        self.pipelines: list[list[Call]] = [[Call()]]
        self.joints: list[str] = []
        self.background = False

    @property
    def start(self) -> int:
        return next((call.start for pipeline in self.pipelines for call in pipeline if call.start >= 0), -1)

    @property
    def end(self) -> int:
        return max(call.end for pipeline in self.pipelines for call in pipeline)


class Unseen:
    """A command whose failure nothing notices: its place, its name, and whether a pipe is why (else `&&`)."""

    __slots__ = ("start", "end", "program", "piped")

    def __init__(self, call: Call, piped: bool) -> None:
        self.start, self.end = call.start, call.end
        self.program = call.program or ""
        self.piped = piped


class Removal:
    """A word of `rm -r` that is a folder near the root if its tags are empty; what was tested before it."""

    __slots__ = ("tags", "tested")

    def __init__(self, tags: Sequence[int], tested: Sequence[int]) -> None:
        self.tags = tags
        self.tested = tested  # so far: one list for all, which grows as one reads on


def flow(scan: Scan) -> list[Line]:
    """The outermost commands of a text, in order."""
    return [line for line in _Reader(scan).lines if line.start >= 0]


def unseen(lines: Sequence[Line], *, stops: bool, shell: str) -> Iterator[Unseen]:
    """Failures that pass unseen; `stops` for a script that stops at the first failing command (`sh -e`)."""
    for i, line in enumerate(lines):
        if stops and i + 1 < len(lines) and _hides(line):
            yield Unseen(line.pipelines[0][-1], piped=False)
        if shell in NO_PIPEFAIL:
            yield from (Unseen(call, piped=True) for pipeline in line.pipelines for call in _lost(pipeline))


def _hides(line: Line) -> bool:
    """Whether a failure at the beginning of `X && Y` is meant to stop the script and does not."""
    if not line.joints or set(line.joints) != {"&&"} or line.background:
        return False
    first, last = line.pipelines[0][-1], line.pipelines[-1][0]
    if first.negated or not first.program or first.program in _QUESTIONS:
        return False
    return last.program not in _LEAVES


def _lost(pipeline: Sequence[Call]) -> Iterator[Call]:
    """The commands left of a `|` whose failure matters."""
    *left, last = pipeline
    if any(call.negated or call.program in ("head", "true", ":") or _asks(call) for call in pipeline) or not last.words:
        return
    yield from (call for call in left if call.program and call.program not in _HARMLESS)


def _asks(call: Call) -> bool:
    """`grep -q`, which closes the pipe as soon as it knows."""
    values = [word.value or "" for word in call.words]
    return values[:1] == ["grep"] and any(v.startswith("-") and not v.startswith("--") and "q" in v for v in values)


def unreached(lines: Sequence[Line]) -> tuple[Line, Line] | None:
    """A line that always ends the script, and the one behind it, which therefore never runs."""
    for line, behind in pairwise(lines):
        call = line.pipelines[0][0]
        alone = not line.joints and len(line.pipelines[0]) == 1 and not line.background
        ends = call.program == "exit" or (call.program == "exec" and len(call.words) > 1)
        if alone and ends and not call.negated:
            return line, behind
    return None


def removals(scan: Scan) -> Iterator[Removal]:
    """What `rm -r` would take near the root of the file system if a value were empty."""
    tested: list[int] = []
    for tokens in scan.lists:
        for words in _stretches(tokens):
            values = [word.value for word in words]
            if {"[", "[[", "test", "case"} & set(values):
                tested += [tag for word in words for tag in word.tags]
            for word in _removed(words, values):
                if word.tags and _near_root(scan.text[word.start : word.end]):
                    yield Removal(word.tags, tested)


def _removed(words: Sequence[Word], values: Sequence[str | None]) -> Sequence[Word]:
    """What stands behind `rm -r`."""
    behind = values.index("rm") + 1 if "rm" in values else len(values)
    return words[behind:] if any(_recursive(value) for value in values[behind:]) else ()


def _stretches(tokens: Sequence[Word | str]) -> Iterator[list[Word]]:
    """The words between operators."""
    words: list[Word] = []
    for token in tokens:
        if isinstance(token, Word):
            words.append(token)
        elif token not in REDIRECTIONS:
            yield words
            words = []
    yield words


def _recursive(value: str | None) -> bool:
    if not value or not value.startswith("-"):
        return False
    return value == "--recursive" or (not value.startswith("--") and bool({"r", "R"} & set(value)))


def _near_root(raw: str) -> bool:
    """A word such as `{{x}}/`, `{{x}}/*`, `/{{x}}` or `{{x}}*`, whatever its quotes."""
    bare = raw.translate({ord(c): None for c in "'\"\\"})
    if "$" in bare or "`" in bare:
        return False
    rooted, rest = bare.startswith("/"), bare.lstrip("/")
    behind = rest.lstrip("\ue000")
    return behind != rest and (rooted or behind[:1] in ("/", "*"))


def constant_code(text: str) -> int | None:
    """The exit code of a text that is one command which always ends with the same; None for any other."""
    words = text.split()
    if len(words) == 1 and words[0] in _CODES:
        return _CODES[words[0]]
    if words[:1] == ["exit"] and len(words) <= 2:
        code = number(words[1].strip("\"'") if len(words) == 2 else "0")
        return None if code is None else code & 255
    return None


class _Reader:
    """Goes through the outermost tokens of a scan once."""

    def __init__(self, scan: Scan) -> None:
        self.lines = [Line()]
        self._open: list[str] = []  # what would close each compound command that is open
        self._redirected = False
        self._commanding = True  # whether the next word would name a command
        for token in scan.lists[-1]:
            if isinstance(token, Word):
                self._word(token)
            else:
                self._operator(token)

    @property
    def _call(self) -> Call:
        return self.lines[-1].pipelines[-1][-1]

    def _word(self, word: Word) -> None:
        call = self._call
        if word.start < word.end:  # the end word of a here-document has no place
            call.take(word)
        if self._redirected:
            self._redirected = False
            return
        value = word.value if self._commanding else None
        self._commanding = value in _BEFORE_COMMAND
        function = word.value == "{" and bool(call.words) and call.words[0].value == "function"
        if value in _OPENING or function:
            self._open.append(_OPENING[word.value or ""])
            call.compound = True
        elif value in _CLOSING:
            if self._open and self._open[-1] == value:
                self._open.pop()
        elif value == "!" and not self._open:
            call.negated = True
        elif not self._open and not (self._commanding or (not call.words and _is_assignment(word))):
            call.words.append(word)
        elif not self._open and _is_assignment(word):
            self._commanding = True

    def _operator(self, token: str) -> None:
        if token in REDIRECTIONS:
            self._redirected = True
            return
        self._redirected = False
        self._commanding = True
        if token == "(":
            self._open.append(")")
            self._call.compound = True
        elif token == ")" and self._open:
            if self._open[-1] == ")":
                self._open.pop()
        elif not self._open:
            self._joint(token)

    def _joint(self, token: str) -> None:
        line = self.lines[-1]
        if token == "\n" and self._call.start < 0 and line.start >= 0 and not self._call.compound:
            return  # a line end behind `&&`, `||` or `|`
        if token in _ENDS:
            line.background = token == "&"
            self.lines.append(Line())
        elif token in ("&&", "||"):
            line.joints.append(token)
            line.pipelines.append([Call()])
        elif token in ("|", "|&"):
            line.pipelines[-1].append(Call())


def _is_assignment(word: Word) -> bool:
    name, equals, _ = word.begins.partition("=")
    return bool(equals) and name.rstrip("+").replace("_", "a").isalnum() and not name[:1].isdigit()
