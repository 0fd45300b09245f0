"""`factc runs`: what ran, when, how it ended, how long it took."""

from __future__ import annotations

import json
import os
import time

from factc import durations
from factc.cli.shared.errors import say
from factc.cli.shared.options import bare_parser, home, state_dir, whole
from factc.cli.shared.output import write_out
from factc.diagnostic import RequestError
from factc.escape import visible, visible_json
from factc.events.payload import moment
from factc.record import history, recorded
from factc.record.recorded import Recorded
from factc.screen.summary import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from factc.record.statedir import StateDir


MOST = 5  # jobs that are named


def run(arguments: list[str]) -> int:
    made = bare_parser("runs", "Lists the recorded runs, the newest first.", "[OPTIONS]")
    made.add_argument("--job", metavar="NAME", help="only runs of that job")
    made.add_argument("--failed", action="store_true", help="only those that failed, were stopped, or died")
    made.add_argument("--last", type=whole(1), metavar="N", help="only the newest N of them")
    made.add_argument("--format", choices=("text", "json"), default="text", help="json: one object a line")
    state_dir(made.add_argument)
    options = made.parse(arguments)
    runs = (
        one
        for one in history.every(home(options), _say)
        if (options.job is None or one.header.job == options.job) and (one.failed or not options.failed)
    )
    chosen = runs if options.last is None else (one for one, _ in zip(runs, range(options.last), strict=False))
    if options.format == "json":
        for one in chosen:
            write_out(json_line(as_json(one)))
        return 0
    listed = list(chosen)
    if not listed:
        write_out(visible(_none(options)) + "\n")
        return 0
    write_out(_table(listed, _continued(home(options))))
    return 0


def _none(options: argparse.Namespace) -> str:
    """That there are no such runs, and of which jobs there are some."""
    of = "" if options.job is None else f" of '{options.job}'"
    words = f"no runs{of}{' that failed' * options.failed} in {os.path.join(options.state_dir, 'runs')}"
    jobs = dict.fromkeys(header.job for _, header in history.headers(home(options)))
    if options.job is None or options.job in jobs or not jobs:
        return words
    return f"{words}; there are some of " + ", ".join(f"'{job}'" for job in [*jobs][:MOST]) + " …" * (len(jobs) > MOST)


def _continued(place: StateDir) -> dict[str, str]:
    """By the reference of each run that was continued, the run that did so."""
    found: dict[str, str] = {}
    for _, header in history.headers(place):
        if header.continues:
            found.setdefault(header.continues, header.run[:8])
    return found


def _say(problem: RequestError) -> None:
    say(f"factc: {problem.message}")


def as_json(one: Recorded) -> dict[str, object]:
    """A run for programs (`docs/json.md`). Times are as in events, durations seconds."""
    header = one.header
    return {
        "run": header.run, "job": header.job, "reference": header.reference, "outcome": one.outcome,
        "started": moment(header.at), "duration": round(one.seconds, 3), "tasks": recorded.counts(one.state),
        "values": header.values, "tags": header.tags, "start": header.start, "to": header.to,
        "continues": header.continues, "host": header.host, "pid": header.pid, "arguments": header.arguments,
        "directory": one.directory, "undelivered": one.undelivered, "damaged_line": one.journal.damage or None,
        "owner": one.owner,
    }  # fmt: skip


def json_line(value: object) -> str:
    """A value for programs; nothing in it is an order to a terminal."""
    return visible_json(json.dumps(value, ensure_ascii=False)) + "\n"


def counted(one: Recorded) -> str:
    """`5 succeeded, 1 failed`."""
    return ", ".join(f"{n} {word}" for word, n in recorded.counts(one.state).items()) or "no tasks"


def clock(at: float) -> str:
    """A moment as people in this place read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _table(runs: list[Recorded], continued: dict[str, str]) -> str:
    rows = [["RUN", "STARTED", "JOB", "OUTCOME", "TOOK", "TASKS", "WITH"]]
    differ = _differing(runs)
    for one in runs:
        by = continued.get(one.header.run)
        outcome = one.outcome + (f", continued by {by}" if by else "")
        outcome += ", events not delivered" if one.undelivered and one.outcome != recorded.RUNS else ""
        outcome += ", damaged" if one.journal.damage and one.outcome != recorded.DAMAGED else ""
        outcome += f", of {one.owner}" if one.owner else ""
        took = durations.shown(one.seconds)
        rows.append(
            [
                one.short,
                clock(one.header.at),
                short(one.header.job, 40),
                outcome,
                took,
                counted(one),
                _with(one, differ),
            ]
        )
    return aligned(rows if any(row[-1] for row in rows[1:]) else [row[:-1] for row in rows])


def given(one: Recorded) -> dict[str, str]:
    """What a run was made with, as options say it: values, tags, a part of the job."""
    header = one.header
    part = {f"--{name}": word for name, word in (("start", header.start), ("to", header.to)) if word}
    return {**(header.values or {}), **{f"tag {key}": tag for key, tag in header.tags.items()}, **part}


def _differing(runs: list[Recorded]) -> set[tuple[str, str]]:
    """By job the names of what runs of it were not all made with alike."""
    first: dict[str, dict[str, str]] = {}
    found: set[tuple[str, str]] = set()
    for one in runs:
        job, now = one.header.job, given(one)
        before = first.setdefault(job, now)
        found |= {(job, name) for name, _ in before.items() ^ now.items()}
    return found


def _with(one: Recorded, differ: set[tuple[str, str]]) -> str:
    """The same in a few words: what tells the run apart from others of its job comes first."""
    pairs = sorted(given(one).items(), key=lambda pair: (one.header.job, pair[0]) not in differ)
    return short(" ".join(f"{name}={short(value, 40)}" for name, value in pairs), 60)


def aligned(rows: list[list[str]]) -> str:
    """Rows as columns, parted by two blanks; whatever stands in them, each is a line."""
    rows = [list(map(visible, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)
