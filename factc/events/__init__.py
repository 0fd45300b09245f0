"""What happened in a run: facts, each named by a past participle, never changed once made.

Knows no plan, clock or sink. A step is a tuple of facts that happened together (the tasks that were
started at once; one task's end with the skips it caused; one change of the job): every account of a
run, the one on the wire too, is a fold over steps. Times are seconds since the epoch, as an `Instant` where
both clocks are known, so that what lies between two of them is told by the one that never steps; durations seconds.

Plain classes rather than dataclasses: a compiled plan starts to run 7 ms sooner without that import.
"""

from __future__ import annotations


class Fact:
    """Something that happened. `at` is the wall clock then, in seconds since the epoch."""

    __slots__ = ("at",)
    at: float

    def __repr__(self) -> str:
        names = [n for kind in type(self).__mro__ for n in getattr(kind, "__slots__", ())]
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and repr(self) == repr(other)

    __hash__ = object.__hash__


Step = tuple[Fact, ...]


class RunCreated(Fact):
    """The run exists; every task waits."""

    __slots__ = ()

    def __init__(self, at: float) -> None:
        self.at = at


class RunStarted(Fact):
    """The first tasks are about to start."""

    __slots__ = ()

    def __init__(self, at: float) -> None:
        self.at = at


class TaskCarried(Fact):
    """A task that succeeded in the run which this one continues: it has settled before anything starts.

    started, duration: of its attempt then; code: its exit code. No change of state of this run.
    """

    __slots__ = ("task", "code", "started", "duration")

    def __init__(self, at: float, task: int, code: int | None, started: float | None, duration: float | None) -> None:
        self.at = at
        self.task = task
        self.code = code
        self.started = started
        self.duration = duration


class TaskStarted(Fact):
    """An attempt (counted from 1) of a task runs now."""

    __slots__ = ("task", "attempt")

    def __init__(self, at: float, task: int, attempt: int = 1) -> None:
        self.at = at
        self.task = task
        self.attempt = attempt


class AttemptEnded(Fact):
    """An attempt failed, and the task waits for another: from `again` on (seconds since the epoch).

    code, duration, reason, stdout, stderr, user, system: as for TaskEnded.
    """

    __slots__ = ("task", "code", "duration", "reason", "again", "stdout", "stderr", "user", "system")

    def __init__(
        self,
        at: float,
        task: int,
        code: int | None,
        duration: float | None,
        reason: str | None,
        again: float,
        stdout: str | None = None,
        stderr: str | None = None,
        user: float | None = None,
        system: float | None = None,
    ) -> None:
        self.at = at
        self.task = task
        self.code = code
        self.duration = duration
        self.reason = reason
        self.again = again
        self.stdout = stdout
        self.stderr = stderr
        self.user = user
        self.system = system


class TaskEnded(Fact):
    """A task has settled by itself.

    state:    SUCCEEDED, SUCCEEDED_NO_OP or FAILED.
    code:     the exit code (128+n after death by signal n), or None where there is none.
    reason:   why it failed, or None.
    stdout, stderr: the last characters of its output, or None if it wrote nothing.
    user, system: seconds of processor time that its last attempt took, or None where that is not known.
    """

    __slots__ = ("task", "state", "code", "duration", "reason", "stdout", "stderr", "user", "system")

    def __init__(
        self,
        at: float,
        task: int,
        state: str,
        code: int | None,
        duration: float | None,
        reason: str | None = None,
        stdout: str | None = None,
        stderr: str | None = None,
        user: float | None = None,
        system: float | None = None,
    ) -> None:
        self.at = at
        self.task = task
        self.state = state
        self.code = code
        self.duration = duration
        self.reason = reason
        self.stdout = stdout
        self.stderr = stderr
        self.user = user
        self.system = system


class TaskSkipped(Fact):
    """A task will not run, for one more cause (a clause such as `the task 'a' failed`)."""

    __slots__ = ("task", "cause")

    def __init__(self, at: float, task: int, cause: str) -> None:
        self.at = at
        self.task = task
        self.cause = cause


class RunStopped(Fact):
    """The run was told to stop: nothing new starts (`reason` such as `the run was stopped by SIGTERM`).

    code: the exit code that this alone would mean (see `ending`); None in records of older versions.
    """

    __slots__ = ("reason", "code")

    def __init__(self, at: float, reason: str, code: int | None = None) -> None:
        self.at = at
        self.reason = reason
        self.code = code


class RunFinished(Fact):
    """Every task has settled; `state` is SUCCEEDED or FAILED."""

    __slots__ = ("state",)

    def __init__(self, at: float, state: str) -> None:
        self.at = at
        self.state = state
