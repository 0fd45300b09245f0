"""The runs that a state directory holds: found by name, read, and how they ended.

Knows directories and journals; writes nothing and takes no lock.
"""

from __future__ import annotations

import os
import time
from collections import Counter

from factc.diagnostic import RequestError
from factc.events.ending import BAD, STOPPED, ending
from factc.events.state import FAILED, NO_OP, SUCCEEDED, RunState
from factc.record import JOURNAL, PLAN
from factc.record.journal import Journal, is_delivered
from factc.record.journalfile import content, is_locked, opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from factc.plan import Plan
    from factc.record.journal import RunHeader

LAST = "last"
LAST_FAILED = "last-failed"

# How it is with a run that has not ended as `ending` tells.
RUNS = "running"
DIED = "died"  # it said no farewell: killed, or the machine went down
UNKNOWN = "running or died"  # where there are no locks, nobody can tell


class Recorded:
    """One recorded run.

    state: the fold over its facts. live: whether it still runs, None if nobody can tell. size: bytes of the journal
    that were read.
    """

    __slots__ = ("directory", "header", "journal", "live", "size", "state")

    def __init__(self, directory: str, header: RunHeader, journal: Journal, live: bool | None, size: int) -> None:
        self.directory = directory
        self.header = header
        self.journal = journal
        self.live = live
        self.size = size
        self.state = RunState(len(header.names))
        for step in journal.steps:
            for fact in step:
                self.state.apply(fact)

    @property
    def short(self) -> str:
        """The first digits of its reference, by which it can be called."""
        return self.header.run[:8]

    @property
    def outcome(self) -> str:
        if not self.journal.finished:
            return {True: RUNS, False: DIED, None: UNKNOWN}[self.live]
        return ending(self.state)

    @property
    def failed(self) -> bool:
        """Whether there is something to resume: it failed, was stopped, or died."""
        return self.outcome in (BAD, STOPPED, DIED)

    @property
    def seconds(self) -> float:
        """From its beginning to its last fact, or to now while it runs."""
        if self.live and not self.journal.finished:
            return max(0.0, time.time() - self.header.at)
        return max(0.0, self.state.now - self.state.created) if self.journal.steps else 0.0

    @property
    def undelivered(self) -> list[int]:
        """The numbers of the endpoints that some event has not reached, and could."""
        numbers = range(1, len(self.header.endpoints) + 1)
        return [n for n in numbers if not is_delivered(self.journal, n) and not self.journal.outbox(n).gone]

    def plan(self) -> Plan:
        """The plan as it was run. Raises RequestError, and CompileError if somebody changed it."""
        from factc.front.file import read_source
        from factc.front.planfile import read_plan

        return read_plan(read_source(os.path.join(self.directory, PLAN)))


def names(state_dir: str) -> list[str]:
    """The directories of all runs, the newest first. Raises RequestError if they cannot be listed."""
    folder = os.path.join(state_dir, "runs")
    paths = directories(state_dir)
    found = [os.path.basename(path) for path in paths if os.path.exists(os.path.join(path, JOURNAL))]
    seconds = [name.partition("-")[0] for name in found]
    twins = {second for second, count in Counter(seconds).items() if count > 1}

    def began(name: str) -> tuple[str, float, str]:
        second = name.partition("-")[0]
        return second, _began(os.path.join(folder, name)) if second in twins else 0.0, name

    return sorted(found, key=began, reverse=True)


def directories(state_dir: str) -> list[str]:
    """All that lies where runs are recorded. Raises RequestError if it cannot be listed."""
    folder = os.path.join(state_dir, "runs")
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder)]
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise RequestError(f"{folder} cannot be read: {problem.strerror}") from None


class NotBegun(RequestError):
    """A run that died before its header was written: nothing of it has happened."""


def every(state_dir: str, damaged: Callable[[RequestError], None]) -> Iterator[Recorded]:
    """All recorded runs, the newest first; a run that never began is passed over.

    damaged: is told of each that cannot be read; what it raises goes on to the caller.
    """
    for name in names(state_dir):
        try:
            yield read(os.path.join(state_dir, "runs", name))
        except NotBegun:
            continue
        except RequestError as problem:
            damaged(problem)


def successor(state_dir: str, run: Recorded) -> RunHeader | None:
    """The header of the newest run that continues this one, if there is any."""
    for name in names(state_dir):
        directory = os.path.join(state_dir, "runs", name)
        if name == os.path.basename(run.directory):
            continue
        try:
            header = header_of(directory)
        except RequestError:
            continue
        if header.continues == run.header.run:
            return header
    return None


def _open_failure(state_dir: str) -> Recorded | None:
    """The newest run that failed and that no other has continued."""
    continued: set[str | None] = set()
    for run in every(state_dir, refuse):
        if run.failed and run.header.run not in continued:
            return run
        continued.add(run.header.continues)
    return None


def refuse(problem: RequestError) -> None:
    """For `every`: who asks for the last run must not get another one, because that cannot be read."""
    raise problem


def header_of(directory: str) -> RunHeader:
    """The header alone, read without the rest. Raises RequestError."""
    path = os.path.join(directory, JOURNAL)
    journal = Journal(path)
    try:
        with open(opened(path), "rb") as file:
            line = file.readline()
    except OSError as problem:
        raise _unreadable(path, problem) from None
    journal.feed(line if line.endswith(b"\n") else b"")
    if journal.header is None:
        raise NotBegun(f"{path} has no header: the run died before it began")
    return journal.header


def find(state_dir: str, word: str) -> Recorded:
    """The run that a word means: the beginning of its reference or of its directory's name, `last`, `last-failed`.

    Raises RequestError if there is none or more than one.
    """
    if word == LAST:
        found = next(every(state_dir, refuse), None)
    elif word == LAST_FAILED:
        found = _open_failure(state_dir)
    else:
        found = _by_beginning(state_dir, word)
    if found is None:
        where = f"in {os.path.join(state_dir, 'runs')}"
        words = {
            LAST: f"there is no run {where}",
            LAST_FAILED: f"no run {where} has failed and still waits to be continued",
        }
        hint = "`factc runs` lists them; --state-dir DIR looks elsewhere"
        raise RequestError(words.get(word, f"no run {where} is called `{word}`"), hint)
    return found


def read(directory: str) -> Recorded:
    """The run recorded in a directory. Raises RequestError if that is none, or damaged."""
    path = os.path.join(directory, JOURNAL)
    try:
        live = is_locked(path)  # asked first: a run that ends meanwhile has written its last word
        data = content(path)
    except OSError as problem:
        raise _unreadable(path, problem) from None
    journal = Journal(path)
    size = data.rfind(b"\n") + 1  # what is torn off or being written is no line
    journal.feed(data[:size])
    if journal.header is None:
        raise NotBegun(f"{path} has no header: the run died before it began")
    if not live:
        journal.end()
    return Recorded(directory, journal.header, journal, live, size)


def _by_beginning(state_dir: str, word: str) -> Recorded | None:
    alike = (
        [n for n in names(state_dir) if n.startswith(word) or n.partition("-")[2].startswith(word[:8])] if word else []
    )
    runs = [read(os.path.join(state_dir, "runs", name)) for name in alike]
    runs = [run for run in runs if run.header.run.startswith(word) or os.path.basename(run.directory).startswith(word)]
    if len(runs) > 1:
        some = ", ".join(run.short for run in runs[:5])
        raise RequestError(
            f"`{word}` may be {len(runs)} runs: {some}{' …' if len(runs) > 5 else ''}", "give more of it"
        )
    return runs[0] if runs else None


def _began(directory: str) -> float:
    try:
        return header_of(directory).at
    except RequestError:
        return 0.0


def _unreadable(path: str, problem: OSError) -> RequestError:
    return RequestError(f"{path} cannot be read: {problem.strerror}")


def counts(state: RunState) -> dict[str, int]:
    """How many tasks are in which state, in the order in which people are told."""
    states = [task.state for task in state.tasks]
    return {
        name: states.count(name)
        for name in (SUCCEEDED, NO_OP, FAILED, "SKIPPED", "RUNNING", "WAITING")
        if name in states
    }
