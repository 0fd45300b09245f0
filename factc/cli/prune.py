"""`factc prune`: removes recorded runs that nobody needs any more."""

from __future__ import annotations

import os
import time

from factc.cli import BAD_REQUEST
from factc.cli.complain import say
from factc.cli.options import bare_parser, state_dir, time_span, whole
from factc.cli.output import tell
from factc.cli.runs import clock
from factc.diagnostic import RequestError
from factc.record import prune
from factc.sink.summary import short


def run(arguments: list[str]) -> int:
    made = bare_parser(
        "prune",
        "Removes recorded runs. Given both options, a run goes only if both say so. Never one that still runs; one\n"
        "with events that were not delivered only with --undelivered.",
        "[--keep N] [--older D] [OPTIONS]",
    )
    made.add_argument("--keep", type=whole(0), metavar="N", help="the newest N runs of each job stay")
    made.add_argument("--older", type=time_span, metavar="D", help="only runs that began longer ago than D (30d, 12h)")
    made.add_argument("--undelivered", action="store_true", help="runs whose events were not delivered may go too")
    made.add_argument("--dry-run", action="store_true", help="only say which would go")
    state_dir(made.add_argument)
    options = made.parse(arguments)
    if options.keep is None and options.older is None:
        raise RequestError("which runs?", "give --keep N, --older D, or both")
    older = None if options.older is None else time.time() - options.older
    doomed: list[tuple[str, str]] = []
    for one in prune.superfluous(options.state_dir, options.keep, older, _damaged):
        name = f"{one.short}  {clock(one.header.at)}  {short(one.header.job, 40)}"
        if prune.may_go(one, undelivered=options.undelivered):
            doomed.append((one.directory, name))
        else:
            why = "its events were not delivered (--undelivered)" if one.live is False else "it may still run"
            say(f"stays: {name}: {why}")
    for directory in prune.stillborn(options.state_dir, time.time()):
        doomed.append((directory, f"{os.path.basename(directory)}  died before it began"))
    return _remove(doomed, options.dry_run)


def _damaged(problem: RequestError) -> None:
    say(f"stays: {problem.message}")


def _remove(doomed: list[tuple[str, str]], rehearse: bool) -> int:
    verb, gone = "would go" if rehearse else "removed", 0
    for directory, name in doomed:
        trouble = None if rehearse else prune.remove(directory)
        if trouble:
            say(f"factc: {trouble}")
        else:
            gone += 1
            tell(f"{verb}: {name}\n")
    tell(f"{gone} run{'s' * (gone != 1)} {verb}\n")
    return 0 if gone == len(doomed) else BAD_REQUEST
