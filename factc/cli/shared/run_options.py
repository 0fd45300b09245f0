"""The options of a run, which `factc run` and `factc resume` share, and how they become wishes.

Knows argparse and the environment; knows no plan.
"""

from __future__ import annotations

from argparse import ArgumentTypeError

from factc.cli.shared.options import duration, keep_size, none_of, state_dir, whole
from factc.diagnostic import RequestError
from factc.digits import bytes_written, number
from factc.durations import given, plain, written
from factc.entered import variable
from factc.plan import MAX_SLOTS
from factc.record.commands import plain as quoted
from factc.runner.settings import GRACE
from factc.session.options import AUTO, DRAIN, HEARTBEAT, OUTPUTS, QUIET, SHORTEST, STYLES, Wishes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from factc.cli.shared.deferred import Aside
    from factc.cli.shared.options import Parser

# What the record of a run holds: `factc resume` needs no reminder of it.
_RECORDED = {"job", "run", "resume", "set", "env", "tag", "start", "to", "webhook", "webhook_secret_env",
             "webhook_header_env", "help", "dry_run", "strict", "constraint", "state_dir", "directory"}  # fmt: skip


_THIS_JOB = "\0"  # the key of a bare `--exclusive`: no word of a command line can be that
_BARE = f"--exclusive={_THIS_JOB}"


def add_options(made: Parser) -> None:
    """The options of a run, in groups."""
    add = made.add_argument_group("options of a run").add_argument
    add("-j", "--jobs", type=_slots, metavar="N|auto", help="at most N tasks at once, auto: one for each CPU (default: FACTC_JOBS, a make's slots, or no limit)")  # fmt: skip  # noqa: E501
    add("--jobserver", type=_style, metavar="[=pipe|fifo]", help="make, cargo and others in tasks share the slots of -j")  # fmt: skip  # noqa: E501
    add("--pool", action="append", default=[], metavar="NAME=N", help="so many slots for that pool (repeatable)")
    add("--dry-run", action="store_true", help="execute nothing: show what would be")
    add("--fail-fast", action="store_true", help="start nothing new after a failure")
    add("--levels", action="store_true", help="one whole level of the graph after the other, as Factotum does")
    duration(add, "--timeout", SHORTEST, "stop the run after D")
    duration(add, "--grace", 0, "between SIGTERM and SIGKILL when tasks are stopped", GRACE)
    add(
        "--output",
        choices=OUTPUTS,
        default="stream",
        help="how output is shown (default: stream); quiet: nothing, unless the exit code is not 0",
    )
    add("--stats", action="store_true", help="say at the end what the run spent where, and what more slots would bring")
    add("--secret", action="append", default=[], metavar="NAME", help="the variable NAME is a secret: *** in all output (repeatable)")  # fmt: skip  # noqa: E501
    add("--secret-file", action="append", default=[], metavar="NAME=PATH", help="the same, its value read from a file (repeatable)")  # fmt: skip  # noqa: E501
    add = made.add_argument_group("the record of the run").add_argument
    state_dir(add)
    add("--no-record", action="store_true", help="keep no record of this run")
    add(
        "--keep",
        type=whole(0),
        metavar="N",
        help="at the end, keep only the newest N runs of this job, and its last success and failure",
    )
    keep_size(add, "at the end, the same of its newest runs that take no more than SIZE")
    add("--exclusive", metavar="[=KEY]", help="not while another run of this job goes on; --exclusive=KEY: of what you call KEY")  # fmt: skip  # noqa: E501
    duration(add, "--wait", 0, "with --exclusive: how long to wait for the other run to end")
    add = made.add_argument_group("webhooks").add_argument
    add("--webhook", action="append", default=[], metavar="URL", help="post every change of state there (repeatable)")
    add("--webhook-secret-env", metavar="NAME", help="sign events with the secret in this variable (whsec_…)")
    add("--webhook-header-env", action="append", default=[], metavar="NAME", help="send the header in this variable, such as `Authorization: Bearer …` (repeatable)")  # fmt: skip  # noqa: E501
    add("--webhook-required", action="store_true", help="events that were not delivered make the exit code 6")
    duration(add, "--webhook-drain", 0, "how long the end waits for webhooks", DRAIN)
    duration(add, "--heartbeat-interval", HEARTBEAT, "post the output so far every so often")
    add("--max-stdouterr-size", type=whole(0), default=10_000, metavar="N", help="characters of output in events (10000)")  # fmt: skip  # noqa: E501


def prepared(arguments: Sequence[str]) -> list[str]:
    """A command line as argparse understands it: a bare `--exclusive` must not take the next word for its key, and
    a bare `--jobserver` not for its style."""
    bare = {"--exclusive": _BARE, "--jobserver": f"--jobserver={STYLES[0]}"}
    return [bare.get(word, word) for word in arguments]


def wishes(options: argparse.Namespace, made: Parser, arguments: Sequence[str]) -> Wishes:
    """What the options ask for. Raises RequestError."""
    return Wishes(
        jobs=_jobs(options),
        jobserver=options.jobserver or False,
        levels=options.levels,
        fail_fast=options.fail_fast,
        timeout=options.timeout,
        grace=options.grace,
        webhooks=options.webhook,
        webhook_secret=options.webhook_secret_env,
        webhook_headers=options.webhook_header_env,
        required=options.webhook_required,
        heartbeat=options.heartbeat_interval,
        drain=options.webhook_drain,
        tail=options.max_stdouterr_size,
        secrets=options.secret,
        secret_files=options.secret_file,
        output=options.output,
        colour=options.colour,
        state_dir=None if options.no_record else options.state_dir,
        trust_state_dir=options.trust_state_dir,
        keep=options.keep,
        keep_size=options.keep_size,
        pools=dict(_pool(pair) for pair in options.pool),
        exclusive=True if options.exclusive == _THIS_JOB else options.exclusive or False,
        wait=options.wait,
        rehearse=options.dry_run,
        stats=options.stats,
        start=options.start,
        to=options.to,
        arguments=_cleaned(arguments),
        again=_again(made, options),
        alone=True,
    )


def aside(options: argparse.Namespace) -> Aside:
    """For what is said before the run."""
    from factc.cli.shared.deferred import Aside

    return Aside(silent=options.output == QUIET and not (options.stats or options.dry_run))


def _again(made: Parser, options: argparse.Namespace) -> str:
    """The options as they have to be given once more when the run is resumed."""
    words: list[str] = []
    for action in made._actions:
        value = getattr(options, action.dest, None)
        if action.dest in _RECORDED or not action.option_strings or value == action.default:
            continue
        name = action.option_strings[0]
        for one in value if isinstance(value, list) else [value]:
            words.append(_option(name, one, action.dest))
    return "".join(f" {one}" for one in words)


def _option(name: str, value: object, dest: str) -> str:
    if isinstance(value, bool):
        return name if dest != "colour" else "--no-colour"
    text = str(value)
    if isinstance(value, float):
        text = written(value) if given(written(value)) == value else plain(value)
    if dest == "keep_size" and isinstance(value, int):
        text = bytes_written(value)
    if dest == "exclusive":
        return name if value == _THIS_JOB else f"{name}={quoted(text)}"
    if dest == "jobserver":
        return name if value == STYLES[0] else f"{name}={text}"
    return f"{name}={quoted(text)}" if text.startswith("-") else f"{name} {quoted(text)}"


def _cleaned(arguments: Sequence[str]) -> list[str]:
    """A command line as it may be kept: URLs without credentials and query."""
    if not any(word.startswith("--webhook") for word in arguments):
        return list(arguments)
    from factc.urls import shown_url

    cleaned: list[str] = []
    for argument in arguments:
        if cleaned[-1:] == ["--webhook"]:
            argument = shown_url(argument)
        elif argument.startswith("--webhook="):
            argument = "--webhook=" + shown_url(argument.partition("=")[2])
        cleaned.append(argument)
    return cleaned


def _pool(pair: str) -> tuple[str, int]:
    name, equals, count = pair.partition("=")
    slots = number(count) or 0
    if not (name and equals and 1 <= slots <= MAX_SLOTS):
        raise RequestError(f"--pool {pair}: it looks like NAME=N, with N from 1 to {MAX_SLOTS:,}")
    return name, slots


def _slots(text: str) -> int | str:
    return AUTO if text == AUTO else whole(1)(text)


def _style(text: str) -> str:
    if text not in STYLES:
        raise ArgumentTypeError(none_of(text, STYLES))
    return text


def _jobs(options: argparse.Namespace) -> int | str | None:
    text = variable("FACTC_JOBS") if options.jobs is None else None
    if text is None:
        jobs: int | str | None = options.jobs
        return jobs
    try:
        return _slots(text)
    except ArgumentTypeError:
        raise RequestError(f"FACTC_JOBS={text}: it takes a whole number from 1 on, or {AUTO}") from None
