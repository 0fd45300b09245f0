"""What is legal in a job but looks wrong: warnings of `validate`.

Knows jobs and shell text; whether a command is here it asks, and it starts nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator

from factc.compiler import template
from factc.compiler.command import in_double_quotes
from factc.compiler.document import Path
from factc.compiler.job import Command, Job, Script, Task
from factc.compiler.template import Tag
from factc.diagnostic import Diagnostic
from factc.lint import doubts
from factc.lint.shellcommands import commands, handed_on
from factc.secrets import credentials
from factc.source import Source, Span

Exists = Callable[[str, str | None], bool]
_NAME = re.compile(r"[\w./+@%:,-]+")


def lint(job: Job, exists: Exists, known: Collection[str] = (), others: Iterable[Diagnostic] = ()) -> list[Diagnostic]:
    """Warnings about a job, placed in its text, and those others that are shown beside them.

    `exists(command, directory)` tells whether this machine has a command; `known` are the names that have
    a meaning in templates.
    """
    found = [*others, *doubts.unused(job), *doubts.unreachable(job)]
    found += [d for task in job.tasks for d in _task(task, job, exists, known)]
    return _veiled(job, found, _credentials(job))


def _task(task: Task, job: Job, exists: Exists, known: Collection[str]) -> Iterator[Diagnostic]:
    yield from _missing(task, job, exists)
    if task.executor == "shell":
        yield from _handed_on(task, job)
        yield from doubts.hidden(task, job)
        yield from doubts.removals(*_pieces(task), job)
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


_Texts = list[tuple[Path, str]]  # texts that make up one shell text, and where they stand


def _credentials(job: Job) -> list[Diagnostic]:
    """Literals that look like keys, tokens and passwords."""
    hint = 'give it by --secret NAME and write "$NAME"'
    found = (literal for name, texts in _texts(job) for literal in _literals(job, name, texts))
    return [Diagnostic("W405", words, span, hint=hint) for span, words in found]


def _texts(job: Job) -> Iterator[tuple[str, _Texts]]:
    """All that may hold a literal, with the name of the value if it has one."""
    for parameter in job.parameters:
        if parameter.default is not None:
            yield parameter.name, [((*parameter.path, "default"), parameter.default)]
    for path, environment in [(("data",), job.environment), *((task.path, task.environment) for task in job.tasks)]:
        for name, value in environment:
            yield name, [((*path, "environment", name), value)]
    for task in job.tasks:
        arguments = task.body.arguments if isinstance(task.body, Command) else ()
        texts: _Texts = [((*task.path, _key(task)), _text(task))]
        yield "", texts + [((*task.path, "arguments", i), text) for i, text in enumerate(arguments)]


def _literals(job: Job, name: str, texts: _Texts) -> Iterator[tuple[Span, str]]:
    """The place of each, and words for it. Arguments are looked at as they stand behind the command: in quotes."""
    whole, starts = texts[0][1], [0]
    for _, argument in texts[1:]:
        starts.append(len(whole) + 2)
        whole += f' "{argument}"'
    found = credentials.find(whole)
    if not found and credentials.named(name, whole):
        found = [credentials.Found(0, len(whole), "a credential")]
    for one in found:
        number = bisect_right(starts, one.start) - 1
        path, text = texts[number]
        start, end = one.start - starts[number], min(one.end - starts[number], len(text))
        yield job.document.span(path, start, end), f"`{credentials.opening(text[start:end])}` looks like {one.kind}"


def _veiled(job: Job, others: list[Diagnostic], found: list[Diagnostic]) -> list[Diagnostic]:
    """All of them, over a source in which most of each literal is hidden: lines are shown beside warnings."""
    if not found:
        return others
    text = list(job.document.source.text)
    for span in (d.span for d in found if d.span):
        seen = min(4, (span.end - span.start) // 2)
        for at in range(span.start + seen, span.end):
            if text[at] not in "\r\n":
                text[at] = "*"
    source = Source(job.document.source.name, "".join(text))
    for diagnostic in (*others, *found):
        if diagnostic.span:
            diagnostic.span = Span(source, diagnostic.span.start, diagnostic.span.end)
    return others + found


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
