"""Two descriptors in reserve, for looking at processes when there are no others left.

Knows nothing of what they are used for.
"""

from __future__ import annotations

import errno
import os

SHORT = (errno.EMFILE, errno.ENFILE)
COUNT = 2  # one to name a process by, one to read about it


_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC | os.O_DIRECTORY  # it need not be readable (Linux)


class Spare:
    """Inside `with spare:` the reserve is free to be used; afterwards it is filled up again, if it can be."""

    def __init__(self) -> None:
        self._held: list[int] = []
        self._fill()

    def __enter__(self) -> None:
        self.close()

    def __exit__(self, *_: object) -> None:
        self._fill()

    def open(self, path: str) -> int:
        """Opens a folder to come back to, out of the reserve if there is no other way. To be given back."""
        try:
            return os.open(path, _FOLDER)
        except OSError as problem:
            if problem.errno not in SHORT:
                raise
        self.close()
        return os.open(path, _FOLDER)

    def give_back(self, descriptor: int) -> None:
        os.close(descriptor)
        self._fill()

    def close(self) -> None:
        while self._held:
            os.close(self._held.pop())

    def _fill(self) -> None:
        try:
            while len(self._held) < COUNT:
                self._held.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:  # somebody was quicker; the next time perhaps
            pass
