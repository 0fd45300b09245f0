"""One byte of a pipe that others read too, without waiting for it, where the pipe cannot be opened once more.

Whether a read waits is a property that all share who have inherited the pipe, so it is not to be changed; and what can
be read now may be gone a moment later. So the read waits, and a timer's signal breaks it off. Python would begin it
anew after a signal, hence the C library's own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

MOMENT = 0.005  # seconds after which a read is broken off, and again in case it had not begun

_library = ctypes.CDLL(None, use_errno=True)


def read_byte(descriptor: int) -> bytes | None:
    """None if there is none, b"" at the pipe's end. Raises OSError."""
    look = select.poll()
    look.register(descriptor, select.POLLIN)
    if not look.poll(0):
        return None
    into = ctypes.create_string_buffer(1)
    handler = signal.signal(signal.SIGALRM, _nothing)
    timer = signal.setitimer(signal.ITIMER_REAL, MOMENT, MOMENT)
    try:
        count = _library.read(descriptor, into, 1)
        problem = ctypes.get_errno()
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
    if count >= 0:
        return into.raw[:count]
    if problem in (errno.EINTR, errno.EAGAIN):
        return None
    raise OSError(problem, os.strerror(problem))


def _nothing(number: int, frame: FrameType | None) -> None:
    """That the read is broken off is all that the signal is for."""
