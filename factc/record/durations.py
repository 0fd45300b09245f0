"""What the tasks of a job took in its earlier runs: how long each may be expected to take.

Knows directories and the beginnings of a journal's lines; takes no lock, and passes over what it cannot read.
"""

from __future__ import annotations

import json
import re

from factc.diagnostic import RequestError
from factc.record import JOURNAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from factc.record.statedir import Folder, StateDir

RUNS = 5  # so many runs are asked, and of each task the newest so many durations
MORE = 20  # at most so many, where some of them did not get far
LOOKED_AT = 1000  # runs of whatever job, the newest: it may have the state directory with many others
MOST = 1e9  # seconds: more is no duration
HEAD = 4096  # bytes of a journal in which its job stands

# A task that succeeded, or was carried over. Lines are found by how they begin, for they may be long; a line feed never
# stands inside of one.
_ENDED = re.compile(
    rb'\n\{"n":\d+,"fact":"Task(Ended|Carried)","at":[^,\n]+,"task":(\d+)(?:,"state":"SUCCEEDED(?:_NO_OP)?")?'
    rb'(?:,"code":\d+)?(?:,"started":[^,\n]+)?,"duration":(\d+(?:\.\d+)?(?:e[+-]?\d+)?)[,}]'
)
_NAMES = ',"names":'  # in a journal's first line; within a text its quotes would have backslashes
_decode = json.JSONDecoder().raw_decode  # from a place on: the rest of that line is long
_AT = re.compile(rb',"at":(\d+(?:\.\d+)?)[,}]')


def known_seconds(home: StateDir, job: str, names: Sequence[str], *, but: str = "") -> list[float] | None:
    """Seconds that each task of a job, by name, is expected to take; None if its earlier runs tell of none of them.

    It is the median of the task's newest durations in the last runs of that job: those of attempts that succeeded (or
    were a no-op), as a failure tells little of how long the work takes. One that was carried over counts once. A task
    that is new is expected to take the median of the others. Runs that did not get through half of the tasks make room
    for older ones. but: the run that asks, which has nothing to tell yet. Never raises for what lies in the state
    directory; what others could have written there tells nothing.
    """
    found: dict[str, list[float]] = {name: [] for name in names}
    carried: set[tuple[str, float]] = set()
    whole = 0
    try:
        with home.runs().believed() as runs:
            for read, name in enumerate(_names(home, runs, job, but), 1):
                whole += 2 * _told(home, runs, name, found, carried) >= len(found)
                if whole == RUNS or read == MORE:
                    break
    except (OSError, RequestError):
        return None
    medians = {name: _median(durations[:RUNS]) for name, durations in found.items() if durations}
    if not medians:
        return None
    usual = _median(list(medians.values()))
    return [medians.get(name, usual) for name in names]


def _told(
    home: StateDir, runs: Folder, name: str, found: dict[str, list[float]], carried: set[tuple[str, float]]
) -> int:
    """Adds what a journal tells of each task; of how many it does. carried: what has been told of an older run."""
    told = 0
    try:
        with home.run(runs, name).believed() as folder:
            data = folder.read(JOURNAL)
        header = data[: data.find(b"\n") + 1].decode()
        names = _decode(header, header.index(_NAMES) + len(_NAMES))[0]
        for how, task, text in _ENDED.findall(data):
            name, seconds = names[int(task)], float(text)
            if name not in found or seconds > MOST:
                continue
            told += 1
            if (name, seconds) not in carried:
                found[name].append(seconds)
            if how == b"Carried":
                carried.add((name, seconds))
    except (OSError, RequestError, ValueError, LookupError, TypeError, RecursionError):
        pass  # it is damaged, or has just been removed: what it has told so far holds
    return told


def _names(home: StateDir, runs: Folder, job: str, but: str) -> Iterator[str]:
    """The folders of the runs of a job, the newest first; of others only the beginning is read."""
    names = sorted(runs.names(), reverse=True)[:LOOKED_AT]
    second = ""
    twins: list[tuple[float, str]] = []  # runs that began in that second, with the time that their journals give
    for name in names:
        if but and name.endswith(but[:8]):
            continue
        if second != (second := name.partition("-")[0]):
            yield from (twin for _, twin in sorted(twins, reverse=True))
            twins = []
        if (at := _began(home, runs, name, job)) is not None:
            twins.append((at, name))
    yield from (twin for _, twin in sorted(twins, reverse=True))


def _began(home: StateDir, runs: Folder, name: str, job: str) -> float | None:
    """When a run of that job began; None for one of another, or if that cannot be seen."""
    try:
        with home.run(runs, name) as folder:
            head = folder.head(JOURNAL, HEAD)
    except OSError:
        return None
    _, found, rest = head.partition(b',"job":')
    told = json.dumps(job).encode()
    at = _AT.match(rest, len(told)) if found and rest.startswith(told) else None
    return float(at[1]) if at else None


def _median(values: list[float]) -> float:
    """As `statistics` has it, which takes longer to load than all of this to read."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
