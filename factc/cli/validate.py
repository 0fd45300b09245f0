"""`factc validate`: whether a job can be run, and all that is wrong with it."""

from __future__ import annotations

import os

from factc.cli import BAD_JOB, SUCCESS
from factc.cli.complain import report
from factc.cli.options import load, parser
from factc.cli.output import write_out
from factc.diagnostic import ERROR, CompileError, Diagnostic, in_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from factc.load import Loaded

STDIN = "<stdin>"


def run(arguments: list[str]) -> int:
    made = parser("validate", "Checks a job: exit 0 if it can be run, 1 with every mistake on standard error if not.")
    made.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: a list of diagnostics on standard output"
    )
    options = made.parse(arguments)
    diagnostics = _diagnostics(options)
    bad = any(d.severity == ERROR for d in diagnostics)
    if options.format == "json":
        from factc.excerpt import as_json

        write_out(as_json(diagnostics) + "\n")
        return BAD_JOB if bad else SUCCESS
    report(diagnostics, options.colour)
    write_out(_verdict(STDIN if options.job == "-" else options.job, diagnostics, bad) + "\n")
    return BAD_JOB if bad else SUCCESS


def _verdict(name: str, diagnostics: list[Diagnostic], bad: bool) -> str:
    from factc.excerpt import headline
    from factc.visible import visible

    if not bad:
        return f"{visible(name)} is a valid Factotum Factfile!"
    return f"{visible(name)} is not a valid Factotum Factfile: {headline(diagnostics)}"


def _diagnostics(options: argparse.Namespace) -> list[Diagnostic]:
    strict, options.strict = options.strict, False
    try:
        found = _warnings(load(options))
    except CompileError as error:
        return error.diagnostics
    if strict:
        for diagnostic in found:
            diagnostic.severity = ERROR
    return in_order(found)


def _warnings(loaded: Loaded) -> list[Diagnostic]:
    """What compiling found, and what only looks wrong."""
    if loaded.compiled is None:
        return loaded.warnings
    from factc.lint import lint

    still_empty = {p.name for p in loaded.plan.parameters if not p.declared}
    empty = [d for name, d in loaded.compiled.undeclared.items() if name in still_empty]
    known = {*loaded.plan.values, *(p.name for p in loaded.plan.parameters)}
    return [*loaded.warnings, *empty, *lint(loaded.compiled.job, _exists, known)]


def _exists(command: str, directory: str | None) -> bool:
    """Whether this machine has a command, on PATH or at its path."""
    if "/" in command:
        return os.access(os.path.join(directory or ".", command), os.X_OK)
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder or ".", command), os.X_OK) for folder in folders)
