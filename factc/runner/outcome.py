"""What an attempt's end means: exit codes, reasons, and why others are skipped for it.

Knows the exit-code rules; knows no process, clock or screen.
"""

from __future__ import annotations

from factc.events import AttemptEnded, TaskEnded
from factc.events.state import FAILED, NO_OP, SUCCEEDED
from factc.plan import LONGEST_PAUSE, LOST, SIGNAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.engine import End
    from factc.plan import PlanTask, Retry
    from factc.runner.attempt import Running

NOT_STARTED = "not started"  # it could not be started at all
MOST_NAME = 200  # characters of a name in a reason


def judge(task: PlanTask, code: int) -> tuple[str, str | None]:
    """State and reason of a task whose attempt exited with a code (128+n after death by signal n)."""
    if code in task.ok:
        return SUCCEEDED, None
    if code in task.noop:
        return NO_OP, None
    return FAILED, reason(task, code)


def reason(task: PlanTask, code: int) -> str:
    """Why that code is a failure: `exit code 137 (128+9, as by SIGKILL)`."""
    words = f"exit code {code}"
    if code > 128 and (name := signal_name(code - 128)):
        words += f" (128+{code - 128}, as by {name})"
    if tuple(task.ok) != (0,):
        words += ", expected " + " or ".join(map(str, task.ok))
    return words


def retried(retry: Retry | None, attempt: int, what: int | str) -> bool:
    """Whether another attempt follows the one of that number (counted from 1) that failed.

    what: its exit code, TIMEOUT, LOST, or NOT_STARTED.
    """
    if retry is None or attempt > retry.times:
        return False
    if retry.on is None:
        return what != LOST
    by_signal = isinstance(what, int) and 128 < what <= 192 and SIGNAL in retry.on
    return by_signal or what in retry.on


def pause(retry: Retry, attempt: int, chance: float) -> float:
    """Seconds before the attempt that follows the one of that number; chance: a random number from 0 up to 1."""
    wait = min(LONGEST_PAUSE, retry.every * retry.backoff ** min(attempt - 1, 64))
    return wait if retry.backoff == 1 else wait * (1 + 0.1 * chance)


def ended(post: End, state: str, reason: str | None, running: Running) -> TaskEnded:
    """The fact that a task has settled with that attempt."""
    out, err = running.texts()
    return TaskEnded(post.at, post.id, state, post.code, post.duration, reason, out, err, post.user, post.system)


def tried(post: End, reason: str | None, running: Running, wait: float) -> AttemptEnded:
    """The fact that an attempt failed and another follows in so many seconds."""
    out, err = running.texts()
    return AttemptEnded(
        post.at, post.id, post.code, post.duration, reason, post.at + wait, out, err, post.user, post.system
    )


def failed(last: AttemptEnded, at: float, reason: str) -> TaskEnded:
    """A task whose next attempt will not come, because of that reason."""
    words = f"{last.reason}, and {reason} before the next attempt"
    return TaskEnded(
        at, last.task, FAILED, last.code, last.duration, words, last.stdout, last.stderr, last.user, last.system
    )


def cause(name: str, state: str) -> str:
    """Why tasks below a task of that state are skipped (the words that Factotum's receivers know)."""
    return f"{called(name)} failed" if state == FAILED else f"{called(name)} requested early termination"


def more_causes(count: int, exact: bool) -> str:
    """The last clause of a reason that names the first causes alone."""
    return f"and {'' if exact else 'at least '}{count} more"


def called(name: str) -> str:
    """A task in a reason, which many others may have: a name that is very long is cut."""
    return f"the task '{name if len(name) <= MOST_NAME else name[: MOST_NAME - 1] + '…'}'"


def signal_name(number: int) -> str | None:
    """`SIGKILL` for 9; None for what is no signal."""
    from signal import Signals

    try:
        return Signals(number).name
    except ValueError:
        return None
