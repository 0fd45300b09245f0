"""Room on a disk that is kept for the last words of a journal.

Knows files; knows no line. The room is a file without a name: it is gone when it is let go of, however that happens.
"""

from __future__ import annotations

import errno
import os

SIZE = 65_536  # bytes: the ends of some dozen tasks with their last output
FULL = (errno.ENOSPC, errno.EDQUOT)


class Ballast:
    """Takes the room, beside a file of that path. Raises OSError where there is none."""

    def __init__(self, path: str) -> None:
        name = f"{path}.room"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(name, flags, 0o600)
        try:
            os.unlink(name)
            self._take()
        except OSError:
            self.drop()
            raise

    def drop(self) -> bool:
        """Gives the room back; whether there was any."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return False
        os.close(descriptor)
        return True

    def _take(self) -> None:
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(self._descriptor, 0, SIZE)
                return
            except OSError as problem:
                if problem.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                    raise
        left = SIZE
        while left:
            left -= os.write(self._descriptor, bytes(left))
