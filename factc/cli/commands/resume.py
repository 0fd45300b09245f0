"""`factc resume`: goes on where a run failed, from its record alone."""

from __future__ import annotations

import os

from factc.cli.commands.run import begin
from factc.cli.shared.options import bare_parser, given, home, value_options
from factc.cli.shared.run_options import add_options, aside, prepared, wishes
from factc.diagnostic import RequestError, of_system
from factc.escape import visible
from factc.load import Loaded, close
from factc.record.commands import word
from factc.record.onward import remark
from factc.session.continuation import Earlier
from factc.session.header import here
from factc.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from factc.cli.shared.deferred import Aside
    from factc.plan.values import Given
    from factc.record.journal import RunHeader


def run(arguments: list[str]) -> int:
    made = bare_parser(
        "resume",
        "Goes on where a run failed: what succeeded there is carried over, everything else runs. The job file is not\n"
        "needed: plan, values, tags, --start, --to and webhooks come from the record. Other options are given anew.",
        "[RUN] [OPTIONS]",
    )
    made.add_argument("run", metavar="RUN", nargs="?", default="last-failed",
                      help="a reference, last, last-died, last-failed (which is meant without a word)")  # fmt: skip
    value_options(made.add_argument_group("other values than those of the run").add_argument)
    add_options(made)
    options = made.parse(prepared(arguments))
    with aside(options) as beside, Earlier(home(options), options.run) as earlier:
        header = earlier.run.header
        if not (options.set or options.env or options.tag):
            earlier.whole()
        for words in (earlier.choice(), remark(header, options.state_dir)):
            if words:
                beside.say(words)
        _recall(options, header, earlier.plan.secrets)
        wanted = wishes(options, made, ["resume", *arguments])
        wanted.files = header.files
        _go_there(options, header, beside)
        if wanted.state_dir is not None:
            wanted.state_dir = options.state_dir
        loaded = _loaded(earlier, given(options))
        beside.report(loaded.warnings, options.colour)
        return begin(loaded, wanted, earlier.resumption(loaded.plan), beside)


def _recall(options: argparse.Namespace, header: RunHeader, declared: Sequence[str]) -> None:
    """Puts what the record knows in the place of options. Raises RequestError for what it may not know."""
    options.start, options.to, options.strict = header.start, header.to, False
    missing = [name for name in header.secrets if name not in _names(options) and name not in declared]
    if missing:
        again = " ".join(f"--secret {word(name)}" for name in missing)
        words = f"the run had secrets, which no record holds: {visible(', '.join(missing))}"
        raise RequestError(words, f"add {again} (or --secret-file NAME=PATH)")
    options.webhook_secret_env = options.webhook_secret_env or header.signed
    options.webhook_header_env = options.webhook_header_env or header.headers
    if options.dry_run:
        options.webhook, options.webhook_secret_env, options.webhook_header_env = [], None, []
    elif header.endpoints:
        options.webhook = _webhooks(options.webhook, header)


def _names(options: argparse.Namespace) -> list[str]:
    return [*options.secret, *(pair.partition("=")[0] for pair in options.secret_file)]


def _webhooks(given_urls: list[str], header: RunHeader) -> list[str]:
    from factc.urls import unknown, whole_urls

    whole = whole_urls(header.endpoints, given_urls)
    known = [url for url in whole if url is not None]
    for endpoint, url in zip(header.endpoints, whole, strict=True):
        if url is None:
            raise RequestError(*unknown(visible(endpoint["url"]), given_urls))
    return [*known, *(url for url in given_urls if url not in known)]


def _go_there(options: argparse.Namespace, header: RunHeader, beside: Aside) -> None:
    """A job means its relative paths from where it was started."""
    options.state_dir = os.path.abspath(options.state_dir)
    if options.directory is None and header.directory and header.directory != here():
        try:
            os.chdir(header.directory)
        except (OSError, ValueError) as problem:
            words = f"the run was started in {visible(header.directory)}, which cannot be entered: {of_system(problem)}"
            raise RequestError(words, "-C DIR goes on in another folder") from None
        beside.say(f"in {visible(header.directory)}, where the run was started")


def _loaded(earlier: Earlier, values: Given) -> Loaded:
    """The plan of the record; compiled again from the job that it holds where there are other values."""
    if not (values.values or values.tags):
        return Loaded(earlier.plan, earlier.source, None, earlier.source.text)
    from factc.compiler.pipeline import compile_source
    from factc.plan.selection import select

    header = earlier.run.header
    source = Source(f"the job of run {earlier.run.short}", earlier.plan.factfile)
    compiled = compile_source(source, earlier.values(values))
    loaded = Loaded(select(compiled.plan, header.start, header.to), source, compiled, None)
    close(loaded)
    return loaded
