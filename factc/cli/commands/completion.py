"""`factc completion SHELL`: the script that makes a shell complete the words of factc."""

from __future__ import annotations

import os

from factc import shell_completion
from factc.cli.shared.options import bare_parser
from factc.cli.shared.output import write_out

SHELLS = ("bash", "zsh", "fish")


def run(arguments: list[str]) -> int:
    made = bare_parser(
        "completion",
        "Prints the script that makes a shell complete verbs, options, files, tasks, runs and parameters.",
        "bash|zsh|fish [OPTIONS]",
    )
    made.anywhere = True
    made.add_argument("shell", metavar="SHELL", choices=SHELLS, help="the shell that reads it")
    options = made.parse(arguments)
    folder = os.path.dirname(shell_completion.__file__)
    with open(os.path.join(folder, f"factc.{options.shell}"), encoding="utf-8") as script:
        write_out(script.read())
    return 0
