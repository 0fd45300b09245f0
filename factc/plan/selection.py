"""A part of a plan: what `--start` and `--to` choose, renumbered.

Knows the graph of a plan; knows no process and no option's spelling but in its words.
"""

from __future__ import annotations

from factc.diagnostic import RequestError
from factc.plan import Plan, PlanTask
from factc.plan.families import close_to, meant
from factc.plan.graph import reach, users_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def select(plan: Plan, start: str | None, to: str | None) -> Plan:
    """The plan of a task and all that depends on it, of a task and all it needs, or of both sets' common part.

    The name of a family means all its tasks.

    Raises RequestError where a name is unknown, where a chosen task needs another that would not run, or
    where nothing is in both sets.
    """
    if start is None and to is None:
        return plan
    dependencies = [task.dependencies for task in plan.tasks]
    below = set(range(len(plan.tasks)))
    if start is not None:
        first = _numbers(plan, start)
        below = reach(first, users_of(dependencies))
    chosen = below & reach(_numbers(plan, to), dependencies) if to is not None else below
    if start is not None:
        if not chosen:
            raise RequestError(f"nothing lies between '{start}' and '{to}': '{to}' does not depend on '{start}'")
        _check_start(plan, start, chosen - set(first), below)
    return with_tasks(plan, renumbered(plan.tasks, sorted(chosen)))


def with_tasks(plan: Plan, tasks: Sequence[PlanTask]) -> Plan:
    """The same plan with other tasks."""
    return plan.changed(tasks=tuple(tasks))


def renumbered(tasks: Sequence[PlanTask], listed: Sequence[int]) -> list[PlanTask]:
    """The tasks in the order listed, their numbers following suit, dependencies on others dropped."""
    number = {old: new for new, old in enumerate(listed)}
    return [
        task.changed(dependencies=tuple(number[d] for d in task.dependencies if d in number))
        for task in (tasks[i] for i in listed)
    ]


def _numbers(plan: Plan, name: str) -> list[int]:
    numbers = meant(plan, name)
    if not numbers:
        raise RequestError(f"no task is called '{name}'", close_to(plan, name))
    return numbers


def _check_start(plan: Plan, start: str, rest: set[int], below: set[int]) -> None:
    for i in sorted(rest):
        if plan.tasks[i].final:  # it runs whatever came of those above it, also if they are not there
            continue
        outside = [plan.tasks[d].name for d in plan.tasks[i].dependencies if d not in below]
        if outside:
            needs = " and ".join(f"'{name}'" for name in outside[:3])
            raise RequestError(
                f"the job cannot be started from '{start}': '{plan.tasks[i].name}' also needs {needs}, "
                "which would not run",
                "start from a task further up, or end before that one with --to",
            )
