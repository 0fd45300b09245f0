"""The output of a task, from bytes as they come to lines as they are shown.

Knows control sequences and prefixes; knows no task and no stream. A line is cleaned only when it is
whole, so it does not matter how the bytes were cut.
"""

from __future__ import annotations

from factc.controls import COLOUR, latest, of_removed, plain, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

MAX_LINE = 65_536  # bytes of an unfinished line that are held back
OLD = 4096  # bytes of it from which on what was written over is forgotten


class Lines:
    """One stream of one task. `prefix` stands before every line; colours of the task are kept if wanted."""

    __slots__ = ("_prefix", "_colour", "_held", "_forget")

    def __init__(self, prefix: str, colour: bool) -> None:
        self._prefix = prefix
        self._colour = colour
        self._held = b""
        self._forget = OLD

    def add(self, data: bytes) -> str:
        """The lines that are whole now, ready to be shown ("" for none)."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._held += data
            if len(self._held) > self._forget and b"\r" in data:
                self._held = latest(self._held)
                self._forget = 2 * len(self._held) + OLD
            return self._cut() if len(self._held) > MAX_LINE else ""
        whole, self._held = self._held + data[:end], data[end:]
        return self._shown(whole)

    def rest(self) -> str:
        """What is left without a line end; it gets one."""
        held, self._held = self._held, b""
        return self._shown(held + b"\n") if held else ""

    def _cut(self) -> str:
        """Of a line that is too long, what is there of it: no character and no sequence is cut in two."""
        end = whole(self._held)
        data, self._held = self._held[:end], self._held[end:]
        return self._shown(data + b"\n")

    def _shown(self, data: bytes) -> str:
        if plain(data):
            text = data.decode("utf-8", "replace")
        else:
            text = "".join(cleaned(line, self._colour) + "\n" for line in data[:-1].split(b"\n"))
        return self._prefix + text[:-1].replace("\n", "\n" + self._prefix) + "\n" if self._prefix else text


def cleaned(line: bytes, colour: bool) -> str:
    """A line without what no screen shows; with `colour`, what colours stays and is switched off at its end."""

    def kept(match: re.Match[bytes]) -> bytes:
        return match[0] if match.lastgroup and colour and COLOUR.fullmatch(match[0]) else b""

    text = of_removed().sub(kept, latest(line))
    return (text + b"\x1b[0m" if b"\x1b" in text else text).decode("utf-8", "replace")
