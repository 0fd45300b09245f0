"""How long a test waits for what has to come: so long that a busy machine makes no difference.

What would come by itself without what is tested (a task that sleeps, a receiver that hangs) takes twice as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 30.0


def until(true: Callable[[], object]) -> None:
    """Waits until that is so."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def until_there(path: Path) -> None:
    """Waits for a file."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.005)
