"""Room on a disk that is kept for the last words of a journal.

Knows files; knows no line. The room is a file without a name: it is gone when it is let go of, however that happens.
"""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.record.statedir import Folder

SIZE = 65_536  # bytes: the ends of some dozen tasks with their last output
ROOM = "events.ndjson.room"  # its name for a moment
FULL = (errno.ENOSPC, errno.EDQUOT)


class Ballast:
    """Takes the room, in a folder. Raises OSError where there is none."""

    def __init__(self, folder: Folder) -> None:
        self._descriptor = folder.new(ROOM)
        try:
            folder.unlink(ROOM)
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
