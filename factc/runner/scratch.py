"""Files that a run without a record makes for its tasks, and takes away at its end.

Knows the system's folder for such files; it is private, and made when it is needed.
"""

from __future__ import annotations

import os
from contextlib import suppress


class Scratch:
    """A folder with files in it, by task; there is none before the first. `close` removes all of it."""

    def __init__(self) -> None:
        self._folder = ""
        self._paths: list[str] = []

    def keep(self, task: int, data: bytes) -> str:
        """A new file for a task, and its path. Raises OSError; then there is none."""
        return self._new(f"{task + 1:04d}.failed", data)

    def program(self, data: bytes) -> str:
        """A program for all tasks, and its path. Raises OSError; then there is none."""
        path = self._new("factc", data)
        os.chmod(path, 0o700)
        return path

    def _new(self, name: str, data: bytes) -> str:
        if not self._folder:
            from tempfile import mkdtemp

            self._folder = os.path.abspath(mkdtemp(prefix="factc-"))
        path = os.path.join(self._folder, name)
        try:
            with open(path, "xb") as file:
                self._paths.append(path)
                file.write(data)
        except OSError:
            with suppress(OSError):
                os.unlink(path)
            raise
        return path

    def close(self) -> None:
        for path in self._paths:
            with suppress(OSError):
                os.unlink(path)
        if self._folder:
            with suppress(OSError):  # a task has put something there
                os.rmdir(self._folder)
        self._folder, self._paths = "", []
