"""How long texts may be: what the kernel takes as one string, as all strings of a task, and what a plan may hold.

Knows a task's words and where they stand; knows no value and no shell. A limit is looked at before it is exceeded:
what would be too long is not made.
"""

from __future__ import annotations

from collections.abc import Iterable

from factc.compiler.scope import Scope
from factc.diagnostic import Diagnostic
from factc.model.document import Path
from factc.model.job import Command, Job, Script, Task
from factc.plan import MAX_PLAN, MAX_TEXT, MAX_WORDS, PlanTask, Text, size

MAX_NAME = 4096  # bytes of a task's name, which it finds in its environment
_FILE = "put it into a file and run that file"
_PATH = "put it into a file and give its path"
_POINTER = 8  # what the kernel adds for each string, beside the NUL at its end


class Sizes:
    """Looks at one task after the other. `_left`: bytes that the plan may still have."""

    def __init__(self) -> None:
        self._left = MAX_PLAN
        self._shared: dict[int, int] = {}  # the variables that many tasks have in common, and their bytes

    def look(self, made: PlanTask, task: Task, scope: Scope) -> bool:
        """What is too long becomes a problem; False when all tasks together are."""
        words = [size(text) for text in made.argv]
        if words and max(words) > MAX_TEXT:
            scope.problems.append(_word(words, task, scope))
        if len(made.name.encode()) > MAX_NAME:
            text = f"the name of a task has more than {MAX_NAME:,} bytes"
            scope.problems.append(Diagnostic("E107", text, scope.job.document.span((*task.path, "name"))))
        whole = sum(words) + self._variables(made.environment, task, scope)
        strings = len(words) + len(made.environment)
        if whole + strings * (1 + _POINTER) > MAX_WORDS and not any(w > MAX_TEXT for w in words):
            text = f"the words and variables of the task `{made.name[:80]}` have {whole:,} bytes; a command takes "
            span = scope.job.document.span((*task.path, "name"))
            scope.problems.append(Diagnostic("E208", f"{text}{MAX_WORDS:,} of both together", span, hint=_PATH))
        self._left -= whole + 64 * (1 + strings) + 16 * len(made.secrets)
        if self._left < 0:
            text = f"with this task, the plan has more than {MAX_PLAN // 2**20} MB"
            hint = "put long texts into files, or fewer values into `each`"
            span = scope.job.document.span((*task.path, "name"))
            scope.problems.append(Diagnostic("E118", text, span, hint=hint))
        return self._left >= 0

    def _variables(self, environment: Iterable[tuple[str, Text]], task: Task, scope: Scope) -> int:
        if not task.environment and id(environment) in self._shared:
            return self._shared[id(environment)]
        whole = 0
        own = dict(task.environment)
        for name, text in environment:
            length = len(name.encode()) + 1 + size(text)
            if length > MAX_TEXT:
                words = f"the variable `{name[:80]}` has {length:,} bytes; one takes {MAX_TEXT:,}"
                span = scope.job.document.span(_place(name, task, scope.job))
                scope.problems.append(Diagnostic("E208", words, span, hint=_PATH))
            whole += length
        if not own:
            self._shared[id(environment)] = whole
        return whole


def _word(words: list[int], task: Task, scope: Scope) -> Diagnostic:
    """Of the words of a task, the one that is too long."""
    path: Path = (*task.path, "script")
    at = next(i for i, length in enumerate(words) if length > MAX_TEXT)
    what = "the shell text" if task.executor == "shell" else "a word"
    if isinstance(task.body, Command):
        path = (*task.path, "command")
        if task.executor != "shell" and at:
            path = (*task.path, "arguments", at - 1)
    text = f"{what} of the task `{task.name[:80]}` has {words[at]:,} bytes; one argument takes {MAX_TEXT:,}"
    hint = _FILE if isinstance(task.body, Script) and task.executor == "shell" else _PATH
    return Diagnostic("E208", text, scope.job.document.span(path), hint=hint if what != "the shell text" else _FILE)


def _place(name: str, task: Task, job: Job) -> Path:
    """Where a variable is set, as far as the task's own file says it."""
    if any(name == own for own, _ in task.environment):
        return (*task.path, "environment", name)
    return ("data", "environment", name) if any(name == own for own, _ in job.environment) else (*task.path, "name")
