"""Options that verbs share, and what becomes of them: a folder to go to, values, tags.

Knows argparse; knows no verb of its own.
"""

from __future__ import annotations

import argparse
import gc
import json
import os

from factc import durations
from factc.diagnostic import RequestError
from factc.digits import number, size
from factc.entered import entered, variable
from factc.escape import visible
from factc.files import NO_DIRECTORY, TooLarge, forget_sources, has_no_directory, read_given
from factc.plan.values import Given
from factc.record import STATE_DIR
from factc.record.commands import moved, word
from factc.record.statedir import StateDir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import NoReturn

    from factc.load import Loaded


MOST_SECONDS = 1_000_000_000  # some thirty years
MOST_VALUES = 64 << 20  # bytes of a file with values


class Help(argparse.RawDescriptionHelpFormatter):
    """argparse's own, told how wide the terminal is: it makes one for every option, and would load shutil to ask."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Paragraphs, as wide as there is room; lines that begin with blanks stay lines."""
        from itertools import groupby
        from textwrap import fill

        parts = ((kept, list(lines)) for kept, lines in groupby(text.split("\n"), lambda line: line.startswith(" ")))
        return "\n".join("\n".join(lines) if kept else fill(" ".join(lines), width) for kept, lines in parts)


def _columns() -> int:
    """Of the terminal on standard output; 80 where there is none."""
    if columns := number(os.environ.get("COLUMNS", "")):
        return min(columns, 1000)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


_SURE = 8  # digits of a reference that mean one run and no other


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake is a RequestError: its own exit code 2 would say that a task failed.

    Each value passes the gate of `entered` before anybody looks at what it means. anywhere: the verb needs no working
    directory.
    """

    anywhere = False

    def error(self, message: str) -> NoReturn:
        from factc.cli.shared import suggestions

        raise RequestError(message, suggestions.usage(message, self.prog))

    def format_help(self) -> str:
        from factc.cli.shared.examples import examples

        self.epilog = examples(self.prog.removeprefix("factc "))
        return super().format_help()

    def _get_value(self, action: argparse.Action, arg_string: str) -> object:
        """Called for each value, of an option or not."""
        entered("/".join(action.option_strings) or str(action.metavar or action.dest), arg_string)
        return super()._get_value(action, arg_string)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Called for each value, whether it is one of the choices."""
        if action.choices is not None and value not in action.choices:
            raise argparse.ArgumentError(action, none_of(str(value), action.choices))

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The options; the working directory is changed as `-C` says."""
        forget_sources()
        options, rest = self.parse_known_args(arguments)
        if rest and not rest[0].startswith("-"):  # an option between two words
            options, rest = self.parse_known_intermixed_args(arguments)
        if rest:
            raise self._unknown(rest[0], arguments)
        moved(options.directory is not None)
        if options.directory is not None or not self.anywhere:
            _go_there(options.directory)
        if getattr(options, "state_dir", "") is None:
            options.state_dir = _outer(options) or variable("FACTC_STATE_DIR") or STATE_DIR
        return options

    def _unknown(self, word: str, arguments: Sequence[str]) -> RequestError:
        from factc.cli.shared import suggestions

        known = [name for action in self._actions for name in action.option_strings]
        name = word.split("=", 1)[0]
        if not word.startswith("-"):
            from factc.urls import shown_url

            shown = shown_url(word) if "://" in word else word  # one with a password, say, behind a blank too many
            hint = self.usage or "" if shown != word else suggestions.extra(word, arguments, known, self.usage or "")
            return RequestError(f"`{shown}` is one argument too many", hint)
        return RequestError(f"there is no option `{name}`", suggestions.option(name, known, self.prog))


def _outer(options: argparse.Namespace) -> str:
    """In a task: where the run that started it is recorded, if that is the one that is meant; else "".

    What is said of it is read elsewhere, in a mail perhaps.
    """
    word, run, folder = getattr(options, "run", None), os.environ.get("FACTC_RUN"), os.environ.get("FACTC_RECORD", "")
    if word and run == word and not folder:
        raise RequestError(f"the run {word[:8]} keeps no record: nothing can be told of it", "leave out --no-record")
    if not (word and run and os.path.isabs(folder)):
        return ""
    if not (run.startswith(word) and len(word) >= _SURE) and word != os.path.basename(folder):
        return ""
    moved(True)
    return os.path.dirname(os.path.dirname(folder))


def _go_there(directory: str | None) -> None:
    """To the folder that `-C` names; where there is none, the working directory must be there. Raises RequestError."""
    relative = directory is None or not os.path.isabs(directory)
    try:
        if directory is not None:
            os.chdir(directory)
            relative = False
        os.getcwd()
    except OSError as problem:
        if relative and has_no_directory():
            words = NO_DIRECTORY + (f": -C {visible(directory)} leads nowhere" if directory else "")
            raise RequestError(words, "cd to a folder that is there, or name one from the root on: -C /DIR") from None
        if directory is None:  # it is there, but what lies above it cannot be read
            return
        raise RequestError(f"-C {visible(directory)}: {problem.strerror}") from None


class Once(argparse.Action):
    """An option of which a second one would drop the first without a word."""

    def __call__(self, parser: object, namespace: object, values: object, option_string: object = None) -> None:
        before = getattr(namespace, self.dest)
        if before not in (None, values):
            both = f"{visible(str(before))} and {visible(str(values))}"
            raise RequestError(f"{option_string} was given twice: {both}", "give one of them")
        setattr(namespace, self.dest, values)


def bare_parser(verb: str, description: str, usage: str) -> Parser:
    """The parser of a verb, with the options that every verb takes."""
    made = Parser(
        prog=f"factc {verb}", description=description, add_help=False, allow_abbrev=False,
        formatter_class=Help, usage=f"factc {verb} {usage}",
    )  # fmt: skip
    add = made.add_argument_group("options that every verb takes").add_argument
    add("-C", dest="directory", metavar="DIR", help="go to this folder first")
    add("--no-colour", "--no-color", dest="colour", action="store_false", default=None, help="no colours")
    add("-h", "--help", action="help", help="show this and exit")
    return made


def parser(verb: str, description: str, usage: str = "JOB [OPTIONS]") -> Parser:
    """The parser of a verb that reads a job, with the options that all of those take."""
    made = bare_parser(verb, description, usage)
    made.add_argument("job", metavar="JOB", help="a .fact file, a JSON Factfile or a compiled plan; - is stdin")
    add = made.add_argument_group("options that every verb with a JOB takes").add_argument
    value_options(add)
    add("--start", action=Once, metavar="TASK", help="only this task and all that depends on it")
    add("--to", action=Once, metavar="TASK", help="only this task and all it needs")
    add("--strict", action="store_true", help="warnings are errors")
    return made


def value_options(add: Callable[..., object]) -> None:
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a value for a parameter (repeatable)")
    add(
        "-e",
        "--env",
        action=Once,
        metavar="JSON|@FILE",
        help="values for parameters as a JSON object; unknown names are ignored",
    )
    add("--tag", action="append", default=[], metavar="KEY,VALUE", help="a tag, also KEY=VALUE (repeatable)")


def output(add: Callable[..., object], metavar: str) -> None:
    add("-o", "--output", action=Once, metavar=metavar, help="the file to write; standard output if left out")
    add("--overwrite", action="store_true", help=f"replace {metavar} whatever it is, if it exists")


def state_dir(add: Callable[..., object]) -> None:
    add("--state-dir", metavar="DIR", help="where runs are recorded (FACTC_STATE_DIR, or .factc)")  # fmt: skip
    add("--trust-state-dir", action="store_true", help="believe what lies there, whoever owns it or can write there")


def home(options: argparse.Namespace) -> StateDir:
    """The state directory that a command line names."""
    return StateDir(options.state_dir, options.trust_state_dir)


def none_of(text: str, choices: Iterable[str]) -> str:
    return f"`{text}` is none of " + ", ".join(choices)


def whole(least: int) -> Callable[[str], int]:
    """Takes a whole number."""

    def taken(text: str) -> int:
        value = number(text)
        if value is None or value < least:
            raise argparse.ArgumentTypeError(f"`{text}` is no whole number from {least} on")
        return value

    return taken


def keep_size(add: Callable[..., object], words: str) -> None:
    def taken(text: str) -> int:
        value = size(text)
        if value is None:
            raise argparse.ArgumentTypeError(f"`{text}` is no size: such as 2G, 500M, or bytes")
        return value

    add("--keep-size", type=taken, metavar="SIZE", help=f"{words} (2G, 500M, or bytes)")


def duration(add: Callable[..., object], name: str, least: float, words: str, default: float | None = None) -> None:
    """An option that takes a duration: all do in the same way."""

    def seconds(text: str) -> float:
        value = durations.given(text)
        if value is None:
            raise argparse.ArgumentTypeError(f"`{text}` is no duration: such as 90s, 1h30m or 90, which is seconds")
        if not least <= value <= MOST_SECONDS:
            some = durations.written(least)
            raise argparse.ArgumentTypeError(f"`{text}` is no duration from {some} to {MOST_SECONDS:,}s")
        return value

    shown = "" if default is None else f"; default {durations.written(default)}"
    add(
        name, type=seconds, default=default, metavar="D", help=f"{words} (90s, 1h30m, a plain number is seconds{shown})"
    )


def load(options: argparse.Namespace, values: Given | None = None) -> Loaded:
    """The job that a command line names, with its values (or those given). Raises CompileError and RequestError."""
    from factc import load

    gc.disable()  # what compiling makes is kept: at 100,000 tasks, looking for garbage takes a third of the time
    values = given(options) if values is None else values
    loaded = load.load(options.job, values, start=options.start, to=options.to, strict=options.strict)
    gc.freeze()
    gc.enable()
    return loaded


def given(options: argparse.Namespace) -> Given:
    """The values and tags of a command line. Raises RequestError."""
    values = {} if options.env is None else _environment(options.env)
    return Given(values, _tags(options.tag), [_setting(pair) for pair in options.set])


def _tags(words: Sequence[str]) -> dict[str, str]:
    return {key: str(value) for key, value in _each_once("--tag", list(map(_tag, words))).items()}


def _setting(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name.strip():
        raise RequestError(f"--set {visible(pair)}: a value looks like NAME=VALUE")
    return name.strip(), value


def _tag(tag: str) -> tuple[str, str]:
    """Parted at the first comma or equals sign, whichever comes first."""
    places = [at for at in (tag.find(","), tag.find("=")) if at >= 0]
    if not places:
        raise RequestError(f"--tag {tag}: a tag looks like KEY,VALUE or KEY=VALUE")
    key, value = tag[: min(places)].strip(), tag[min(places) + 1 :].strip()
    if not key:
        raise RequestError(f"--tag {tag}: the key is missing")
    if "\0" in key + value:
        raise RequestError("a tag cannot hold a NUL character")
    return key, value


def _environment(text: str) -> dict[str, object]:
    where = "--env"
    if text.startswith("@"):
        where = f"--env {text}"
        try:
            text = read_given(text[1:], MOST_VALUES).decode("utf-8-sig")
        except TooLarge:
            words = f"{where} has more than {MOST_VALUES >> 20} MB"
            raise RequestError(words, "values are words, not files: let the tasks read those") from None
        except (OSError, ValueError) as problem:
            words = problem.strerror or "" if isinstance(problem, OSError) else "it is not UTF-8"
            raise RequestError(f"{where} cannot be read: {words}") from None
    try:
        # Numbers stay as they were written: 1.10 is a version as often as a number.
        value = json.loads(
            text, parse_float=str, parse_int=str, parse_constant=lambda word: _no_constant(where, word),
            object_pairs_hook=lambda pairs: _each_once(where, pairs),
        )  # fmt: skip
    except (ValueError, RecursionError) as problem:
        raise _no_json(where, text, problem) from None
    if not isinstance(value, dict):
        raise RequestError(f"{where} takes a JSON object", """such as --env '{"day": "2026-01-31"}'""")
    return value


def _each_once(where: str, pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Raises RequestError where one of two values would be dropped without a word."""
    found: dict[str, object] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise RequestError(f"{where} has two values for `{visible(name)}`", "which of them is meant?")
    return found


def _no_constant(where: str, word: str) -> NoReturn:
    raise RequestError(f"{where} is no JSON: {word} is no JSON number")


def _no_json(where: str, text: str, problem: Exception) -> RequestError:
    name, equals, _ = text.partition("=")
    if where == "--env" and equals and name.replace("_", "").isalnum():
        return RequestError("this sets no environment variable", f"for a value use --set {word(text)}")
    if isinstance(problem, json.JSONDecodeError):
        return RequestError(f"{where} is no JSON: {problem.msg} at line {problem.lineno} column {problem.colno}")
    return RequestError(f"{where} is nested too deeply")
