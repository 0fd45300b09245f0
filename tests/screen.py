"""A screen for tests: the bytes that a terminal got, as the rows that a person would see."""

from __future__ import annotations

import os
import pty
import re
import struct
import termios
from fcntl import ioctl
from pathlib import Path

from tests.conftest import environment
from tests.forked import Process

_SEQUENCE = re.compile(r"\x1b\[(\d*)([A-Za-z])|\x1b\[([\d;]*)m")


def rows(data: str) -> list[str]:
    """What stands on the screen after `data`: line feeds, carriage returns, `up`, `clear below`, colours."""
    screen, row, column, at = [""], 0, 0, 0
    while at < len(data):
        match = _SEQUENCE.match(data, at)
        if match:
            at = match.end()
            if match[2] == "F":
                row, column = row - int(match[1] or 1), 0
            elif match[2] == "J":
                screen[row:] = [screen[row][:column]]
            elif match[2] not in (None, "m"):
                raise AssertionError(f"an unknown order to the terminal: {match.group()!r}")
            continue
        character, at = data[at], at + 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row, column = row + 1, 0
            screen += [""] * (row + 1 - len(screen))
        else:
            assert character.isprintable(), f"a control character: {character!r}"
            screen[row] = screen[row][:column].ljust(column) + character + screen[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in screen]


class Terminal:
    """A pseudo terminal with a command in it."""

    def __init__(self, folder: Path, *words: str, columns: int = 80, lines: int = 24, **env: str) -> None:
        self._master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = Process(
            words, cwd=folder, stdin=slave, stdout=slave, stderr=slave,
            env=environment(**{"TERM": "xterm-256color", **env}),
        )  # fmt: skip
        os.close(slave)

    def until(self, words: str) -> str:
        """What came up to now, as soon as it holds these words."""
        data = b""
        while words not in data.decode("utf-8", "ignore"):
            part = self._read()
            assert part, f"{words!r} never came: {data!r}"
            data += part
        return data.decode("utf-8", "ignore")

    def end(self) -> tuple[int, str]:
        """The exit code and all that came till the end, without the terminal's own carriage returns."""
        data = b""
        while part := self._read():
            data += part
        code = self.process.wait(30)
        os.close(self._master)
        return code, data.decode()

    def _read(self) -> bytes:
        try:
            return os.read(self._master, 65_536)
        except OSError:  # Linux: the other side was closed
            return b""
