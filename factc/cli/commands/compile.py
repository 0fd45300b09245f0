"""`factc compile`: a job as a plan, as a JSON Factfile or as text."""

from __future__ import annotations

from factc.cli.shared.errors import report, say
from factc.cli.shared.options import given, load, output, parser
from factc.cli.shared.output import is_place, write_outputs
from factc.diagnostic import RequestError
from factc.load import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(arguments: list[str]) -> int:
    made = parser("compile", "Writes a job as a plan (JSON, the same bytes for the same job), a Factfile or text.")
    output(made.add_argument, "OUT")
    made.add_argument(
        "--format", choices=("plan", "factfile", "fact"), default="plan",
        help="plan (the default); factfile: JSON, Factotum's own where that says it all; fact: text",
    )  # fmt: skip
    options = made.parse(arguments)
    if options.format == "plan":
        write_outputs({options.output or "-": _plan(options)}, _is_plan, overwrite=options.overwrite)
        return 0
    files = {path: [text.encode()] for path, text in _texts(options).items()}
    write_outputs(files, _nobody_can_tell, overwrite=options.overwrite)
    for path in list(files)[1:]:
        say(f"factc: {path} holds a job that this one uses")
    return 0


def _is_plan(beginning: str) -> bool:
    from factc.source import Source
    from factc.syntax import is_plan

    return is_plan(Source("", beginning))


def _nobody_can_tell(beginning: str) -> bool:
    """Whether a job was written by factc or by a person."""
    return False


def _plan(options: argparse.Namespace) -> list[bytes]:
    from factc.syntax.planfile.writer import plan_parts

    loaded = load(options)
    report(loaded.warnings, options.colour)
    # What is needed no more goes before the bytes are made: a job and its plan take several times their memory.
    if loaded.text:
        text = loaded.text
        del loaded
        return [text.encode()]
    plan = loaded.plan
    del loaded
    return plan_parts(plan)


def _texts(options: argparse.Namespace) -> dict[str, str]:
    """The job itself, by the file that it is for, and those that stand inside it; values belong to plans and runs."""
    from factc.compiler.pipeline import compile_job, read
    from factc.source import Source
    from factc.syntax import is_plan, read_document
    from factc.syntax.source_file import read_source

    for name in ("start", "to"):
        if getattr(options, name):
            raise RequestError(f"--{name} chooses tasks of a plan: it does not go with --format {options.format}")
    source = read_source(options.job)
    if is_plan(source):
        from factc.syntax.planfile.reader import read_plan

        source = Source(source.name, read_plan(source).factfile)
        job = read(read_document(source, as_json=True))
    else:
        job = read(read_document(source))
    compiled = compile_job(job, given(options))
    if options.strict:
        refuse(compiled.warnings)
    report(compiled.warnings, options.colour)
    path = options.output or "-"
    if options.format == "fact":
        from factc.export.fact import fact_text
        from factc.export.factfiles import fact_files

        return fact_files(job, path) if is_place(path) else {path: fact_text(job)}
    from factc.model.factfile import factfile_text

    return {path: factfile_text(job)}
