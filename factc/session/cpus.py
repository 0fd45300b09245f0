"""How many CPUs this process may use: those of the machine, less what its affinity and its control groups take away.

Knows the files in which Linux says that; elsewhere the machine's own number counts.
"""

from __future__ import annotations

import os


def available(root: str = "/") -> int:
    """Whole CPUs, at least one; a part of one counts as one. root: where `proc` and `sys` are found."""
    try:
        count = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on macOS
        count = os.cpu_count() or 1
    for line in _lines(f"{root}proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for share in _shares(f"{root}sys/fs/cgroup", controllers.split(","), path):
            count = min(count, -int(-share // 1))
    return max(1, count)


def _shares(top: str, controllers: list[str], path: str) -> list[float]:
    """The CPUs that a group and each group around it may use, those that say so.

    In a container the path may be that of the machine, of which only the end, or nothing, is seen: what is missing is
    passed over, and the topmost group is always looked at.
    """
    if controllers == [""]:  # version 2
        tops, quota = (top, f"{top}/unified"), _quota
    elif "cpu" in controllers:
        tops, quota = (f"{top}/cpu", f"{top}/{','.join(controllers)}"), _quota_of_old
    else:
        return []
    parts = [part for part in path.split("/") if part and part != ".."]
    found = [quota("/".join((one, *parts[:depth]))) for one in tops for depth in range(len(parts) + 1)]
    return [share for share in found if share > 0]


def _quota(folder: str) -> float:
    """`cpu.max` of a group: microseconds that it may use in each period, or `max`, and the period."""
    words = " ".join(_lines(f"{folder}/cpu.max")).split()
    return _share(*words) if len(words) == 2 else 0.0


def _quota_of_old(folder: str) -> float:
    quota, period = (_lines(f"{folder}/cpu.cfs_{name}_us") for name in ("quota", "period"))
    return _share(quota[0], period[0]) if quota and period else 0.0


def _share(quota: str, period: str) -> float:
    """0.0 where there is no limit: `max`, or -1."""
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else 0.0


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(65536).splitlines()
    except OSError:
        return []
