"""`factc run`: a job, run; or, with `--dry-run`, rehearsed; with `--resume`, continued."""

from __future__ import annotations

from factc.cli.shared import SUCCESS
from factc.cli.shared.deferred import Aside
from factc.cli.shared.options import Once, given, home, load, parser
from factc.cli.shared.run_options import add_options, aside, prepared, wishes
from factc.load import close, files
from factc.session.session import launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from factc.load import Loaded
    from factc.plan import Plan
    from factc.record.resume import Resumption
    from factc.session.options import Wishes


def run(arguments: list[str]) -> int:
    made = parser("run", "Runs a job. Exit code: 0 success, 1 the job is wrong, 2 a task failed, 3 anything else,\n4 it runs already, 5 nothing to go on with, 6 events were not delivered; 129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.")  # fmt: skip  # noqa: E501
    add_options(made)
    add = made.add_argument_group("which run").add_argument
    add("--constraint", action="append", default=[], metavar="host,NAME", help="run only on that machine (repeatable)")
    add("--resume", action=Once, metavar="RUN", help="do again only what has not succeeded there (a reference, last, last-failed, last-died)")  # fmt: skip  # noqa: E501
    options = made.parse(prepared(arguments))
    wanted = wishes(options, made, ["run", *arguments])
    with aside(options) as beside:
        if options.constraint and not _here(options, beside):
            return SUCCESS
        if options.resume:
            return _continued(options, wanted, beside)
        loaded = _whole(options)
        beside.report(loaded.warnings, options.colour)
        return begin(loaded, wanted, None, beside)


def begin(loaded: Loaded, wanted: Wishes, resumption: Resumption | None, beside: Aside) -> int:
    """Runs what was loaded, and shows before that what a rehearsal shows, or what is carried over."""
    if resumption:
        _show_account(loaded.plan, resumption, wanted.rehearse, beside.say)
    if wanted.rehearse:
        _show_table(loaded.plan, wanted.levels, resumption)
    if not wanted.files:
        wanted.files = files(loaded)
    return launch(
        loaded.plan, wanted, loaded.text, resumption=resumption, source=loaded.source, before=beside.kept
    ).exit_code


def _whole(options: argparse.Namespace) -> Loaded:
    loaded = load(options)
    close(loaded, strict=options.strict)
    return loaded


def _continued(options: argparse.Namespace, wanted: Wishes, beside: Aside) -> int:
    from factc.session.continuation import Earlier

    with Earlier(home(options), options.resume) as earlier:
        if words := earlier.choice():
            beside.say(words)
        options.start = options.start or earlier.run.header.start
        options.to = options.to or earlier.run.header.to
        loaded = load(options, earlier.values(given(options)))
        close(loaded, strict=options.strict)
        resumption = earlier.resumption(loaded.plan)
        beside.report(loaded.warnings, options.colour)
        return begin(loaded, wanted, resumption, beside)


def _show_account(plan: Plan, resumption: Resumption, whole: bool, say: Callable[[str], None]) -> None:
    from factc.escape import visible
    from factc.record.resume import account

    say(f"continues the run {resumption.run[:8]}")
    for line in account(plan, resumption, None if whole else 10):
        say(f"  {visible(line)}")
    for words in resumption.doubts:
        say(f"  warning: {visible(words)}")


def _show_table(plan: Plan, by_levels: bool, resumption: Resumption | None) -> None:
    from factc.cli.shared.output import write_out
    from factc.plan.levels import levels
    from factc.scheduling.schedule import sequence
    from factc.screen.dry_run_table import table

    carried = resumption.carried if resumption else ()
    order = sequence(plan, levels(plan) if by_levels else None)
    write_out(table(plan, [i for i in order if i not in carried]))


def _here(options: argparse.Namespace, beside: Aside) -> bool:
    """Whether this machine is meant; says so if not."""
    from factc.session.host import why_not_here

    why = why_not_here(options.constraint)
    if why:
        beside.say(f"Warn: {why}, no tasks have been executed")
    return not why
