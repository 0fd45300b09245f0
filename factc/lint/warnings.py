"""What is legal in a job but looks wrong: warnings of `validate`.

Knows jobs and shell text; whether a command is here it asks, and it starts nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from factc.diagnostic import Diagnostic
from factc.lint import checks
from factc.lint.habits import habits
from factc.lint.recipe import Recipe, jobs
from factc.lint.unexpanded import unexpanded
from factc.model import template
from factc.model.document import Path
from factc.model.job import Command, Job, Script, Task
from factc.model.template import Tag
from factc.secrets import credentials
from factc.shell.commands import commands, handed_on
from factc.source import Source, Span

Exists = Callable[[str, str | None], bool]
_NAME = re.compile(r"[\w./+%:,][\w./+@%:,-]*")


def lint(
    job: Job,
    recipes: Sequence[Recipe],
    exists: Exists,
    known: Collection[str] = (),
    others: Iterable[Diagnostic] = (),
) -> list[Diagnostic]:
    """Warnings about a job and those that it uses, placed in their texts, and what else is shown beside them.

    `recipes` are those of all these jobs. `exists(command, directory)` tells whether this machine has a command;
    `known` are the names that have a meaning in templates.
    """
    found = [*others]
    for one in jobs(job):
        found += [*checks.unused(one), *checks.unreachable(one), *unexpanded(one)]
    for recipe in recipes:
        found += _recipe(recipe, exists, known)
    return _veiled(found, [d for one in jobs(job) for d in _credentials(one)])


def _recipe(recipe: Recipe, exists: Exists, known: Collection[str]) -> Iterator[Diagnostic]:
    yield from _missing(recipe, exists)
    if recipe.task.executor == "shell":
        yield from _handed_on(recipe)
        yield from checks.hidden(recipe)
        yield from checks.removals(recipe)
        yield from habits(recipe)
    if recipe.job.lenient:
        yield from _raw(recipe)
        yield from _literal(recipe.task, recipe.job, known)


def _missing(recipe: Recipe, exists: Exists) -> Iterator[Diagnostic]:
    """Commands that are not on this machine; the job may well run on another."""
    folder = recipe.folder
    said: set[str] = set()
    for name, start, end in _commands(recipe):
        if name in said or not _NAME.fullmatch(name):
            continue
        said.add(name)
        if not exists(name, folder if folder and "{{" not in folder else None):
            yield Diagnostic("W401", f"the command `{name}` is not on this machine", recipe.span(start, end))


def _commands(recipe: Recipe) -> list[tuple[str, int, int]]:
    if recipe.task.executor == "exec":
        text = _text(recipe.task)
        word = text.split()[0] if text.split() else ""
        return [(word, text.index(word), text.index(word) + len(word))] if word else []
    return commands(recipe.scan)


def _handed_on(recipe: Recipe) -> Iterator[Diagnostic]:
    if not recipe.tags:
        return
    for number in handed_on(recipe.scan):
        path, tag = recipe.tags[number]
        words = f"`{tag.name}` goes into the code of a second interpreter, where a value may become code"
        hint = "pass it by the environment and let that code read the variable"
        yield Diagnostic("W402", words, recipe.job.document.span(path, tag.start, tag.end), hint=hint)


def _raw(recipe: Recipe) -> Iterator[Diagnostic]:
    for path, tag in recipe.tags:
        if tag.raw:
            words = f"`{tag.name}` goes into the shell text raw: a value may become code"
            hint = f"write {{{{{tag.name}}}}} to have it quoted"
            yield Diagnostic("W403", words, recipe.job.document.span(path, tag.start, tag.end), hint=hint)


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


def _veiled(others: list[Diagnostic], found: list[Diagnostic]) -> list[Diagnostic]:
    """All of them, over sources in which most of each literal is hidden: lines are shown beside warnings."""
    texts: dict[int, list[str]] = {}
    for span in [d.span for d in found if d.span]:
        text = texts.setdefault(id(span.source), list(span.source.text))
        seen = min(4, (span.end - span.start) // 2)
        for at in range(span.start + seen, span.end):
            if text[at] not in "\r\n":
                text[at] = "*"
    sources: dict[int, Source] = {}
    for diagnostic in (*others, *found):
        place = diagnostic.span
        if place and (key := id(place.source)) in texts:
            if key not in sources:
                sources[key] = Source(place.source.name, "".join(texts[key]))
            diagnostic.span = Span(sources[key], place.start, place.end)
    return others + found


def _key(task: Task) -> str:
    return "script" if isinstance(task.body, Script) else "command"


def _text(task: Task) -> str:
    if isinstance(task.body, Script):
        return task.body.text
    return task.body.command if task.body else ""
