"""The way from a source to a plan, stage after stage: document, job, names, checks, commands.

Knows the order of the stages and collects what they find; knows the inside of none.
"""

from __future__ import annotations

from factc import check
from factc.command import argv
from factc.diagnostic import ERROR, CompileError, Diagnostic, in_order
from factc.document import Document, check_schema
from factc.front import read_document
from factc.job import FACTC, FACTOTUM, Job, Task, read_job
from factc.plan import Plan, PlanTask, Text
from factc.scope import Scope
from factc.selection import renumbered
from factc.source import Source
from factc.values import Given

SCHEMAS = {
    FACTOTUM: "schemas/com.snowplowanalytics.factotum/factfile/jsonschema/1-0-0",
    FACTC: "schemas/factc/factfile/jsonschema/1-0-0",
}


class Compiled:
    """A plan and the road to it: the job it came from, its warnings, and its undeclared variables.

    `undeclared` has a ready warning for each variable that is empty unless `run` gives it a value.
    """

    __slots__ = ("plan", "job", "warnings", "undeclared")

    def __init__(self, plan: Plan, job: Job, warnings: list[Diagnostic], undeclared: dict[str, Diagnostic]) -> None:
        self.plan = plan
        self.job = job
        self.warnings = warnings
        self.undeclared = undeclared


def compile_source(source: Source, given: Given, *, as_json: bool | None = None) -> Compiled:
    """Compiles a job file (not a plan). Raises CompileError with all mistakes, RequestError for a value."""
    return compile_job(read(read_document(source, as_json=as_json)), given)


def read(document: Document) -> Job:
    """The job of a document. Raises CompileError if the document does not fit its schema."""
    problems = check_schema(document, SCHEMAS)
    if problems:
        raise CompileError(problems)
    return read_job(document)


def compile_job(job: Job, given: Given) -> Compiled:
    """Compiles a job with the values that the caller gives."""
    scope = Scope(job, given)
    title = scope.final(job.name, ("data", "name"))
    names = [scope.final(task.name, (*task.path, "name")) for task in job.tasks]
    problems = check.check_tasks(job) + check.check_names(job, names)
    linked, unknown = check.link(job, names, [_dependencies(task, scope) for task in job.tasks])
    problems += unknown + check.cycles(job, names, linked)
    tasks = [_task(task, scope, names[i], linked[i], i) for i, task in enumerate(job.tasks)]
    found = in_order([*job.document.warnings, *problems, *scope.problems])
    if any(d.severity == ERROR for d in found):
        raise CompileError(found)
    scope.check_names()
    plan = Plan(
        title,
        [_refilled(task, scope) for task in renumbered(tasks, check.order(linked))],
        description=job.description,
        parameters=scope.parameters(),
        values=scope.fixed,
        tags=given.tags,
        factfile=factfile(job),
    )
    return Compiled(plan, job, found, {name: scope.empty(name) for name in scope.undeclared})


def factfile(job: Job) -> str:
    """The text that events carry: a JSON Factfile as it was read, any other job as JSON."""
    if not job.document.textual:
        return job.document.source.factfile
    from factc.emit.factfile import factfile_text

    return factfile_text(job)


def _dependencies(task: Task, scope: Scope) -> list[str]:
    return [scope.final(d, (*task.path, "dependsOn", i)) for i, d in enumerate(task.dependencies)]


def _task(task: Task, scope: Scope, name: str, dependencies: list[int], number: int) -> PlanTask:
    return PlanTask(
        name, dependencies, argv(task, scope), ok=task.ok, noop=task.noop, directory=_directory(task, scope),
        environment=_environment(task, scope), description=task.description, declared=number,
    )  # fmt: skip


def _directory(task: Task, scope: Scope) -> str | None:
    if task.directory is not None:
        return scope.final(task.directory, (*task.path, "directory"))
    return None if scope.job.directory is None else scope.final(scope.job.directory, ("data", "directory"))


def _environment(task: Task, scope: Scope) -> list[tuple[str, Text]]:
    variables: dict[str, Text] = {}
    for path, pairs in ((("data",), scope.job.environment), (task.path, task.environment)):
        for name, value in pairs:
            variables[name] = scope.open(value, (*path, "environment", name))
    return list(variables.items())


def _refilled(task: PlanTask, scope: Scope) -> PlanTask:
    """A task once more, now that later tasks have made more names final."""
    task.argv = tuple(_fill(text, scope) for text in task.argv)
    task.environment = tuple((name, _fill(text, scope)) for name, text in task.environment)
    return task


def _fill(text: Text, scope: Scope) -> Text:
    return text if isinstance(text, str) else scope.text(list(text))
