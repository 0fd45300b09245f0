"""Which process groups still have a living member; their leaders may be dead and unreaped.

Knows /proc on Linux and the answer of kill elsewhere; signals nothing.
"""

from __future__ import annotations

import os
import sys

from factc.engine.local import procfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Set


def living(groups: Set[int], among: Iterable[int] | None = None) -> Set[int] | None:
    """Those of the groups of which some process runs (a zombie does not) that may be signalled.

    among: these processes alone, instead of all, where there is a list of them. None if that cannot be seen:
    there is no /proc of ours, or no descriptor is left to look with.
    """
    if not groups:
        return groups
    if sys.platform != "linux":
        return {group for group in groups if _answers(group)}
    if not procfs.is_ours():
        return None
    found: set[int] = set()
    try:
        for pid in procfs.pids() if among is None else among:
            group = _group(pid)
            if group in groups and group not in found and _runs(pid):
                found.add(group)
    except OSError:
        return None
    return found


def _answers(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS refuses where only zombies are left
        return False
    return True


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # one that may not be signalled cannot be stopped: nobody waits for it
        return procfs.alive(pid)
    except (ProcessLookupError, FileNotFoundError, PermissionError):
        return False
