"""What is legal in a job but looks wrong: warnings of `validate`.

Knows jobs and shell text; whether a command is here it asks, and it starts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from factc import template
from factc.command import in_double_quotes
from factc.diagnostic import Diagnostic
from factc.document import Path
from factc.job import Command, Job, Script, Task
from factc.shellcommands import commands, handed_on
from factc.template import Tag

Exists = Callable[[str, str | None], bool]
_NAME = re.compile(r"[\w./+@%:,-]+")


def lint(job: Job, exists: Exists, known: Collection[str] = ()) -> list[Diagnostic]:
    """Warnings about a job, placed in its text.

    `exists(command, directory)` tells whether this machine has a command; `known` are the names that have
    a meaning in templates.
    """
    return [d for task in job.tasks for d in _task(task, job, exists, known)]


def _task(task: Task, job: Job, exists: Exists, known: Collection[str]) -> Iterator[Diagnostic]:
    yield from _missing(task, job, exists)
    if task.executor == "shell":
        yield from _handed_on(task, job)
    if job.lenient:
        yield from _raw(task, job)
        yield from _literal(task, job, known)


def _missing(task: Task, job: Job, exists: Exists) -> Iterator[Diagnostic]:
    """Commands that are not on this machine; the job may well run on another."""
    folder = task.directory if task.directory is not None else job.directory
    said: set[str] = set()
    for name, start, end in _commands(task):
        if name in said or not _NAME.fullmatch(name):
            continue
        said.add(name)
        if not exists(name, folder if folder and "{{" not in folder else None):
            span = job.document.span((*task.path, _key(task)), start, end)
            yield Diagnostic("W401", f"the command `{name}` is not on this machine", span)


def _commands(task: Task) -> list[tuple[str, int, int]]:
    text = _text(task)
    if task.executor == "exec":
        word = text.split()[0] if text.split() else ""
        return [(word, text.index(word), text.index(word) + len(word))] if word else []
    return commands(text)


def _handed_on(task: Task, job: Job) -> Iterator[Diagnostic]:
    pieces, tags = _pieces(task)
    for number in handed_on(pieces):
        path, tag = tags[number]
        words = f"`{tag.name}` goes into the code of a second interpreter, where a value may become code"
        hint = "pass it by the environment and let that code read the variable"
        yield Diagnostic("W402", words, job.document.span(path, tag.start, tag.end), hint=hint)


def _raw(task: Task, job: Job) -> Iterator[Diagnostic]:
    for path, tag in _pieces(task)[1]:
        if tag.raw:
            words = f"`{tag.name}` goes into the shell text raw: a value may become code"
            hint = f"write {{{{{tag.name}}}}} to have it quoted"
            yield Diagnostic("W403", words, job.document.span(path, tag.start, tag.end), hint=hint)


def _literal(task: Task, job: Job, known: Collection[str]) -> Iterator[Diagnostic]:
    """A tag in a command, which is never filled in a JSON Factfile."""
    if not isinstance(task.body, Command):
        return
    path = (*task.path, "command")
    for tag in template.parse(task.body.command)[0]:
        if isinstance(tag, Tag) and tag.name in known:
            words = f"`{{{{{tag.name}}}}}` stays as it stands: a command is no template"
            hint = "put it into the arguments"
            yield Diagnostic("W404", words, job.document.span(path, tag.start, tag.end), hint=hint)


def _pieces(task: Task) -> tuple[list[str | object], list[tuple[Path, Tag]]]:
    """The shell text as literal stretches and tags, and where each tag stands in the document."""
    pieces: list[str | object] = []
    tags: list[tuple[Path, Tag]] = []
    for path, parts in _templates(task):
        pieces += parts
        tags += [(path, part) for part in parts if isinstance(part, Tag)]
    return pieces, tags


def _templates(task: Task) -> Iterator[tuple[Path, template.Pieces]]:
    if isinstance(task.body, Script):
        text = task.body.text
        yield (*task.path, "script"), [text] if task.verbatim else template.parse(text)[0]
    elif isinstance(task.body, Command):
        yield (*task.path, "command"), [task.body.command]
        for i, argument in enumerate(task.body.arguments):
            inside, _ = in_double_quotes(template.parse(argument)[0])
            yield (*task.path, "arguments", i), [' "', *inside, '"']


def _key(task: Task) -> str:
    return "script" if isinstance(task.body, Script) else "command"


def _text(task: Task) -> str:
    if isinstance(task.body, Script):
        return task.body.text
    return task.body.command if task.body else ""
