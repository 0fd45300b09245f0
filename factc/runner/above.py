"""What a final task is told of all that it waited for: how that went, and which of it failed.

Knows the plan and the fold; where the whole list is kept, others know. However much has failed, the variables have a
limit: a task must not be kept from starting by what came before it.
"""

from __future__ import annotations

import os

from factc.escape import visible
from factc.events.state import FAILED, SKIPPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from factc.events.state import RunState
    from factc.plan import Plan

ROOM = 65_536  # bytes of FACTC_FAILED: half of what Linux lets one variable have


class Above:
    """The accounts of one run.

    keep: puts the whole list of what failed, one name a line (as people see it, so that it is one), into a file for a
    task, and gives its path; it may raise OSError. Tasks above which the same failed share one. say: takes a line for
    the screen.
    """

    __slots__ = ("_plan", "_state", "_keep", "_say", "_known", "_lists")

    def __init__(
        self, plan: Plan, state: RunState, keep: Callable[[int, bytes], str], say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._state = state
        self._keep = keep
        self._say = say
        self._known: dict[tuple[int, ...], dict[str, str]] = {}  # by what a task names
        self._lists: dict[tuple[int, ...], dict[str, str]] = {}  # by what failed

    def variables(self, task: int) -> dict[str, str]:
        """For a final task about to start; all above it has settled."""
        needs = tuple(self._plan.tasks[task].dependencies)
        if needs not in self._known:
            failed = self._failed(task)
            if failed not in self._lists:
                self._lists[failed] = self._told(task, failed)
            self._known[needs] = self._lists[failed]
        known = self._known[needs]
        bad = known["FACTC_FAILED_COUNT"] != "0"
        outcome = "stopped" if self._state.stopped else "failed" if bad else "succeeded"
        return {"FACTC_OUTCOME": outcome, **known}

    def _told(self, task: int, failed: Sequence[int]) -> dict[str, str]:
        lines = [visible(self._plan.tasks[i].name) for i in failed]
        file = self._kept(task, lines) if lines else os.devnull
        return {
            "FACTC_FAILED": "\n".join(beginning(lines)),
            "FACTC_FAILED_COUNT": str(len(lines)),
            "FACTC_FAILED_FILE": file,
        }

    def _failed(self, task: int) -> tuple[int, ...]:
        """What failed above a task. Above what went well, and is not final, all did: nothing is looked for there."""
        tasks, states = self._plan.tasks, self._state.tasks
        met = set(tasks[task].dependencies)
        todo = list(met)
        while todo:
            above = todo.pop()
            if states[above].state == SKIPPED or tasks[above].final:
                new = [needed for needed in tasks[above].dependencies if needed not in met]
                met.update(new)
                todo += new
        return tuple(sorted(above for above in met if states[above].state == FAILED))

    def _kept(self, task: int, lines: list[str]) -> str:
        try:
            return self._keep(task, b"".join(b"%s\n" % line.encode() for line in lines))
        except OSError as problem:
            name = self._plan.tasks[task].name
            self._say(f"the task '{name}' gets no list of what failed: {problem.strerror or problem}")
            return ""


def beginning(lines: list[str]) -> list[str]:
    """The first lines, as many as have room with line feeds between them."""
    room = ROOM + 1
    for count, line in enumerate(lines):
        room -= size(line) + 1
        if room < 0:
            return lines[:count]
    return lines


def size(line: str) -> int:
    """Bytes of a line."""
    return len(line.encode())
