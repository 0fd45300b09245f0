"""What an attempt's end means: exit codes, reasons, and why others are skipped for it.

Knows the exit-code rules; knows no process, clock or screen.
"""

from __future__ import annotations

from factc.state import FAILED, NO_OP, SUCCEEDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.plan import PlanTask


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
    if name := signal_name(code - 128):
        words += f" (128+{code - 128}, as by {name})"
    if tuple(task.ok) != (0,):
        words += ", expected " + " or ".join(map(str, task.ok))
    return words


def cause(name: str, state: str) -> str:
    """Why tasks below a task of that state are skipped (the words that Factotum's receivers know)."""
    return f"the task '{name}' failed" if state == FAILED else f"the task '{name}' requested early termination"


def signal_name(number: int) -> str | None:
    """`SIGKILL` for 9; None for what is no signal."""
    from signal import Signals

    try:
        return Signals(number).name
    except ValueError:
        return None
