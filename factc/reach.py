"""How far one job reaches: the files that it may use, their size, and the tasks and names that they make together.

The one place for these limits: the compiler says when one is exceeded; completion and editor stop there.
"""

from __future__ import annotations

MAX_DEPTH = 50  # jobs that use each other, one in the other
MAX_FILES = 1000  # that a job uses
MAX_BYTES = 64 << 20  # of all these together
MAX_TASKS = 200_000  # that `each` and `use` make of one job; used jobs count too, so that empty ones have an end
MAX_NAMES = 64 << 20  # characters of the names of these tasks


class Reach:
    """Counts what one job reaches; each method tells whether there is room for one more."""

    __slots__ = ("files", "bytes", "tasks", "names")

    def __init__(self) -> None:
        self.files = MAX_FILES
        self.bytes = MAX_BYTES
        self.tasks = MAX_TASKS
        self.names = MAX_NAMES

    def file(self) -> bool:
        self.files -= 1
        return self.files >= 0

    def read(self, size: int) -> None:
        """So many bytes of `bytes`, which is what may be read of the next file, have been read."""
        self.bytes -= size

    def made(self, tasks: int, names: int = 0) -> bool:
        """More tasks, with so many characters in their names."""
        self.tasks -= tasks
        self.names -= names
        return self.tasks >= 0 and self.names >= 0
