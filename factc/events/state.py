"""The state of a run: a fold over facts, and the only account of what is going on.

Knows no plan, clock or sink; a task is its number.
"""

from __future__ import annotations

from factc.events import (
    AttemptEnded,
    Fact,
    RunCreated,
    RunFinished,
    RunStarted,
    RunStopped,
    TaskCarried,
    TaskEnded,
    TaskSkipped,
    TaskStarted,
)

WAITING = "WAITING"
RUNNING = "RUNNING"
SUCCEEDED = "SUCCEEDED"
NO_OP = "SUCCEEDED_NO_OP"
FAILED = "FAILED"
SKIPPED = "SKIPPED"

SETTLED = frozenset((SUCCEEDED, NO_OP, FAILED, SKIPPED))


class TaskState:
    """One task as far as the facts go.

    started: wall clock of its last attempt's start; duration: seconds of that attempt, once ended.
    reason:  why it failed or was skipped. stdout, stderr: the last characters of its output.
    carried: it succeeded in an earlier run, which this one continues.
    """

    __slots__ = ("state", "started", "attempt", "duration", "code", "reason", "stdout", "stderr", "carried")

    def __init__(self) -> None:
        self.state = WAITING
        self.started: float | None = None
        self.attempt = 0
        self.duration: float | None = None
        self.code: int | None = None
        self.reason: str | None = None
        self.stdout: str | None = None
        self.stderr: str | None = None
        self.carried = False

    def __repr__(self) -> str:
        code = f", code {self.code}" if self.code is not None else ""
        return f"<{self.state}{code}{f': {self.reason}' if self.reason else ''}>"


class Transition:
    """A change of state; `task` is None where the job itself changed, `previous` where it began."""

    __slots__ = ("task", "previous", "current")

    def __init__(self, task: int | None, previous: str | None, current: str) -> None:
        self.task = task
        self.previous = previous
        self.current = current


class RunState:
    """The fold: `apply` each fact in order. `job` is the job's state, `tasks[i]` the state of task i.

    stopped: why the run was told to stop, if it was; code: the exit code that this means. Of several the weightiest
    counts: a signal, then 2, then 3.
    """

    __slots__ = ("job", "tasks", "created", "now", "stopped", "code")

    def __init__(self, tasks: int) -> None:
        self.job: str | None = None
        self.tasks = [TaskState() for _ in range(tasks)]
        self.created = 0.0
        self.now = 0.0
        self.stopped: str | None = None
        self.code: int | None = None

    def apply(self, fact: Fact) -> Transition | None:
        """Takes one more fact in and tells which change of state it was, if any."""
        self.now = fact.at
        if isinstance(fact, TaskStarted):
            return self._started(fact)
        if isinstance(fact, TaskEnded):
            return self._ended(fact, fact.state)
        if isinstance(fact, AttemptEnded):
            return self._ended(fact, WAITING)
        if isinstance(fact, TaskSkipped):
            return self._skipped(fact)
        if isinstance(fact, TaskCarried):
            self._carried(fact)
            return None
        return self._job(fact)

    def _started(self, fact: TaskStarted) -> Transition:
        task = self.tasks[fact.task]
        previous, task.state = task.state, RUNNING
        task.started = fact.at
        task.attempt = fact.attempt
        if fact.attempt > 1:  # what is known of the last one no longer counts
            task.code = task.duration = task.reason = task.stdout = task.stderr = None
        return Transition(fact.task, previous, RUNNING)

    def _ended(self, fact: TaskEnded | AttemptEnded, state: str) -> Transition:
        task = self.tasks[fact.task]
        previous, task.state = task.state, state
        task.code = fact.code
        task.duration = fact.duration
        task.reason = fact.reason
        task.stdout = fact.stdout
        task.stderr = fact.stderr
        return Transition(fact.task, previous, state)

    def _skipped(self, fact: TaskSkipped) -> Transition:
        task = self.tasks[fact.task]
        previous, task.state = task.state, SKIPPED
        task.reason = f"{task.reason}, {fact.cause}" if task.reason else fact.cause
        return Transition(fact.task, previous, SKIPPED)

    def _carried(self, fact: TaskCarried) -> None:
        """It stands where it stood: nothing has changed in this run."""
        task = self.tasks[fact.task]
        task.state = SUCCEEDED
        task.started = fact.started
        task.duration = fact.duration
        task.code = fact.code
        task.carried = True

    def _job(self, fact: Fact) -> Transition | None:
        previous = self.job
        if isinstance(fact, RunCreated):
            self.created = fact.at
            self.job = WAITING
        elif isinstance(fact, RunStarted):
            self.job = RUNNING
        elif isinstance(fact, RunFinished):
            self.job = fact.state
        else:
            if isinstance(fact, RunStopped) and (self.code is None or _weight(fact.code) > _weight(self.code)):
                self.stopped, self.code = fact.reason, fact.code
            return None
        return Transition(None, previous, self.job)


def _weight(code: int | None) -> int:
    """Which exit code counts where several stops come together."""
    return 0 if code is None else 3 if code > 3 else {2: 2, 3: 1}.get(code, 0)
