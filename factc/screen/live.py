"""The live block at the bottom of a terminal: what runs now, for how long, how much is done.

Knows widths (by rich) and cursor movements; knows no facts. The bytes it gives are written by `streams`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from rich.cells import cell_len, set_cell_size

MAX_ROWS = 8  # running tasks that are shown


class Block:
    """`rows()` gives the lines to show, without colour; they are cut to the width of the terminal."""

    def __init__(self, rows: Callable[[int], list[str]], descriptor: int, colour: bool) -> None:
        self._rows = rows
        self._descriptor = descriptor
        self._colour = colour
        self._height = 0

    def hidden(self) -> bytes:
        """Takes the block from the screen; the cursor is where it began."""
        height, self._height = self._height, 0
        return f"\x1b[{height}F\x1b[J".encode() if height else b""

    def drawn(self) -> bytes:
        """Draws the block; the cursor is below it."""
        width, height = _size(self._descriptor)
        rows = self._rows(max(1, min(MAX_ROWS, height // 3)))
        lines = [self._line(row, width - 1, i == 0) for i, row in enumerate(rows)]
        self._height = len(lines)
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")

    def _line(self, row: str, width: int, first: bool) -> str:
        text = row if cell_len(row) <= width else set_cell_size(row, max(1, width - 1)).rstrip() + "…"
        return f"\x1b[2m{text}\x1b[0m" if self._colour and not first else text


def _size(descriptor: int) -> tuple[int, int]:
    try:
        size = os.get_terminal_size(descriptor)
    except OSError:
        return 80, 24
    return size.columns or 80, size.lines or 24
