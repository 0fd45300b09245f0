"""Who asks for a run: only the main thread can have one, and not in the middle of a signal handler.

Knows Python's threads and frames; knows no run.
"""

from __future__ import annotations

import sys
import threading
from itertools import pairwise

from factc.diagnostic import RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


def check_caller() -> None:
    """Raises RequestError where signals would not be delivered as a run needs them."""
    if threading.current_thread() is not threading.main_thread():
        raise RequestError("a run needs the main thread", "only there does Python deliver signals")
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if _handles_signal(frame):
            name = frame.f_code.co_name
            raise RequestError(
                f"a run cannot begin in the signal handler `{name}`", "let it set a flag, and run when it has returned"
            )
        frame = frame.f_back


def _handles_signal(frame: FrameType) -> bool:
    """Whether Python called this because of a signal: with its number, and the very frame that it interrupted."""
    if frame.f_back is None:
        return False
    code = frame.f_code
    count = code.co_argcount + bool(code.co_flags & 0x04)  # *rest stands behind all others
    names = code.co_varnames[: code.co_argcount]
    if count > code.co_argcount:
        names += (code.co_varnames[code.co_argcount + code.co_kwonlyargcount],)
    values: list[object] = []
    for name in names:
        value = frame.f_locals.get(name)
        values += value if isinstance(value, tuple) else (value,)
    return any(isinstance(number, int) and one is frame.f_back for number, one in pairwise(values))
