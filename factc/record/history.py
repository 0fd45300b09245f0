"""The runs that a state directory holds: listed, and found by the word that means one.

Knows folders and the names of runs; writes nothing and takes no lock.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress

from factc.diagnostic import RequestError
from factc.escape import visible
from factc.events.ending import EARLY, OK
from factc.record.commands import option, runs_command
from factc.record.contents import is_run
from factc.record.recorded import DIED, Closed, NotBegun, Nothing, folder_of, header_of, read, runs_of, unreadable
from factc.record.statedir import Doubtful

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from factc.record.journal import RunHeader
    from factc.record.recorded import Recorded
    from factc.record.statedir import Folder, StateDir

    T = TypeVar("T")

LAST = "last"
LAST_FAILED = "last-failed"
LAST_DIED = "last-died"
OPEN = (LAST_FAILED, LAST_DIED)


def names(home: StateDir) -> list[str]:
    """The folders of all runs, the newest first; none if there are none. Raises RequestError."""
    try:
        with runs_of(home) as runs:
            return _names(home, runs)
    except Nothing:
        return []


def every(home: StateDir, damaged: Callable[[RequestError], None]) -> Iterator[Recorded]:
    """All recorded runs, the newest first; a run that never began is passed over.

    damaged: is told of each that cannot be read; what it raises goes on to the caller.
    """
    return (run for _, run in _each(home, lambda runs, name: _read(home, runs, name), damaged))


def headers(home: StateDir) -> Iterator[tuple[str, RunHeader]]:
    """The headers of all runs that can be believed, by the names of their folders, the newest first."""

    def read(runs: Folder, name: str) -> RunHeader:
        with folder_of(home, runs, name).believed() as folder:
            return header_of(folder)

    return _each(home, read, lambda _: None)


def _each(
    home: StateDir, read: Callable[[Folder, str], T], damaged: Callable[[RequestError], None]
) -> Iterator[tuple[str, T]]:
    """What is read of each run, by the names of their folders, the newest first."""
    try:
        runs = runs_of(home)
    except Nothing:
        return
    with runs:
        for name in _names(home, runs):
            try:
                yield name, read(runs, name)
            except NotBegun:
                continue
            except RequestError as problem:
                damaged(problem)


def successor(home: StateDir, run: Recorded) -> RunHeader | None:
    """The header of the newest run that continues this one, if there is any."""
    return next((header for name, header in headers(home) if header.continues == run.header.run), None)


def find(home: StateDir, word: str, *, believe: bool = False, missing: type[RequestError] = RequestError) -> Recorded:
    """The run that a word means: the beginning of its reference or of its folder's name, or one of those above.

    Raises RequestError (for one of those: `missing`) if there is none, or more than one; with `believe`, if it is not
    the caller's.
    """
    if believe:
        believed(home)
    if word == LAST:
        found = next(every(home, refuse), None)
    elif word in OPEN:
        found = next(open_runs(home, word), None)
    else:
        found = _by_beginning(home, word)
    if found is None:
        where = f"in {visible(home.runs_path)}"
        words = {
            LAST: f"there is no run {where}",
            LAST_FAILED: f"no run {where} has failed and still waits to be continued",
            LAST_DIED: f"no run {where} has died and still waits to be continued",
        }
        kind = missing if word in words else RequestError
        raise kind(words.get(word, f"no run {where} is called `{visible(word)}`"), _hint(home, word))
    if believe and found.doubt:
        raise Doubtful(found.doubt)
    return found


def _hint(home: StateDir, word: str) -> str:
    """The way out for a word that means no run: it may be a job's name, or its file."""
    path = _path(word)
    job = next((h.job for _, h in headers(home) if word == h.job or path in [one["path"] for one in h.files[:1]]), None)
    if job is not None:
        return visible(f"{runs_command(option('--job', job).lstrip(), home.path)} lists the runs of that job")
    return "`factc runs` lists them; --state-dir DIR looks elsewhere"


def _path(word: str) -> str:
    try:
        return os.path.abspath(word)
    except OSError:  # the working directory has been deleted
        return word


def believed(home: StateDir) -> None:
    """Raises Doubtful if the state directory is not the caller's, RequestError if it cannot be read."""
    with suppress(Nothing):
        runs_of(home).believed().close()


def refuse(problem: RequestError) -> None:
    """For `every`: who asks for the last run must not get another one, because that cannot be read.

    The runs of others are no reason: where a group shares the state directory, everybody has their own last one.
    """
    if not isinstance(problem, Closed):
        raise problem


def _names(home: StateDir, runs: Folder) -> list[str]:
    """Those that factc gives to runs, the newest first; of runs of one second the one whose header says so."""
    try:
        found = [name for name in runs.names() if is_run(name)]
    except OSError as problem:
        raise unreadable(runs.path, problem) from None
    seconds = Counter(name.partition("-")[0] for name in found)

    def began(name: str) -> tuple[str, float, str]:
        second = name.partition("-")[0]
        return second, _began(home, runs, name) if seconds[second] > 1 else 0.0, name

    return sorted(found, key=began, reverse=True)


def _began(home: StateDir, runs: Folder, name: str) -> float:
    try:
        with folder_of(home, runs, name) as folder:
            return header_of(folder).at
    except RequestError:
        return 0.0


def open_runs(home: StateDir, word: str = LAST_FAILED) -> Iterator[Recorded]:
    """The runs that failed, were stopped or died (or of these, who died), and wait to be continued; the newest first.

    Not those that another has continued, nor those that a later whole run of the same job file with the same values
    and tags has made good.
    """
    continued: set[str | None] = set()
    good: set[str] = set()
    for run in every(home, refuse):
        header = run.header
        same = header.same or header.reference
        meant = word == LAST_FAILED or run.outcome == DIED
        if run.failed and meant and header.run not in continued and same not in good:
            yield run
        if run.doubt is None:
            continued.add(header.continues)
            if run.outcome in (OK, EARLY) and not (header.start or header.to or header.continues):
                good.add(same)


def _by_beginning(home: StateDir, word: str) -> Recorded | None:
    try:
        folder = runs_of(home)
    except Nothing:
        return None
    with folder:
        alike = [n for n in _names(home, folder) if n.startswith(word) or n.partition("-")[2].startswith(word[:8])]
        runs = [_read(home, folder, name) for name in alike] if word else []
    runs = [run for run in runs if run.header.run.startswith(word) or run.name.startswith(word)]
    if len(runs) > 1:
        some = ", ".join(run.short for run in runs[:5])
        raise RequestError(
            f"`{visible(word)}` may be {len(runs)} runs: {some}{' …' if len(runs) > 5 else ''}", "give more of it"
        )
    return runs[0] if runs else None


def _read(home: StateDir, runs: Folder, name: str) -> Recorded:
    with folder_of(home, runs, name) as folder:
        return read(home, folder)
