"""What would change in a text, as `patch` takes it: a unified difference that takes n log n, whatever the texts are.

Knows lines; does not know what they say. `difflib` alone takes hours for texts in which every line changes a little.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

CONTEXT = 3  # lines that are shown around a change
SMALL = 10_000  # pairs of lines that are compared each with each

Block = tuple[int, int, int]  # where equal lines begin, before and after, and how many they are


def difference(name: str, before: str, after: str) -> str:
    """The difference between two texts, "" where there is none."""
    a, b = _lines(before), _lines(after)
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    matcher.matching_blocks = [*_joined(_blocks(a, b)), (len(a), len(b), 0)]  # type: ignore[attr-defined]
    if before == after:
        return ""
    parts = [f"--- {name}\n", f"+++ {name}\tformatted\n"]
    for group in matcher.get_grouped_opcodes(CONTEXT):
        (_, a1, _, b1, _), (_, _, a2, _, b2) = group[0], group[-1]
        parts.append(f"@@ -{_range(a1, a2)} +{_range(b1, b2)} @@\n")
        for kind, i1, i2, j1, j2 in group:
            old, new = (" ", "") if kind == "equal" else ("-", "+")
            parts += [old + line for line in a[i1:i2]]
            parts += [new + line for line in b[j1:j2] if new]
    return "".join(part if part[-1] == "\n" else f"{part}\n\\ No newline at end of file\n" for part in parts)


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one."""
    *lines, rest = text.split("\n")
    return [line + "\n" for line in lines] + ([rest] if rest else [])


def _range(start: int, stop: int) -> str:
    """Lines as a difference names them."""
    length = stop - start
    return str(start + 1) if length == 1 else f"{start + (length > 0)},{length}"


def _blocks(a: Sequence[str], b: Sequence[str]) -> Iterator[Block]:
    """Equal lines in order: those that stand once in both texts, and what is equal around and between them."""
    i = j = 0
    for next_i, next_j in [*_anchors(a, b), (len(a), len(b))]:
        yield from _between(a, b, i, next_i, j, next_j)
        if next_i < len(a):
            yield next_i, next_j, 1
        i, j = next_i + 1, next_j + 1


def _anchors(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """The longest row of lines that stand once in both texts and in the same order."""
    once_a, once_b = Counter(a), Counter(b)
    places = {line: j for j, line in enumerate(b) if once_b[line] == 1}
    pairs = [(i, places[line]) for i, line in enumerate(a) if once_a[line] == 1 and line in places]
    ends: list[int] = []  # of rows by length, the least place in b
    last: list[int] = []  # the pair that such a row ends with
    above: list[int] = []  # for each pair the one before it in its row
    for number, (_, j) in enumerate(pairs):
        at = bisect_left(ends, j)
        above.append(last[at - 1] if at else -1)
        ends[at : at + 1] = [j]
        last[at : at + 1] = [number]
    row = []
    number = last[-1] if last else -1
    while number >= 0:
        row.append(pairs[number])
        number = above[number]
    return row[::-1]


def _between(a: Sequence[str], b: Sequence[str], i: int, i_end: int, j: int, j_end: int) -> Iterator[Block]:
    """Equal lines in a stretch of each: at its beginning and end; and, where it is small, between them."""
    same = 0
    while i + same < i_end and j + same < j_end and a[i + same] == b[j + same]:
        same += 1
    yield i, j, same
    i, j, same = i + same, j + same, 0
    while i_end - same > i and j_end - same > j and a[i_end - same - 1] == b[j_end - same - 1]:
        same += 1
    if 0 < (i_end - same - i) * (j_end - same - j) <= SMALL:
        matcher = SequenceMatcher(None, a[i : i_end - same], b[j : j_end - same], autojunk=False)
        yield from ((i + at, j + to, size) for at, to, size in matcher.get_matching_blocks())
    yield i_end - same, j_end - same, same


def _joined(blocks: Iterator[Block]) -> list[Block]:
    """Blocks without empty ones, those that follow on each other as one."""
    found: list[Block] = []
    for i, j, size in blocks:
        if found and size and (i, j) == (found[-1][0] + found[-1][2], found[-1][1] + found[-1][2]):
            found[-1] = (*found[-1][:2], found[-1][2] + size)
        elif size:
            found.append((i, j, size))
    return found
