"""Where programs lie: a name is looked up once, as a shell does, and not in every child anew.

Knows PATH and files; starts nothing.
"""

from __future__ import annotations

import os


class Programs:
    """What was found so far. What is put into place later is found then; what has moved is to be forgotten."""

    def __init__(self) -> None:
        self._found: dict[bytes, bytes] = {}

    def find(self, name: bytes) -> bytes | None:
        """The path of a program that goes by its name alone; None where the system has to say."""
        path = self._found.get(name)
        if path is None and b"/" not in name and (path := _looked_up(name)):
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
