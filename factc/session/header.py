"""What one run is, as the header of its journal and its events say.

Knows this machine and how the run was asked for; starts nothing.
"""

from __future__ import annotations

import os

from factc.digest import sha256_hex
from factc.events.payload import job_reference, run_reference
from factc.plan.values import TAG
from factc.record.journal import RunHeader
from factc.session.nested import ended
from factc.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from factc.plan import Plan
    from factc.session.options import Wishes


def run_header(
    plan: Plan,
    wishes: Wishes,
    text: str,
    *,
    at: float,
    groups: Sequence[Sequence[int]] | None,
    continues: str | None,
    secrets: Sequence[str],
    jobs: int,
) -> RunHeader:
    """The header of a new run.

    text: the plan's, "" where no record is kept. groups: the levels by which the run goes, if it does. secrets: their
    names. continues: the run that this one resumes. jobs: at most so many tasks at once, 0 for no limit.
    """
    run = _new_reference()
    return RunHeader(
        run=run, reference=job_reference(plan.factfile, plan.tags), job=plan.name, at=at,
        version=__version__, host=os.uname().nodename, pid=os.getpid(), directory=here(),
        arguments=wishes.arguments, again=wishes.again, plan=_digest(text), names=[task.name for task in plan.tasks],
        order=[task for group in groups for task in group] if groups else None, tags=plan.tags,
        factfile=plan.factfile, start=wishes.start, to=wishes.to, endpoints=_endpoints(wishes), secrets=list(secrets),
        signed=wishes.webhook_secret, headers=wishes.webhook_headers, continues=continues,
        jobs=jobs, pools=wishes.pools or None, files=wishes.files,
        same=_same(plan, wishes.files), inherited=_inherited(run, plan, wishes, secrets) if text else None,
        values={name: value for name, value in plan.values.items() if "/" not in name and not name.startswith(TAG)},
    )  # fmt: skip


def _same(plan: Plan, files: Sequence[Mapping[str, str]]) -> str:
    """What runs of one job file with the same values and tags have in common, and no others."""
    what = files[0]["path"] if files else plan.name
    pairs = [*sorted(plan.values.items()), ("", ""), *sorted(plan.tags.items())]
    texts = [what, *(text for pair in pairs for text in pair)]
    return sha256_hex([text.encode("utf-8", "surrogateescape") + b"\0" for text in texts])


def _inherited(run: str, plan: Plan, wishes: Wishes, secrets: Sequence[str]) -> dict[str, str] | None:
    """Of the variables that recipes name, hashes of what they were; None where none does."""
    if not any("$" in str(task.argv[-1]) for task in plan.tasks if task.argv):
        return None
    from factc.record.inherited import hashes

    without = {*secrets, *plan.secrets, *wishes.webhook_headers, wishes.webhook_secret or "", *ended(os.environ)}
    return hashes(run, plan.tasks, os.environ, without) or None


def here() -> str:
    """The working directory, "" if it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _new_reference() -> str:
    """A new run's reference: SHA-256 of a random UUID."""
    digits = bytearray(os.urandom(16))
    digits[6] = digits[6] & 0x0F | 0x40  # version 4
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return run_reference("-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])))


def _digest(text: str) -> str:
    """The digest that a plan's text carries, "" for no text."""
    return text.partition('"digest":"')[2][:64]


def _endpoints(wishes: Wishes) -> list[dict[str, str]]:
    if not wishes.webhooks:
        return []
    from factc.urls import recorded

    return [recorded(url) for url in wishes.webhooks]
