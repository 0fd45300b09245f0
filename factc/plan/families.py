"""Families of a plan: the tasks that one name means, as `each` and `use` made them.

Knows what a plan says of its families; a task's name alone says nothing of that.
"""

from __future__ import annotations

from factc.spelling import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.plan import Plan


def meant(plan: Plan, name: str) -> list[int]:
    """The numbers of the task that has this name, or of all of the family that has it; none if it means nothing."""
    for i, task in enumerate(plan.tasks):
        if task.name == name:
            return [i]
    family = next((family for family in plan.families if family.name == name), None)
    if family is None:
        return []
    return [i for i, task in enumerate(plan.tasks) if family.first <= task.declared <= family.last]


SOME = 5  # names that a hint lists


def close_to(plan: Plan, name: str) -> str:
    """The hint for a name that means nothing: one like it, or some of those that there are."""
    names = [*(task.name for task in plan.tasks), *(family.name for family in plan.families)]
    if near := nearest(name, names):
        return f"did you mean '{near}'?"
    some = ", ".join(f"'{one[:40]}'" for one in names[:SOME])
    return f"there are {some}" + " …" * (len(names) > SOME) if len(names) > 1 else f"there is {some}" if names else ""
