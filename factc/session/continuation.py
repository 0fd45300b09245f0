"""An earlier run that is to be continued: what it knew, and whether it may be.

Knows records, locks and the marks of processes; decides with `resume` what runs again.
"""

from __future__ import annotations

import os
import time

from factc.diagnostic import NothingToDo, RequestError, RunsAlready
from factc.escape import visible
from factc.events.ending import OK
from factc.events.state import SUCCEEDED
from factc.record import JOURNAL, PLAN
from factc.record.commands import option, resume_command, runs_command
from factc.record.history import OPEN, find, open_runs, successor
from factc.record.journal_file import JournalFile, Locked, lock, unlock
from factc.record.recorded import read
from factc.record.resume import Resumption

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from factc.engine.local.marks import Marked
    from factc.plan import Plan
    from factc.plan.values import Given
    from factc.record.recorded import Recorded
    from factc.record.statedir import Folder, StateDir


PATIENCE = 1.0  # seconds: what a killed run leaves is being cleared away


class Earlier:
    """The run that a word means (see `history.find`). run: its record. plan: as it was run; source: the plan's text.

    Raises RequestError if it is not the caller's, if it still runs or is being continued already, if a process of it is
    still alive, or if nobody can know what of it succeeded.
    """

    def __init__(self, home: StateDir, word: str) -> None:
        self.others = 0  # runs that wait to be continued, if nobody said which
        found = find(home, word, believe=True, missing=NothingToDo)
        if word in OPEN:
            self.others = sum(run.header.run != found.header.run for run in open_runs(home, word))
        _check(found)
        with found.folder().believed() as folder:
            self._claim = self._claimed(folder, found.short)
            try:
                self._cut(folder)
                self.run = read(home, folder)
                _check(self.run)  # once more: who held that may have continued the run, and be done with it
                self.plan, self.source = self.run.plan_in(folder)
                self._check_processes()
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """From now on others may continue the run. Closed twice, it would close what has got its number since."""
        claim, self._claim = self._claim, -1
        if claim != -1:
            unlock(claim)

    def whole(self) -> None:
        """Raises NothingToDo for a run that succeeded: of its own plan nothing is left."""
        if self.run.outcome == OK:
            words = f"the run {self.run.short} of '{self.plan.name}' succeeded: nothing to go on with"
            raise NothingToDo(visible(words))

    def choice(self) -> str:
        """Which run was chosen of several that wait to be continued, "" if there was no choice."""
        if not self.others:
            return ""
        others = f"{self.others} others wait" if self.others > 1 else "one other waits"
        words = f"goes on with {self.run.short} of '{self.plan.name}', the newest; {others}, too: "
        words += runs_command("--failed", self.run.home.path)
        return visible(words)

    def values(self, given: Given) -> Given:
        """The caller's values and tags, and beside them those of the earlier run."""
        return given.after(self.plan.values, self.plan.tags)

    def resumption(self, plan: Plan) -> Resumption:
        """Raises RequestError for the plan of another job."""
        if plan.name != self.plan.name:
            words = f"the run {self.run.short} is one of the job '{self.plan.name}', not of '{plan.name}'"
            others = runs_command(option("--job", plan.name).lstrip(), self.run.home.path)
            raise RequestError(visible(words), f"{others} lists the others")
        made = Resumption(self.run.header.run, plan, self.plan, self.run.state)
        then = self.run.header.inherited
        if then:
            from factc.record.inherited import differences

            again = [task for i, task in enumerate(plan.tasks) if i not in made.carried]
            if words := differences(made.run, then, again, os.environ):
                made.doubts.append(f"the environment is not that of the run: {words}")
        return made

    def _claimed(self, folder: Folder, short: str) -> int:
        """The lock of whoever continues the run, on its plan, held as long as that goes on."""
        try:
            claim = folder.open(PLAN)
        except OSError as problem:
            raise RequestError(f"the plan of the run {short} cannot be read: {problem.strerror}") from None
        try:
            lock(claim)
        except Locked:
            os.close(claim)
            raise RunsAlready(f"the run {short} is being continued or removed already", "wait for that") from None
        if os.fstat(claim).st_nlink == 0:
            unlock(claim)
            raise RequestError(f"the run {short} has just been removed")
        return claim

    def _cut(self, folder: Folder) -> None:
        """Cuts a torn last line, unless somebody delivers the run's events, who has done it."""
        try:
            JournalFile(folder).close()
        except Locked:
            pass
        except OSError as problem:
            raise RequestError(f"{folder.of(JOURNAL)} cannot be opened: {problem.strerror}") from None

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
            words = f"processes of the run {self.run.short} are still alive: {some}{more}"
            raise RequestError(visible(words), f"kill {pids}")

    def _alive(self) -> list[Marked]:
        from factc.engine.local.marks import marked

        tasks = self.run.state.tasks
        return [one for one in marked(self.run.header.run, range(len(tasks))) if tasks[one.id].state != SUCCEEDED]


def _check(run: Recorded) -> None:
    """Raises RequestError if a run cannot be continued."""
    if run.live:
        where = f"pid {run.header.pid} on {run.header.host}"
        raise RunsAlready(f"the run {run.short} still runs: {where}", "wait for it, or stop it first")
    if next_run := successor(run.home, run):
        words = f"the run {run.short} has been continued already, by the run {next_run.run[:8]}"
        raise NothingToDo(
            words,
            f"go on from that one: {resume_command(next_run.run[:8], '', run.home.path)}; or begin anew: factc run JOB",
        )
    if run.journal.lost and not run.journal.finished:
        line = run.journal.damage
        path = visible(os.path.join(run.directory, JOURNAL))
        raise RequestError(
            f"line {line} of {path} is damaged, and more happened after it: what succeeded then would run twice",
            "begin anew: factc run JOB; or cut the journal before that line: what came after has then not happened",
        )


def _program(command: str) -> str:
    """The name of a program, without its arguments, in which a secret may stand."""
    return os.path.basename(command.split(" ", 1)[0]) or "unknown"
