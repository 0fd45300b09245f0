"""Sections as text: for a terminal, and as Markdown.

Knows rows; knows neither files nor what was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.rows import Row, Section

REACHED = {True: "reached", False: "**missed**", None: ""}


def number(value: float) -> str:
    """Three or four digits that matter."""
    size = abs(value)
    digits = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2 if size >= 2 else 3
    return f"{value:,.{digits}f}"


def measured(row: Row) -> str:
    """The value with its unit, and from where to where the runs went."""
    if isinstance(row.value, str):
        return row.value
    text = f"{number(row.value)} {row.unit}".rstrip()
    return f"{text} ({number(row.spread[0])} to {number(row.spread[1])})" if row.spread else text


def over(row: Row) -> str:
    """Of a missed goal: by how much."""
    if isinstance(row.value, str) or row.goal is None:
        return f"{row.what}: {row.value}"
    share = row.value / row.goal - 1
    by = f"{100 * share:.0f} %" if share >= 0.005 else "less than 1 %"
    return f"{row.what}: {number(row.value)} {row.unit}".rstrip() + f", {by} above the goal of {row.goal:g}"


def reasons(rows: Iterable[Row]) -> str:
    """Missed goals as a list: a reason each, and below it by how much each goal is missed for it."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.why, []).append(row)
    return "\n".join(f"- {why}\n" + "\n".join(f"  - {over(row)}" for row in some) for why, some in found.items())


def missed(sections: Iterable[Section]) -> list[Row]:
    return [row for section in sections for row in section.rows if row.reached is False]


def terminal(section: Section) -> str:
    """A section for a reader of the terminal."""
    lines = [section.title]
    width = max((len(row.what) for row in section.rows), default=0)
    for row in section.rows:
        goal = "" if row.goal is None else f"  (goal: at most {row.goal:g}{'' if row.reached else ', MISSED'})"
        lines.append(f"  {row.what:{width}}  {measured(row)}{goal}")
    for matrix in section.matrices:
        widths = [max(map(len, column)) for column in zip(matrix.head, *matrix.lines, strict=True)]
        lines.append(f"  {matrix.title}")
        for cells in (matrix.head, *matrix.lines):
            first, *others = (cell.ljust(w) for cell, w in zip(cells, widths, strict=True))
            lines.append("    " + "  ".join([first, *others]).rstrip())
    return "\n".join(lines) + "\n"


def markdown(section: Section) -> str:
    """A section of a page, below a heading of the second order."""
    parts = [f"### {section.title}", section.how]
    if section.rows:
        lines = [
            [row.what, measured(row), "" if row.goal is None else f"≤ {row.goal:g}", REACHED[row.reached]]
            for row in section.rows
        ]
        parts.append(table(["what", "measured", "goal", ""], lines))
    for matrix in section.matrices:
        parts += [f"{matrix.title}:", table(matrix.head, matrix.lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|" for cells in rows)
