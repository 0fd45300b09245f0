"""What the end of a recorded run showed, told again: what failed, its last lines and logs, how to go on.

Knows records and the account of a run; prints nothing.
"""

from __future__ import annotations

import os
import time

from factc.controls import REACH
from factc.diagnostic import CompileError, RequestError
from factc.events.ending import WORDS
from factc.events.state import FAILED
from factc.record import LOGS, history
from factc.record.commands import word
from factc.record.logs import log_name
from factc.record.onward import onward
from factc.record.recorded import RUNS, Recorded
from factc.screen.summary import Summary
from factc.screen.tails import BYTES, Tails

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def summary(found: Recorded, state_dir: str, *, colour: bool) -> str:
    """The account as the end of the run showed it; of one that still goes on, as far as it has come."""
    at = time.time() if found.live and not found.journal.finished else found.state.now
    made = _summary(found, colour, lambda: onward(found.header, state_dir) if may_go_on(found) else "")
    return made.text(at).lstrip("\n")


def failures(found: Recorded) -> str:
    """Of each task that failed why, its last lines, its log and what it blocked; "" for none."""
    if FAILED not in (task.state for task in found.state.tasks):
        return ""
    try:
        return "\n" + "\n".join(_summary(found, False, None).failures()) + "\n"
    except (RequestError, CompileError):  # its plan cannot be read: the rest of the account stays
        return ""


def may_go_on(found: Recorded) -> bool:
    """Whether a line says how to go on with it: also of one that has failed and still cleans up."""
    if found.doubt or history.successor(found.home, found):
        return False
    return found.failed or (found.live is True and has_failed(found))


def has_failed(found: Recorded) -> bool:
    return bool(found.state.stopped) or any(task.state == FAILED for task in found.state.tasks)


def outcome(found: Recorded) -> str:
    """How it is with a run, in words; one that has failed and still goes on (a `finally` does) says both."""
    if found.outcome == RUNS and has_failed(found):
        return f"{'stopped' if found.state.stopped else WORDS[FAILED]}, still running"
    return found.outcome


def _summary(found: Recorded, colour: bool, last: Callable[[], str] | None) -> Summary:
    plan = found.plan()[0]
    folder = os.path.join(os.path.abspath(found.directory), LOGS)
    names = found.header.names
    return Summary(
        plan, found.state, tails=lambda task: _tail(found, task), colour=colour, onward=last, outcome=outcome(found),
        log=lambda task, stream, attempt: word(os.path.join(folder, log_name(names[task], task, stream, attempt))),
    )  # fmt: skip


def _tail(found: Recorded, task: int) -> tuple[str, list[str]]:
    """The last lines of a task's last attempt, as they are in its logs."""
    tails = Tails()
    try:
        with found.folder() as folder, folder.folder(LOGS) as logs:
            for stream in (1, 2):
                try:
                    name = log_name(found.header.names[task], task, stream, max(1, found.state.tasks[task].attempt))
                    tails.add(task, stream, logs.tail(name, BYTES + REACH))
                except FileNotFoundError:
                    continue
    except OSError:
        return "", []
    return tails.last_lines(task)
