"""`factc fmt`: job files in the one layout, rewritten in place; or what would change in them."""

from __future__ import annotations

import os

from factc.cli.shared import BAD_JOB, BAD_REQUEST, SUCCESS
from factc.cli.shared.errors import complain, report, say
from factc.cli.shared.options import bare_parser
from factc.cli.shared.output import write_file, write_out
from factc.diagnostic import CompileError, RequestError
from factc.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from factc.source import Source


def run(arguments: list[str]) -> int:
    made = bare_parser(
        "fmt", "Rewrites job files (text, not JSON) in the one layout: the same job, the same comments.",
        "FILE… [OPTIONS]",
    )  # fmt: skip
    made.add_argument("files", metavar="FILE", nargs="+", help="a .fact file; - is stdin, whose layout is printed")
    made.add_argument("--check", action="store_true", help="change nothing; print what would change and exit 1 if any")
    options = made.parse(arguments)
    return max([_attempt(file, options) for file in options.files])


def _attempt(file: str, options: argparse.Namespace) -> int:
    """One file; what is wrong with it does not keep the others from their turn."""
    try:
        return _format(file, check=options.check)
    except CompileError as error:
        report(error.diagnostics, options.colour)
        return BAD_JOB
    except RequestError as error:
        complain(error.message, error.hint)
        return BAD_REQUEST


def _format(file: str, *, check: bool) -> int:
    from factc.fmt import formatted
    from factc.syntax.source_file import read_source

    source = read_source(file)
    _refuse_json(source)
    text = formatted(source)
    same = text == source.factfile
    if check:
        from factc.fmt.difference import difference

        write_out("" if same else difference(visible(source.name), source.factfile, text))
        return SUCCESS if same else BAD_JOB
    if file == "-":
        write_out(text)
    elif not same:
        _rewrite(file, text)
    return SUCCESS


def _refuse_json(source: Source) -> None:
    from factc.syntax import is_json, is_plan

    name = visible(source.name)
    if is_plan(source):
        raise RequestError(f"{name} is a compiled plan: it has no layout to change")
    if is_json(source):
        from factc.record.commands import path

        hint = f"factc compile --format fact {path(source.name)} writes it as text, in the one layout"
        raise RequestError(f"{name} is JSON: fmt is for jobs written as text", hint)


def _rewrite(file: str, text: str) -> None:
    if not os.path.isfile(file):
        raise RequestError(
            f"{visible(file)} is no regular file: it cannot be rewritten", "`factc fmt -` reads and prints"
        )
    write_file(file, text.encode())
    say(f"{visible(file)}: rewritten")
