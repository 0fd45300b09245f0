"""`factc deliver`: sends the events that a run could not deliver; also another day, also after a crash."""

from __future__ import annotations

import os

from factc.cli.shared.errors import complain, say
from factc.cli.shared.options import bare_parser, duration, home, state_dir
from factc.cli.shared.output import tell
from factc.diagnostic import RequestError
from factc.escape import visible
from factc.events.ending import UNDELIVERED
from factc.record import history
from factc.urls import origin
from factc.webhooks.redelivery import PATIENCE, Late
from factc.webhooks.signing import read_credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from factc.record.recorded import Recorded
    from factc.webhooks.redelivery import Outcome
    from factc.webhooks.signing import Credentials


def run(arguments: list[str]) -> int:
    made = bare_parser(
        "deliver",
        "Sends the events that the webhooks of a run have not got, in order, each with the id and the bytes that it\n"
        "had or would have had. Exit code: 0 all is delivered, 6 something is still missing, 3 anything else.",
        "RUN|--all [OPTIONS]",
    )
    made.add_argument("run", metavar="RUN", nargs="?", help="a reference or its beginning, a folder's name, `last`, `last-failed`, `last-died`")  # fmt: skip  # noqa: E501
    made.add_argument("--all", action="store_true", help="every run that has undelivered events")
    made.add_argument("--webhook", action="append", default=[], metavar="URL", help="a URL of the run that had credentials or a query, which the record does not hold")  # fmt: skip  # noqa: E501
    made.add_argument("--webhook-secret-env", metavar="NAME", help="the variable with the signing secret (default: as recorded)")  # fmt: skip  # noqa: E501
    made.add_argument("--webhook-header-env", action="append", default=[], metavar="NAME", help="a variable with a header (default: as recorded)")  # fmt: skip  # noqa: E501
    duration(made.add_argument, "--patience", 0, "give an endpoint up after so long without success", PATIENCE)
    state_dir(made.add_argument)
    options = made.parse(arguments)
    if options.all == (options.run is not None):
        raise RequestError("which run?", "give one RUN, or --all")
    if not options.all:
        found = history.find(home(options), options.run, believe=True)
        return _Deliveries(options).deliver(found)
    return _deliver_all(options)


def _deliver_all(options: argparse.Namespace) -> int:
    damaged: list[RequestError] = []
    history.believed(home(options))
    runs = [run for run in history.every(home(options), damaged.append) if run.undelivered and not run.live]
    for problem in damaged:
        complain(problem.message, problem.hint)
    codes = {3} if damaged else set()
    deliveries = _Deliveries(options)
    for run in reversed(runs):
        try:
            codes.add(deliveries.deliver(run))
        except RequestError as error:
            complain(f"{run.short}: {error.message}", error.hint)
            codes.add(3)
    if not runs and not damaged:
        tell("nothing is missing")
    return 3 if 3 in codes else max(codes, default=0)


class _Deliveries:
    """One run after the other; an endpoint that was given up once is not waited for again."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._dead: dict[str, str] = {}  # why, by URL; by its origin where nobody answers

    def deliver(self, run: Recorded) -> int:
        """Sends what the endpoints of one run have not got; the exit code."""
        options = self._options
        with Late(run) as late:
            header = late.header
            urls = late.urls(options.webhook)
            if not urls:
                _say_nothing_missing(late, header.run[:8])
                return 0
            secret = options.webhook_secret_env or header.signed
            credentials = read_credentials(secret, options.webhook_header_env or header.headers, os.environ)
            done = [self._one(late, number, url, credentials) for number, url in urls.items()]
            torn = late.journal.damage and not late.journal.finished
        if torn:
            tell(f"{run.short}  {run.damage}: nothing can be told of it")
        if torn:
            return 3
        return UNDELIVERED if any(outcome.why for outcome in done) else 0

    def _one(self, late: Late, number: int, url: str, credentials: Credentials) -> Outcome:
        why = self._dead.get(url) or self._dead.get(origin(url))
        if why:
            done = late.passed_over(number, f"it was given up before ({why})")
        else:
            done = late.deliver(number, url, credentials, lambda words: say(f"factc: {words}"), self._options.patience)
        if done.dead:
            self._dead[origin(url) if done.silent else url] = done.why
        events = f"{done.delivered} event{'s' * (done.delivered != 1)} delivered"
        refused = f", {done.refused} refused" if done.refused else ""
        more = f"; the rest is still missing: {done.why}" if done.why else ""
        tell(f"{late.header.run[:8]}  {done.url}: {events}{refused}{more}")
        return done


def _say_nothing_missing(late: Late, short: str) -> None:
    gone = [visible(e["url"]) for n, e in enumerate(late.header.endpoints, 1) if late.journal.outbox(n).gone]
    if not late.header.endpoints:
        words = "the run had no webhook"
    elif gone:
        words = f"nothing is sent to {', '.join(gone)}: it answered 410, it wants no more events"
    else:
        words = "nothing is missing"
    tell(f"{short}  {words}")
