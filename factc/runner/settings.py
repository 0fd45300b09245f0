"""How a run goes about its plan: how much at once, how much time, how much of what is written is kept.

Knows numbers; knows no plan.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRACE = 10.0  # seconds between the request to end and the end


class Rules:
    """How a run goes about its plan.

    jobs:      at most so many tasks at once, None for no limit.
    levels:    groups of task numbers to run one whole group after the other, or None.
    fail_fast: start nothing new after a failure.
    tail:      characters of output that events carry, per stream.
    grace:     seconds that a stopped task gets before it is killed.
    pools:     how many slots each pool has, by name.
    """

    __slots__ = ("jobs", "levels", "fail_fast", "tail", "grace", "pools")

    def __init__(
        self,
        *,
        jobs: int | None = None,
        levels: Sequence[Sequence[int]] | None = None,
        fail_fast: bool = False,
        tail: int = 10_000,
        grace: float = GRACE,
        pools: Mapping[str, int] | None = None,
    ) -> None:
        self.jobs = jobs
        self.levels = levels
        self.fail_fast = fail_fast
        self.tail = tail
        self.grace = grace
        self.pools = dict(pools or {})
