"""`factc plan`: the commands of a job, ready to paste, or the whole job as a shell script."""

from __future__ import annotations

from factc.bind import settle
from factc.cli.complain import report
from factc.cli.options import load, parser
from factc.cli.output import write_out
from factc.load import close
from factc.schedule import sequence


def run(arguments: list[str]) -> int:
    made = parser("plan", "Prints the commands in the order in which `factc run -j1` starts them, ready to paste.")
    made.add_argument(
        "--script", action="store_true",
        help="a standalone POSIX shell script that runs the job one task at a time, without factc",
    )  # fmt: skip
    options = made.parse(arguments)
    loaded = load(options)
    if options.script:
        from factc.emit.script import script

        close(loaded, strict=options.strict)
        report(loaded.warnings, options.colour)
        write_out(script(loaded.plan, sequence(loaded.plan)))
        return 0
    from factc.emit.shell import commands

    report(loaded.warnings, options.colour)
    plan = settle(loaded.plan)
    write_out(commands(plan, sequence(plan)))
    return 0
