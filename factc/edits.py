"""A text that was repaired, and the way from a place in it back to the text that its author wrote.

Knows offsets; does not know what was wrong.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

Edit = tuple[int, int, str]  # from, up to, and what stands there instead


class Edited:
    """`text` with some stretches replaced, one after the other: each stands behind the last, or touches it."""

    __slots__ = ("text", "_new")

    def __init__(self, before: str, edits: Iterable[Edit] = ()) -> None:
        """`edits` are in order, do not overlap, and count in the text as it was."""
        pieces: list[str] = []
        self._new: list[tuple[int, int, int, int]] = []  # each replacement: now from, up to; before from, up to
        at = length = 0
        for start, end, instead in edits:
            pieces += [before[at:start], instead]
            length += start - at
            self._new.append((length, length + len(instead), start, end))
            length += len(instead)
            at = end
        pieces.append(before[at:])
        self.text = "".join(pieces)

    def replace(self, start: int, end: int, instead: str) -> None:
        """One more; it counts in the text as it is now."""
        old_start, old_end, text = self.back(start), self.back(end), self.text
        first, last, middle = start, end, instead
        while self._new and start < self._new[-1][1]:
            new_start, new_end, old_start, before = self._new.pop()
            middle = text[new_start:first] + middle
            first = min(first, new_start)
            if last < new_end:
                middle, last, old_end = middle + text[last:new_end], new_end, before
        self.text = text[:first] + middle + text[last:]
        self._new.append((first, first + len(middle), old_start, max(old_start, old_end)))

    def back(self, at: int) -> int:
        """Where a character stood; of new ones, the last where the last of what they replace stood."""
        number = bisect_left(self._new, (at + 1,)) - 1
        if number < 0:
            return at
        start, end, old, old_end = self._new[number]
        if at >= end:
            return at - end + old_end
        last = max(old, old_end - 1)
        return last if start < at == end - 1 else min(old + at - start, last)

    def is_new(self, start: int, end: int) -> bool:
        """Whether nothing of a stretch was there before."""
        number = bisect_right(self._new, (start, len(self.text) + 1)) - 1
        return number >= 0 and max(end, start + 1) <= self._new[number][1]


def apart(edits: Iterable[Edit]) -> list[Edit]:
    """Those that do not overlap, in order: of two that do, the first."""
    kept: list[Edit] = []
    for edit in sorted(edits):
        if not kept or (edit[0] >= kept[-1][1] and edit != kept[-1]):
            kept.append(edit)
    return kept
