"""The shell text of a task as it is looked at: taken apart once, a word in the place of each value, and the way back.

Knows tasks, templates and quoting; what a text may be blamed for it does not know.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from factc.compiler.command import in_double_quotes
from factc.model import template
from factc.model.document import Path
from factc.model.job import Command, Job, Script, Task
from factc.model.template import Tag
from factc.plan import BARE
from factc.shell import scanner
from factc.shell.scanner import Scan
from factc.source import Span

_WORD = {BARE: "'x'"}  # a value is quoted there; everywhere else it is a part of what is quoted already


class Recipe:
    """A task's recipe, or its command with the arguments behind it.

    pieces: the shell text as literal stretches and tags. tags: each with its text's path in the document.
    """

    def __init__(self, task: Task, job: Job, folder: str | None = None) -> None:
        self.task = task
        self.job = job
        self.folder = folder if task.directory is None else task.directory
        self.shell = task.shell or job.shell
        self.pieces: list[str | object] = []
        self.tags: list[tuple[Path, Tag]] = []
        self._places: list[tuple[Path, int | None]] = []  # of each piece: its text, and where in it (None: unknown)
        self._starts: list[int] = []  # of each piece, in the scanned text
        at = 0
        for path, offset, piece in _templates(task):
            self.pieces.append(piece)
            self._places.append((path, offset))
            self._starts.append(at)
            if isinstance(piece, Tag):
                self.tags.append((path, piece))
            at += 1 if isinstance(piece, Tag) else len(piece)

    @cached_property
    def scan(self) -> Scan:
        return Scan(self.pieces)

    @property
    def raw(self) -> bool:
        """Whether a value goes into it as it stands, so that nobody knows what the shell will read."""
        return any(tag.raw for _, tag in self.tags)

    @cached_property
    def filled(self) -> str:
        """The text with a word for each value."""
        return "".join(self._filled())

    def _filled(self) -> list[str]:
        if not self.tags:
            return [piece for piece in self.pieces if isinstance(piece, str)]
        places = iter(self.scan.places)
        return [piece if isinstance(piece, str) else self._word(piece, next(places)) for piece in self.pieces]

    def _word(self, tag: object, place: str) -> str:
        if place == scanner.COMMENT and isinstance(self.task.body, Script) and isinstance(tag, Tag):
            return self.task.body.text[tag.start : tag.end]  # a line end in it would end the comment, too
        raw = isinstance(tag, Tag) and tag.raw
        return "x" if raw else _WORD.get(place, "x")

    def line(self, number: int) -> Span:
        """The place of a line of `filled`, counted from 0, without the blanks around it."""
        lines = self.filled.split("\n")
        number = min(max(number, 0), len(lines) - 1)
        start = sum(len(line) + 1 for line in lines[:number])
        text = lines[number]
        low = start + len(text) - len(text.lstrip())
        return self.span(self._scanned(low), self._scanned(max(low, start + len(text.rstrip()))))

    def _scanned(self, offset: int) -> int:
        """From an offset in `filled` to one in the scanned text."""
        at = 0
        for number, text in enumerate(self._filled()):
            if offset <= at + len(text):
                whole = isinstance(self.pieces[number], Tag)
                return self._starts[number] + ((offset > at) if whole else offset - at)
            at += len(text)
        return len(self.scan.text)

    def span(self, start: int, end: int) -> Span:
        """The place in the job file of a stretch of the scanned text, as far as it lies in one text of it."""
        first = max(0, bisect_right(self._starts, start) - 1)
        last = max(first, bisect_right(self._starts, max(start, end - 1)) - 1)
        path, low = self._places[first]
        while last > first and self._places[last][0] != path:
            last -= 1
        high = self._places[last][1]
        if low is None or high is None:
            return self.job.document.span(path)
        size = len(written(self.task, path))
        low += 0 if isinstance(self.pieces[first], Tag) else start - self._starts[first]
        piece = self.pieces[last]
        high = piece.end if isinstance(piece, Tag) else high + end - self._starts[last]
        low = min(max(0, low), size)
        return self.job.document.span(path, low, max(low, min(high, size)))


def _templates(task: Task) -> Iterator[tuple[Path, int | None, str | Tag]]:
    """Each piece with the path of its text and where it stands there."""
    if isinstance(task.body, Script):
        text = task.body.text
        parts: template.Pieces = [text] if task.verbatim else template.parse(text)[0]
        yield from _placed((*task.path, "script"), parts)
    elif isinstance(task.body, Command):
        yield (*task.path, "command"), 0, task.body.command
        for i, argument in enumerate(task.body.arguments):
            path = (*task.path, "arguments", i)
            inside, changed = in_double_quotes(template.parse(argument)[0])
            yield path, 0, ' "'
            yield from ((path, None, part) for part in inside) if changed else _placed(path, inside)
            yield path, len(argument), '"'


def _placed(path: Path, parts: template.Pieces) -> Iterator[tuple[Path, int, str | Tag]]:
    at = 0
    for part in parts:
        if isinstance(part, Tag):
            yield path, part.start, part
            at = part.end
        else:
            yield path, at, part
            at += len(part)


def written(task: Task, path: Path) -> str:
    """The text of a task that stands at a path, as it was written."""
    body = task.body
    if isinstance(body, Script):
        return body.text
    assert isinstance(body, Command)
    return body.command if path[-1] == "command" else body.arguments[int(path[-1])]


def jobs(job: Job) -> list[Job]:
    """A job and all that it uses, each once."""
    return [one for one, _ in _folders(job)]


def recipes(job: Job) -> list[Recipe]:
    """Those of a job and of all that it uses."""
    return [Recipe(task, one, folder) for one, folder in _folders(job) for task in one.tasks if task.body]


def _folders(job: Job) -> list[tuple[Job, str | None]]:
    """A job and those that it uses, each once, with the folder where its tasks run."""
    found: dict[int, tuple[Job, str | None]] = {}
    waiting = [(job, job.directory)]
    while waiting:
        one, folder = waiting.pop()
        if id(one) not in found:
            found[id(one)] = one, folder
            inner = [(use.job, use.directory) for use in reversed(one.uses) if use.job]
            waiting += [(job, _first(job.directory, directory, folder)) for job, directory in inner]
    return list(found.values())


def _first(*folders: str | None) -> str | None:
    return next((folder for folder in folders if folder is not None), None)
