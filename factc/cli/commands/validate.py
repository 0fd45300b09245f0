"""`factc validate`: whether jobs can be run, and all that is wrong with them."""

from __future__ import annotations

import os

from factc.cli.shared import BAD_JOB, SUCCESS
from factc.cli.shared.errors import report
from factc.cli.shared.options import load, parser
from factc.cli.shared.output import write_out
from factc.diagnostic import ERROR, CompileError, Diagnostic, RequestError, in_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from factc.cli.shared.options import Parser
    from factc.load import Loaded
    from factc.model.job import Job

STDIN = "<stdin>"
ELSEWHERE = "W401"  # a warning that another machine may give
SHELLCHECK = "W411"


def run(arguments: list[str]) -> int:
    options = _parser().parse(arguments)
    bad = False
    everything: list[Diagnostic] = []
    for job in options.jobs:
        options.job = job
        diagnostics = _diagnostics(options)
        wrong = any(d.severity == ERROR for d in diagnostics)
        bad |= wrong
        everything += diagnostics
        if options.format == "text":
            report(diagnostics, options.colour)
            write_out(_verdict(STDIN if job == "-" else job, diagnostics, wrong) + "\n")
    if options.format != "text":
        write_out(_for_programs(everything, options))
    return BAD_JOB if bad else SUCCESS


def _parser() -> Parser:
    words = "Checks jobs: exit 0 if all can be run, 1 with every mistake on standard error if not."
    made = parser("validate", words, "JOB… [OPTIONS]")
    action = next(action for action in made._actions if action.dest == "job")
    action.nargs, action.dest = "+", "jobs"
    made.add_argument(
        "--format", choices=("text", "json", "github"), default="text",
        help="json: a list of diagnostics on standard output; github: annotations for a workflow of GitHub",
    )  # fmt: skip
    made.add_argument("--shellcheck", action="store_true", help="also what ShellCheck finds in the recipes")
    return made


def _for_programs(diagnostics: list[Diagnostic], options: argparse.Namespace) -> str:
    from factc import diagnostic_render

    if options.format == "json":
        return diagnostic_render.as_json(diagnostics) + "\n"
    return diagnostic_render.as_github(diagnostics, options.directory or "")


def _verdict(name: str, diagnostics: list[Diagnostic], bad: bool) -> str:
    from factc.escape import visible

    if not bad:
        return f"{visible(name)} is a valid Factotum Factfile!"
    from factc.diagnostic_render import headline

    return f"{visible(name)} is not a valid Factotum Factfile: {headline(diagnostics)}"


def _diagnostics(options: argparse.Namespace) -> list[Diagnostic]:
    strict, options.strict = options.strict, False
    try:
        found = _warnings(load(options), options.shellcheck)
    except CompileError as error:
        return CompileError([*error.diagnostics, *_unreadable(error)]).diagnostics
    finally:
        options.strict = strict
    if strict:
        for diagnostic in found:
            diagnostic.severity = ERROR
    return in_order(found)


def _unreadable(error: CompileError) -> list[Diagnostic]:
    """What shells cannot read in the recipes of a job that has other mistakes."""
    job: Job | None = getattr(error, "job", None)  # none where nothing could be read
    if job is None:
        return []
    from factc.lint import recipe, syntax
    from factc.model.reported import Told, is_broken

    found = syntax.findings([one for one in recipe.recipes(job) if not is_broken(one.filled)])
    return Told(job.mistakes).apart(d for d in found if d.severity == ERROR)


def _warnings(loaded: Loaded, with_shellcheck: bool) -> list[Diagnostic]:
    """What compiling found, and what only looks wrong, without what the text allows."""
    if loaded.compiled is None:
        if with_shellcheck:
            words = "--shellcheck reads recipes as they are written, and this is a compiled plan"
            raise RequestError(words, "name the job that it was compiled from")
        return loaded.warnings
    from factc.lint import recipe, syntax
    from factc.lint.warnings import lint

    compiled = loaded.compiled
    still_empty = {p.name for p in loaded.plan.parameters if not p.declared}
    empty = [d for name, d in compiled.undeclared.items() if name in still_empty]
    known = {*loaded.plan.values, *(p.name for p in loaded.plan.parameters)}
    recipes = recipe.recipes(compiled.job)
    others = [*syntax.findings(recipes), *(_shellcheck(loaded) if with_shellcheck else ())]
    found = lint(compiled.job, recipes, _exists, known, others)
    unsure = {ELSEWHERE} if with_shellcheck else {ELSEWHERE, SHELLCHECK}
    heard = compiled.allowances.heard([*empty, *found])
    return [*loaded.warnings, *heard, *compiled.allowances.complaints(loaded.source, unsure)]


def _shellcheck(loaded: Loaded) -> list[Diagnostic]:
    from factc.lint import shellcheck

    assert loaded.compiled is not None
    return shellcheck.findings(loaded.compiled.job)


def _exists(command: str, directory: str | None) -> bool:
    """Whether this machine has a command, on PATH or at its path."""
    if "/" in command:
        return os.access(os.path.join(directory or ".", command), os.X_OK)
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder or ".", command), os.X_OK) for folder in folders)
