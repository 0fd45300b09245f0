"""Where the shells lie: nearly every task starts one, so its name is looked up once and not in every child anew.

Knows PATH and files; starts nothing.
"""

from __future__ import annotations

import os

SHELLS = frozenset((b"sh", b"bash", b"dash", b"ksh", b"zsh"))


class Shells:
    """The shells that were found so far; one that has moved is to be forgotten.

    Other programs are the system's to find each time: a task may put one in front of that which was there before.
    """

    def __init__(self) -> None:
        self._found: dict[bytes, bytes] = {}

    def find(self, name: bytes) -> bytes | None:
        """The path of a shell that goes by its name alone; None where the system has to say."""
        path = self._found.get(name)
        if path is None and name in SHELLS and (path := _looked_up(name)):
            self._found[name] = path
        return path

    def forget(self, name: bytes) -> None:
        self._found.pop(name, None)


def _looked_up(name: bytes) -> bytes | None:
    """The first of that name on PATH that can be executed; None from a place on that is no absolute path."""
    for folder in os.environb.get(b"PATH", b"").split(b":"):
        if not os.path.isabs(folder):
            return None
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None
