"""An earlier run that is to be continued: what it knew, and whether it may be.

Knows records, locks and the marks of processes; decides with `resume` what runs again.
"""

from __future__ import annotations

import os
import time

from factc.diagnostic import RequestError
from factc.record import JOURNAL
from factc.record.history import every, find, read
from factc.record.journalfile import JournalFile, Locked
from factc.resume import Resumption
from factc.state import SUCCEEDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.engine.marks import Marked
    from factc.plan import Plan
    from factc.values import Given


PATIENCE = 1.0  # seconds: what a killed run leaves is being cleared away


class Earlier:
    """The run that a word means (see `history.find`). run: its record, in `directory`. plan: as it was run.

    Raises RequestError if it still runs, if it is being continued already, or if a process of it is still alive.
    """

    def __init__(self, state_dir: str, word: str) -> None:
        found = find(state_dir, word)
        self._take(found.directory, found.header.host, found.header.pid)
        self.directory = os.path.abspath(found.directory)
        self.run = read(found.directory)
        self.plan = self.run.plan()
        self._check_successor(state_dir)
        self._check_processes()

    def values(self, given: Given) -> Given:
        """The caller's values and tags, and beside them those of the earlier run."""
        return given.after(self.plan.values, self.plan.tags)

    def resumption(self, plan: Plan) -> Resumption:
        return Resumption(self.run.header.run, plan, self.plan, self.run.state)

    def _take(self, directory: str, host: str, pid: int) -> None:
        """Cuts a torn last line, which only the holder of the lock may do."""
        path = os.path.join(directory, JOURNAL)
        try:
            JournalFile(path).close()
        except Locked:
            raise RequestError(
                f"the run {os.path.basename(directory)} still runs: pid {pid} on {host}",
                "wait for it, or stop it first",
            ) from None
        except OSError as problem:
            raise RequestError(f"{path} cannot be opened: {problem.strerror}") from None

    def _check_successor(self, state_dir: str) -> None:
        reference = self.run.header.run
        for run in every(state_dir):
            if run.header.at < self.run.header.at:
                return
            if run.live and run.header.continues == reference:
                where = f"pid {run.header.pid} on {run.header.host}"
                raise RequestError(f"the run {self.run.short} is being continued already: run {run.short}, {where}")

    def _check_processes(self) -> None:
        """What still runs of a dead run would run twice. Found by its mark, never by a bare number."""
        until = time.monotonic() + PATIENCE
        while (alive := self._alive()) and time.monotonic() < until:
            time.sleep(0.02)
        if alive:
            names = self.run.header.names
            some = "; ".join(f"pid {one.pid} of the task '{names[one.id]}' ({one.command})" for one in alive[:5])
            more = f" and {len(alive) - 5} more" if len(alive) > 5 else ""
            pids = " ".join(str(one.pid) for one in alive)
            raise RequestError(f"processes of the run {self.run.short} are still alive: {some}{more}", f"kill {pids}")

    def _alive(self) -> list[Marked]:
        from factc.engine.marks import marked

        tasks = self.run.state.tasks
        return [one for one in marked(self.run.header.run) if tasks[one.id].state != SUCCEEDED]
