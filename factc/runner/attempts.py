"""What runs now: each attempt from the moment it is handed to the engine to its end.

Knows the plan, the engine and timers; knows no schedule, and not what an end means.
"""

from __future__ import annotations

from factc.durations import written
from factc.engine import Attempt
from factc.runner.attempt import Running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from factc.engine import Engine
    from factc.loop import Loop
    from factc.plan import Plan
    from factc.runner.above import Above
    from factc.runner.settings import Rules
    from factc.secrets.mask import Mask


class Attempts:
    """The attempts of one run. `running` has those that have not ended, by task.

    secrets: those that the plan declares, name to value. above: what `finally` tasks are told.
    """

    __slots__ = ("running", "_plan", "_engine", "_loop", "_rules", "_secrets", "_mask", "_above", "_count")

    def __init__(
        self,
        plan: Plan,
        engine: Engine,
        loop: Loop,
        rules: Rules,
        above: Above,
        secrets: Mapping[str, str],
        mask: Mask | None,
    ) -> None:
        self.running: dict[int, Running] = {}
        self._plan = plan
        self._engine = engine
        self._loop = loop
        self._rules = rules
        self._secrets = secrets
        self._mask = mask
        self._above = above
        self._count: dict[int, int] = {}

    def count(self, number: int) -> int:
        """How many attempts a task has had, the one that runs included; those that could not be started too."""
        return self._count.get(number, 1)

    def start(self, number: int, slot: int | None) -> None:
        """Hands a task to the engine. slot: its place in the first pool that it names."""
        task = self._plan.tasks[number]
        self._count[number] = count = self._count.get(number, 0) + 1
        running = self.running[number] = Running(self._rules.tail, self._mask)
        if task.timeout is not None:
            running.timer = self._loop.later(task.timeout, lambda: self._expired(number, running))
        argv: Sequence[str] = task.argv  # type: ignore[assignment]  # every text of the plan is final
        directory: str | None = task.directory  # type: ignore[assignment]
        variables = self._variables(number, count, slot)
        self._engine.submit(Attempt(number, argv, variables, directory, leave=task.ok, grace=self._rules.grace))

    def pretend(self, number: int) -> None:
        """A milestone: nothing runs, but it has a start and an end."""
        self.running[number] = Running(0)

    def over(self, number: int) -> None:
        """An attempt has ended, or has not come to run."""
        running = self.running.pop(number)
        if running.timer:
            running.timer.cancel()

    def uncount(self, number: int) -> None:
        """The last one was none: it could not be started for now."""
        self._count[number] -= 1

    def cancel(self, number: int, reason: str, grace: float) -> None:
        """Asks an attempt to end, because of that; one that has ended is what it is, and what it left is asked."""
        running = self.running[number]
        if not running.stopped and not self.has_ended(number):
            running.stopped = reason
        self._engine.cancel(number, grace)

    def has_ended(self, number: int) -> bool:
        """Whether an attempt has come to its end, which is still to be taken in."""
        return self._engine.has_ended(number)

    def outputs(self) -> dict[int, tuple[str, str]]:
        """What the running tasks have written so far: the tails of both streams."""
        texts = {task: running.texts(so_far=True) for task, running in self.running.items()}
        return {task: (out or "", err or "") for task, (out, err) in texts.items()}

    def _variables(self, number: int, count: int, slot: int | None) -> dict[str, str]:
        """What a task finds in its environment beside what every task finds there."""
        task = self._plan.tasks[number]
        variables: dict[str, str] = {}
        for name in task.secrets:
            if name in self._secrets:
                variables[name] = self._secrets[name]
        for name, text in task.environment:  # what it sets itself is no longer the secret
            variables[name] = str(text)
        variables["FACTC_TASK"] = task.name
        variables["FACTC_ATTEMPT"] = str(count)
        if slot is not None:
            variables["FACTC_SLOT"] = str(slot)
        if task.final:
            variables |= self._above.variables(number)
        return variables

    def _expired(self, number: int, running: Running) -> None:
        """An attempt has had its time."""
        if self.running.get(number) is running and not running.stopped and not self.has_ended(number):
            running.timed_out = True
            self.cancel(
                number, f"timed out after {written(self._plan.tasks[number].timeout or 0.0)}", self._rules.grace
            )
