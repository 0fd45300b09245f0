"""Warnings that a job's text silences where they stand: a comment `# factc: allow W401`.

Knows comments and what stands above what in the text form; knows no grammar and no shell: quotes are looked at
line by line. A JSON job has no comments, so nothing in it is silenced.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence

from factc.diagnostic import WARNING, Diagnostic
from factc.source import Source, Span, line_starts
from factc.syntax import is_json

# Every warning that there is (a test compares it with the table of the documentation).
CODES = frozenset(
    "W107 W108 W201 W202 W203 W301 W302 W401 W402 W403 W404 W405 W406 W407 W408 W409 W410 W411 W412 W413 W414 W415 "
    "W416".split()
)
UNKNOWN, USELESS = "W412", "W413"

_QUOTES_AND_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|\\.|(?<!\S)#(?P<comment>.*)')
_ALLOW = re.compile(r"(?<!#)#[ \t]*factc:[ \t]*allow\b(?P<codes>[^#]*)")
_CODE = re.compile(r"[^\s,]+")


class Allowed:
    """One code in one comment, and the lines (from 1) for which it holds."""

    __slots__ = ("code", "span", "first", "last")

    def __init__(self, code: str, span: Span, lines: tuple[int, int]) -> None:
        self.code = code
        self.span = span
        self.first, self.last = lines


class Allowances:
    """The comments of all texts that warnings come from."""

    def __init__(self) -> None:
        self._found: dict[str, list[Allowed]] = {}
        self._quiet: dict[tuple[str, str], list[tuple[int, int]]] = {}  # by file and code: lines, none twice, in order
        self._silenced: dict[tuple[str, str], list[int]] = {}  # the lines of warnings that are not heard

    def heard(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Those that no comment silences: errors always."""
        return [d for d in diagnostics if d.severity != WARNING or d.span is None or not self._silences(d.code, d.span)]

    def complaints(self, source: Source, unsure: Collection[str] = ()) -> list[Diagnostic]:
        """What is wrong with the comments: codes that do not exist, and codes that silenced nothing.

        `source` is the job's own text; `unsure` are codes that might silence something another time.
        """
        self._of(source)
        for lines in self._silenced.values():
            lines.sort()
        found = [(name, allowed) for name, some in self._found.items() for allowed in some]
        return [d for name, allowed in found for d in _complaint(allowed, unsure, used=self._is_used(name, allowed))]

    def _is_used(self, name: str, allowed: Allowed) -> bool:
        """Whether it holds for a warning."""
        lines = self._silenced.get((name, allowed.code), [])
        at = bisect_left(lines, allowed.first)
        return at < len(lines) and lines[at] <= allowed.last

    def _silences(self, code: str, span: Span) -> bool:
        if not self._of(span.source):
            return False
        line, _ = span.source.place(span.start)
        key = (span.source.name, code)
        quiet = self._quiet.get(key, [])
        at = bisect_right(quiet, line, key=lambda lines: lines[0]) - 1
        if at < 0 or quiet[at][1] < line:
            return False
        self._silenced.setdefault(key, []).append(line)
        return True

    def _of(self, source: Source) -> list[Allowed]:
        if source.name not in self._found:
            silent = "factc:" not in source.text or is_json(source)
            self._found[source.name] = [] if silent else list(_read(source))
            for allowed in sorted(self._found[source.name], key=lambda one: one.first):
                quiet = self._quiet.setdefault((source.name, allowed.code), [(0, -1)])
                first, last = quiet[-1]
                if allowed.first <= last:
                    quiet[-1] = first, max(last, allowed.last)
                else:
                    quiet.append((allowed.first, allowed.last))
        return self._found[source.name]


def _complaint(allowed: Allowed, unsure: Collection[str], *, used: bool) -> Iterator[Diagnostic]:
    code = allowed.code
    if not code:
        hint = "name the warnings: # factc: allow W401"
        yield Diagnostic(UNKNOWN, "this comment does not say what it allows", allowed.span, hint=hint)
    elif code not in CODES:
        is_error = re.fullmatch(r"E\d{3}", code)
        words = f"`{code}` is an error: only warnings can be allowed" if is_error else f"no warning is called `{code}`"
        hint = "" if is_error else "codes look like W401 and stand in brackets behind `warning`"
        yield Diagnostic(UNKNOWN, words, allowed.span, hint=hint)
    elif not used and code not in unsure:
        yield Diagnostic(
            USELESS, f"`{code}` is allowed here, but nothing here causes it", allowed.span, hint="remove it"
        )


def _read(source: Source) -> Iterator[Allowed]:
    starts = line_starts(source.text)
    lines = [line.rstrip("\r") for line in source.text.split("\n")]
    extents, joined, belows = list(_extents(lines)), _joined(lines), _belows(lines)
    for i, line in enumerate(lines):
        match = _directive(line) if "factc:" in line else None
        if match is None:
            continue
        held = _lines(lines, i, extents, joined, belows)
        codes = list(_CODE.finditer(line, match.start("codes"), match.end("codes")))
        for start, end in [code.span() for code in codes] or [match.span()]:
            yield Allowed(line[start:end] if codes else "", Span(source, starts[i] + start, starts[i] + end), held)


def _directive(line: str) -> re.Match[str] | None:
    """The directive in the comment of a line, if it has one."""
    for match in _QUOTES_AND_COMMENT.finditer(line):
        if match["comment"] is not None:
            return _ALLOW.search(line, match.start())
    return None


def _lines(
    lines: Sequence[str],
    at: int,
    extents: Sequence[tuple[int, int]],
    joined: Sequence[tuple[int, int]],
    belows: Sequence[int],
) -> tuple[int, int]:
    """The lines, counted from 1, for which a comment holds: its own, that below it, or a whole statement."""
    line = lines[at]
    if not line.lstrip(" \t").startswith("#"):
        return joined[at]
    if line.startswith("#"):
        number = bisect_right(extents, at, key=lambda lines: lines[0]) - 1
        first, last = extents[number] if number >= 0 and extents[number][1] >= at else (at, at)
        return first + 1, last + 1
    below = belows[at]
    return (at + 1, at + 1) if below == len(lines) else (at + 1, joined[below][1])


def _belows(lines: Sequence[str]) -> list[int]:
    """For each line the next one below it that says something."""
    found = [len(lines)] * len(lines)
    for at in range(len(lines) - 2, -1, -1):
        quiet = lines[at + 1].lstrip(" \t")[:1] in ("#", "")
        found[at] = found[at + 1] if quiet else at + 1
    return found


def _joined(lines: Sequence[str]) -> list[tuple[int, int]]:
    """For each line, counted from 1, the first and the last of those that backslashes join to it."""
    firsts = list(range(len(lines)))
    lasts = list(range(len(lines)))
    for at in range(1, len(lines)):
        firsts[at] = firsts[at - 1] if _goes_on(lines[at - 1]) else at
    for at in range(len(lines) - 2, -1, -1):
        lasts[at] = lasts[at + 1] if _goes_on(lines[at]) else at
    return [(first + 1, last + 1) for first, last in zip(firsts, lasts, strict=True)]


def _goes_on(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _extents(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last line of each statement, from the comments, brackets and descriptions directly above it."""
    above: int | None = None  # where what stands above the next statement begins
    serious = False  # whether that is more than comments
    statement: tuple[int, int] | None = None
    for i, line in enumerate(lines):
        kind = _kind(line)
        if kind == "inside":
            if statement and above is None:
                statement = statement[0], i
        elif kind == "blank":
            above = above if serious else None
        elif kind in ("comment", "above"):
            above = i if above is None else above
            serious |= kind == "above"
        else:
            if statement:
                yield statement
            statement, above, serious = (i if above is None else above, i), None, False
    if statement:
        yield statement


def _kind(line: str) -> str:
    if not line.strip(" \t"):
        return "blank"
    if line[0] in " \t]":
        return "inside"
    if line[0] == "[" or line == "##" or line.startswith(("## ", "##\t")):
        return "above"
    return "comment" if line[0] == "#" else "statement"
