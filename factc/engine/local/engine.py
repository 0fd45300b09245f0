"""The local engine: attempts are processes of this machine, each in a session of its own.

Unaware of jobs, plans and outcomes: it starts argvs, passes on what they write, tells how they ended, and sees
to it that nothing is left of them that was not to be left.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from factc.engine import Exited, Left, Lost, NotStarted, Output, Started
from factc.engine.local import procfs
from factc.engine.local.direct import Direct
from factc.engine.local.guard import Guard
from factc.engine.local.marks import VARIABLE, Marked, mark, marked
from factc.engine.local.pipes import Pipes
from factc.engine.local.process import LINGER, RUNS, Process
from factc.engine.local.shells import Shells
from factc.engine.local.spare_fds import Spare
from factc.engine.local.spawn import BUSY, PWD, encoded, here, spawn, words
from factc.engine.local.termination import Stopping
from factc.engine.local.waitid import any_ended, has_ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from factc.engine import Attempt, Post
    from factc.loop import Loop


ROUND = 2.0  # seconds between two looks for ends of which no signal told
STOLEN = "something else in this program waits for any child, and took its exit code"


class Local:
    """Processes on this machine.

    brand:     a name that no other run has; with it every process is found by its mark, wherever it went (Linux).
    unguarded: why nobody would clear up if this process were killed; empty if somebody would, or if there is no
               brand or no /proc to do it by.
    withheld:  variables that no attempt inherits.
    variables: what every attempt finds in its environment, whatever it sets itself.
    changed:   variables that are inherited with another value, or not at all.
    lender:    a descriptor into which what is owed is written if this process is killed, -1 for none.
    alone:     whether this program starts nothing else: a child that is not ours is then an orphan that the system
               handed to it, as it does to the first process of a container, and is reaped when it ends.
    """

    def __init__(
        self,
        brand: str = "",
        *,
        withheld: Iterable[str] = (),
        variables: Mapping[str, str] | None = None,
        changed: Mapping[str, str | None] | None = None,
        lender: int = -1,
        alone: bool = False,
    ) -> None:
        self._withheld = frozenset(map(os.fsencode, withheld))
        self._common = {encoded(name): encoded(value) for name, value in (variables or {}).items()}
        self._changed = changed or {}
        self._lender = lender
        self._owed = b""
        self.unguarded = ""
        self._brand = brand
        self._alone = alone
        self._guard: Guard | None = None

    def open(self, post: Callable[[Post], None], loop: Loop) -> None:
        self._null = -1
        with suppress(OSError):  # it is tried again with each task
            self._null = _null()
        self._guard = self._guarded()  # before there is anything to guard
        self._post = post
        self._loop = loop
        self._spare = Spare()
        self._shells = Shells()
        self._pipes = Pipes(post, loop, self._drained)
        self._by_pid: dict[int, Process] = {}
        self._stopping = Stopping(self._brand, loop, self._spare, self._by_pid, self._settle)
        self._by_id: dict[int, Process] = {}
        self._begun: set[int] = set()
        self._inherited = {name: value for name, value in os.environb.items() if name not in self._withheld}
        for variable, value in self._changed.items():
            self._inherited.pop(encoded(variable), None)
            if value is not None:
                self._inherited[encoded(variable)] = encoded(value)
        self._mark = mark(self._inherited.get(VARIABLE, b""), self._brand)
        if folder := here(self._inherited.get(PWD)):
            self._inherited[PWD] = folder  # `-C`, or who started factc, may have left that of another one
        self._inherited |= self._common
        self._direct = Direct(self._inherited)
        loop.on_signal(signal.SIGCHLD, lambda number: self._child())
        self._round = loop.later(ROUND, self._look_round)

    def submit(self, attempt: Attempt) -> None:
        try:
            self._start(attempt)
        except (OSError, ValueError) as problem:
            busy = getattr(problem, "errno", None) in BUSY
            self._post(NotStarted(attempt.id, self._loop.wall(), words(problem, attempt), busy))

    def cancel(self, id: int, grace: float) -> None:
        process = self._by_id.get(id)
        if process and not process.linger:  # else nothing is left of it that is to be stopped
            self._stopping.ask(process, grace)

    def has_ended(self, id: int) -> bool:
        process = self._by_id.get(id)
        if process and not process.over:
            self._look_at(process)
        return process is None or process.over

    def owe(self, what: bytes) -> None:
        """These bytes, and no others, are owed to the lender now."""
        self._owed = what
        if self._guard:
            self._guard.owe(what)

    def leftovers(self) -> list[Left]:
        strays: dict[int, list[Marked]] = {}
        with self._spare:
            for process in marked(self._brand, self._begun) if self._brand else ():
                if process.id not in self._by_id:
                    strays.setdefault(process.id, []).append(process)
        held = self._pipes.held_open()
        return [self._left(id, strays.get(id, []), id in held) for id in sorted({*strays, *held})]

    def hold(self, on: bool) -> None:
        self._pipes.hold(on)

    def close(self) -> None:
        self._round.cancel()
        self._stopping.kill(self._by_id.values())
        for pid in self._by_pid:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        self._by_pid.clear()
        self._by_id.clear()
        self._pipes.close()
        self._spare.close()
        if self._null >= 0:
            os.close(self._null)
            self._null = -1
        if self._guard:
            self._guard.dismiss()
            self._guard = None

    # ---- starting

    def _guarded(self) -> Guard | None:
        if not self._brand or not os.path.isdir("/proc/self"):
            return None
        if not procfs.is_ours():
            self.unguarded = "/proc shows the processes of another namespace"
            return None
        try:
            made = Guard(self._brand, self._lender)
            if self._owed:
                made.owe(self._owed)
        except OSError as problem:
            self.unguarded = f"the guard could not be started: {os.strerror(problem.errno or 0)}"
            return None
        self.unguarded = ""
        return made

    def _start(self, attempt: Attempt) -> None:
        pipes: list[int] = []
        at, now = self._loop.wall(), self._loop.now()
        try:
            if self._null < 0:
                self._null = _null()
            pipes += os.pipe()
            pipes += os.pipe()
            streams = (self._null, pipes[1], pipes[3])
            environment = self._environment(attempt)
            pid, speaks = spawn(attempt, environment, streams, self._spare, self._shells, self._direct)
        except BaseException:
            for descriptor in pipes:
                os.close(descriptor)
            raise
        os.close(pipes[1])
        os.close(pipes[3])
        if before := self._by_pid.get(pid):  # its number would not be free if it had not been reaped
            self._lost(before)
        process = Process(attempt, pid, now, {pipes[0]: 1, pipes[2]: 2}, speaks)
        self._by_pid[pid] = self._by_id[attempt.id] = process
        self._begun.add(attempt.id)
        self._pipes.watch(process)
        self._post(Started(attempt.id, at))

    def _environment(self, attempt: Attempt) -> dict[bytes, bytes]:
        environment = self._inherited.copy()
        for text, value in attempt.environment.items():
            name = encoded(text)
            if name not in self._common:
                environment[name] = encoded(value)
        if self._brand:
            environment[VARIABLE] = b"%s%d" % (self._mark, attempt.id)
        return environment

    # ---- ending: the shell has ended, then what it left is dealt with, then its pipes, then it is reaped

    def _child(self) -> None:
        """Some process ended: find out which, without reaping it before its group is dealt with."""
        while True:
            try:
                found = any_ended()
            except ChildProcessError:
                self._look_at_each()
                return
            if found is None:
                return
            pid, code = found
            process = self._by_pid.get(pid)
            if self._guard and pid == self._guard.pid:
                self._deserted(self._guard, code)
            elif process is None and self._alone:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            elif process is None or process.over:
                self._look_at_each()
                return
            else:
                self._exited(process, code)

    def _look_at_each(self) -> None:
        """Someone else's child, or one that is not reaped yet, is in the way: ask for ours one by one."""
        for process in list(self._by_pid.values()):
            if not process.over:
                self._look_at(process)

    def _look_at(self, process: Process) -> None:
        """Whether its shell has ended; nobody may have told of it yet."""
        try:
            code = has_ended(process.pid)
        except ChildProcessError:
            self._lost(process)
            return
        if code is not None:
            self._exited(process, code)

    def _look_round(self) -> None:
        """Another thread that waits for any child, or takes our signals, may have kept an end from us."""
        self._round = self._loop.later(ROUND, self._look_round)
        self._child()
        self._look_at_each()
        self._guard = self._guard or self._guarded()

    def _deserted(self, guard: Guard, code: int) -> None:
        guard.bury()
        self._guard = None
        self.unguarded = f"the guard has ended (exit code {code})"

    def _exited(self, process: Process, code: int) -> None:
        process.ended = self._loop.now()
        process.code = code
        process.speaks = process.speaks and process.stage == RUNS  # else a shell would have got the signal, too
        if process.stage == RUNS and code in process.leave:
            self._settle(process)
        else:
            self._stopping.clear(process)

    def _lost(self, process: Process) -> None:
        """Its shell has ended, and nobody will ever know how; what it left is stopped, as far as it has a mark."""
        del self._by_pid[process.pid]
        process.lost = True
        if process.code is None:
            process.ended = self._loop.now()
            self._stopping.clear(process)

    def _settle(self, process: Process) -> None:
        """What was to be stopped has gone: its last words."""
        if process.pipes:
            self._pipes.read_out(process)
        if process.pipes:
            process.linger = self._loop.later(LINGER, lambda: self._finish(process))
        else:
            self._finish(process)

    def _drained(self, process: Process) -> None:
        if process.linger:
            self._finish(process)

    def _finish(self, process: Process) -> None:
        if process.linger:
            process.linger.cancel()
            self._pipes.read_out(process)  # for what came while reading was on hold
        self._pipes.leave(process)
        del self._by_id[process.id]
        at = self._loop.wall()
        if process.code is None:
            self._post(Lost(process.id, at, STOLEN))
            return
        took = round(process.ended - process.started, 6)
        user = system = None
        if not process.lost:
            del self._by_pid[process.pid]
            with suppress(ChildProcessError):  # another thread was quicker, but how it ended was seen before
                _, status, used = os.wait4(process.pid, 0)
                user, system = used.ru_utime, used.ru_stime
                if process.speaks and os.WIFSIGNALED(status):
                    self._speak(process, os.WTERMSIG(status), os.WCOREDUMP(status))
        self._post(Exited(process.id, at, process.code, took, user, system))

    def _speak(self, process: Process, number: int, dumped: bool) -> None:
        """Says of the signal that ended it what its shell would have said."""
        if number not in (signal.SIGINT, signal.SIGPIPE):
            words = f"{signal.strsignal(number)}{' (core dumped)' if dumped else ''}\n"
            self._post(Output(process.id, 2, words.encode()))

    # ---- what is left

    def _left(self, id: int, strays: list[Marked], holds: bool) -> Left:
        strays.sort(key=lambda stray: stray.pid)
        return Left(id, [stray.pid for stray in strays], strays[0].command if strays else "", holds)


def _null() -> int:
    return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
