"""What a glance at the recorded runs tells, without reading a whole journal.

Knows the names of directories and a journal's first line; all that it cannot read is not there.
"""

from __future__ import annotations

import os

from factc.record import JOURNAL

MOST = 100  # runs that are offered, the newest first
HEAD = 1 << 16  # bytes of a journal in which the name of its job stands
_WORDS = [("last", "the newest run"), ("last-failed", "the newest run that failed")]


def every(state_dir: str) -> list[tuple[str, str]]:
    """References of runs with when they began and of which job; `last` and `last-failed` first."""
    folder = os.path.join(state_dir, "runs")
    found = [(_reference(name), _about(folder, name)) for name in _names(state_dir)[:MOST]]
    return [*_WORDS, *found] if found else []


def directory(state_dir: str, word: str) -> str | None:
    """The directory of the run that a word means."""
    names = _names(state_dir)
    if word == "last-failed":
        from factc.record import history

        return history.find(state_dir, word).directory
    meant = [n for n in names if word == "last" or n.startswith(word) or _reference(n).startswith(word[:8])]
    return os.path.join(state_dir, "runs", meant[0]) if meant else None


def tasks(state_dir: str, word: str) -> list[str]:
    """The names of the tasks of a run."""
    import json

    where = directory(state_dir, word)
    if where is None:
        return []
    with open(os.path.join(where, JOURNAL), "rb") as journal:
        names: list[str] = json.loads(journal.readline())["names"]
    return names


def _names(state_dir: str) -> list[str]:
    try:
        return sorted((n for n in os.listdir(os.path.join(state_dir, "runs")) if "-" in n), reverse=True)
    except OSError:
        return []


def _reference(name: str) -> str:
    return name.partition("-")[2]


def _about(folder: str, name: str) -> str:
    """`20260131T020000Z-…` as `2026-01-31 02:00 UTC`, with the name of the job."""
    stamp = name.partition("-")[0]
    when = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[9:11]}:{stamp[11:13]} UTC"
    try:
        with open(os.path.join(folder, name, JOURNAL), "rb") as journal:
            head = journal.read(HEAD)
    except OSError:
        return when
    job = head.partition(b'"job":"')[2].partition(b'","')[0].decode("ascii", "replace")
    return f"{when}  {job}" if job and "\\" not in job else when
