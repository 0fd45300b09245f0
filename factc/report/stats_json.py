"""A run's figures as programs read them.

Knows the figures; the answer is made of plain JSON values.
"""

from __future__ import annotations

from factc.report.stats import NO_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.report.stats import Stats


def figures(stats: Stats) -> dict[str, object]:
    """All figures as JSON values; durations and times are seconds."""
    cpu = stats.cpu
    return {
        "seconds": _exact(stats.whole),
        "finished": stats.finished,
        "slots": {"known": stats.slots is not None, "limit": stats.slots or None, "pools": stats.pools},
        "running": _exact(stats.total("running")),
        "waiting": {
            "tasks": _exact(stats.total("for_tasks")), "slot": _exact(stats.total("for_slot")),
            "pools": {name: _exact(seconds) for name, seconds in stats.pool_waits.items()},
            "attempts": _exact(stats.total("pausing")),
        },
        "at_once": {
            "average": _exact(stats.at_once), "most": stats.most, "used": _exact(stats.used),
            "alone": _exact(stats.alone), "all": _exact(stats.busy) if stats.slots else None,
        },
        "cpu": None if cpu is None else {"user": _exact(cpu[0]), "system": _exact(cpu[1])},
        "critical_path": {
            "seconds": _exact(stats.path_seconds),
            "share": _exact(stats.path_seconds / stats.whole if stats.whole else 0.0),
            "tasks": [stats.plan.tasks[i].name for i in stats.path],
        },
        "simulated": _simulations(stats) if stats.finished else [],
        "tasks": _tasks(stats),
    }  # fmt: skip


def _simulations(stats: Stats) -> list[dict[str, object]]:
    slots = stats.slots or NO_LIMIT
    asked: list[tuple[int, str | None]] = [(slots, None)]
    asked += [(slots + 1, None), (NO_LIMIT, None)] if slots else []
    asked += [(count, name) for name in stats.narrow for count in ((slots, slots + 1) if slots else (slots,))]
    return [
        {"slots": count or None, "pools": {name: stats.pools[name] + 1} if name is not None else {},
         "seconds": _exact(stats.simulated(count, name))}
        for count, name in asked
    ]  # fmt: skip


def _tasks(stats: Stats) -> list[dict[str, object]]:
    on_path = set(stats.path)
    return [_task(stats, i, i in on_path) for i in range(len(stats.tasks))]


def _task(stats: Stats, task: int, critical: bool) -> dict[str, object]:
    one, course = stats.tasks[task], stats.courses.tasks[task]
    counts = not (course.carried or course.skipped)
    return {
        "task": stats.plan.tasks[task].name, "attempts": len(course.attempts),
        "carried": course.carried, "skipped": course.skipped, "critical": critical,
        "running": _exact(one.running),
        "waiting": {
            "tasks": _exact(one.for_tasks), "slot": _exact(one.for_slot), "pool": _exact(one.for_pool),
            "attempts": _exact(one.pausing),
        } if counts else None,
        "user": _exact(course.user), "system": _exact(course.system),
    }  # fmt: skip


def _exact(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
