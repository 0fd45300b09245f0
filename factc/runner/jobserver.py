"""Slots shared with other programs: those that make offers to whom it starts, or those that a run offers to its tasks.

The protocol is make's: a pipe holds one byte for each slot but one, which whoever is started has anyway. Who wants
another slot reads a byte, and writes the same byte back when it is done. Knows descriptors; knows no task.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from factc import forks
from factc.diagnostic import RequestError, of_system
from factc.runner.makeflags import NAMES, added, offered, speaks, without

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from factc.loop import Loop

MOST = 4096  # slots of a server: so many bytes fit into every pipe
FIFO = "fifo:"
NUMBER = "FACTC_JOBS"  # how many slots of its own a run without `-j` has
FIRST = 10  # descriptors below it are those that scripts open for themselves


class Tokens:
    """The slots of a jobserver, as one of those who share it.

    read, write: the pipe's descriptors, or twice that of a named one. own: nobody else has this `read`, and it does not
    wait. total: all the bytes that there are, for the server; what a killed task did not give back is replaced.
    told: is told of each change which bytes are held.
    """

    def __init__(self, loop: Loop, read: int, write: int, *, own: bool, total: int | None = None) -> None:
        self.write = write
        self.told: Callable[[bytes], None] = lambda held: None
        self._loop = loop
        self._read = read
        self._own = own
        self._total = total
        self._held: list[bytes] = []
        self._watched = False
        self._gone = False
        if own:
            forks.held(read)

    def room(self, running: int, wanted: bool) -> bool:
        """Whether another task may run beside so many; where it may not, the loop wakes up when that changes.

        wanted: whether there is one.
        """
        may = not wanted or running <= len(self._held) or self._take()
        self._watch(not may)
        return may

    def keep(self, running: int) -> None:
        """So many tasks run: gives back what they do not need."""
        while len(self._held) > max(0, running - 1):
            self._give_back()
        if not running and self._total is not None:
            self._level(self._total)

    def close(self) -> None:
        """Gives all back. It may be called again."""
        if self._read < 0:
            return
        self.keep(0)
        self._watch(False)
        if self._own:
            forks.close(self._read)
        self._read = -1

    def _take(self) -> bool:
        byte = None if self._gone else self._byte()
        if byte:
            self._held.append(byte)
            self.told(b"".join(self._held))
        return bool(byte)

    def _byte(self) -> bytes | None:
        try:
            if self._own:
                byte: bytes | None = os.read(self._read, 1)
            else:
                from factc.runner.patient import read_byte

                byte = read_byte(self._read)
        except BlockingIOError:
            return None
        except OSError:
            byte = b""
        self._gone = byte == b""  # whoever shared it has closed it: one at a time from now on
        return byte

    def _give_back(self) -> None:
        byte = self._held.pop()
        self.told(b"".join(self._held))
        with suppress(OSError):  # nobody is there any more
            os.write(self.write, byte)

    def _level(self, total: int) -> None:
        """Nothing runs, so all bytes are there, unless a task was killed before it gave back, or gave too many."""
        from fcntl import ioctl
        from termios import FIONREAD

        there = int.from_bytes(ioctl(self._read, FIONREAD, b"\0" * 4), "little")
        with suppress(OSError):
            if there < total:
                os.write(self.write, b"+" * (total - there))
            elif there > total:
                os.read(self._read, there - total)

    def _watch(self, on: bool) -> None:
        if on and not self._watched and not self._gone:
            self._loop.add(self._read, lambda descriptor: None)  # what is ready is looked at after each wait
            self._watched = True
        elif not on and self._watched:
            self._loop.remove(self._read)
            self._watched = False


class Share:
    """What a run shares with other programs.

    tokens: None if each is on its own. most: how many slots there are in all, if that is known. variables: those that
    tasks find changed, None for one that they do not find. words: what is to be said of it, "" for nothing.
    """

    def __init__(self) -> None:
        self.tokens: Tokens | None = None
        self.most: int | None = None
        self.variables: dict[str, str | None] = {}
        self.words = ""
        self._descriptors: list[int] = []
        self._path = ""

    def use(self, loop: Loop, environment: Mapping[str, str], jobs: int | None) -> None:
        """The slots that MAKEFLAGS offers; none of them if so many jobs of our own are wanted."""
        where, most = offered(environment["MAKEFLAGS"])
        if not where:
            self.most = 1 if most == 1 else None  # make has no slots to offer then; another number was not make's
            return
        tokens = _opened(loop, where)
        if tokens is None:
            self.variables = {name: without(text) for name in NAMES if (text := environment.get(name)) and speaks(text)}
            if jobs is None:
                self.words = (
                    f"MAKEFLAGS offers the slots of a make, but `{where}` is no pipe that is open here: they are not "
                    "used (a line of a Makefile that begins with + hands them on)"
                )
        elif jobs is not None:
            tokens.close()
            slots = "1 slot" if jobs == 1 else f"{jobs} slots"
            self.words = f"{slots} of its own, as is asked for: this run does not share those that MAKEFLAGS offers"
        else:
            self.tokens, self.most = tokens, most

    def serve(self, loop: Loop, environment: Mapping[str, str], jobs: int, style: str) -> None:
        """So many slots for the run and all that its tasks start. Raises RequestError and OSError."""
        if jobs > MOST:
            raise RequestError(f"--jobserver has at most {MOST:,} slots, not {jobs:,}")
        where = FIFO + self._make_fifo() if style == "fifo" else self._make_pipe()
        tokens = _opened(loop, where, jobs - 1)
        if tokens is None:
            raise RequestError("--jobserver: the pipe for the slots could not be opened")
        os.write(tokens.write, b"+" * (jobs - 1))
        self.tokens, self.most = tokens, jobs
        self.variables = dict.fromkeys(name for name in NAMES if name in environment)
        self.variables["MAKEFLAGS"] = added(environment.get("MAKEFLAGS", ""), where, jobs)
        self.variables[NUMBER] = None  # it was for this run: inner ones would take so many more instead of sharing

    def close(self) -> None:
        """Gives back what is held, and takes away what was made."""
        if self.tokens:
            self.tokens.close()
            self.tokens = None
        for descriptor in self._descriptors:
            forks.close(descriptor)
        self._descriptors.clear()
        if self._path:
            for remove, path in ((os.unlink, self._path), (os.rmdir, os.path.dirname(self._path))):
                with suppress(OSError):
                    remove(path)
            self._path = ""

    def _make_pipe(self) -> str:
        """Both ends go on to all tasks."""
        from fcntl import F_DUPFD, fcntl

        ends = os.pipe()
        try:
            return ",".join([str(self._keep(fcntl(end, F_DUPFD, FIRST))) for end in ends])
        finally:
            for end in ends:
                os.close(end)

    def _make_fifo(self) -> str:
        from tempfile import mkdtemp

        self._path = os.path.join(os.path.abspath(mkdtemp(prefix="factc-")), "slots")
        os.mkfifo(self._path, 0o600)
        return self._path

    def _keep(self, descriptor: int) -> int:
        self._descriptors.append(forks.held(descriptor))
        return descriptor


def share(
    loop: Loop, environment: Mapping[str, str], jobs: int | None, style: str | None, count: Callable[[], int]
) -> Share:
    """What a run with these wishes shares. count: tells how many CPUs there are. Raises RequestError."""
    made = Share()
    try:
        if environment.get("MAKEFLAGS"):
            made.use(loop, environment, jobs)
        if style and made.tokens is None:
            made.words = made.words if jobs is not None else ""
            made.serve(loop, environment, jobs or made.most or count(), style)
    except OSError as problem:
        made.close()
        raise RequestError(f"--jobserver: {of_system(problem)}") from None
    except BaseException:
        made.close()
        raise
    return made


def _opened(loop: Loop, where: str, total: int | None = None) -> Tokens | None:
    """The slots at a place that MAKEFLAGS names; None if there are none."""
    if where.startswith(FIFO):
        return _opened_fifo(loop, where[len(FIFO) :], total)
    ends = where.split(",")
    if len(ends) != 2 or not all(end.isascii() and end.isdigit() and len(end) < 8 for end in ends):
        return None
    read, write = map(int, ends)
    try:
        statuses = [os.fstat(read), os.fstat(write)]
        handed_down = os.get_inheritable(read) and os.get_inheritable(write)  # else a number means one of our own
    except OSError:
        return None
    if not (handed_down and all(stat.S_ISFIFO(one.st_mode) for one in statuses) and os.path.samestat(*statuses)):
        return None
    if not (_is_open_for(read, os.O_RDONLY) and _is_open_for(write, os.O_WRONLY)):  # nothing would ever come back
        return None
    try:  # an open file of its own: that a read of it does not wait is nobody else's business
        own = os.open(f"/proc/self/fd/{read}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # no such file system, or a pipe of another user
        return Tokens(loop, read, write, own=False, total=total)
    return Tokens(loop, own, write, own=True, total=total)


def _is_open_for(descriptor: int, way: int) -> bool:
    from fcntl import F_GETFL, fcntl

    return fcntl(descriptor, F_GETFL) & os.O_ACCMODE in (way, os.O_RDWR)


def _opened_fifo(loop: Loop, path: str, total: int | None) -> Tokens | None:
    try:
        if not stat.S_ISFIFO(os.stat(path).st_mode):
            return None
        own = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    return Tokens(loop, own, own, own=True, total=total)
