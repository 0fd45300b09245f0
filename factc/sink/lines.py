"""The output of a task, from bytes as they come to lines as they are shown.

Knows control sequences and prefixes; knows no task and no stream. A line is cleaned only when it is
whole, so it does not matter how the bytes were cut.
"""

from __future__ import annotations

import re

MAX_LINE = 65_536  # bytes of an unfinished line that are held back
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
# CSI; OSC, DCS, SOS, PM and APC with their end (or that of the line); two-character escapes.
_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)?"
    "|\x1b[ -/]*[0-~]?"
)


class Lines:
    """One stream of one task. `prefix` stands before every line; colours of the task are kept if wanted."""

    __slots__ = ("_prefix", "_colour", "_held")

    def __init__(self, prefix: str, colour: bool) -> None:
        self._prefix = prefix
        self._colour = colour
        self._held = b""

    def add(self, data: bytes) -> str:
        """The lines that are whole now, ready to be shown ("" for none)."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._held += data
            return self.rest() if len(self._held) > MAX_LINE else ""
        whole, self._held = self._held + data[:end], data[end:]
        return self._shown(whole)

    def rest(self) -> str:
        """What is left without a line end; it gets one."""
        held, self._held = self._held, b""
        return self._shown(held + b"\n") if held else ""

    def _shown(self, data: bytes) -> str:
        text = data.decode("utf-8", "replace")
        if _CONTROL.search(text):
            text = "".join(cleaned(line, self._colour) + "\n" for line in text[:-1].split("\n"))
        return self._prefix + text[:-1].replace("\n", "\n" + self._prefix) + "\n" if self._prefix else text


def cleaned(line: str, colour: bool) -> str:
    """A line without control sequences; with `colour`, those that colour stay and are switched off at its end."""
    line = line.rstrip("\r")
    if "\r" in line:  # a progress bar: what a terminal would show last
        line = line.rsplit("\r", 1)[1]
    kept = _ESCAPES.sub(lambda m: m.group() if colour and _COLOUR.fullmatch(m.group()) else "", line)
    parts = _COLOUR.split(kept)
    if len(parts) == 1:
        return _CONTROL.sub("", kept)
    colours = [*_COLOUR.findall(kept), "\x1b[0m"]
    return "".join(_CONTROL.sub("", part) + code for part, code in zip(parts, colours, strict=True))
