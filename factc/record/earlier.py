"""An earlier run that is to be continued: what it knew, and whether it may be.

Knows records, locks and the marks of processes; decides with `resume` what runs again.
"""

from __future__ import annotations

import os
import time

from factc.diagnostic import RequestError
from factc.events.state import SUCCEEDED
from factc.record import JOURNAL, PLAN
from factc.record.history import find, read, successor
from factc.record.journalfile import JournalFile, Locked, lock, unlock
from factc.record.pasted import word
from factc.record.resume import Resumption

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.engine.marks import Marked
    from factc.plan import Plan
    from factc.plan.values import Given
    from factc.record.history import Recorded


PATIENCE = 1.0  # seconds: what a killed run leaves is being cleared away


class Earlier:
    """The run that a word means (see `history.find`). run: its record, in `directory`. plan: as it was run.

    Raises RequestError if it still runs, if it is being continued already, or if a process of it is still alive.
    """

    def __init__(self, state_dir: str, word: str) -> None:
        found = find(state_dir, word)
        if found.live:
            where = f"pid {found.header.pid} on {found.header.host}"
            raise RequestError(f"the run {found.short} still runs: {where}", "wait for it, or stop it first")
        if next_run := successor(state_dir, found):
            words = f"the run {found.short} has been continued already, by the run {next_run.run[:8]}"
            raise RequestError(
                words, f"go on from that one: factc resume {next_run.run[:8]}, or begin anew: factc run JOB"
            )
        self.directory = os.path.abspath(found.directory)
        self._claim = self._claimed(found)
        self._cut()
        self.run = read(self.directory)
        self.plan = self.run.plan()
        self._check_processes()

    def close(self) -> None:
        """From now on others may continue the run."""
        unlock(self._claim)

    def values(self, given: Given) -> Given:
        """The caller's values and tags, and beside them those of the earlier run."""
        return given.after(self.plan.values, self.plan.tags)

    def resumption(self, plan: Plan) -> Resumption:
        """Raises RequestError for the plan of another job."""
        if plan.name != self.plan.name:
            words = f"the run {self.run.short} is one of the job '{self.plan.name}', not of '{plan.name}'"
            raise RequestError(words, f"factc runs --job {word(plan.name)} lists the others")
        return Resumption(self.run.header.run, plan, self.plan, self.run.state)

    def _claimed(self, found: Recorded) -> int:
        """The lock of whoever continues the run, on its plan, held as long as that goes on."""
        try:
            claim = os.open(os.path.join(self.directory, PLAN), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as problem:
            raise RequestError(f"the plan of the run {found.short} cannot be read: {problem.strerror}") from None
        try:
            lock(claim)
        except Locked:
            os.close(claim)
            raise RequestError(f"the run {found.short} is being continued already", "wait for that run") from None
        return claim

    def _cut(self) -> None:
        """Cuts a torn last line, unless somebody delivers the run's events, who has done it."""
        path = os.path.join(self.directory, JOURNAL)
        try:
            JournalFile(path).close()
        except Locked:
            pass
        except OSError as problem:
            raise RequestError(f"{path} cannot be opened: {problem.strerror}") from None

    def _check_processes(self) -> None:
        """What still runs of a dead run would run twice. Found by its mark, never by a bare number."""
        until = time.monotonic() + PATIENCE
        while (alive := self._alive()) and time.monotonic() < until:
            time.sleep(0.02)
        if alive:
            names = self.run.header.names
            some = "; ".join(
                f"pid {one.pid} of the task '{names[one.id]}' ({_program(one.command)})" for one in alive[:5]
            )
            more = f" and {len(alive) - 5} more" if len(alive) > 5 else ""
            pids = " ".join(str(one.pid) for one in alive)
            raise RequestError(f"processes of the run {self.run.short} are still alive: {some}{more}", f"kill {pids}")

    def _alive(self) -> list[Marked]:
        from factc.engine.marks import marked

        tasks = self.run.state.tasks
        return [one for one in marked(self.run.header.run, range(len(tasks))) if tasks[one.id].state != SUCCEEDED]


def _program(command: str) -> str:
    """The name of a program, without its arguments, in which a secret may stand."""
    return os.path.basename(command.split(" ", 1)[0]) or "unknown"
