"""The way from a source to a plan, stage after stage: document, job, names, checks, commands.

Knows the order of the stages and collects what they find; knows the inside of none.
"""

from __future__ import annotations

from collections.abc import Sequence

from factc.compiler import check
from factc.compiler.command import argv, body_path
from factc.compiler.dependencies import Links
from factc.compiler.expand import Part, Unit, Whole, uses
from factc.compiler.limits import Pools, limits, seconds
from factc.compiler.scope import Scope
from factc.compiler.sizes import Sizes
from factc.compiler.suppressions import Allowances
from factc.compiler.uses import read
from factc.diagnostic import ERROR, CompileError, Diagnostic, in_order
from factc.model.document import Path
from factc.model.job import Job, Task
from factc.model.reported import Told
from factc.plan import Plan, PlanTask, Text
from factc.plan.selection import renumbered
from factc.plan.values import Given
from factc.source import Source
from factc.syntax import read_document

__all__ = ["Compiled", "compile_job", "compile_source", "read"]


class Compiled:
    """A plan and the road to it: the job it came from, its warnings, and its undeclared variables.

    `undeclared` has a ready warning for each variable that is empty unless `run` gives it a value. What the comments of
    the text allow is not among the warnings; `allowances` remembers it.
    """

    __slots__ = ("plan", "job", "warnings", "undeclared", "allowances")

    def __init__(
        self,
        plan: Plan,
        job: Job,
        warnings: list[Diagnostic],
        undeclared: dict[str, Diagnostic],
        allowances: Allowances,
    ) -> None:
        self.plan = plan
        self.job = job
        self.warnings = warnings
        self.undeclared = undeclared
        self.allowances = allowances


class NotCompiled(CompileError):
    """All that is wrong with a job, and the job as far as it could be read."""

    def __init__(self, diagnostics: list[Diagnostic], job: Job) -> None:
        super().__init__(diagnostics)
        self.job = job


def compile_source(source: Source, given: Given, *, as_json: bool | None = None) -> Compiled:
    """Compiles a job file (not a plan). Raises CompileError with all mistakes, RequestError for a value."""
    return compile_job(read(read_document(source, as_json=as_json)), given)


def compile_job(job: Job, given: Given) -> Compiled:
    """Compiles a job with the values that the caller gives. Raises CompileError with all mistakes of all stages.

    Each stage looks at what is sound after the ones before it, and all that they find is told together.
    """
    whole = Whole(job, given)
    scope = whole.root.scope
    title = scope.final(job.name, ("data", "name"))
    jobs = list({id(part.job): part.job for part in whole.parts}.values())
    slots, problems = check.check_pools(jobs)
    timeout = None if job.timeout is None else seconds(job.timeout, ("data", "timeout"), scope)
    pools = Pools(slots, (name for job in jobs for name in job.document.unread))
    links = Links(whole)
    linked = links.dependencies
    problems += check.cycles([unit.name for unit in whole.units], linked, links.edge)
    surroundings = {id(part): Surroundings(part) for part in whole.parts}
    tasks = [_task(unit, linked[i], i, surroundings[id(unit.part)], pools) for i, unit in enumerate(whole.units)]
    for part in whole.parts:
        part.scope.close()
    sizes = Sizes()
    shared: dict[int, Sequence[tuple[str, Text]]] = {}
    for task, unit in zip(tasks, whole.units, strict=True):
        _refill(task, unit, shared)
        if not sizes.look(task, unit.task, unit.scope):
            break
    parameters = [p for part in whole.parts for p in part.scope.parameters()]
    allowances = Allowances()
    news = Told(job.mistakes).news(_once([*problems, *_findings(whole)]))
    found = allowances.heard(in_order([*job.mistakes, *news]))
    if any(d.severity == ERROR for d in found):
        raise NotCompiled(found, job)
    if scope.refused:
        raise scope.refused
    scope.check_names()
    plan = Plan(
        title,
        renumbered(tasks, check.order(linked)),
        description=job.description,
        parameters=parameters,
        values=scope.values(),
        tags=given.tags,
        factfile=factfile(job),
        pools=pools,
        secrets=list(dict.fromkeys(name for part in whole.parts for name in part.job.all_secrets)),
        timeout=timeout,
        families=whole.families(),
    )
    undeclared = {name: scope.empty(name) for name in scope.undeclared}
    return Compiled(plan, job, found, undeclared, allowances)


def factfile(job: Job) -> str:
    """The text that events carry: a JSON Factfile as it was read, any other job, or one that uses others, as JSON."""
    if not job.document.textual and not job.uses:
        return job.document.source.factfile
    from factc.model.factfile import factfile_text

    return factfile_text(job)


# ---- what was found


def _findings(whole: Whole) -> list[Diagnostic]:
    """What is wrong with single jobs and single tasks; in a used job, with the way to it."""
    found: list[Diagnostic] = []
    seen: set[int] = set()
    for part in whole.parts:
        problems = list(part.scope.problems)
        if id(part.job) not in seen:
            seen.add(id(part.job))
            problems += [*part.job.document.warnings, *check.check_tasks(part.job), *check.check_declarations(part.job)]
        way = uses(part) if problems else []
        for problem in problems:
            problem.related = (*problem.related, *way)
        found += problems
    return found


def _once(problems: list[Diagnostic]) -> list[Diagnostic]:
    """Of several that say the same of one place, as the tasks of an `each` do, the first."""
    first: dict[object, Diagnostic] = {}
    for problem in problems:
        span = problem.span
        key = (problem.code, id(span.source), span.start, span.end) if span else id(problem)
        first.setdefault(key, problem)
    return list(first.values())


# ---- tasks


class Surroundings:
    """Where the tasks of one part run, and what they see, as far as they do not say so themselves.

    A job says it above its `job` line, else the `use` that brought it in, else the part that stands in.
    """

    __slots__ = ("_part", "_environment", "_directory")

    def __init__(self, part: Part) -> None:
        self._part = part
        self._environment: tuple[tuple[str, Text], ...] | None = None
        self._directory: list[str | None] = []

    @property
    def environment(self) -> tuple[tuple[str, Text], ...]:
        if self._environment is None:
            self._environment = tuple(_environment(self._part).items())
        return self._environment

    @property
    def directory(self) -> str | None:
        if not self._directory:
            self._directory.append(_directory(self._part))
        return self._directory[0]


def _environment(part: Part) -> dict[str, Text]:
    variables: dict[str, Text] = {}
    if part.origin:
        use, scope = part.origin.use, part.origin.scope
        variables = _environment(part.origin.part)
        for name, value in use.environment:
            variables[name] = scope.open(value, (*use.path, "environment", name))
    for name, value in part.job.environment:
        variables[name] = part.scope.open(value, ("data", "environment", name))
    return variables


def _directory(part: Part) -> str | None:
    if part.job.directory is not None:
        return _folder(part.scope, part.job.directory, ("data", "directory"))
    if part.origin is None:
        return None
    use = part.origin.use
    if use.directory is not None:
        return _folder(part.origin.scope, use.directory, (*use.path, "directory"))
    return _directory(part.origin.part)


def _folder(scope: Scope, text: str, path: Path) -> str:
    folder = scope.final(text, path)
    if not folder:
        words = f"the folder {text} is empty" if text else "the folder has no name"
        scope.problems.append(Diagnostic("E119", words, scope.job.document.span(path), hint="`.` is this one"))
    return folder


def _task(unit: Unit, dependencies: list[int], number: int, around: Surroundings, pools: Pools) -> PlanTask:
    task, scope = unit.task, unit.scope
    directory = (
        around.directory if task.directory is None else _folder(scope, task.directory, (*task.path, "directory"))
    )
    return PlanTask(
        unit.name, dependencies, argv(task, scope), ok=task.ok, noop=task.noop, directory=directory,
        environment=_variables(task, scope, around), description=task.description, declared=number,
        secrets=scope.job.secrets + task.secrets, **limits(task, scope, pools),
    )  # fmt: skip


def _variables(task: Task, scope: Scope, around: Surroundings) -> Sequence[tuple[str, Text]]:
    if not task.environment:
        return around.environment
    own = {name: scope.open(value, (*task.path, "environment", name)) for name, value in task.environment}
    return list({**dict(around.environment), **own}.items())


def _refill(task: PlanTask, unit: Unit, shared: dict[int, Sequence[tuple[str, Text]]]) -> None:
    """Fills a task once more, now that later ones have made more names final; what tasks share stays shared."""
    scope, path = unit.scope, unit.task.path
    if not all(isinstance(text, str) for text in task.argv):
        task.argv = tuple([_fill(text, scope, body_path(unit.task)) for text in task.argv])
    if not all(isinstance(text, str) for _, text in task.environment):
        before = task.environment
        if id(before) not in shared:
            shared[id(before)] = tuple([(n, _fill(text, scope, (*path, "environment", n))) for n, text in before])
        task.environment = tuple(shared[id(before)])


def _fill(text: Text, scope: Scope, path: Path) -> Text:
    return text if isinstance(text, str) else scope.text(text, path)
