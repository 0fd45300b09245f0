"""What a copy of this process lets go of: a host program may fork, from any of its threads, while a run goes on.

A lock, the guard's pipe or a signal handler would live as long as the copy. Knows descriptors and forks, nothing else.
"""

from __future__ import annotations

import os
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_in_copies: dict[int, Callable[[], None]] = {}  # by descriptor


def held(descriptor: int) -> int:
    """A copy closes this descriptor, which is given back."""
    _in_copies[descriptor] = lambda: os.close(descriptor)
    return descriptor


def undone(descriptor: int, undo: Callable[[], None]) -> None:
    """A copy does that; as long as this process has the descriptor."""
    _in_copies[descriptor] = undo


def close(descriptor: int) -> None:
    """Closes a descriptor; from now on no copy has anything to do with it."""
    _in_copies.pop(descriptor, None)
    os.close(descriptor)


def _copied() -> None:
    undos = list(_in_copies.values())
    _in_copies.clear()
    for undo in undos:
        with suppress(OSError):
            undo()


os.register_at_fork(after_in_child=_copied)
