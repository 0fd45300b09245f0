"""How to go on with a run: from its record, or with the job's files where these have changed since.

Knows the header of a run and the files that it names; runs nothing.
"""

from __future__ import annotations

import os

from factc.digest import sha256_hex
from factc.escape import visible
from factc.files import TooLarge, read_regular
from factc.record.commands import deliver_command, option, requoted, resume_command, run_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from factc.record.journal import RunHeader

MOST = 256 << 20  # bytes of a file that is compared
NAMED = 3  # files that are named


def fingerprint(data: bytes) -> str:
    """By which a file is known again: the digest that a plan carries, or its own."""
    head = data[:4096]
    if b'"iglu:factc/plan/' in head and len(digest := head.partition(b'"digest":"')[2][:64]) == 64:
        return digest.decode("ascii", "replace")
    return sha256_hex([data])


def changed(header: RunHeader) -> list[str]:
    """The files of the job that are not what the run's plan was made from; what is gone has not changed."""
    found = []
    for file in header.files:
        try:
            now = fingerprint(read_regular(file["path"], MOST))
        except (OSError, ValueError, TooLarge):
            continue
        if now != file["sha256"]:
            found.append(file["path"])
    return found


def onward(header: RunHeader, state_dir: str) -> str:
    """The line that says how to go on with a run that failed, without a line feed."""
    return remark(header, state_dir) or f"to go on{_note(header)}: {_resume(header, state_dir)}"


def deliver(header: RunHeader, state_dir: str, numbers: Collection[int]) -> str:
    """The command that sends what these webhooks lack, and before it what to put into it: "later", say, goes before."""
    chosen = [header.endpoints[number - 1] for number in sorted(numbers)]
    return f"{_note(header, chosen)}: {deliver_command(header.run[:8], state_dir)}{_urls(header, chosen)}"


def remark(header: RunHeader, state_dir: str) -> str:
    """That files of the job have changed since, and how to go on with them; "" if they have not."""
    paths = changed(header)
    if not paths:
        return ""
    names = ", ".join(visible(_near(path, header)) for path in paths[:NAMED])
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    verb = "have" if len(paths) > 1 else "has"
    return f"{names}{more} {verb} changed since{_note(header)}: {_run(header, state_dir)}"


def _resume(header: RunHeader, state_dir: str) -> str:
    return resume_command(header.run[:8], requoted(header.again), state_dir) + _urls(header)


def _hidden(header: RunHeader, chosen: Sequence[dict[str, str]] | None) -> list[str]:
    """Webhooks, all or those chosen, whose URL is not in the record as a whole: it had credentials or a query."""
    chosen = header.endpoints if chosen is None else chosen
    if not chosen:
        return []
    from factc.urls import whole_urls

    return [one["url"] for one, url in zip(chosen, whole_urls(chosen, []), strict=True) if url is None]


def _note(header: RunHeader, chosen: Sequence[dict[str, str]] | None = None) -> str:
    """What a person puts into a command, before it is told."""
    hidden = dict.fromkeys(_hidden(header, chosen))
    return f", with the whole URL of {' and of '.join(map(visible, hidden))}" if hidden else ""


def _urls(header: RunHeader, chosen: Sequence[dict[str, str]] | None = None) -> str:
    """The places in a command for what `_note` tells of."""
    return " --webhook URL" * len(_hidden(header, chosen))


def _run(header: RunHeader, state_dir: str) -> str:
    """A run takes webhooks anew."""
    options = [option("--webhook-header-env", name) for name in header.headers]
    options += [option("--webhook-secret-env", header.signed)] if header.signed else []
    if header.endpoints:
        from factc.urls import whole_urls

        options += [option("--webhook", url) for url in whole_urls(header.endpoints, []) if url]
    options.append(_urls(header))
    path = _near(header.files[0]["path"], header)
    path = f"./{path}" if path.startswith("-") else path
    return run_command(path, header.run[:8], requoted(header.again) + "".join(options), state_dir, header.directory)


def _near(path: str, header: RunHeader) -> str:
    """A path as it was meant from the folder of the run: short where it lies below."""
    below = os.path.join(header.directory, "") if header.directory else ""
    return path[len(below) :] if below and path.startswith(below) else path
