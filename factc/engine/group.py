"""Whether a process group still has a living member; the leader may be dead and unreaped.

Knows /proc on Linux and the answer of kill elsewhere; signals nothing.
"""

from __future__ import annotations

import os
import sys


def group_alive(group: int) -> bool:
    """Whether any process of the group runs (a zombie does not)."""
    if sys.platform == "linux":
        return any(_member(name, group) for name in os.listdir("/proc") if name.isdigit())
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS refuses where only zombies are left
        return False
    return True


def _member(pid: str, group: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, _, pgrp = file.read().rpartition(b")")[2].split()[:3]
    except (OSError, ValueError):
        return False
    return int(pgrp) == group and state not in (b"Z", b"X")
