"""What a run that continues another does again, what it carries over, and why.

Knows two plans and how the older one's run went; knows no file, process or clock.
"""

from __future__ import annotations

from factc.events import TaskCarried
from factc.events.state import FAILED, NO_OP, RUNNING, SUCCEEDED
from factc.plan import shown
from factc.plan.graph import finals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from factc.events.state import RunState
    from factc.plan import Plan, PlanTask

CARRIED = "carried over"
NEW = "new in this job"
_STATES = {
    FAILED: "failed last time",
    RUNNING: "was running when the run died",
    NO_OP: "was a no-op last time",
}
NOT_RUN = "did not run last time"


class Resumption:
    """For each task of a plan whether it is carried over from an earlier run, and why it is not.

    run: the reference of that run. reasons: by task, CARRIED or why it runs. carried: what stands in for the tasks
    that do not run, by task. doubts: what may be missing, for people.
    """

    __slots__ = ("run", "reasons", "carried", "doubts")

    def __init__(self, run: str, plan: Plan, before: Plan, state: RunState) -> None:
        self.run = run
        self.reasons: list[str] = []
        self.carried: dict[int, TaskCarried] = {}
        number = {task.name: i for i, task in enumerate(before.tasks)}
        for i, task in enumerate(plan.tasks):
            old = number.get(task.name)
            reason = self._reason(plan, task, before, old, state)
            self.reasons.append(reason)
            if reason == CARRIED:
                assert old is not None
                then = state.tasks[old]
                self.carried[i] = TaskCarried(0.0, i, then.code, then.started, then.duration)
        self.doubts = self._doubts(plan, number, state)

    def facts(self, at: float) -> list[TaskCarried]:
        """The facts with which the new run begins."""
        return [TaskCarried(at, fact.task, fact.code, fact.started, fact.duration) for fact in self.carried.values()]

    def _reason(self, plan: Plan, task: PlanTask, before: Plan, old: int | None, state: RunState) -> str:
        if old is None:
            return NEW
        if state.tasks[old].state != SUCCEEDED:
            return _STATES.get(state.tasks[old].state, NOT_RUN)
        if change := changed(plan, task, before, before.tasks[old]):
            return change
        again = [plan.tasks[d].name for d in task.dependencies if d not in self.carried]
        return f"after '{again[0]}'" if again else CARRIED

    def _doubts(self, plan: Plan, number: dict[str, int], state: RunState) -> list[str]:
        """A final task that has run, and does more than tell, may have taken away what the tasks carried over made."""
        doubts = []
        above: list[list[int]] = []  # by task: the first two that are carried over, of it and those above it
        for i, task in enumerate(plan.tasks if finals(plan) else ()):
            kept = sorted({one for needed in task.dependencies for one in above[needed]})[:2]
            above.append(sorted([*kept, i])[:2] if i in self.carried else kept)
            old = number.get(task.name) if task.final and i not in self.carried else None
            if kept and old is not None and state.tasks[old].state == SUCCEEDED and not _only_tells(task):
                more = " and others" if len(kept) > 1 else ""
                doubts.append(
                    f"'{task.name}' has run already: what '{plan.tasks[kept[0]].name}'{more} left may be gone"
                )
        return doubts


def _only_tells(task: PlanTask) -> bool:
    from factc.shell.informing import only_tells

    return only_tells(task)


def changed(plan: Plan, task: PlanTask, before: Plan, old: PlanTask) -> str | None:
    """What of a task's fingerprint is not as it was, or None. Secrets are no part of a plan, and so none of it."""
    pairs = (
        ("command", task.argv, old.argv),
        ("directory", task.directory, old.directory),
        ("environment", dict(task.environment), dict(old.environment)),
        ("exit-code rules", (set(task.ok), set(task.noop)), (set(old.ok), set(old.noop))),
        ("dependencies", _names(plan, task), _names(before, old)),
    )
    return next((f"{what} changed" for what, now, then in pairs if now != then), None)


def _names(plan: Plan, task: PlanTask) -> set[str]:
    return {plan.tasks[d].name for d in task.dependencies}


def account(plan: Plan, resumption: Resumption, most: int | None = 10) -> list[str]:
    """Lines for people: each reason with the tasks that it holds for, carried ones first.

    most: how many names a line has before `and 12 more`; None for no limit.
    """
    groups: dict[str, list[str]] = {CARRIED: []} if resumption.carried else {}
    for task, reason in zip(plan.tasks, resumption.reasons, strict=True):
        groups.setdefault(reason, []).append(shown(task.name))
    return [f"{_verb(reason)} {_listed(names, most)}{_why(reason)}" for reason, names in groups.items()]


def _verb(reason: str) -> str:
    return "carried over:" if reason == CARRIED else "runs:        "


def _why(reason: str) -> str:
    return "" if reason == CARRIED else f"  ({reason})"


def _listed(names: Sequence[str], most: int | None) -> str:
    more = 0 if most is None else len(names) - most
    return f"{', '.join(names[:most])} and {more} more" if more > 0 else ", ".join(names)
