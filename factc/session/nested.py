"""A run inside a task of another run: what belonged to that attempt ends with it; its mark alone goes on.

Knows names of variables; knows no process.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SECRETS = "FACTC_SECRETS"  # the names of a run's secrets, for a run inside of it
GRACE = "FACTC_GRACE"
TAG = "FACTC_TAG_"
RECORD = "FACTC_RECORD"  # the folder of the run that started a task
_OF_AN_ATTEMPT = frozenset((
    "FACTC", RECORD, "FACTC_RUN", "FACTC_TASK", "FACTC_ATTEMPT", "FACTC_SLOT", GRACE, SECRETS,
    "FACTC_OUTCOME", "FACTC_FAILED", "FACTC_FAILED_COUNT", "FACTC_FAILED_FILE",
))  # fmt: skip


def ended(environment: Mapping[str, str]) -> list[str]:
    """The variables that tasks of an inner run do not inherit: those of the outer run, and the secrets that it has."""
    own = [name for name in environment if name in _OF_AN_ATTEMPT or name.startswith(TAG)]
    return own + environment.get(SECRETS, "").split()
