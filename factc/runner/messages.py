"""What a runner says in passing: what it waits for, what is left running.

Knows words; the answers are strings.
"""

from __future__ import annotations

from factc.durations import written

COMMAND = 60  # characters of a command that are shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from factc.engine import Left


def waiting_for(names: Sequence[str], grace: float) -> str:
    """What has to end before the run can, as the end of a sentence; "" if nothing has."""
    if not names:
        return ""
    some = ", ".join(f"'{name}'" for name in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f": waiting up to {written(grace)} for {some} to end (a further signal kills)"


def many_at_once(count: int, cpus: int) -> str:
    """That so many tasks run at once, for who may not have thought of it."""
    return f"{count} tasks run at once on {cpus} CPU{'s' * (cpus > 1)}: `-j auto` runs one for each CPU, `-j N` so many"


def left_behind(name: str, left: Left, masked: Callable[[str], str]) -> str:
    """What a task that succeeded has left running: it stays, but nobody is to be surprised by it.

    masked: hides secrets. It sees the command as it is: what has been cut or joined is no secret that it knows.
    """
    pids = ", ".join(map(str, left.pids[:5])) + (" …" if len(left.pids) > 5 else "")
    words = f"the task '{name}' left {_brief(masked(left.command))} running" + (f" (pid {pids})" if pids else "")
    if left.holds_output:
        words += ", which still holds the task's output: it will get SIGPIPE unless that is redirected"
    return words


def _brief(command: str) -> str:
    """So much of a command that it is known again."""
    words = " ".join("".join(c if c.isprintable() else " " for c in command).split())
    return words if len(words) <= COMMAND else words[: COMMAND - 1] + "…"
