"""The record of a run: its directory, its journal, the plan as it was run, and the whole output of every attempt.

Knows files; knows no engine and no screen. Directories are 0700, files 0600, and no link is followed.
"""

from __future__ import annotations

import time
from contextlib import suppress

from factc.diagnostic import RequestError, of_system
from factc.escape import visible
from factc.events import AttemptEnded, RunFinished, TaskEnded, TaskStarted
from factc.record import LOGS, PLAN, PROGRAM
from factc.record.beside import Beside
from factc.record.journal import ack_line, fact_line, header_line, passed_line, seal_line, stopped_line
from factc.record.journal_file import JournalFile
from factc.record.logs import Logs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.events import Step
    from factc.record.journal import RunHeader, Seal
    from factc.record.statedir import Folder, StateDir


class Record:
    """The directory of one run, `STATE_DIR/runs/<UTC time>-<run8>/`; a sink and a listener.

    `failed` is called with words for the screen when something could not be written; `broken` says that so it was.
    """

    def __init__(
        self, state_dir: StateDir, header: RunHeader, plan_text: str, opening: Step, program: bytes = b""
    ) -> None:
        """Makes the directory, with the plan, the journal's header and the run's first step in it.

        `opening` goes with the header, for what is carried over must not get lost with a run that dies young.
        `program` is one that tasks may call, nothing for none. Raises RequestError if that fails.
        """
        name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(header.at))}-{header.run[:8]}"
        self.failed: Callable[[str], None] = lambda words: None
        self._opening = opening
        self._facts = len(opening)
        self._finished = False
        self._outlook = "; what runs goes on, nothing new starts"
        try:
            runs = state_dir.made_runs()
            self._folder = runs.make(name)
            self.directory = self._folder.path
            self._fill(runs, name, header, plan_text, program)
        except OSError as problem:
            raise refused(state_dir.path, of_system(problem)) from None

    def _fill(self, runs: Folder, name: str, header: RunHeader, plan_text: str, program: bytes) -> None:
        """Writes what stands there before anything runs; nothing stays if that fails."""
        try:
            self._logs = Logs(self._folder.make(LOGS), header.names)
            self._folder.write_new(PLAN, plan_text.encode())
            if program:
                self._folder.write_program(PROGRAM, program)
            self._journal = JournalFile(self._folder, new=True)
            last = len(self._opening)
            lines = [fact_line(i, fact, more=i < last) for i, fact in enumerate(self._opening, 1)]
            self._journal.write(b"".join([header_line(header), *lines]))
            if self._journal.broken:
                raise OSError(0, "the journal cannot be written")
        except OSError:
            from factc.record.contents import remove

            with suppress(OSError):
                remove(runs, name, self._folder)
            raise
        self._journal.failed = self._fail
        self._beside = Beside()
        self._beside.do(lambda: self._settle(runs))  # each of these takes about a millisecond

    def _settle(self, runs: Folder) -> None:
        """What stands in the directory before anything runs, brought to the disk."""
        self._journal.sync()
        self._folder.sync(PLAN)
        self._folder.sync()
        runs.sync()
        runs.close()
        self._folder.close()

    @property
    def broken(self) -> bool:
        return self._journal.broken or self._logs.broken

    @property
    def alone(self) -> str:
        """Why the run itself has to bring its record to the disk; empty if it need not."""
        return self._beside.alone

    @property
    def locked(self) -> bool:
        """Whether others can see that this run is alive."""
        return self._journal.locked

    def log(self, task: int, stream: int, attempt: int = 1) -> str:
        """The path of a log file; it is made at its first byte."""
        return self._logs.path(task, stream, attempt)

    def step(self, facts: Step) -> None:
        if facts is self._opening:
            return  # the journal began with it
        assert not self._finished, "nothing happens in a run that is over"
        self._finished = isinstance(facts[-1], RunFinished)
        rest = len(facts)
        for fact in facts:
            rest -= 1
            self._facts += 1
            self._journal.write(fact_line(self._facts, fact, more=rest > 0))
            if isinstance(fact, TaskStarted):
                self._logs.begin(fact.task, fact.attempt)
            elif isinstance(fact, (TaskEnded, AttemptEnded)):
                self._logs.end(fact.task)
        if self._finished:
            self._journal.look()  # before the account of the run

    def output(self, task: int, stream: int, data: bytes) -> None:
        if self._logs.broken:
            return  # what room is left is the journal's
        try:
            self._logs.write(task, stream, data)
        except OSError as problem:
            self._logs.broken = True
            self._fail(f"the log {self.log(task, stream)} cannot be written: {problem.strerror}")

    def keep(self, task: int, data: bytes) -> str:
        """Puts a list for a task to read beside the logs; its path. Raises OSError."""
        return self._logs.keep(task, data)

    def tick(self) -> None:
        """Once a second: what was written is brought to the disk."""
        self._journal.sync_soon(self._beside)

    def close(self) -> None:
        """The run is over and its webhooks are too."""
        self._beside.close()
        self._journal.close()
        self._logs.close()

    def ledger(self, endpoint: int) -> Ledger:
        """The account of one endpoint's events."""
        return Ledger(self._journal, endpoint)

    def _fail(self, words: str) -> None:
        """Says so; the first time also what comes of it."""
        outlook, self._outlook = self._outlook, ""
        self.failed(words + outlook)


class Ledger:
    """What was sealed and delivered of one endpoint's events, written into a journal. For any thread."""

    def __init__(self, journal: JournalFile, endpoint: int) -> None:
        self._journal = journal
        self._endpoint = endpoint

    def seal(self, seal: Seal) -> bool:
        """An event is about to be sent for the first time: whether that is on the disk when this returns."""
        return self._journal.write(seal_line(self._endpoint, seal)) and self._journal.sync()

    def acknowledged(self, number: int) -> None:
        self._journal.write(ack_line(self._endpoint, number))

    def passed(self, number: int, why: str) -> None:
        self._journal.write(passed_line(self._endpoint, number, why))

    def stopped(self, why: str, gone: bool) -> None:
        self._journal.write(stopped_line(self._endpoint, why, gone=gone))


def refused(state_dir: str, why: str) -> RequestError:
    """The error that a run cannot be recorded there."""
    hint = "choose another place with --state-dir DIR, or run without a record: --no-record"
    return RequestError(f"the run cannot be recorded in {visible(state_dir)}: {why}", hint)
