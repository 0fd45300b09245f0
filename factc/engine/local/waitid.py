"""Which children have ended, and how, asked without reaping them: until then their numbers belong to nobody else.

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
_CLD_EXITED = 1  # everything else that WEXITED tells of is a death by signal

# Places in a siginfo_t, in bytes.
_SI_CODE = 8
_SI_PID, _SI_STATUS = (12, 20) if sys.platform == "darwin" else (16, 24)


def any_ended() -> tuple[int, int] | None:
    """Number and exit code of some child that has ended. Raises ChildProcessError if there is no child at all."""
    return _waitid(_P_ALL, 0)


def has_ended(pid: int) -> int | None:
    """The exit code of this child (128+n after signal n), or None while it runs. Raises as `any_ended` does."""
    found = _waitid(_P_PID, pid)
    return found[1] if found else None


def is_child(pid: int) -> bool:
    """Whether this is a child still, be it a dead one: if so, its number is nobody else's."""
    try:
        _waitid(_P_PID, pid)
    except ChildProcessError:
        return False
    return True


def _exit_code(how: int, status: int) -> int:
    return status & 0xFF if how == _CLD_EXITED else 128 + (status & 0x7F)


def _python_waitid(kind: int, number: int) -> tuple[int, int] | None:
    found = os.waitid(kind, number, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return (found.si_pid, _exit_code(found.si_code, found.si_status)) if found else None


def _c_waitid(kind: int, number: int) -> tuple[int, int] | None:
    import ctypes

    answer = ctypes.create_string_buffer(256)
    library = ctypes.CDLL(None, use_errno=True)
    while library.waitid(kind, number, answer, _WEXITED | _WNOHANG | _WNOWAIT):
        if ctypes.get_errno() == errno.ECHILD:
            raise ChildProcessError
        assert ctypes.get_errno() == errno.EINTR

    def field(at: int) -> int:
        return int.from_bytes(answer.raw[at : at + 4], sys.byteorder)

    pid = field(_SI_PID)
    return (pid, _exit_code(field(_SI_CODE), field(_SI_STATUS))) if pid else None


_waitid: Callable[[int, int], tuple[int, int] | None] = _python_waitid if hasattr(os, "waitid") else _c_waitid
