"""`factc run`: a job, run; or, with `--dry-run`, rehearsed."""

from __future__ import annotations

import os

from factc.cli import SUCCESS
from factc.cli.complain import report, say
from factc.cli.options import Parser, load, parser
from factc.diagnostic import RequestError
from factc.launch import OUTPUTS, Wishes, launch
from factc.load import close

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from factc.plan import Plan


def run(arguments: list[str]) -> int:
    options = _parser().parse(arguments)
    wishes = _wishes(options)
    if options.constraint and not _here(options):
        return SUCCESS
    loaded = load(options)
    close(loaded, strict=options.strict)
    report(loaded.warnings, options.colour)
    if options.dry_run:
        _show_table(loaded.plan, options.levels)
    return launch(loaded.plan, wishes, loaded.text).exit_code


def _wishes(options: argparse.Namespace) -> Wishes:
    return Wishes(
        jobs=_jobs(options),
        levels=options.levels,
        fail_fast=options.fail_fast,
        webhooks=options.webhook,
        heartbeat=options.heartbeat_interval,
        drain=options.webhook_drain,
        tail=options.max_stdouterr_size,
        output=options.output,
        colour=options.colour,
        state_dir=None if options.no_record else options.state_dir,
        rehearse=options.dry_run,
    )


def _show_table(plan: Plan, by_levels: bool) -> None:
    from factc.cli.output import write_out
    from factc.levels import levels
    from factc.schedule import sequence
    from factc.sink.table import table

    write_out(table(plan, sequence(plan, levels(plan) if by_levels else None)))


def _parser() -> Parser:
    made = parser("run", "Runs a job. Exit code: 0 success, 1 the job is wrong, 2 a task failed, 3 anything else,\n129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.")  # fmt: skip  # noqa: E501
    group = made.add_argument_group("options of run")
    add = group.add_argument
    add("-j", "--jobs", type=_whole(1), metavar="N", help="at most N tasks at once (default: FACTC_JOBS, or no limit)")
    add("--dry-run", action="store_true", help="execute nothing: show the commands, and the run as it would go")
    add("--fail-fast", action="store_true", help="start nothing new after a failure")
    add("--levels", action="store_true", help="one whole level of the graph after the other, as Factotum does")
    add("--constraint", action="append", default=[], metavar="host,NAME", help="run only on that machine (repeatable)")
    add("--output", choices=OUTPUTS, default="stream", help="how the output of tasks is shown (default: stream)")
    add("--webhook", action="append", default=[], metavar="URL", help="post every change of state there (repeatable)")
    add("--webhook-drain", type=_seconds(0), default=30.0, metavar="SECONDS", help="how long the end waits for webhooks (30)")  # fmt: skip  # noqa: E501
    add("--heartbeat-interval", type=_seconds(0.05), metavar="SECONDS", help="post the output so far every so often")
    add("--max-stdouterr-size", type=_whole(0), default=10_000, metavar="N", help="characters of output in events (10000)")  # fmt: skip  # noqa: E501
    add("--state-dir", default=os.environ.get("FACTC_STATE_DIR") or ".factc", metavar="DIR", help="where runs are recorded (FACTC_STATE_DIR, or .factc)")  # fmt: skip  # noqa: E501
    add("--no-record", action="store_true", help="keep no record of this run")
    return made


def _whole(least: int):  # type: ignore[no-untyped-def]
    def number(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() else -1
        if value < least:
            import argparse

            raise argparse.ArgumentTypeError(f"`{text}` is no whole number from {least} on")
        return value

    return number


def _seconds(least: float):  # type: ignore[no-untyped-def]
    def seconds(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not least <= value < 10_000_000:
            import argparse

            raise argparse.ArgumentTypeError(f"`{text}` is no number of seconds from {least:g} on")
        return value

    return seconds


def _jobs(options: argparse.Namespace) -> int | None:
    if options.jobs is not None or not os.environ.get("FACTC_JOBS"):
        jobs: int | None = options.jobs
        return jobs
    text = os.environ["FACTC_JOBS"]
    if not (text.isascii() and text.isdigit() and int(text)):
        raise RequestError(f"FACTC_JOBS={text}: it takes a whole number from 1 on")
    return int(text)


def _here(options: argparse.Namespace) -> bool:
    """Whether this machine is meant; says so if not."""
    from factc.constraint import why_not_here

    why = why_not_here(options.constraint)
    if why:
        say(f"Warn: {why}, no tasks have been executed")
    return not why
