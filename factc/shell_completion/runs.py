"""What a glance at the recorded runs tells, without reading a whole journal.

Knows the names of runs and a journal's first line; all that it cannot read is not there.
"""

from __future__ import annotations

from factc.record import JOURNAL, PLAN
from factc.record.contents import is_run
from factc.record.statedir import StateDir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.record.statedir import Folder

MOST = 100  # runs that are offered, the newest first
HEAD = 1 << 16  # bytes of a journal in which the name of its job stands
LARGEST = 16 << 20  # bytes of a plan
_WORDS = [("last", "the newest run"), ("last-failed", "the newest run that failed and waits to be continued"),
          ("last-died", "the newest of these that died")]  # fmt: skip


def every(state_dir: str) -> list[tuple[str, str]]:
    """References of runs with when they began and of which job; `last`, `last-failed` and `last-died` first."""
    try:
        with StateDir(state_dir).runs() as runs:
            found = [(_reference(name), _about(runs, name)) for name in _names(runs)[:MOST]]
    except OSError:
        return []
    return [*_WORDS, *found] if found else []


def plan(state_dir: str, word: str) -> str:
    """The plan of the run that a word means, "" for none."""
    try:
        with StateDir(state_dir).runs() as runs, runs.folder(_meant(state_dir, runs, word)) as folder:
            return folder.head(PLAN, LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def tasks(state_dir: str, word: str) -> list[tuple[str, str]]:
    """The names of the tasks of a run, then those of its families."""
    from factc.record.recorded import header_of
    from factc.shell_completion import jobs

    try:
        with StateDir(state_dir).runs() as runs, runs.folder(_meant(state_dir, runs, word)) as folder:
            names = [(name, "") for name in header_of(folder).names]
    except OSError:
        return []
    return [*names, *jobs.plan(plan(state_dir, word)).families]


def _meant(state_dir: str, runs: Folder, word: str) -> str:
    """The folder of the run that a word means. Raises FileNotFoundError."""
    if word in ("last-failed", "last-died"):
        from factc.record import history

        return history.find(StateDir(state_dir), word).name
    for name in _names(runs):
        if word == "last" or name.startswith(word) or _reference(name).startswith(word[:8]):
            return name
    raise FileNotFoundError


def _names(runs: Folder) -> list[str]:
    return sorted(filter(is_run, runs.names()), reverse=True)


def _reference(name: str) -> str:
    return name.partition("-")[2]


def _about(runs: Folder, name: str) -> str:
    """`20260131T020000Z-…` as `2026-01-31 02:00 UTC`, with the name of the job."""
    stamp = name.partition("-")[0]
    when = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[9:11]}:{stamp[11:13]} UTC"
    try:
        with runs.folder(name) as folder:
            head = folder.head(JOURNAL, HEAD)
    except OSError:
        return when
    job = head.partition(b'"job":"')[2].partition(b'","')[0].decode("ascii", "replace")
    return f"{when}  {job}" if job.isprintable() and job and "\\" not in job else when
