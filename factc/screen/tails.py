"""The ends of what tasks write: the last lines of one that failed, and what the line says that is being written.

Knows bytes by task and stream, of each so many as that takes; knows no screen.
"""

from __future__ import annotations

from factc.controls import REACH, entire, settled

BYTES = 4096
LINES = 10  # of a failed task
_STREAMS = ((2, "stderr"), (1, "stdout"))


class Tails:
    """The last bytes of both streams of each task that has written something and is not forgotten."""

    __slots__ = ("_tails", "_told")

    def __init__(self) -> None:
        self._tails: dict[tuple[int, int], bytes] = {}
        self._told: dict[int, str] = {}

    def add(self, task: int, stream: int, data: bytes) -> None:
        key = (task, stream)
        data = self._tails.get(key, b"") + data
        self._tails[key] = settled(data)[-BYTES - REACH :]

    def forget(self, task: int) -> None:
        for stream, _ in _STREAMS:
            self._tails.pop((task, stream), None)
        self._told.pop(task, None)

    def last_lines(self, task: int) -> tuple[str, list[str]]:
        """The last lines of a task's standard error, or of its output if it wrote no errors."""
        for stream, name in _STREAMS:
            if tail := self._tails.get((task, stream)):
                lines = _lines(tail)[-LINES:]
                if any(line.strip() for line in lines):
                    return name, lines
        return "", []

    def unfinished(self, task: int) -> str:
        """What the line says so far that a task is writing, or writes again and again; "" if it is at no line."""
        for stream, _ in _STREAMS:
            tail = self._tails.get((task, stream), b"")
            if tail and not tail.endswith(b"\n"):
                from factc.screen.lines import cleaned

                at = tail.rfind(b"\n") + 1
                if text := cleaned(tail[at or entire(tail, len(tail) - BYTES) :], False).strip():
                    return text
        return ""

    def news(self, task: int) -> str:
        """The same, if it is not what it was the last time."""
        text = self.unfinished(task)
        if text == self._told.get(task, ""):
            return ""
        self._told[task] = text
        return text


def _lines(tail: bytes) -> list[str]:
    from factc.screen.lines import Lines

    text = Lines("", False)
    if len(tail) >= BYTES:  # the first line may have lost its beginning
        tail = tail[entire(tail, len(tail) - BYTES) :]
        tail = tail.partition(b"\n")[2] if b"\n" in tail[:-1] else tail
    return (text.add(tail) + text.rest()).splitlines()
