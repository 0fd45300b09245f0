"""Which recorded runs may go, and their going.

Knows the runs of a state directory; never touches one that still runs, is being continued or delivered, has events that
nobody has got yet, or is not the caller's; nor what factc has not made.
"""

from __future__ import annotations

from contextlib import ExitStack

from factc.diagnostic import RequestError
from factc.escape import visible
from factc.record import PLAN, contents
from factc.record.history import names
from factc.record.journal_file import Locked, is_locked, lock, unlock
from factc.record.lasting import Lasting
from factc.record.recorded import NotBegun, Nothing, folder_of, header_of, read, runs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from factc.record.journal import RunHeader
    from factc.record.recorded import Recorded
    from factc.record.statedir import Folder, StateDir

MINUTE = 60.0

GONE = "gone"  # or it would go
STAYS = "stays"
LEFT = "left"  # something lies there that factc has not made
FAILED = "failed"  # it could not be removed


class Fate:
    """What became of something that lies where runs are recorded.

    name: of its folder. header: of the run, None for what is none. verdict: one of the above; why, in words.
    """

    __slots__ = ("name", "header", "verdict", "why")

    def __init__(self, name: str, header: RunHeader | None, verdict: str, why: str = "") -> None:
        self.name = name
        self.header = header
        self.verdict = verdict
        self.why = why


class Pruning:
    """Removes the runs that are not among the newest `keep` of their job, and began before `older` (seconds since the
    epoch). Given both, a run is superfluous only if both say so. And those with which the runs of their job take more
    than `size` bytes, the newest counted first.

    A run from which one that stays has carried something over stays too: the logs are there. lasting: so do the last
    that succeeded and the last that failed; they always do where it is only for the size. job: only runs of that one.
    undelivered: also those with events that nobody has got. rehearse: only tell. Raises Doubtful if the state
    directory is not the caller's.
    """

    def __init__(
        self,
        home: StateDir,
        keep: int | None = None,
        older: float | None = None,
        *,
        size: int | None = None,
        lasting: bool = False,
        job: str | None = None,
        undelivered: bool = False,
        rehearse: bool = False,
    ) -> None:
        self._home = home
        self._keep = keep
        self._older = older
        self._job = job
        self._size = size
        self._all_lasting = lasting
        self._sizes: dict[str, int] = {}  # by job, what its runs so far take
        self._undelivered = undelivered
        self._rehearse = rehearse
        self._needed: set[str | None] = set()  # runs from which one that stays has carried something over
        self._names: set[str] = set()

    def fates(self) -> Iterator[Fate]:
        """Of each superfluous run, and of each that cannot be read; the newest first."""
        try:
            runs = runs_of(self._home).believed()
        except Nothing:
            return
        with runs:
            found = names(self._home)
            self._names.update(found)
            seen: dict[str, int] = {}
            self._lasting = Lasting(lambda name: self._read(runs, name))
            for name in found:
                try:
                    with folder_of(self._home, runs, name) as folder:
                        header = header_of(folder)
                        full = self._is_full(header.job, folder)
                except NotBegun:
                    continue
                except RequestError as problem:
                    yield Fate(name, None, STAYS, problem.message)
                    continue
                seen[header.job] = seen.get(header.job, 0) + 1
                fate = self._fate(runs, name, header, seen[header.job], full)
                if fate is None or fate.verdict != GONE:
                    self._needed.add(header.continues)
                    self._lasting.stays(header.job, name)
                if fate:
                    yield fate

    def unknown(self, now: float) -> Iterator[Fate]:
        """Of runs that died before they began, a minute ago and more; and of what lies there that is no run."""
        try:
            runs = runs_of(self._home).believed()
        except Nothing:
            return
        with runs:
            for name in sorted(runs.names()):
                if not contents.is_run(name):
                    yield Fate(name, None, LEFT, f"{visible(runs.of(name))} is not factc's")
                elif self._is_stillborn(runs, name, now):
                    yield self._removed(runs, name, None)

    def _is_full(self, job: str, folder: Folder) -> bool:
        """Whether the runs of a job take too much with this one."""
        if self._size is None or self._job not in (None, job):
            return False
        self._sizes[job] = self._sizes.get(job, 0) + contents.size(folder)
        return self._sizes[job] > self._size

    def _read(self, runs: Folder, name: str) -> Recorded | None:
        try:
            with folder_of(self._home, runs, name) as folder:
                return read(self._home, folder)
        except RequestError:
            return None

    def _fate(self, runs: Folder, name: str, header: RunHeader, place: int, full: bool) -> Fate | None:
        beyond = self._keep is None or place > self._keep
        old = self._older is None or header.at < self._older
        superfluous = beyond and old and not (self._keep is None and self._older is None)
        if not (superfluous or full) or header.run in self._needed or self._job not in (None, header.job):
            return None
        return self._removed(runs, name, header, lasting=self._all_lasting or not superfluous)

    def _removed(self, runs: Folder, name: str, header: RunHeader | None, *, lasting: bool = False) -> Fate:
        """Removes it under the locks of all who might need it, if it still may go then."""
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(folder_of(self._home, runs, name).believed())
                if not self._rehearse:
                    for descriptor in (folder.again(), *_plan(folder)):
                        stack.callback(unlock, descriptor)
                        lock(descriptor)
                if header and (why := self._why_not(read(self._home, folder), runs, lasting)):
                    return Fate(name, header, STAYS, why)
                contents.check(folder)
                if not self._rehearse:
                    contents.remove(runs, name, folder)
            except Locked:
                return Fate(name, header, STAYS, "it is being continued, or its events are being delivered")
            except contents.Strange as stranger:
                return Fate(name, header, LEFT, f"{visible(str(stranger))} is not factc's")
            except RequestError as problem:
                return Fate(name, header, STAYS, problem.message)
            except OSError as problem:
                return Fate(name, header, FAILED, f"{visible(runs.of(name))} could not be removed: {problem.strerror}")
        return Fate(name, header, GONE)

    def _why_not(self, run: Recorded, runs: Folder, lasting: bool) -> str:
        """Why nothing may be removed of a run, "" if nothing is lost with it."""
        if run.live or (run.live is None and not run.journal.finished):
            return "it may still run" if run.live is None else "it still runs"
        if lasting and (why := self._lasting.why(run)):
            return why
        if run.undelivered and not self._undelivered:
            return "its events were not delivered (--undelivered)"
        for name in set(filter(contents.is_run, runs.names())) - self._names:  # it has begun meanwhile
            try:
                with folder_of(self._home, runs, name) as folder:
                    if header_of(folder).continues == run.header.run:
                        return "it has been continued just now"
            except RequestError:
                continue
        return ""

    def _is_stillborn(self, runs: Folder, name: str, now: float) -> bool:
        try:
            with folder_of(self._home, runs, name) as folder:
                if folder.status().st_mtime >= now - MINUTE:
                    return False
                try:
                    header_of(folder)
                except NotBegun:
                    return is_locked(folder) is False
        except FileNotFoundError:  # it has no journal
            return True
        except (OSError, RequestError):
            pass
        return False


def _plan(folder: Folder) -> list[int]:
    """The plan, open, whose lock has who continues the run; nothing where there is none."""
    try:
        return [folder.open(PLAN)]
    except OSError:
        return []


def keep_runs(home: StateDir, job: str, keep: int | None, size: int | None) -> list[str]:
    """At the end of a run: removes those of its job beyond the newest `keep`, or beyond so many bytes, but for the last
    that succeeded and the last that failed; what could not be removed, in words."""
    try:
        fates = list(Pruning(home, keep, size=size, job=job, lasting=True).fates())
    except RequestError as problem:
        return [f"no earlier run is removed: {problem.message}"]
    return [fate.why for fate in fates if fate.verdict in (LEFT, FAILED)]
