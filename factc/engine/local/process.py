"""One attempt that runs: its number, its pipes, and how far its end has come.

Knows no system call; those who read, stop and reap it write down here what they did.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from factc.engine import Attempt
    from factc.loop import Timer

LINGER = 0.2  # seconds for what an ended shell left to finish by itself: `> >(tee log)` writes late

# How far its stopping has come; LINGERS only after its shell has ended.
RUNS, LINGERS, ASKED, KILLED = range(4)


class Process:
    """An attempt from its start to its last post. Until it is reaped its pid also names its group, and nobody else."""

    __slots__ = (
        "id", "pid", "started", "pipes", "leave", "grace", "ended", "code", "lost", "stage", "deadline", "linger",
        "speaks",
    )  # fmt: skip

    def __init__(self, attempt: Attempt, pid: int, started: float, pipes: dict[int, int], speaks: bool = False) -> None:
        self.id = attempt.id
        self.leave: Container[int] = attempt.leave
        self.grace = attempt.grace
        self.pid = pid
        self.started = started
        self.pipes = pipes  # descriptor → stream
        self.speaks = speaks  # a shell would say which signal ended it
        self.ended = 0.0
        self.code: int | None = None  # its shell has ended
        self.lost = False  # it has, and somebody else took the code: its number belongs to nobody now
        self.stage = RUNS
        self.deadline = float("inf")  # when the stage is over
        self.linger: Timer | None = None  # nothing but its pipes is waited for

    @property
    def over(self) -> bool:
        """Whether its shell has ended."""
        return self.lost or self.code is not None
