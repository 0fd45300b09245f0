"""What /proc tells about processes: their numbers, environment, state and words. Linux only.

Knows no mark, no group and no attempt; opens one descriptor at a time, signals nothing.
"""

from __future__ import annotations

import errno
import os
import sys
from time import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 8  # how often the list is read again when new numbers have come
MOST = 256  # numbers of a window: beyond that the list of all processes costs less
PACE = 250_000  # numbers a second: more are given on no machine, be it by a bomb of threads
_LAST, _LIMIT = b"/proc/sys/kernel/ns_last_pid", b"/proc/sys/kernel/pid_max"
CHUNK = 65_536
TRIES = 10  # looks at a process that has no environment just now

DEAD = (b"Z", b"X")
_KERNEL_THREAD = 0x0020_0000
# Fields of /proc/PID/stat, counted from the state on. An exec sets the start of the code last.
_FLAGS, _START_CODE, _ENV_START, _ENV_END = 6, 23, 47, 48


def is_ours() -> bool:
    """Whether there is a /proc whose numbers mean what they mean to this process.

    A new namespace of processes may still see that of the old one, with other numbers.
    """
    if sys.platform != "linux":
        return False
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError as problem:
        return problem.errno != errno.ENOENT


def pids() -> Iterator[int]:
    """Every process; those too that were started while the first ones were looked at.

    Without that a process could be missed that forks and ends in the meantime: its child is in no list.
    """
    seen: set[str] = set()
    for _ in range(ROUNDS):
        new = [name for name in os.listdir("/proc") if name.isdigit() and name not in seen]
        if not new:
            return
        seen.update(new)
        yield from map(int, new)


def lap() -> float:
    """Seconds in which the numbers cannot have come round to where they were; 0 if that is not known."""
    try:
        return int(_read(_LIMIT)) / PACE
    except (OSError, ValueError):
        return 0.0


def younger(pid: int) -> Iterator[int]:
    """The numbers given since that one, in the order in which they were given; many are free again, some are threads'.

    Numbers are given in turn, in each namespace of processes by itself; `ns_last_pid` tells where this one's has
    come to. So within a `lap` what a process has started, and what that has started, is among these, unless somebody
    sets the number by hand meanwhile (CRIU). As long as new ones come it goes on: a process that is still forking when
    it is looked at is seen, and one that has ended has its children behind it.
    Raises LookupError if the system does not say, began again from below, or has given too many.
    """
    seen = pid
    for _ in range(ROUNDS):
        try:
            last = int(_read(_LAST))
        except (OSError, ValueError):
            raise LookupError from None
        if not seen <= last <= pid + MOST:
            raise LookupError
        if last == seen:
            return
        yield from range(seen + 1, last + 1)
        seen = last
    raise LookupError


def environ(pid: int) -> bytes:
    """Its variables, each followed by a NUL; empty for a dead one. Raises OSError if they cannot be read.

    In the middle of an exec a process has none. BlockingIOError says that it stayed so for too long.
    """
    for _ in range(TRIES):
        data = _read(f"/proc/{pid}/environ")
        if data:
            return data
        fields = _stat(pid)
        if fields[0] in DEAD or int(fields[_FLAGS]) & _KERNEL_THREAD:
            return b""
        if fields[_START_CODE] != b"0" and fields[_ENV_START] == fields[_ENV_END]:
            return b""
        sleep(0.0002)
    if fields[_START_CODE] == b"0":
        raise BlockingIOError(errno.EAGAIN, f"process {pid} is in the middle of an exec")
    return b""


def alive(pid: int) -> bool:
    """Whether it runs: a zombie does not. Raises OSError if it is gone."""
    return _stat(pid)[0] not in DEAD


def user(pid: int) -> int:
    """Whose it is: the real user, who has started it. Raises OSError if it is gone."""
    words = _read(f"/proc/{pid}/status").partition(b"\nUid:")[2].split(None, 1)
    return int(words[0]) if words else -1


def command(pid: int) -> str:
    """All its words, as they are: they may hold what nobody is to see. Empty if it is gone."""
    try:
        return _read(f"/proc/{pid}/cmdline").rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _stat(pid: int) -> list[bytes]:
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split() or [b"X"]


def _read(path: str | bytes) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = part = os.read(descriptor, CHUNK)
        while len(part) == CHUNK:
            part = os.read(descriptor, CHUNK)
            data += part
        return data
    finally:
        os.close(descriptor)
