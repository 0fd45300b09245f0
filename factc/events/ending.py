"""How a run ended: the one account of it that exit code, screen, record and API give.

Knows the fold over a run's facts; knows no screen, file or process.
"""

from __future__ import annotations

from factc.events.state import FAILED, NO_OP, RUNNING, SKIPPED, SUCCEEDED, WAITING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.events.state import RunState

# The states of a task in words for people and for `--format json`, in the order in which they are counted.
WORDS = {SUCCEEDED: "succeeded", NO_OP: "no-op", FAILED: "failed", SKIPPED: "skipped", RUNNING: "running",
         WAITING: "waiting"}  # fmt: skip

# How a run ended, in such words.
OK = "succeeded"
EARLY = "finished early"
BAD = "failed"
STOPPED = "stopped"

# What a stop, or a failure, makes of the exit code; a signal's is 128 and its number.
FAILURE = 2
BROKEN = 3
UNDELIVERED = 6
SIGNAL = 128


def verdict(state: RunState) -> str:
    """The job's state once every task has settled: SUCCEEDED or FAILED."""
    return FAILED if state.stopped or _has_failed(state) else SUCCEEDED


def ending(state: RunState) -> str:
    """How a run that has finished ended."""
    if state.stopped:
        return STOPPED
    if state.job != SUCCEEDED:
        return BAD
    return EARLY if any(task.state == NO_OP for task in state.tasks) else OK


def exit_code(state: RunState, *, broken: bool = False, missing: bool = False) -> int:
    """Of a run that has finished: a signal, then 2, then 3, then 6, then 0.

    broken: the record could not be written. missing: events that had to be delivered were not.
    """
    stop = state.code or 0
    if stop >= SIGNAL:
        return stop
    if _has_failed(state) or stop == FAILURE:
        return FAILURE
    if broken or stop == BROKEN:
        return BROKEN
    return UNDELIVERED if missing else 0


def _has_failed(state: RunState) -> bool:
    return any(task.state == FAILED for task in state.tasks)
