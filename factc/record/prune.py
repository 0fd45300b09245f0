"""Which recorded runs may go, and their going.

Knows the runs of a state directory; never touches one that still runs, nor one with events that nobody has got yet.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from factc.diagnostic import RequestError
from factc.record import JOURNAL
from factc.record.history import directories, every, header_of, names, read
from factc.record.journalfile import content, is_locked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from factc.record.history import Recorded


MINUTE = 60.0


def keep_runs(state_dir: str, job: str, keep: int) -> list[str]:
    """After a success: removes the finished runs of a job beyond its newest `keep`; what could not be, in words."""
    troubles, seen = [], 0
    needed: set[str | None] = set()
    for name in names(state_dir):
        directory = os.path.join(state_dir, "runs", name)
        try:
            header = header_of(directory)
            seen += header.job == job
            run = read(directory) if header.job == job and seen > keep and header.run not in needed else None
        except RequestError:  # not ours to judge
            continue
        if run and run.journal.finished and may_go(run):
            troubles += [trouble] if (trouble := remove(directory)) else []
        else:
            needed.add(header.continues)
    return troubles


def superfluous(
    state_dir: str, keep: int | None, older: float | None, damaged: Callable[[RequestError], None]
) -> Iterator[Recorded]:
    """The runs that are not among the newest `keep` of their job, and began before `older` (seconds since the epoch).

    Given both, a run is superfluous only if both say so. A run from which one that stays has carried something over
    stays too: the logs are there. damaged: as for `history.every`.
    """
    seen: dict[str, int] = {}
    needed: set[str | None] = set()
    for run in every(state_dir, damaged):
        job = run.header.job
        seen[job] = seen.get(job, 0) + 1
        beyond = (keep is None or seen[job] > keep) and (older is None or run.header.at < older)
        if beyond and run.header.run not in needed:
            yield run
        else:
            needed.add(run.header.continues)


def may_go(run: Recorded, *, undelivered: bool = False) -> bool:
    """Whether nothing is lost with a run: it is over, and its events have been delivered (or do not matter)."""
    over = run.live is False or (run.live is None and run.journal.finished is not None)
    return over and (undelivered or not run.undelivered)


def stillborn(state_dir: str, now: float) -> Iterator[str]:
    """The directories of runs that died before they began: without a journal's first line, and a minute old."""
    for directory in directories(state_dir):
        try:
            path = os.path.join(directory, JOURNAL)
            empty = not os.path.exists(path) or (b"\n" not in content(path) and is_locked(path) is False)
            if empty and os.stat(directory).st_mtime < now - MINUTE:
                yield directory
        except OSError:
            continue


def remove(directory: str) -> str | None:
    """Deletes a run's directory, its journal last: half a run is a run still. Why that failed, in words."""
    try:
        for entry in os.scandir(directory):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            elif entry.name != JOURNAL:
                os.unlink(entry.path)
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(directory, JOURNAL))
        os.rmdir(directory)
    except OSError as problem:
        return f"{directory} could not be removed: {problem.strerror}"
    return None
