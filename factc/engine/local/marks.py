"""Marks: a word in a process's environment that says to which attempt of which run it belongs, wherever it went.

Knows the variable FACTC_MARK and /proc; knows no engine. Where there is no /proc nothing is found.
The variable holds tokens BRAND:ID, outermost first: a run inside a task adds its own to those that it inherited.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from time import sleep

from factc.engine.local import procfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

VARIABLE = b"FACTC_MARK"
DIGITS = 10  # fewer have the numbers of all attempts
LONGEST = 65_536  # bytes of an outer mark that are handed on; one variable may have twice as many
_UNSEEN = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)


class Marked:
    """A living process that carries a mark: of the attempt `id`; `innermost` if no other run stands in between."""

    __slots__ = ("pid", "id", "innermost")

    def __init__(self, pid: int, id: int, innermost: bool) -> None:
        self.pid = pid
        self.id = id
        self.innermost = innermost

    @property
    def command(self) -> str:
        """What it runs, shortened, for people; empty if it has gone."""
        return procfs.command(self.pid)


def mark(outer: bytes, brand: str) -> bytes:
    """The variable's value for an attempt, but for its number, which follows at once.

    `outer` is the value that the engine itself inherited.
    """
    outer = outer if len(outer) < LONGEST else b""
    return b" ".join([*outer.split(), f"{brand}:".encode()])


def marked(brand: str, known: Container[int]) -> list[Marked]:
    """Every living process that carries a mark of this brand with one of the known numbers; never this one.

    None of another user: what he writes into an environment is his, and so are his processes.
    """
    for _ in range(10):
        found, whole = scan(brand)
        if whole:
            break
        sleep(0.01)
    return [process for process in found if process.id in known]


def scan(brand: str, among: Iterable[int] | None = None) -> tuple[list[Marked], bool]:
    """As `marked` at a first look, with whatever numbers, and whether everything could be looked at.

    among: these alone, instead of all processes. What cannot be looked at: anything while descriptors are short, and a
    process in the middle of an exec.
    """
    found: list[Marked] = []
    if not procfs.is_ours():
        return found, True
    whole, me, user = True, os.getpid(), os.geteuid()
    try:
        for pid in procfs.pids() if among is None else among:
            try:
                if pid != me and os.stat(f"/proc/{pid}").st_uid == user:
                    found += _look(pid, brand)
            except OSError as problem:  # gone, or not for us to read
                whole = whole and problem.errno not in _UNSEEN
    except OSError as problem:
        whole = problem.errno == errno.ENOENT  # no /proc at all: then there is nothing to be known
    return found, whole


def send(process: Marked, brand: str, number: int) -> None:
    """Signals it, unless it has gone and its number names something else by now."""
    handle = _handle(process.pid)
    try:
        if not any(now.id == process.id for now in _look(process.pid, brand)):
            return
        if handle is None:
            os.kill(process.pid, number)
        elif sys.platform == "linux":
            signal.pidfd_send_signal(handle, number)  # reaches whoever had the number before the look, or nobody
    except OSError:
        pass  # gone
    finally:
        if handle is not None:
            os.close(handle)


def _handle(pid: int) -> int | None:
    """A descriptor that means this process and no later one; None where there are none to be had."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):
        return None


def _look(pid: int, brand: str) -> list[Marked]:
    """The process, if it carries the brand's mark and can be signalled."""
    word = brand.encode() + b":"
    data = procfs.environ(pid)
    if word not in data:
        return []
    for variable in data.split(b"\0"):
        name, _, value = variable.partition(b"=")
        if name != VARIABLE:
            continue
        tokens = value.split()
        for at in range(len(tokens) - 1, -1, -1):
            number = tokens[at].removeprefix(word)
            if tokens[at].startswith(word) and number.isdigit() and len(number) < DIGITS:
                if procfs.user(pid) != os.getuid():  # a program that becomes root keeps what its caller gave it
                    return []
                os.kill(pid, 0)  # PermissionError: nothing can be done about it, so it is not waited for either
                return [Marked(pid, int(number), at == len(tokens) - 1)]
    return []
