"""Which children have ended, asked without reaping them: until then their numbers belong to nobody else.

Knows two ways to call waitid: Python's own, which macOS has from 3.13 on, and the C library's. Reaps nothing.
"""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_P_ALL, _P_PID = 0, 1
_WNOHANG, _WEXITED = 1, 4
_WNOWAIT = 0x20 if sys.platform == "darwin" else 0x01000000
_SI_PID = 12 if sys.platform == "darwin" else 16  # its place in a siginfo_t, in bytes


def any_ended() -> int | None:
    """The number of some child that has ended. Raises ChildProcessError if there is no child at all."""
    return _waitid(_P_ALL, 0)


def has_ended(pid: int) -> bool:
    """Whether this child has ended. Raises ChildProcessError if it is none."""
    return _waitid(_P_PID, pid) is not None


def _python_waitid(kind: int, number: int) -> int | None:
    found = os.waitid(kind, number, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return found.si_pid if found else None


def _c_waitid(kind: int, number: int) -> int | None:
    import ctypes

    answer = ctypes.create_string_buffer(256)
    library = ctypes.CDLL(None, use_errno=True)
    while library.waitid(kind, number, answer, _WEXITED | _WNOHANG | _WNOWAIT):
        if ctypes.get_errno() == errno.ECHILD:
            raise ChildProcessError
        assert ctypes.get_errno() == errno.EINTR
    return int.from_bytes(answer.raw[_SI_PID : _SI_PID + 4], sys.byteorder) or None


_waitid: Callable[[int, int], int | None] = _python_waitid if hasattr(os, "waitid") else _c_waitid
