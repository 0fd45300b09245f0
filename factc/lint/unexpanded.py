"""What a shell would expand, in texts that no shell reads: values of `each` and `env`, folders, defaults, [exec].

Knows jobs; whether such a value is meant as it stands nobody knows, so these are doubts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from factc.diagnostic import Diagnostic
from factc.model import template
from factc.model.document import Path
from factc.model.job import Job, Script, Use
from factc.model.template import Tag
from factc.shell.scanner import REDIRECTIONS, Scan

CODE = "W416"
_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[^}]*\}|\([^)]*\))|`[^`]*`|^~[\w-]*(?=/|$)")
_RANGE = re.compile(r"\{?(?:\d+\.\.\d+|[A-Za-z]\.\.[A-Za-z])(?:\.\.\d+)?\}?|\{[^{}]*,[^{}]*\}")
_PATTERN = re.compile(r"\*")


def unexpanded(job: Job) -> Iterator[Diagnostic]:
    """Each with the way to what was meant, perhaps."""
    for element in job.elements:
        for i, each in enumerate(element.each):
            if not isinstance(each.values, str):
                yield from _values(job, (*element.path, "each", i, "values"), each.values)
    for path, text in _folders(job):
        yield from _of(
            job, path, text, "a folder is", "begin with `cd` in the recipe, or give it as a parameter: [cd {{dir}}]"
        )
    for path, text in _variables(job):
        yield from _of(job, path, text, "values of `env` are", "set it in the recipe: NAME=…; export NAME")
    for parameter in job.parameters:
        if parameter.default is not None:
            hint = "use the variable itself in the recipe, or give the value: --set NAME=…"
            yield from _of(job, (*parameter.path, "default"), parameter.default, "a default is", hint)
    yield from _direct(job)


def _values(job: Job, path: Path, values: tuple[str, ...]) -> Iterator[Diagnostic]:
    for i, value in enumerate(values):
        hint = "write each value, or take them from a parameter: [each x in {{list}}]"
        if len(values) > 1 and _is_list(job, value):
            words = f"{value} is one value here, with its blanks: a list stands alone behind `in`"
            yield Diagnostic(CODE, words, job.document.span((*path, i)), hint="put the other values into the list")
            continue
        if _RANGE.fullmatch(value):
            words = f"`{value}` is one value: `each` knows no ranges and no braces"
        elif _PATTERN.search(value):
            words = f"`{value}` is one value: `each` looks for no files"
        elif _VARIABLE.search(value):
            words = f"`{value}` stays as it stands: the values of `each` are no shell text"
        else:
            continue
        yield Diagnostic(CODE, words, job.document.span((*path, i)), hint=hint)


def _is_list(job: Job, value: str) -> bool:
    """Whether a value is a parameter whose default has several words."""
    pieces = template.parse(value)[0]
    parameter = job.declared.get(pieces[0].name) if len(pieces) == 1 and isinstance(pieces[0], Tag) else None
    return parameter is not None and len((parameter.default or "").split()) > 1


def _folders(job: Job) -> Iterator[tuple[Path, str]]:
    if job.directory is not None:
        yield ("data", "directory"), job.directory
    for element in job.elements:
        if element.directory is not None:
            yield (*element.path, "directory"), element.directory


def _variables(job: Job) -> Iterator[tuple[Path, str]]:
    places: list[tuple[Path, tuple[tuple[str, str], ...]]] = [(("data",), job.environment)]
    for path, variables in [*places, *((element.path, element.environment) for element in job.elements)]:
        for name, value in variables:
            yield (*path, "environment", name), value


def _of(job: Job, path: Path, text: str, where: str, hint: str) -> Iterator[Diagnostic]:
    match = _VARIABLE.search(text)
    if match:
        words = f"`{match.group()}` stays as it stands: {where} no shell text"
        yield Diagnostic(CODE, words, job.document.span(path, *match.span()), hint=hint)


def _direct(job: Job) -> Iterator[Diagnostic]:
    """A shell's signs in a recipe that runs without one."""
    for task in job.elements:
        if isinstance(task, Use) or task.executor != "exec" or not isinstance(task.body, Script):
            continue
        text = task.body.text
        scan = Scan([text])
        signs = [
            t for t in scan.lists[-1] if isinstance(t, str) and (t in REDIRECTIONS or t in ("|", "&&", "||", "&", ";"))
        ]
        match = None if "'" in text else _VARIABLE.search(text)
        found = signs[0] if signs else match.group() if match else None
        if found:
            at = text.index(found)
            words = f"`{found}` is an ordinary word here: [exec] starts no shell"
            span = job.document.span((*task.path, "script"), at, at + len(found))
            yield Diagnostic(CODE, words, span, hint="leave `exec` out, and a shell runs it")
