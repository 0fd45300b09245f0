"""`factc show`: the account of one recorded run, or what one of its tasks wrote."""

from __future__ import annotations

import os
import sys
import time

from factc import durations
from factc.cli.commands.runs import aligned, as_json, clock, counted, json_line
from factc.cli.shared.errors import say
from factc.cli.shared.options import bare_parser, home, state_dir, whole
from factc.cli.shared.output import write_out
from factc.cli.shared.run_account import failures, may_go_on, outcome, summary
from factc.diagnostic import RequestError
from factc.escape import visible
from factc.events.ending import WORDS
from factc.events.payload import moment
from factc.plan.families import close_to, meant
from factc.record import LOGS, history, recorded
from factc.record.commands import show_command, task_word, word
from factc.record.logs import log_name
from factc.record.onward import deliver, onward
from factc.record.recorded import Recorded
from factc.report.stats import Stats
from factc.report.stats_json import figures
from factc.report.time_spent import Courses
from factc.screen.colour import colour_wanted
from factc.screen.lines import Lines
from factc.screen.stats import text
from factc.screen.summary import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.events.state import TaskState

PIECE = 1 << 20


def run(arguments: list[str]) -> int:
    made = bare_parser("show", "Tells how a recorded run went; with TASK, what that task wrote, or all of a family: its standard output on\nstandard output, its standard error on standard error.", "RUN [TASK] [OPTIONS]")  # fmt: skip  # noqa: E501
    made.add_argument(
        "run",
        metavar="RUN",
        help="a reference or its beginning, a folder's name, `last`, `last-failed`, `last-died`",
    )
    made.add_argument("task", metavar="TASK", nargs="?", help="a task's name, or that of an `each` or a `use`")
    made.add_argument(
        "--attempt", type=whole(1), metavar="N", help="of the task's attempts that one (default: the last)"
    )
    made.add_argument(
        "--stats", action="store_true", help="what it spent where, and what more slots would have brought"
    )
    made.add_argument("--summary", action="store_true", help="the account alone, as the end of the run showed it")
    made.add_argument("--format", choices=("text", "json"), default="text", help="json: one object")
    state_dir(made.add_argument)
    options = made.parse(arguments)
    found = history.find(home(options), options.run)
    for about, option in ((options.stats, "--stats"), (options.format == "json", "--format json")):
        if about and options.task is not None and not options.summary:
            whole_run = show_command(word(options.run), option, options.state_dir)
            raise RequestError(f"{option} is about a whole run", f"without the task: {whole_run}")
    if options.attempt is not None and options.task is None:
        raise RequestError("--attempt is about a task", "which one? factc show RUN TASK --attempt N")
    if options.summary and (options.stats or options.task is not None or options.format == "json"):
        raise RequestError("--summary is a text about a whole run", "it goes without TASK, --stats and --format")
    if options.summary:
        colour = colour_wanted(os.environ, sys.stdout.isatty(), options.colour)
        write_out(summary(found, options.state_dir, colour=colour))
        return 0
    if options.task is not None:
        return _log(found, options.task, options.attempt)
    if options.format == "json":
        more = {"stats": figures(_stats(found))} if options.stats else {}
        write_out(json_line({**as_json(found), "states": _states(found), **more}))
    elif options.stats:
        colour = colour_wanted(os.environ, sys.stdout.isatty(), options.colour)
        heading = f"{visible(found.header.job)}, run {found.short}: {_outcome(found)}\n"
        write_out(heading + text(_stats(found), colour))
    else:
        write_out(_account(found, options.state_dir))
    return 0


def _stats(found: Recorded) -> Stats:
    """The figures of a run; of one that still goes on, up to now. Raises what `Recorded.plan` does."""
    header = found.header
    courses = Courses(len(header.names))
    for step in found.journal.steps:
        courses.step(step)
    until = time.time() if found.live else None
    return Stats(
        found.plan()[0], courses, slots=header.jobs, pools=header.pools, by_levels=header.order is not None, until=until
    )


# ---- the account of a run


def _account(found: Recorded, state_dir: str) -> str:
    header = found.header
    rows = [
        ["run", header.run],
        ["job", visible(header.job)],
        ["outcome", _outcome(found)],
        ["started", f"{clock(header.at)}, took {durations.shown(found.seconds)}"],
        ["where", visible(f"{header.host}, pid {header.pid}, in {header.directory}")],
        ["command", "factc " + " ".join(visible(word) for word in header.arguments) if header.arguments else ""],
        ["values", ", ".join(f"{visible(name)}={short(value, 60)}" for name, value in (header.values or {}).items())],
        ["tags", ", ".join(f"{visible(key)}={visible(value)}" for key, value in header.tags.items())],
        ["continues", header.continues or ""],
        ["record", visible(found.directory)],
        ["owner", f"{found.doubt}; only shown" if found.doubt else ""],
        ["damage", found.damage],
        *_endpoints(found),
    ]
    return aligned([row for row in rows if row[1]]) + "\n" + _tasks(found) + failures(found) + _ways(found, state_dir)


def _outcome(found: Recorded) -> str:
    why = f" ({visible(found.state.stopped)})" if found.state.stopped else ""
    if found.outcome == recorded.DIED:
        why = " without a farewell: it was killed, or the machine went down"
    return f"{outcome(found)}{why}: {counted(found)}"


def _endpoints(found: Recorded) -> list[list[str]]:
    rows = []
    for number, endpoint in enumerate(found.header.endpoints, 1):
        outbox = found.journal.outbox(number)
        count = len(outbox.acknowledged)
        words = [f"{count} event{'s' * (count != 1)} delivered"]
        if outbox.passed:
            words.append(f"{len(outbox.passed)} refused ({next(iter(outbox.passed.values()))})")
        if outbox.stopped:
            words.append(outbox.stopped)
        if number in found.undelivered:
            words.append("some are missing")
        rows.append([f"webhook {number}", visible(f"{endpoint['url']}: {', '.join(words)}")])
    return rows


def _tasks(found: Recorded) -> str:
    rows = [["TASK", "STATE", "STARTED", "TOOK", "CODE", ""]]
    for name, task in zip(found.header.names, found.state.tasks, strict=True):
        rows.append([
            short(name, 60), WORDS[task.state], clock(task.started) if task.started else "",
            durations.shown(task.duration) if task.duration is not None else "",
            "" if task.code is None else str(task.code), _why(task, found),
        ])  # fmt: skip
    return aligned(rows)


def _why(task: TaskState, found: Recorded) -> str:
    if task.carried:
        return "carried over"
    if task.state == "RUNNING" and found.outcome == recorded.DIED:
        return "was running when the run died"
    return visible(task.reason or "")


def _ways(found: Recorded, state_dir: str) -> str:
    """What to do next, with a run that is the caller's."""
    if found.doubt:
        return ""
    lines = []
    successor = history.successor(found.home, found)
    if successor:
        lines.append(f"continued by {successor.run[:8]}")
    elif may_go_on(found):
        lines.append(onward(found.header, state_dir))
    if found.undelivered and found.live is not True:
        lines.append(f"to send the missing events{deliver(found.header, state_dir, found.undelivered)}")
    return "".join(f"{line}\n" for line in ["", *lines]) if lines else ""


def _moment(at: float | None) -> str | None:
    return None if at is None else moment(at)


def _seconds(took: float | None) -> float | None:
    return None if took is None else round(took, 3)


def _states(found: Recorded) -> list[dict[str, object]]:
    return [
        {"task": name, "state": WORDS[task.state], "attempt": task.attempt, "started": _moment(task.started),
         "duration": _seconds(task.duration), "code": task.code, "reason": task.reason, "carried": task.carried}
        for name, task in zip(found.header.names, found.state.tasks, strict=True)
    ]  # fmt: skip


# ---- the log of a task


def _log(found: Recorded, name: str, attempt: int | None) -> int:
    """What a task wrote, or all of a family, one after the other."""
    names = found.header.names
    if name in names:
        return _log_of(found, names.index(name), attempt)
    plan = found.plan()[0]
    numbers = meant(plan, name)
    if not numbers:
        raise RequestError(
            f"no task of the run {found.short} is called '{visible(name)}'", visible(close_to(plan, name))
        )
    for number in sorted(numbers, key=lambda i: plan.tasks[i].declared):
        say(f"factc: '{visible(names[number])}':")
        _log_of(found, number, attempt)
    return 0


def _log_of(found: Recorded, number: int, attempt: int | None) -> int:
    name, task = found.header.names[number], found.state.tasks[number]
    last = max(1, task.attempt)
    if attempt is not None and attempt > last:
        raise RequestError(f"the task '{name}' has had {last} attempt{'s' * (last > 1)}, not {attempt}")
    if task.carried:
        there = show_command((found.header.continues or "")[:8], task_word(name), found.home.path)
        say(f"factc: '{visible(name)}' was carried over: {there}")
    if found.doubt:
        say(f"factc: {found.doubt}; only shown")
    wrote = False
    for stream in (1, 2):
        wrote |= _copy(found, log_name(name, number, stream, attempt or last), stream)
    if not wrote and not task.carried:
        say(
            f"factc: '{visible(name)}' wrote nothing"
            if task.started
            else f"factc: '{visible(name)}' did not run: {visible(task.reason or WORDS[task.state])}"
        )
    return 0


def _copy(found: Recorded, name: str, stream: int) -> bool:
    """A log on a stream: byte for byte, but without control sequences on a terminal, and of somebody else's run."""
    try:
        with found.folder() as folder, folder.folder(LOGS) as logs:
            descriptor = logs.open(name)
    except FileNotFoundError:
        return False
    except OSError as problem:
        path = visible(os.path.join(found.directory, LOGS, name))
        raise RequestError(f"{path} cannot be read: {problem.strerror}") from None
    out = sys.stdout.buffer if stream == 1 else sys.stderr.buffer
    lines = Lines("", not found.doubt) if found.doubt or out.isatty() else None
    with open(descriptor, "rb") as log:
        try:
            while data := log.read(PIECE):
                out.write(lines.add(data).encode() if lines else data)
            if lines:
                out.write(lines.rest().encode())
            out.flush()
        except BrokenPipeError:
            raise
        except OSError as problem:
            raise RequestError(f"the log cannot be shown: {problem.strerror}") from None
    return True
