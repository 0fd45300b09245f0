"""What a run's folder holds: the names that factc gives, what is there beside them, and how all of it is removed.

Knows names and kinds of files; reads none of them.
"""

from __future__ import annotations

import re
import stat
from contextlib import suppress

from factc.record import JOURNAL, LOGS, PLAN, PROGRAM
from factc.record.ballast import ROOM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.record.statedir import Folder

RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}", re.ASCII)
FILES = (PLAN, PROGRAM, ROOM, JOURNAL)  # the journal is removed last: half a run is a run still
_LOG = re.compile(r"\d{4,}-[A-Za-z0-9_-]+((\.\d+)?\.(out|err)|\.failed)", re.ASCII)


class Strange(Exception):
    """Something lies in a run's folder that factc has not made: its path."""


def is_run(name: str) -> bool:
    """Whether a name is one that factc gives to a run's folder."""
    return RUN.fullmatch(name) is not None


def check(folder: Folder) -> None:
    """Raises Strange if a run's folder holds what factc does not make; OSError if it cannot be looked through."""
    for name in folder.names():
        if name == LOGS:
            with _logs(folder) as logs:
                for log in logs.names():
                    if not (_LOG.fullmatch(log) and _is_file(logs, log)):
                        raise Strange(logs.of(log))
        elif not (name in FILES and _is_file(folder, name)):
            raise Strange(folder.of(name))


def remove(runs: Folder, name: str, folder: Folder) -> None:
    """Deletes a run's folder, once it was checked. Raises OSError, also where other content has come meanwhile."""
    with suppress(FileNotFoundError):
        with folder.folder(LOGS) as logs:
            for log in filter(_LOG.fullmatch, logs.names()):
                logs.unlink(log)
        folder.remove(LOGS)
    for file in FILES:
        with suppress(FileNotFoundError):
            folder.unlink(file)
    runs.remove(name)


def size(folder: Folder) -> int:
    """The bytes that a run's folder takes on the disk, as far as it can be looked through."""
    blocks = 0
    with suppress(OSError):
        blocks += folder.status().st_blocks
        for name in folder.names():
            blocks += folder.status(name).st_blocks
        with folder.folder(LOGS) as logs:
            for log in logs.names():
                blocks += logs.status(log).st_blocks
    return blocks * 512


def _logs(folder: Folder) -> Folder:
    try:
        return folder.folder(LOGS)
    except NotADirectoryError:  # or a link
        raise Strange(folder.of(LOGS)) from None


def _is_file(folder: Folder, name: str) -> bool:
    return stat.S_ISREG(folder.status(name).st_mode)
