"""Doubts: parameters without use, tasks that never run, shell text that hides a failure or removes too much.

Knows jobs and how shell text goes; whether anybody silences a doubt it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator

from factc.compiler.check import MAX_CODE
from factc.compiler.command import lines
from factc.diagnostic import Diagnostic
from factc.lint.recipe import Recipe
from factc.model import template
from factc.model.job import Command, Declaration, Job, Script, Task
from factc.plan.values import TAG
from factc.shell import flow
from factc.source import Span

_LITERAL = ("command", "description")  # texts of a task that are no templates
_NAMED = ("environment", "values")  # objects whose keys the author chose


def unused(job: Job) -> Iterator[Diagnostic]:
    """Declared parameters that stand in no template. One with a single allowed value is a confirmation."""
    used = {name for text in _templates(job.document.value["data"]) for name in template.names(text)}
    used |= {name.split(".")[0] for name in used}
    for declaration in job.parameters:
        if declaration.name not in used and not _confirms(declaration):
            words = f"the parameter `{declaration.name}` is never used"
            hint = f"write {{{{{declaration.name}}}}} where it is meant, or remove it"
            yield Diagnostic("W406", words, job.document.span((*declaration.path, "name")), hint=hint)


def _confirms(declaration: Declaration) -> bool:
    return declaration.default is None and len(declaration.allowed or ()) == 1


def _templates(value: object, skipped: tuple[str, ...] = _LITERAL) -> Iterator[str]:
    """Every text of a document with a tag in it, but for those that are never filled."""
    if isinstance(value, str):
        if "{{" in value:
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _templates(item)
    elif isinstance(value, dict):
        verbatim = value.get("verbatim") is True
        for key, item in value.items():
            if key not in skipped and not (verbatim and key == "script"):
                yield from _templates(item, () if key in _NAMED else _LITERAL)


def unreachable(job: Job) -> Iterator[Diagnostic]:
    """Tasks that wait for one which never ends with a code that continues the job."""
    dead = {task.name: why for task in job.tasks if (why := _never_succeeds(task))}
    for task in job.tasks if dead else ():
        for i, name in enumerate(task.dependencies):
            if name in dead and not getattr(task, "final", False):
                words = f"`{task.name}` never runs: `{name}` {dead[name]}"
                span = job.document.span((*task.path, "dependsOn", i))
                yield Diagnostic("W407", words, span, hint=f"look at the exit codes (`ok`, `noop`) of `{name}`")


def _never_succeeds(task: Task) -> str:
    """Why a task surely never lets the job go on, "" for one that may."""
    if task.body is None or not task.ok:
        return ""
    if min(task.ok) > MAX_CODE:
        return f"goes on only with exit code {min(task.ok)}, which never happens"
    code = _constant(task)
    if code is None or code in task.ok:
        return ""
    return f"always ends with code {code}, " + ("a no-op" if code in task.noop else "a failure")


def _constant(task: Task) -> int | None:
    """The code with which a task ends whatever happens, if that is certain."""
    if isinstance(task.body, Script):
        text = task.body.text
    elif isinstance(task.body, Command):
        text = " ".join((task.body.command, *task.body.arguments))
    else:
        return None
    return flow.constant_code(text)


def hidden(recipe: Recipe) -> Iterator[Diagnostic]:
    """Failures that nothing notices, and lines that are never reached, in a recipe."""
    task, job, shell = recipe.task, recipe.job, recipe.shell
    if not isinstance(task.body, Script):
        return
    text = task.body.text
    if not any(sign in text for sign in ("|", "&&", "exit", "exec")):
        return
    found = flow.flow(recipe.scan)
    stops = lines(text) > 1 and "set +e" not in text
    for one in flow.unseen(found, stops=stops, shell="" if "pipefail" in text else shell):
        span = recipe.span(one.start, one.end)
        yield _unseen(one, shell, job.document.textual, span)
    ends = flow.unreached(found)
    if ends:
        before, behind = ends
        span = recipe.span(behind.start, behind.end)
        place = recipe.span(before.start, before.end)
        words, hint = "this is never reached", "remove it, or end the script only in some case: if …; then exit; fi"
        yield Diagnostic("W410", words, span, hint=hint, related=[(place, "here the shell ends")])


def _unseen(one: flow.Unseen, shell: str, textual: bool, span: Span) -> Diagnostic:
    name = one.program
    if one.piped:
        words = f"a failure of `{name}` passes unseen: under {shell} only the last command of a pipe counts"
        hint = "[shell bash] above the rule sees it" if textual else '"shell": "bash" sees it'
    else:
        words = f"a failure of `{name}` passes unseen: before `&&` a script does not stop"
        hint = "write the two commands on lines of their own"
    return Diagnostic("W408", words, span, hint=hint)


def removals(recipe: Recipe) -> Iterator[Diagnostic]:
    """`rm -r` on a folder near the root, if the value of a parameter is empty."""
    tags, job = recipe.tags, recipe.job
    if not tags or not any(isinstance(p, str) and "rm" in p for p in recipe.pieces):
        return
    tested: set[str] = set()
    looked = 0  # at so many of what was tested
    for removal in flow.removals(recipe.scan):
        tested |= {tags[number][1].name for number in removal.tested[looked:]}
        looked = len(removal.tested)
        path, tag = tags[removal.tags[0]]
        if tag.name in tested or not _may_be_empty(tag.name, job):
            continue
        words = f"if `{tag.name}` is empty, this removes what is at the root of the file system, or everything here"
        hint = f"test it in a line above (test -n {{{{{tag.name}}}}}), or limit its values"
        yield Diagnostic("W409", words, job.document.span(path, tag.start, tag.end), hint=hint)


def _may_be_empty(name: str, job: Job) -> bool:
    declaration = job.declared.get(name)
    if declaration:
        return declaration.allowed is None or bool({"", "/"} & set(declaration.allowed))
    return job.lenient or name.startswith(TAG) or "." in name
