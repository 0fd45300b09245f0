"""Commands that go on from a run, ready to be pasted.

Knows how they are called, and where the shell stands into which they are pasted; runs nothing.
"""

from __future__ import annotations

import os
import sys

from factc.record import STATE_DIR

_NAME = "factc"
_called = "", ""  # how this process was called, and that path from the root on
_moved = False  # whether this process has left the folder in which it was called


def moved(away: bool) -> None:
    """Says whether `-C` was given: who called then stands in another folder. Before this process goes there."""
    global _moved, _called
    _moved = away
    given = sys.argv[0] if sys.argv else ""
    if given != _called[0]:
        _called = given, _absolute(given)


def called() -> str:
    """The path of a program of this name, from the root on, if that is how this process was called; else ""."""
    given = sys.argv[0] if sys.argv else ""
    path = _called[1] if given == _called[0] else _absolute(given)
    return path if os.path.basename(path) == _NAME and os.access(path, os.X_OK) else ""


def resume_command(run: str, options: str, state_dir: str) -> str:
    """run: the beginning of its reference. options: those that the record does not hold."""
    return f"{program()} resume {run}{options}{_where(state_dir)}"


def run_command(file: str, run: str, options: str, state_dir: str, directory: str) -> str:
    """Goes on with a run by its job file. file: as seen from the directory in which the run was started."""
    if directory and (_is_elsewhere() or directory != _here()):
        place = option("--state-dir", _folder(_absolute(state_dir)))
        return f"{program()} run -C {word(_folder(directory))} {word(file)} --resume {run}{options}{place}"
    return f"{program()} run {word(file)} --resume {run}{options}{_where(state_dir)}"


def deliver_command(run: str, state_dir: str) -> str:
    return f"{program()} deliver {run}{_where(state_dir)}"


def show_command(run: str, rest: str, state_dir: str) -> str:
    """rest: an option, or a task as `task_word` writes it."""
    return f"{program()} show{_where(state_dir)} {run} {rest}"


def task_word(name: str) -> str:
    """A task's name behind a run's reference; one that begins with a dash is no option."""
    return f"-- {word(name)}" if name.startswith("-") else word(name)


def runs_command(options: str, state_dir: str) -> str:
    return f"{program()} runs {options}{_where(state_dir)}"


def program() -> str:
    """The word by which a shell finds this program: its name, or its path where PATH does not lead to it.

    Its path, too, where nobody sits at a terminal: PATH is that of the crontab, and who reads the mail has another.
    """
    path = called()
    if not path:
        return _NAME
    folders = os.environ.get("PATH", "").split(os.pathsep) if os.environ.get("TERM") else []
    for folder in folders:
        found = os.path.join(folder, _NAME)
        if os.access(found, os.X_OK):
            return _NAME if os.path.samefile(found, path) else word(path)
    return word(path)


def path(text: str) -> str:
    """A path as a word that is right where it is read."""
    text = _absolute(text) if _is_elsewhere() else text
    return word(f"./{text}" if text.startswith("-") else text)


def option(name: str, value: str) -> str:
    """An option with its value, and a blank before it."""
    return f" {name}={word(value)}" if value.startswith("-") else f" {name} {word(value)}"


def plain(text: str) -> str:
    """A text as a word of a piece of a command line that a record holds; `requoted` makes it one to be pasted."""
    return text if _is_plain(text) else "'" + text.replace("'", "'\\''") + "'"


def requoted(options: str) -> str:
    """Options that a record holds as a piece of a command line, each a word and nothing else; none if it is no such."""
    from shlex import split

    try:
        return "".join(f" {_option(text)}" for text in split(options))
    except ValueError:
        return ""


def _option(text: str) -> str:
    """`--exclusive='a b'`, as `factc run` writes it itself."""
    name, equals, value = text.partition("=")
    is_option = equals and name.startswith("--") and name[2:].replace("-", "").isalpha() and name.isascii()
    return f"{name}={word(value)}" if is_option and value else word(text)


def word(text: str) -> str:
    """A text as one word of sh, bash, dash, zsh or fish, in one line, whatever it holds.

    A backslash stands outside of quotes: in fish it means something within. What cannot be pasted, such as a control
    character, printf makes. (The shells take line feeds from the end of what a command prints.)
    """
    if _is_plain(text):
        return text
    if text.isprintable():
        return "'" + text.replace("\\", "\0").replace("'", "'\\''").replace("\0", "'\\\\'") + "'"
    return f"\"$(printf '{''.join(map(_printed, text))}')\""


def _is_plain(text: str) -> bool:
    return bool(text) and text[0] not in "=%" and all(c.isascii() and (c.isalnum() or c in "@%+=:,./_-") for c in text)


def _printed(character: str) -> str:
    """A character in the format of printf, within single quotes."""
    if character.isprintable() and character not in "\\'%!":  # bash and zsh expand an ! within double quotes
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


def _is_elsewhere() -> bool:
    """Whether what is said is read in another folder: after `-C`; in mails of cron and logs of CI, without a TERM."""
    return _moved or not os.environ.get("TERM")


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:  # the working directory has been deleted meanwhile
        return path


def _folder(path: str) -> str:
    """A folder, by a name of which no shell takes anything away."""
    return path + "/" if path.endswith("\n") else path


def _where(state_dir: str) -> str:
    """The state directory, unless it is the one that is looked for."""
    if _is_elsewhere():
        return option("--state-dir", _folder(_absolute(state_dir)))
    return "" if state_dir == STATE_DIR else option("--state-dir", _folder(state_dir))
