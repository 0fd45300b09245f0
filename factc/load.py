"""From the name of a job file to its plan, whichever door it comes through.

Knows the doors, the values that a caller gives and the part of a job that is wanted; runs nothing.
"""

from __future__ import annotations

from factc.diagnostic import CompileError, Diagnostic
from factc.plan.bind import add, complete
from factc.plan.selection import select
from factc.syntax import is_plan
from factc.syntax.source_file import read_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.compiler.pipeline import Compiled
    from factc.model.job import Job
    from factc.plan import Plan
    from factc.plan.values import Given
    from factc.source import Source


class Loaded:
    """A plan, and what compiling it found: nothing if it came compiled.

    `text` is the plan's own text where nothing of it was changed.
    """

    __slots__ = ("plan", "source", "compiled", "warnings", "text")

    def __init__(self, plan: Plan, source: Source, compiled: Compiled | None, text: str | None) -> None:
        self.plan = plan
        self.source = source
        self.compiled = compiled
        self.warnings: list[Diagnostic] = list(compiled.warnings) if compiled else []
        self.text = text


def files(loaded: Loaded) -> list[dict[str, str]]:
    """The files that a plan was made from, as a record names them, the job's own first; none if that is no file."""
    import os

    from factc.record.onward import fingerprint

    if not os.path.isfile(loaded.source.name):
        return []
    texts: dict[str, str] = {}
    todo: list[Job | None] = [loaded.compiled.job] if loaded.compiled else []
    texts[os.path.abspath(loaded.source.name)] = loaded.source.factfile
    seen: set[int] = set()
    while todo:
        job = todo.pop()
        if job is None or id(job) in seen:
            continue
        seen.add(id(job))
        source = job.document.source
        texts.setdefault(os.path.abspath(source.name), source.factfile)
        todo += [use.job for use in reversed(job.uses)]
    return [{"path": path, "sha256": fingerprint(text.encode())} for path, text in texts.items()]


def load(name: str, given: Given, *, start: str | None = None, to: str | None = None, strict: bool = False) -> Loaded:
    """Reads a job file (`-` is standard input) and compiles it where that is needed; values may stay open.

    Raises CompileError (with `strict` for warnings too) and RequestError.
    """
    source = read_source(name)
    if is_plan(source):
        from factc.syntax.planfile.reader import read_plan

        plan = select(add(read_plan(source), given), start, to)
        same = not (given.values or given.tags or start or to)
        return Loaded(plan, source, None, source.text if same else None)
    from factc.compiler.pipeline import compile_source

    compiled = compile_source(source, given)
    loaded = Loaded(select(compiled.plan, start, to), source, compiled, None)
    if strict:
        refuse(loaded.warnings)
    return loaded


def close(loaded: Loaded, *, strict: bool = False) -> None:
    """Fills what is still open with defaults. Raises RequestError, and CompileError with `strict`."""
    undeclared = loaded.compiled.undeclared if loaded.compiled else {}
    plan, empty = complete(loaded.plan, strict and not loaded.compiled)
    if plan is not loaded.plan:
        loaded.plan, loaded.text = plan, None
    for name in empty:
        words = f"`{name}` has no value: it is empty"
        loaded.warnings.append(undeclared.get(name) or Diagnostic("W202", words, hint=f"give --set {name}=…"))
    if strict:
        refuse(loaded.warnings)


def refuse(warnings: list[Diagnostic]) -> None:
    """Warnings as errors."""
    if warnings:
        for warning in warnings:
            warning.severity = "error"
        raise CompileError(warnings)
