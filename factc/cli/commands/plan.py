"""`factc plan`: the commands of a job, ready to paste, or the whole job as a shell script."""

from __future__ import annotations

from factc.cli.shared.errors import report, say
from factc.cli.shared.options import given, home, load, parser, state_dir
from factc.cli.shared.output import write_out
from factc.load import close
from factc.plan.bind import settle
from factc.plan.values import alike
from factc.scheduling.schedule import sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from factc.session.continuation import Earlier


def run(arguments: list[str]) -> int:
    made = parser("plan", "Prints the commands in the order in which `factc run -j1` starts them, ready to paste.")
    made.add_argument(
        "--script", action="store_true",
        help="a standalone POSIX shell script that runs the job one task at a time, without factc",
    )  # fmt: skip
    made.add_argument("--resume", metavar="RUN", help="only what `factc run --resume RUN` would run, and why")
    state_dir(made.add_argument)
    options = made.parse(arguments)
    if options.resume:
        return _resumed(options)
    loaded = load(options)
    if options.script:
        from factc.export.script import script

        close(loaded, strict=options.strict)
        report(loaded.warnings, options.colour)
        for words in alike(loaded.plan.tags):
            say(f"factc: {words}")
        write_out(script(loaded.plan, sequence(loaded.plan)))
        return 0
    from factc.export.shell import commands

    report(loaded.warnings, options.colour)
    plan = settle(loaded.plan)
    write_out(commands(plan, sequence(plan)))
    return 0


def _resumed(options: argparse.Namespace) -> int:
    from factc.diagnostic import RequestError
    from factc.session.continuation import Earlier

    if options.script:
        raise RequestError("--script writes the whole job: it does not go with --resume")
    with Earlier(home(options), options.resume) as earlier:
        return _rest(options, earlier)


def _rest(options: argparse.Namespace, earlier: Earlier) -> int:
    from factc.export.shell import commands, remark
    from factc.record.resume import CARRIED

    loaded = load(options, earlier.values(given(options)))
    close(loaded, strict=options.strict)
    report(loaded.warnings, options.colour)
    plan = loaded.plan
    resumption = earlier.resumption(plan)
    earlier.close()  # it is only shown
    order = sequence(plan)
    over = [remark(f"warning: {words}") for words in resumption.doubts]
    over += [remark(f"{CARRIED}: {plan.tasks[i].name}") for i in order if i in resumption.carried]
    again = [i for i in order if i not in resumption.carried]
    notes = dict(enumerate(resumption.reasons))
    write_out("".join(over) + ("\n" if over and again else "") + commands(plan, again, notes))
    return 0
