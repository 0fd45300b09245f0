"""The account at the end of a run: what failed and why, what it blocked, what ended early, what was skipped.

Knows the fold and the plan; the answer is a string.
"""

from __future__ import annotations

from factc import durations
from factc.escape import visible
from factc.events.ending import WORDS, ending
from factc.events.state import FAILED, NO_OP, SKIPPED, SUCCEEDED
from factc.instant import between
from factc.plan.graph import users_of
from factc.screen.colour import BOLD, CYAN, DIM, GREEN, RED, YELLOW, painted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from factc.events.state import RunState
    from factc.plan import Plan

MOST_NAMES = 10  # names in a list before `and 12 more`
MOST_CAUSES = 3  # tasks that are said to have blocked a task, and with it all that is below


class Summary:
    """The account of one run.

    tails: gives the last lines that a failed task wrote, and of which stream.
    log: gives the path of a log as a word of a shell, by task, stream and attempt.
    onward: makes the line that says how to go on where the run failed, if there is one. outcome: how it is with a run
    that is told of later, or still goes on; None for what its end says.
    """

    def __init__(
        self,
        plan: Plan,
        state: RunState,
        *,
        tails: Callable[[int], tuple[str, list[str]]],
        log: Callable[[int, int, int], str] | None,
        colour: bool,
        onward: Callable[[], str] | None = None,
        outcome: str | None = None,
    ) -> None:
        self._plan = plan
        self._state = state
        self._tails = tails
        self._log = log
        self._colour = colour
        self._onward = onward
        self._outcome = outcome

    def text(self, at: float) -> str:
        """The whole account, ending with a line feed."""
        states = [task.state for task in self._state.tasks]
        lines = ["", *self.failures()]
        if FAILED in states:
            lines.append("")
        lines += [self._no_op(i) for i in _of(states, NO_OP)]
        lines += self._skipped(_of(states, SKIPPED))
        return "\n".join(lines) + "\n" + self.last_lines(at)

    def failures(self) -> list[str]:
        """What failed, and what of it is known."""
        states = [task.state for task in self._state.tasks]
        return [line for i, blocked in _blocked(self._plan, states) for line in self._failed(i, blocked)]

    def last_lines(self, at: float) -> str:
        """How the run ended, and how to go on."""
        is_told = self._onward and (self._outcome is not None or self._state.job == FAILED)
        onward = f"{words}\n" if self._onward and is_told and (words := self._onward()) else ""
        return f"{self._headline(at)}\n{onward}"

    def _headline(self, at: float) -> str:
        states = [task.state for task in self._state.tasks]
        carried = sum(task.carried for task in self._state.tasks)
        counts = ", ".join(f"{states.count(state)} {words}" for state, words in WORDS.items() if state in states)
        counts += f" ({carried} carried over)" if carried else ""
        good = self._state.job == SUCCEEDED
        took = durations.shown(between(self._state.created, at))
        words = painted(self._outcome or ending(self._state), f"{BOLD};{GREEN if good else RED}", self._colour)
        stopped = f" ({visible(self._state.stopped)})" if self._state.stopped else ""
        return f"{visible(self._plan.name)}: {words} after {took}{stopped}: {counts or 'no tasks'}"

    def _failed(self, number: int, blocked: str) -> list[str]:
        task = self._state.tasks[number]
        took = f" after {durations.shown(task.duration)}" if task.duration is not None else ""
        name = painted(self._name(number), BOLD, self._colour)
        attempts = f" (attempt {task.attempt})" if task.attempt > 1 else ""
        lines = [f"{painted('failed', RED, self._colour)}  {name}{took}{attempts}: {visible(task.reason or '')}"]
        stream, last = self._tails(number)
        if last:
            lines.append(painted(f"        the last lines of {stream}:", DIM, self._colour))
            lines += [f"        | {line}" for line in last]
        if self._log and last:
            lines.append(f"        log: {self._log(number, 2 if stream == 'stderr' else 1, task.attempt)}")
        if blocked:
            lines.append(f"        blocked: {blocked}")
        return lines

    def _no_op(self, number: int) -> str:
        task = self._state.tasks[number]
        words = painted("no-op", CYAN, self._colour)
        return f"{words}   {self._name(number)}: exit code {task.code}, what depends on it was not needed"

    def _skipped(self, numbers: list[int]) -> list[str]:
        groups: dict[str, list[int]] = {}
        for i in numbers:
            groups.setdefault(self._state.tasks[i].reason or "", []).append(i)
        words = painted("skipped", YELLOW, self._colour)
        return [f"{words} {names(self._plan, group)}: {visible(reason)}" for reason, group in groups.items()]

    def _name(self, number: int) -> str:
        return short(self._plan.tasks[number].name)


def rehearsed(plan: Plan, state: RunState) -> str:
    """What a rehearsal comes to: nothing was executed, and nobody knows how that would have ended."""
    carried = sum(task.carried for task in state.tasks)
    count = len(plan.tasks) - carried
    words = f"{count} task{'s' * (count != 1)}" + (f" ({carried} carried over)" if carried else "")
    return f"dry run: nothing was executed; {visible(plan.name)} would run {words}\n"


def _blocked(plan: Plan, states: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The tasks that failed, each with what was skipped below it.

    What is below a task that several others have blocked is told of these, and not again: else the account would grow
    with all pairs of tasks.
    """
    users = users_of([task.dependencies for task in plan.tasks])
    times = bytearray(len(states))  # that a task has been told of
    for failed in _of(states, FAILED):
        below: set[int] = set()
        whole, todo = True, [failed]
        while todo:
            for user in users[todo.pop()]:
                if user in below or states[user] != SKIPPED:
                    continue
                below.add(user)
                if times[user] < MOST_CAUSES:
                    times[user] += 1
                    todo.append(user)
                else:
                    whole = whole and not users[user]
        yield failed, names(plan, sorted(below)) + ("" if whole else ", and what depends on them")


def names(plan: Plan, numbers: Sequence[int]) -> str:
    """The names of tasks in a list that is not too long."""
    shown = ", ".join(short(plan.tasks[i].name) for i in numbers[:MOST_NAMES])
    more = len(numbers) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def short(name: str, most: int = 200) -> str:
    """A name as the screen shows it: control characters escaped, cut where it is very long."""
    return visible(name if len(name) <= most else name[: most - 1] + "…")


def _of(states: Iterable[str], wanted: str) -> list[int]:
    return [i for i, state in enumerate(states) if state == wanted]
