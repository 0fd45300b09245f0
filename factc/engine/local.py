"""The local engine: attempts are processes of this machine, each in a session of its own.

Unaware of jobs, plans and outcomes: it starts argvs, reads their pipes, tells how they ended, and stops them
as groups when asked to.
"""

from __future__ import annotations

import errno
import os
import signal
from contextlib import suppress

from factc.engine import Exited, NotStarted, Output, Started
from factc.engine.ended import any_ended, has_ended
from factc.engine.group import group_alive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.engine import Attempt, Post
    from factc.loop import Loop, Timer

READ_SIZE = 65_536
LINGER = 0.2  # seconds that the pipes of an ended process are read on: `> >(tee log)` writes late
POLL = 0.05  # seconds between two looks at a group that is being stopped
BUSY = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)

# Python ignores these, and a child would inherit that.
_DEFAULTED = [s for s in (signal.SIGPIPE, getattr(signal, "SIGXFSZ", None)) if s is not None]


class _Process:
    """One attempt that runs: its pipes, and how far it has come."""

    __slots__ = ("id", "pid", "started", "pipes", "ended", "code", "cancelled", "timer", "linger")

    def __init__(self, id: int, pid: int, started: float, pipes: dict[int, int]) -> None:
        self.id = id
        self.pid = pid
        self.started = started
        self.pipes = pipes  # descriptor → stream
        self.ended: float | None = None  # it has; until it is reaped its number still names its group
        self.code: int | None = None  # known when it is reaped
        self.cancelled = False
        self.timer: Timer | None = None
        self.linger: Timer | None = None


class Local:
    """Processes on this machine."""

    def open(self, post: Callable[[Post], None], loop: Loop) -> None:
        self._post = post
        self._loop = loop
        self._by_pid: dict[int, _Process] = {}
        self._by_id: dict[int, _Process] = {}
        self._left: list[int] = []  # pipes that something left behind still holds
        self._inherited = dict(os.environb)
        loop.on_signal(signal.SIGCHLD, self._child)

    def submit(self, attempt: Attempt) -> None:
        try:
            self._start(attempt)
        except (OSError, ValueError) as problem:
            number = getattr(problem, "errno", None)
            words = self._words(problem, attempt)
            self._post(NotStarted(attempt.id, self._loop.wall(), words, number in BUSY))

    def cancel(self, id: int, grace: float) -> None:
        process = self._by_id.get(id)
        if process is None:
            return
        if not process.cancelled and grace > 0:
            process.cancelled = True
            self._signal(process, signal.SIGTERM)
            self._signal(process, signal.SIGCONT)
        process.cancelled = True
        if process.timer:
            process.timer.cancel()
        process.timer = self._loop.later(grace, lambda: self._kill(process))

    def close(self) -> None:
        for process in list(self._by_id.values()):
            self._kill(process)
            for descriptor in process.pipes:
                self._drop(descriptor)
        for descriptor in self._left:
            self._drop(descriptor)
        self._by_id.clear()
        self._left.clear()

    # ---- starting

    def _start(self, attempt: Attempt) -> None:
        pipes: list[int] = []
        at, now = self._loop.wall(), self._loop.now()
        try:
            pipes += os.pipe()
            pipes += os.pipe()
            pid = self._spawn(attempt, pipes[1], pipes[3])
        except BaseException:
            for descriptor in pipes:
                os.close(descriptor)
            raise
        os.close(pipes[1])
        os.close(pipes[3])
        process = _Process(attempt.id, pid, now, {pipes[0]: 1, pipes[2]: 2})
        self._by_pid[pid] = self._by_id[attempt.id] = process
        for descriptor in process.pipes:
            os.set_blocking(descriptor, False)
            self._loop.add(descriptor, lambda d=descriptor: self._read(process, d))  # type: ignore[misc]
        self._post(Started(attempt.id, at))

    def _spawn(self, attempt: Attempt, out: int, err: int) -> int:
        actions = (
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, out, 1),
            (os.POSIX_SPAWN_DUP2, err, 2),
        )
        own = {_bytes(name): _bytes(value) for name, value in attempt.environment.items()}
        environment = {**self._inherited, **own}
        argv = [_bytes(word) for word in attempt.argv]
        here = os.open(".", os.O_RDONLY) if attempt.directory is not None else -1
        try:
            if attempt.directory is not None:  # posix_spawn has no way to change it in the child alone
                os.chdir(_bytes(attempt.directory))
            return os.posix_spawnp(argv[0], argv, environment, file_actions=actions, setsid=True, setsigdef=_DEFAULTED)
        finally:
            if here >= 0:
                os.fchdir(here)
                os.close(here)

    def _words(self, problem: OSError | ValueError, attempt: Attempt) -> str:
        if isinstance(problem, ValueError):
            return f"could not start: {problem}"
        text = os.strerror(problem.errno) if problem.errno else str(problem)
        if problem.errno in BUSY or problem.errno == errno.E2BIG:
            return f"could not start: {text}"
        if attempt.directory is not None and problem.filename == _bytes(attempt.directory):
            return f"could not start in the directory {attempt.directory}: {text}"
        return f"could not start {attempt.argv[0]}: {text}"

    # ---- reading

    def _read(self, process: _Process, descriptor: int) -> None:
        try:
            data = os.read(descriptor, READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._post(Output(process.id, process.pipes[descriptor], data))
            return
        del process.pipes[descriptor]
        self._drop(descriptor)
        if process.code is not None and not process.pipes:
            self._done(process)

    def _read_out(self, process: _Process) -> None:
        """What an ended process left in its pipes, as far as it is there already."""
        for descriptor in list(process.pipes):
            for _ in range(64):  # at most what a pipe holds: someone else may go on writing
                try:
                    data = os.read(descriptor, READ_SIZE)
                except BlockingIOError:
                    break
                except OSError:
                    data = b""
                if not data:
                    del process.pipes[descriptor]
                    self._drop(descriptor)
                    break
                self._post(Output(process.id, process.pipes[descriptor], data))

    def _drop(self, descriptor: int) -> None:
        self._loop.remove(descriptor)
        os.close(descriptor)

    def _discard(self, descriptor: int) -> None:
        """What comes after a task's end belongs to nobody; the pipe stays open so that nobody dies of it."""
        try:
            data = os.read(descriptor, READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._left.remove(descriptor)
            self._drop(descriptor)

    # ---- ending

    def _child(self, number: int) -> None:
        """Some process ended: find out which, without reaping it before its group is dealt with."""
        while self._by_pid:
            try:
                pid = any_ended()
            except ChildProcessError:
                return
            if pid is None:
                return
            process = self._by_pid.get(pid)
            if process is None or process.ended is not None:
                self._look_at_each()
                return
            self._exited(process)

    def _look_at_each(self) -> None:
        """Someone else's child, or one whose group is being stopped, is in the way: ask for ours one by one."""
        for pid, process in list(self._by_pid.items()):
            if process.ended is None and has_ended(pid):
                self._exited(process)

    def _exited(self, process: _Process) -> None:
        process.ended = self._loop.now()
        if process.cancelled and group_alive(process.pid):
            self._loop.later(POLL, lambda: self._group(process))
            return
        self._reap(process)

    def _group(self, process: _Process) -> None:
        """Until a stopped group is empty, or has been killed."""
        if group_alive(process.pid):
            self._loop.later(POLL, lambda: self._group(process))
        else:
            self._reap(process)

    def _reap(self, process: _Process) -> None:
        _, status, _ = os.wait4(process.pid, 0)
        del self._by_pid[process.pid]
        code = os.waitstatus_to_exitcode(status)
        process.code = 128 - code if code < 0 else code
        if process.timer:
            process.timer.cancel()
        self._read_out(process)
        if process.pipes:
            process.linger = self._loop.later(LINGER, lambda: self._done(process))
        else:
            self._done(process)

    def _done(self, process: _Process) -> None:
        if process.linger:
            process.linger.cancel()
        for descriptor in process.pipes:
            self._loop.remove(descriptor)
            self._loop.add(descriptor, lambda d=descriptor: self._discard(d))  # type: ignore[misc]
            self._left.append(descriptor)
        process.pipes = {}
        del self._by_id[process.id]
        assert process.code is not None and process.ended is not None
        self._post(Exited(process.id, self._loop.wall(), process.code, process.ended - process.started))

    def _kill(self, process: _Process) -> None:
        if process.pid in self._by_pid:
            self._signal(process, signal.SIGKILL)

    def _signal(self, process: _Process, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # gone; only a zombie is left (macOS's word for it)
            os.killpg(process.pid, number)


def _bytes(text: str) -> bytes:
    """UTF-8 whatever the locale; bytes of an option that were none come back as they were."""
    return text.encode("utf-8", "surrogateescape")
