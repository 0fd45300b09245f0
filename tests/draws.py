"""How many examples a property is tried with: some in every run of the tests, all of them in `make test-large`."""

from __future__ import annotations

import os

ALL = os.environ.get("TEST_DRAWS") == "all"


def draws(number: int) -> int:
    """`max_examples` for a property that wants `number` of them when there is time."""
    return number if ALL else max(20, number // 5)
