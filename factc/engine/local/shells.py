"""Where programs lie: the first of a name on the PATH of the task that wants it, as `env` finds it.

Knows PATH and files; starts nothing.
"""

from __future__ import annotations

import errno
import os

SHELLS = frozenset((b"sh", b"bash", b"dash", b"ksh", b"zsh"))
USUAL = b"/bin:/usr/bin"  # where the system looks if there is no PATH


class Shells:
    """The shells that were found so far; one that has moved is to be forgotten.

    Nearly every task starts one, so it is not looked for each time. Other programs are: a task may put one in front of
    that which was there before.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[bytes, bytes], bytes] = {}

    def find(self, name: bytes, search: bytes | None) -> bytes:
        """The path of a program, on the PATH `search` (None: there is none). Raises OSError if there is none."""
        if b"/" in name:
            return name
        search = USUAL if search is None else search
        path = self._found.get((name, search))
        if path is None:
            path = _looked_up(name, search)
            if name in SHELLS and all(map(os.path.isabs, search.split(b":"))):
                self._found[name, search] = path
        return path

    def forget(self, path: bytes) -> bool:
        """What was found before is to be looked for again; whether it was known."""
        known = [key for key, found in self._found.items() if found == path]
        for key in known:
            del self._found[key]
        return bool(known)


def _looked_up(name: bytes, search: bytes) -> bytes:
    problem = errno.ENOENT
    for folder in search.split(b":") if name else ():
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            problem = errno.EACCES
    raise OSError(problem, os.strerror(problem))
