"""The last run of each job that went well, and the last that did not: they stay, whatever else may go.

Knows outcomes; reads no more runs than it takes to tell.
"""

from __future__ import annotations

from factc.events.ending import EARLY, OK
from factc.record.recorded import RUNS, UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.record.recorded import Recorded

GOOD = "succeeded"
BAD = "failed"


class Lasting:
    """read: gives a run by the name of its folder, None for one that cannot be read."""

    __slots__ = ("_newer", "_read", "_seen")

    def __init__(self, read: Callable[[str], Recorded | None]) -> None:
        self._read = read
        self._newer: dict[str, list[str]] = {}  # by job, runs that stay and have not been looked at
        self._seen: dict[str, set[str]] = {}

    def stays(self, job: str, name: str) -> None:
        """A run that is newer than those that are asked about stays."""
        self._newer.setdefault(job, []).append(name)

    def why(self, run: Recorded) -> str:
        """Why a run is one of them, "" if it is not."""
        kind = _kind(run)
        seen, newer = self._seen.setdefault(run.header.job, set()), self._newer.get(run.header.job, [])
        while kind and kind not in seen and newer:
            if other := self._read(newer.pop(0)):
                seen.add(_kind(other))
        return "" if not kind or kind in seen else f"it is the last one that {kind}"


def _kind(run: Recorded) -> str:
    if run.outcome in (OK, EARLY):
        return GOOD
    return "" if run.outcome in (RUNS, UNKNOWN) else BAD
