"""The graph of a plan: who waits for whom, and what can be reached from where.

Knows numbers of tasks alone.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from factc.plan import Plan


def users_of(dependencies: Sequence[Sequence[int]]) -> list[list[int]]:
    """For each task, those that wait for it."""
    users: list[list[int]] = [[] for _ in dependencies]
    for i, needed in enumerate(dependencies):
        for d in needed:
            users[d].append(i)
    return users


def reach(start: Iterable[int], edges: Sequence[Iterable[int]]) -> set[int]:
    """Some tasks and everything that can be reached from them."""
    reached = set(start)
    todo = list(reached)
    while todo:
        for other in edges[todo.pop()]:
            if other not in reached:
                reached.add(other)
                todo.append(other)
    return reached


def finals(plan: Plan) -> list[int]:
    """The tasks that run whatever came of the others."""
    return [i for i, task in enumerate(plan.tasks) if task.final]
