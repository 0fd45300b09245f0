"""`factc prune`: removes recorded runs that nobody needs any more."""

from __future__ import annotations

import time
from itertools import chain

from factc.cli.commands.runs import clock
from factc.cli.shared import BAD_REQUEST
from factc.cli.shared.errors import say
from factc.cli.shared.options import bare_parser, duration, home, keep_size, state_dir, whole
from factc.cli.shared.output import tell
from factc.diagnostic import RequestError
from factc.record import prune
from factc.record.prune import Fate, Pruning
from factc.screen.summary import short


def run(arguments: list[str]) -> int:
    made = bare_parser(
        "prune",
        "Removes recorded runs. Given --keep and --older, a run goes only if both say so. Never one that still runs;\n"
        "one with events that were not delivered only with --undelivered.",
        "[--keep N] [--older D] [--keep-size SIZE] [OPTIONS]",
    )
    made.add_argument("--keep", type=whole(0), metavar="N", help="the newest N runs of each job stay")
    duration(made.add_argument, "--older", 0, "only runs that began longer ago than D, such as 30d")
    keep_size(made.add_argument, "of each job the newest that take no more, its last success and failure")
    made.add_argument("--undelivered", action="store_true", help="runs whose events were not delivered may go too")
    made.add_argument("--dry-run", action="store_true", help="only say which would go")
    state_dir(made.add_argument)
    options = made.parse(arguments)
    if options.keep is None and options.older is None and options.keep_size is None:
        raise RequestError("which runs?", "give --keep N, --older D, or both; or --keep-size SIZE")
    older = None if options.older is None else time.time() - options.older
    place = home(options)
    pruning = Pruning(
        place, options.keep, older, size=options.keep_size, undelivered=options.undelivered, rehearse=options.dry_run
    )  # fmt: skip
    verb, gone, code = "would go" if options.dry_run else "removed", 0, 0
    for fate in chain(pruning.fates(), pruning.unknown(time.time())):
        if fate.verdict == prune.GONE:
            gone += 1
            tell(f"{verb}: {_named(fate)}")
        elif fate.verdict == prune.FAILED:
            say(f"factc: {fate.why}")
            code = BAD_REQUEST
        else:
            say(f"{fate.verdict}: {_named(fate)}: {fate.why}" if fate.header else f"{fate.verdict}: {fate.why}")
    tell(f"{gone} run{'s' * (gone != 1)} {verb}")
    return code


def _named(fate: Fate) -> str:
    if fate.header is None:
        return f"{fate.name}  died before it began"
    return f"{fate.header.run[:8]}  {clock(fate.header.at)}  {short(fate.header.job, 40)}"
