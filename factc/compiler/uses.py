"""From a document to the job that it says, with the jobs that it uses read as well.

Knows schemas, files and the doors; does not know what tasks mean.
"""

from __future__ import annotations

import os
import re

from factc.diagnostic import CompileError, Diagnostic
from factc.model.document import Document, check_schema
from factc.model.job import FACTC, FACTOTUM, Job, Use, read_job
from factc.model.reported import Told, is_broken
from factc.reach import MAX_BYTES, MAX_DEPTH, MAX_FILES, Reach
from factc.source import Source, Span
from factc.syntax import is_job, is_json, is_plan, read_document
from factc.syntax.source_file import STDIN, read_used

SCHEMAS = {
    FACTOTUM: "schemas/com.snowplowanalytics.factotum/factfile/jsonschema/1-0-0",
    FACTC: "schemas/factc/factfile/jsonschema/1-0-0",
}
MEMBERS = ("name", "use", "description", "dependsOn", "values", "each", "directory", "environment")

_WORD = re.compile(r"\w[\w.\-]*")


class Step:
    """A `use` on the way from the whole job to the one that is read: its place, its name, and the file it leads to."""

    __slots__ = ("span", "name", "file")

    def __init__(self, span: Span, name: str, file: str) -> None:
        self.span = span
        self.name = name
        self.file = file


def read(document: Document) -> Job:
    """The job of a document, with all that it uses, and with all that is wrong with any of them.

    Raises CompileError where nothing can be read.
    """
    reader = _Reader(_real(document.source.name))
    job = reader.job(document, ())
    job.mistakes = tuple(reader.mistakes)
    return job


def sound(job: Job) -> Job:
    """The job, if nothing is wrong with how it and those that it uses are written. Raises CompileError."""
    if job.mistakes:
        raise CompileError(job.mistakes)
    return job


class _Reader:
    """Reads each file once, however often it is used; `whole` is the file of the whole job."""

    def __init__(self, whole: str) -> None:
        self.mistakes: list[Diagnostic] = []
        self._whole = whole
        self._jobs: dict[str, Job | None] = {}  # None while a file is read, and for one that cannot be
        self._reach = Reach()

    def job(self, document: Document, way: tuple[Step, ...]) -> Job:
        found = check_schema(document, SCHEMAS)
        if found or document.mistakes:
            self._tell([*document.mistakes, *_news(document, found)], way)
        job = read_job(document)
        for use in job.uses:
            try:
                use.job = self._used(use, document, way)
            except CompileError as error:
                self._tell(error.diagnostics, way)
        return job

    def _tell(self, found: list[Diagnostic], way: tuple[Step, ...]) -> None:
        """What is wrong with a job; with a used one it says where that is used."""
        for d in found:
            if d.code != "E602":
                d.related = (*d.related, *((step.span, f"used here as `{step.name}`") for step in reversed(way)))
        self.mistakes += found

    def _used(self, use: Use, document: Document, way: tuple[Step, ...]) -> Job | None:
        """The job that a `use` names; None for one that has been found wrong before."""
        self._tell(_check(use, document), way)
        if use.file is not None and (is_broken(use.file) or "{{" in use.file or not use.file):
            return None
        place = document.span((*use.path, "name"))
        if len(way) >= MAX_DEPTH:
            words = f"more than {MAX_DEPTH} jobs use each other, one in the other"
            raise CompileError([Diagnostic("E603", words, place)])
        if use.file is None:
            return self._below(document.within((*use.path, "use")), (*way, Step(place, use.name, "")))
        path = os.path.join(folder(document), use.file)
        file = _real(path)
        self._check_circle(use, document, file, way)
        if file not in self._jobs:
            self._jobs[file] = None
            source = self._opened(path, document.span((*use.path, "use")))
            self._jobs[file] = self._below(source, (*way, Step(place, use.name, file)))
        return self._jobs[file]

    def _opened(self, path: str, span: Span) -> Source:
        """The text of a used file. Of one that does not say that it is a job nothing is shown."""
        if not self._reach.file():
            raise CompileError([Diagnostic("E603", f"a job uses more than {MAX_FILES:,} files", span)])
        try:
            source = read_used(path, self._reach.bytes)
        except CompileError as error:
            for d in error.diagnostics:
                if d.code == "E004":
                    words = f"the files that a job uses have more than {MAX_BYTES >> 20} MB"
                    raise CompileError([Diagnostic("E603", words, span)]) from None
                if d.code == "E002" and d.span and not is_job(d.span.source):
                    raise CompileError([_no_job(path, d.span.source, span)]) from None
                if d.code != "E002":
                    d.code, d.span = "E601", span
            raise
        self._reach.read(len(source.text))
        if is_plan(source):
            words = f"`{path}` is a compiled plan, not a job"
            raise CompileError([Diagnostic("E601", words, span, hint="name the job that it was compiled from")])
        if not is_job(source):
            raise CompileError([_no_job(path, source, span)])
        return source

    def _below(self, given: Source | Document, way: tuple[Step, ...]) -> Job | None:
        """The job of a used text or document; None for one of which nothing can be read."""
        try:
            return self.job(read_document(given) if isinstance(given, Source) else given, way)
        except CompileError as error:
            self._tell(error.diagnostics, way)
            return None

    def _check_circle(self, use: Use, document: Document, file: str, way: tuple[Step, ...]) -> None:
        files = [self._whole, *(step.file for step in way)]
        if file not in files:
            return
        span = document.span((*use.path, "use"))
        round_trip = way[files.index(file) :]
        if not round_trip:
            raise CompileError([Diagnostic("E602", "this job uses itself", span, hint=_FINITE)])
        names = [os.path.basename(name) for name in (file, *(step.file for step in round_trip), file)]
        words = "jobs use each other in a circle: " + " → ".join(f"`{name}`" for name in names)
        related = [(step.span, f"`{os.path.basename(step.file)}` is used here") for step in round_trip]
        raise CompileError([Diagnostic("E602", words, span, hint=_FINITE, related=related)])


def _news(document: Document, found: list[Diagnostic]) -> list[Diagnostic]:
    """What does not fit the schema and has not been told."""
    if not document.mistakes:
        return found
    if document.textual:  # the text door gives what fits, but where it told a mistake
        return []
    news = Told(document.mistakes).news(found)
    places = [(d, d.span.start if d.span else -1) for d in news]
    return [d for d, at in places if not any(start <= at <= end for start, end in document.doubtful)]


_FINITE = "a job is finite: what both need belongs into a third"


def _check(use: Use, document: Document) -> list[Diagnostic]:
    """What a `use` may say."""
    value = document.value["data"]["tasks"][use.path[2]]
    problems = []
    for key in value:
        if key not in MEMBERS:
            words = f"`{key}` does not go together with `use`"
            hint = "a used job says that itself, for its tasks"
            problems.append(Diagnostic("E601", words, document.key_span((*use.path, key)), hint=hint))
    if not _WORD.fullmatch(use.name) and not is_broken(use.name):
        words = f"the name of a used job is a word, not `{use.name[:60]}`"
        hint = "letters, digits, `_`, `.` and `-`"
        problems.append(Diagnostic("E601", words, document.span((*use.path, "name")), hint=hint))
    if use.file is not None and ("{{" in use.file or not use.file):
        words = "the path of a used job is literal" if use.file else "the path of a used job is empty"
        hint = "which jobs there are is known before any value is"
        problems.append(Diagnostic("E601", words, document.span((*use.path, "use")), hint=hint))
    return problems


def _no_job(path: str, source: Source, span: Span) -> Diagnostic:
    words = f"`{path}` does not read as a job"
    first = f'{{"schema": "{FACTC}", …' if is_json(source) else 'job "nightly"'
    hint = f"a used job begins with a line such as: {first}; to see what is wrong with it, validate that file"
    return Diagnostic("E601", words, span, hint=hint)


def folder(document: Document) -> str:
    """The folder that paths in a document count from."""
    name = document.source.name
    return "" if name == STDIN else os.path.dirname(name)


def _real(path: str) -> str:
    return path if path == STDIN else os.path.realpath(path)
