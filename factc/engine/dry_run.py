"""The dry run: nothing is executed, every attempt ends at once with the code that was written for it.

Unaware of jobs and plans, as every engine; starts no process.
"""

from __future__ import annotations

from factc.engine import Exited, Started

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.engine import Attempt, Left, Post
    from factc.loop import Loop


class Rehearsal:
    """`code(id)` says with which exit code an attempt ends."""

    def __init__(self, code: Callable[[int], int]) -> None:
        self._code = code

    def open(self, post: Callable[[Post], None], loop: Loop) -> None:
        self._post = post
        self._loop = loop

    def submit(self, attempt: Attempt) -> None:
        self._post(Started(attempt.id, self._loop.wall()))
        self._loop.later(0, lambda: self._exit(attempt.id))

    def cancel(self, id: int, grace: float) -> None:
        """Every attempt ends by itself, at once."""

    def has_ended(self, id: int) -> bool:
        """It takes no time."""
        return True

    def leftovers(self) -> list[Left]:
        """Nothing was started, so nothing is left."""
        return []

    def hold(self, on: bool) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """There is nothing to let go of."""

    def _exit(self, id: int) -> None:
        self._post(Exited(id, self._loop.wall(), self._code(id), 0.0))
