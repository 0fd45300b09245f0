"""Factotum's order: the tasks of a plan in levels, and within a level as Factotum listed them.

Knows the graph alone. A task's level is its longest path from a root. Within a level a task stands where
the first of its parents in the level before put it, and of one parent's children the newest declared comes first.
"""

from __future__ import annotations

from factc.plan.graph import users_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.plan import Plan


def levels(plan: Plan) -> list[list[int]]:
    """The groups that run one whole group after the other, as task numbers."""
    level = [0] * len(plan.tasks)
    for i, task in enumerate(plan.tasks):
        level[i] = 1 + max((level[d] for d in task.dependencies), default=-1)
    users = users_of([task.dependencies for task in plan.tasks])
    newest = [sorted(u, key=lambda i: -plan.tasks[i].declared) for u in users]
    group = sorted((i for i, at in enumerate(level) if not at), key=lambda i: -plan.tasks[i].declared)
    groups = []
    while group:
        groups.append(group)
        below = (user for task in group for user in newest[task] if level[user] == len(groups))
        group = list(dict.fromkeys(below))
    return groups
