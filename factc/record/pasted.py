"""Commands that go on from a run, ready to be pasted.

Knows how they are called; runs nothing.
"""

from __future__ import annotations

import os

from factc.record import STATE_DIR


def resume_command(run: str, options: str, state_dir: str) -> str:
    """run: the beginning of its reference. options: those that the record does not hold."""
    return f"factc resume {run}{options}{_where(state_dir)}"


def run_command(path: str, run: str, options: str, state_dir: str, directory: str) -> str:
    """Goes on with a run by its job file. path: as seen from the directory in which the run was started."""
    if directory and (not os.environ.get("TERM") or directory != _here()):
        place = f" --state-dir {word(os.path.abspath(state_dir))}"
        return f"factc run -C {word(directory)} {word(path)} --resume {run}{options}{place}"
    return f"factc run {word(path)} --resume {run}{options}{_where(state_dir)}"


def deliver_command(run: str, state_dir: str) -> str:
    return f"factc deliver {run}{_where(state_dir)}"


def requoted(options: str) -> str:
    """Options that a record holds as a piece of a command line, each a word and nothing else; none if it is no such."""
    from shlex import split

    if not options.isprintable():
        return ""
    try:
        return "".join(f" {_option(option)}" for option in split(options))
    except ValueError:
        return ""


def _option(text: str) -> str:
    """`--exclusive='a b'`, as `factc run` writes it itself."""
    name, equals, value = text.partition("=")
    plain = equals and name.startswith("--") and name[2:].replace("-", "").isalpha() and name.isascii()
    return f"{name}={word(value)}" if plain and value else word(text)


def word(text: str) -> str:
    """A text as one word of sh, bash, dash, zsh or fish, in one line, whatever it holds.

    A backslash stands outside of quotes: in fish it means something within. What cannot be pasted, such as a control
    character, printf makes.
    """
    if text and text[0] not in "=%" and all(c.isascii() and (c.isalnum() or c in "@%+=:,./_-") for c in text):
        return text
    if text.isprintable():
        return "'" + text.replace("\\", "\0").replace("'", "'\\''").replace("\0", "'\\\\'") + "'"
    return f"\"$(printf '{''.join(map(_printed, text))}')\""


def _printed(character: str) -> str:
    """A character in the format of printf, within single quotes."""
    if character.isprintable() and character not in "\\'%":
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _where(state_dir: str) -> str:
    """The state directory, unless it is the one that is looked for; its whole path in mails of cron and logs of CI.

    Whoever reads those is somewhere else; they have no TERM.
    """
    if not os.environ.get("TERM"):
        return f" --state-dir {word(os.path.abspath(state_dir))}"
    return "" if state_dir == STATE_DIR else f" --state-dir {word(state_dir)}"
