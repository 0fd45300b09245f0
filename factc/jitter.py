"""A random number, for pauses that are not to come all at once.

Knows the system's randomness; Python's `random` takes longer to import than it is worth here.
"""

from __future__ import annotations

import os


def chance() -> float:
    """A random number from 0 up to 1."""
    return int.from_bytes(os.urandom(7), "big") / (1 << 56)
