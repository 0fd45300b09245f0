"""One recorded run: read from its folder, and how it ended.

Knows journals and plans; writes nothing and takes no lock. What is damaged is known as far as it is whole.
"""

from __future__ import annotations

import os
import time

from factc.diagnostic import RequestError
from factc.escape import visible
from factc.events.ending import BAD, STOPPED, WORDS, ending
from factc.events.state import RunState
from factc.instant import between
from factc.record import JOURNAL, PLAN
from factc.record.journal_file import is_locked
from factc.record.reading import Journal, is_delivered
from factc.record.statedir import user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.plan import Plan
    from factc.record.journal import RunHeader
    from factc.record.statedir import Doubt, Folder, StateDir
    from factc.source import Source

# How it is with a run that has not ended as `ending` tells.
RUNS = "running"
DIED = "died"  # it said no farewell: killed, or the machine went down
UNKNOWN = "running or died"  # where there are no locks, nobody can tell
DAMAGED = "damaged"  # how it went on behind a damaged line, nobody can tell


class Recorded:
    """One recorded run.

    state: the fold over its facts. live: whether it still runs, None if nobody can tell. size: bytes of the journal
    that were read. doubt: why it is not to be believed, or None.
    """

    __slots__ = ("directory", "doubt", "header", "home", "journal", "live", "size", "state")

    def __init__(self, home: StateDir, folder: Folder, journal: Journal, live: bool | None, size: int) -> None:
        assert journal.header is not None
        self.home = home
        self.directory = folder.path
        self.doubt: Doubt | None = folder.doubt
        self.header: RunHeader = journal.header
        self.journal = journal
        self.live = live
        self.size = size
        self.state = RunState(len(self.header.names))
        for step in journal.steps:
            for fact in step:
                self.state.apply(fact)

    @property
    def name(self) -> str:
        return os.path.basename(self.directory)

    @property
    def owner(self) -> str | None:
        """Whose it is, if it is not to be believed."""
        return user(self.doubt.uid) if self.doubt else None

    @property
    def short(self) -> str:
        """The first digits of its reference, by which it can be called."""
        return self.header.run[:8]

    @property
    def outcome(self) -> str:
        if not self.journal.finished:
            if self.journal.damage and not self.live:
                return DAMAGED
            return {True: RUNS, False: DIED, None: UNKNOWN}[self.live]
        return ending(self.state)

    @property
    def failed(self) -> bool:
        """Whether there is something to resume: it failed, was stopped, or died."""
        return self.outcome in (BAD, STOPPED, DIED, DAMAGED)

    @property
    def damage(self) -> str:
        """Which line of the journal is damaged, in words; "" for none."""
        line = self.journal.damage
        return f"line {line} of the journal is damaged: what happened after that is not known" if line else ""

    @property
    def seconds(self) -> float:
        """From its beginning to its last fact, or to now while it runs."""
        if self.live and not self.journal.finished:
            return self._so_far + max(0.0, time.time() - (self.state.now if self.journal.steps else self.header.at))
        return self._so_far

    @property
    def _so_far(self) -> float:
        return between(self.state.created, self.state.now) if self.journal.steps else 0.0

    @property
    def undelivered(self) -> list[int]:
        """The numbers of the endpoints that some event has not reached, and could."""
        numbers = range(1, len(self.header.endpoints) + 1)
        return [n for n in numbers if not is_delivered(self.journal, n) and not self.journal.outbox(n).gone]

    def folder(self) -> Folder:
        """Its folder, opened once more. Raises RequestError."""
        with runs_of(self.home) as runs:
            return folder_of(self.home, runs, self.name)

    def plan(self) -> tuple[Plan, Source]:
        """The plan as it was run, and its text. Raises RequestError, and CompileError if somebody changed it."""
        with self.folder() as folder:
            return self.plan_in(folder)

    def plan_in(self, folder: Folder) -> tuple[Plan, Source]:
        """As `plan`, from its open folder."""
        from factc.syntax.planfile.reader import read_plan
        from factc.syntax.source_file import source_of

        path = folder.of(PLAN)
        try:
            source = source_of(path, folder.read(PLAN))
        except OSError as problem:
            raise unreadable(path, problem) from None
        plan = read_plan(source)
        if [task.name for task in plan.tasks] != self.header.names:
            raise RequestError(f"{visible(path)} is not the plan of the journal beside it: other tasks stand there")
        return plan, source


class NotBegun(RequestError):
    """A run that died before its header was written: nothing of it has happened."""


class Closed(RequestError):
    """The run of somebody else, who lets nobody read it."""


def read(home: StateDir, folder: Folder) -> Recorded:
    """The run recorded in a folder. Raises RequestError if that is none, or if its header is damaged."""
    path = folder.of(JOURNAL)
    try:
        live = is_locked(folder)  # asked first: a run that ends meanwhile has written its last word
        data = folder.read(JOURNAL)
    except FileNotFoundError:
        raise _not_begun(path) from None
    except OSError as problem:
        raise unreadable(path, problem) from None
    journal = Journal(visible(path))
    size = data.rfind(b"\n") + 1  # what is torn off or being written is no line
    journal.feed(data[:size])
    if journal.header is None:
        raise _not_begun(path)
    if not live:
        journal.end()
    return Recorded(home, folder, journal, live, size)


def header_of(folder: Folder) -> RunHeader:
    """The header alone, read without the rest. Raises RequestError."""
    path = folder.of(JOURNAL)
    journal = Journal(visible(path))
    try:
        with open(folder.open(JOURNAL), "rb") as file:
            line = file.readline()
    except FileNotFoundError:
        raise _not_begun(path) from None
    except OSError as problem:
        raise unreadable(path, problem) from None
    journal.feed(line if line.endswith(b"\n") else b"")
    if journal.header is None:
        raise _not_begun(path)
    return journal.header


# ---- folders


class Nothing(RequestError):
    """There are no runs at all."""


def runs_of(home: StateDir) -> Folder:
    try:
        return home.runs()
    except FileNotFoundError:
        raise Nothing(f"there is no run in {visible(home.runs_path)}") from None
    except OSError as problem:
        raise unreadable(home.runs_path, problem) from None


def folder_of(home: StateDir, runs: Folder, name: str) -> Folder:
    try:
        return home.run(runs, name)
    except FileNotFoundError:
        raise _not_begun(runs.of(name)) from None
    except NotADirectoryError:
        raise RequestError(f"{visible(runs.of(name))} is no folder, and links are not followed") from None
    except OSError as problem:
        words = f"{visible(runs.of(name))} cannot be read: {problem.strerror}"
        if isinstance(problem, PermissionError) and (uid := runs.status(name).st_uid) != os.geteuid():
            raise Closed(f"{words}: it belongs to {user(uid)}") from None
        raise RequestError(words) from None


def _not_begun(path: str) -> NotBegun:
    return NotBegun(f"{visible(path)} has no header: the run died before it began")


def unreadable(path: str, problem: OSError) -> RequestError:
    return RequestError(f"{visible(path)} cannot be read: {problem.strerror}")


def counts(state: RunState) -> dict[str, int]:
    """How many tasks are in which state, in words and in the order in which people are told."""
    states = [task.state for task in state.tasks]
    return {word: states.count(name) for name, word in WORDS.items() if name in states}
