"""What tasks say of their attempts, as the plan has it: retries, timeouts, pools; and what is wrong with that.

Knows the job and the scope of its templates; knows no graph and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from factc.compiler.scope import Scope
from factc.diagnostic import Diagnostic
from factc.durations import parsed
from factc.model.duration_text import refusal
from factc.model.job import RETRIED, Job, Task
from factc.model.reported import is_broken, may_be
from factc.plan import MAX_CODE, Retry
from factc.spelling import Words, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from factc.model.document import Path


class Pools(dict[str, int]):
    """The slots of pools by name; `unread` may be the names of more."""

    def __init__(self, slots: Mapping[str, int], unread: Iterable[str]) -> None:
        super().__init__(slots)
        self.unread = set(unread)

    @cached_property
    def spelling(self) -> Words:
        return Words(self)


def limits(task: Task, scope: Scope, known: Pools) -> dict[str, Any]:
    """The members of a task of the plan that say how it is attempted; `known` are the pools that there are."""
    members: dict[str, Any] = {}
    if task.final:
        members["final"] = True
    if task.retry:
        members["retry"] = _retry(task, scope)
    if task.timeout is not None:
        members["timeout"] = seconds(task.timeout, (*task.path, "timeout"), scope)
    if task.pools:
        members["pools"] = _pools(task, scope, known)
    if task.body is None and (members or task.secrets):
        _check_milestone(task, scope)
    return members


def seconds(text: str, path: Path, scope: Scope, *, zero: bool = False) -> float:
    """The seconds of a duration; 0 for one that is none, which becomes a problem."""
    final = scope.final(text, path)
    wrong = None if is_broken(final) else refusal(final, zero=zero)
    if wrong:
        scope.problems.append(Diagnostic("E110", wrong[0], scope.job.document.span(path), hint=wrong[1]))
        return 0.0
    return parsed(final) or 0.0


def _retry(task: Task, scope: Scope) -> Retry:
    again = task.retry
    assert again
    path = (*task.path, "retry")
    every = 1.0 if again.every is None else seconds(again.every, (*path, "every"), scope, zero=True)
    if again.on is not None:
        settled = {*task.ok, *task.noop}
        for i, what in enumerate(again.on):
            _check_cause(settled, what, (*path, "on", i), scope)
    return Retry(again.times, every, 1.0 if again.backoff is None else float(again.backoff), again.on)


def _check_cause(settled: set[int], what: int | str, path: Path, scope: Scope) -> None:
    """What is retried has to be a way to fail."""
    code, words, hint = "", "", ""
    if is_broken(what):
        return
    if isinstance(what, str) and what not in RETRIED:
        meant = nearest(what, RETRIED)
        hint = f"did you mean `{meant}`?" if meant else "exit codes, and the words " + ", ".join(RETRIED)
        code, words = "E114", f"`{what}` is nothing that can be tried again"
    elif what in settled:
        code, words = "E114", f"exit code {what} is no failure of this task: it is never tried again"
        hint = "take it out here, or out of the other list"
    elif isinstance(what, int) and 255 < what <= MAX_CODE:
        code, words = "W107", f"exit code {what} never happens: the highest is 255"
    if code:
        scope.problems.append(Diagnostic(code, words, scope.job.document.span(path), hint=hint))


def _pools(task: Task, scope: Scope, known: Pools) -> list[str]:
    names = [scope.final(name, (*task.path, "pools", i)) for i, name in enumerate(task.pools)]
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name in known and name not in seen:
            seen.add(name)
            continue
        span = scope.job.document.span((*task.path, "pools", i))
        if name in known:
            scope.problems.append(Diagnostic("E111", f"the pool `{name}` stands twice here", span))
            continue
        if may_be(name, known.unread):
            continue
        meant = known.spelling.nearest(name)
        hint = f"did you mean `{meant}`?" if meant else _declare(name, scope.job)
        scope.problems.append(Diagnostic("E111", f"no pool is called `{name}`", span, hint=hint))
    return names


def _declare(name: str, job: Job) -> str:
    return f'declare it in `data`: "pools": {{"{name}": 2}}' if job.lenient else f"declare it: pool {name} = 2"


def _check_milestone(task: Task, scope: Scope) -> None:
    """A task that runs nothing has no attempts. (`finally` says when it settles.)"""
    for key, said in (("retry", task.retry), ("timeout", task.timeout), ("pools", task.pools),
                      ("secrets", task.secrets)):  # fmt: skip
        if said:
            span = scope.job.document.span((*task.path, key))
            words = f"the task `{task.name}` runs nothing: `{key}` has no meaning for it"
            scope.problems.append(Diagnostic("E109", words, span, hint="give it a command, or leave this out"))
