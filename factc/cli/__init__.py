"""The command line: finds the verb, runs it, and turns every error into words and an exit code.

Knows the verbs' names; imports a verb only when it is the one.
"""

from __future__ import annotations

import errno
import gc
import io
import os
import sys

from factc.cli.shared import BAD_JOB, BAD_REQUEST, SUCCESS
from factc.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

VERBS = {
    "compile": "write a job as a plan, a JSON Factfile or text",
    "validate": "check a job and say all that is wrong with it",
    "fmt": "rewrite job files in the one layout",
    "list": "list the tasks of a job and what can be given to it",
    "plan": "print the commands, or the whole job as a shell script",
    "dot": "draw the job with Graphviz",
    "run": "run a job",
    "resume": "go on where a run failed",
    "runs": "list the recorded runs",
    "show": "tell how a run went, or what a task wrote",
    "events": "print the events of a run",
    "deliver": "send the events that a run could not deliver",
    "prune": "remove recorded runs",
    "lsp": "answer an editor (Language Server Protocol)",
    "completion": "print what makes a shell complete the words of factc",
}

HIDDEN = ("complete",)  # what the shells ask when a key is pressed

HELP = f"""usage: factc VERB [JOB or RUN] [OPTIONS]

Compiles jobs of shell commands, and checks, draws and runs them.
JOB is a .fact file, a JSON Factfile or a compiled plan; - is standard input.
RUN is the beginning of a run's reference, `last`, `last-failed` or `last-died`.

verbs:
{chr(10).join(f"  {verb:10} {words}" for verb, words in VERBS.items())}

`factc VERB --help` shows the options of a verb, and examples.
options: -C DIR  go there first;  --no-colour;  --version;  -h, --help

  factc validate job.fact
  factc compile job.fact -o job.factotum
  factc run job.factotum --webhook https://example.com/events
  factc resume last-failed
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (by default the program's) and returns its exit code."""
    _open_standard_streams()
    _hear_signals()
    try:
        return _run([*(sys.argv[1:] if argv is None else argv)])  # no list(): here that is the module of a verb
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        from factc.cli.shared.output import silence

        silence()
        return SUCCESS
    except OSError as problem:  # of standard output, or of a module; what else may fail has words of its own
        if problem.errno in (errno.EMFILE, errno.ENFILE):  # no write fails so, and what says it cannot be loaded either
            print(f"factc: it cannot go on: {problem.strerror}\n  help: `ulimit -n` shows the limit", file=sys.stderr)
            return BAD_REQUEST
        from factc.cli.shared.errors import complain
        from factc.cli.shared.output import silence

        silence()
        if problem.filename is None and problem.errno != errno.ENOENT:
            complain(f"standard output cannot be written: {problem.strerror}")
        else:
            from factc.diagnostic import of_system

            complain(f"it cannot go on: {of_system(problem)}")
        return BAD_REQUEST


def _run(arguments: list[str]) -> int:
    from factc.diagnostic import CompileError, RequestError

    plain = not {"--no-colour", "--no-color"}.isdisjoint(arguments)
    try:
        return _verb(arguments)
    except RequestError as error:
        from factc.cli.shared.errors import complain

        complain(error.message, error.hint)
        return error.exit_code
    except CompileError as error:
        from factc.cli.shared.errors import report

        report(error.diagnostics, colour=False if plain else None)
        only_values = all(d.code.startswith("E5") for d in error.diagnostics if d.severity == "error")
        return BAD_REQUEST if only_values else BAD_JOB


def _verb(arguments: list[str]) -> int:
    before: list[str] = []
    while arguments[:1] in (["-C"], ["--no-colour"], ["--no-color"]) and len(arguments) > 1:
        before += [arguments.pop(0) for _ in range(2 if arguments[0] == "-C" else 1)]
    if arguments[:1] in (["--version"], ["-v"], ["-V"]):
        print(f"factc {__version__}")
        return SUCCESS
    if not arguments:
        print(HELP, end="", file=sys.stderr)
        return BAD_REQUEST
    if arguments[0] == "help" and arguments[1:2] and arguments[1] in VERBS:
        arguments[:] = [arguments[1], "--help"]
    if arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return SUCCESS
    verb = arguments[0]
    if verb not in VERBS and verb not in HIDDEN:
        raise _unknown(arguments)
    del arguments[0]
    from importlib import import_module

    run = import_module(f"factc.cli.commands.{verb}").run
    code: int = run([*before, *arguments])
    sys.stdout.flush()
    gc.freeze()  # the process ends: Python need not look for garbage among what large libraries have made
    return code


def _unknown(arguments: list[str]) -> Exception:
    from factc.cli.shared import suggestions
    from factc.diagnostic import RequestError

    return RequestError(f"`{arguments[0]}` is no verb", suggestions.verb(arguments, VERBS))


def _open_standard_streams() -> None:
    """A standard stream that is closed becomes /dev/null, before a pipe takes its number; words are UTF-8 on all."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever the locale, as all that a run shows
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _hear_signals() -> None:
    """Whoever started this program may have blocked signals, or thrown the ends of children away."""
    import _signal as signal  # `signal` itself makes enumerations: a tenth of what a completion takes

    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if os.getpid() == 1:  # of a container: the system would keep from it what it has no handler for
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, _stopped)


def _stopped(number: int, frame: object) -> None:
    """Ends the program as the signal would have done."""
    raise SystemExit(128 + number)
