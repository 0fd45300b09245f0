"""What a benchmark says: rows with a value and perhaps a goal, tables of cells, and sections of both.

Knows neither how anything is measured nor how it is shown. All of it can be written as JSON and read back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure: what it is of, the value with its unit, and what it should be at most.

    value: a number, or words where there is none. spread: the least and the largest of the runs, in the same unit.
    why: the sentence that is shown where the goal is missed.
    """

    what: str
    value: float | str
    unit: str = ""
    goal: float | None = None
    why: str = ""
    spread: tuple[float, float] | None = None

    @property
    def reached(self) -> bool | None:
        """None without a goal. A goal whose value could not be had is missed."""
        if self.goal is None:
            return None
        return not isinstance(self.value, str) and self.value <= self.goal


@dataclass(frozen=True)
class Matrix:
    """Cells with a name for each column and, first in each of them, each line."""

    title: str
    head: list[str]
    lines: list[list[str]]


@dataclass(frozen=True)
class Section:
    """What was measured in one way: a title, how it is done in a sentence or two, and what came out."""

    title: str
    how: str
    rows: list[Row] = field(default_factory=list)
    matrices: list[Matrix] = field(default_factory=list)


def to_json(section: Section) -> dict[str, Any]:
    return asdict(section)


def from_json(value: dict[str, Any]) -> Section:
    rows = [Row(**{**row, "spread": row["spread"] and tuple(row["spread"])}) for row in value["rows"]]
    return Section(value["title"], value["how"], rows, [Matrix(**matrix) for matrix in value["matrices"]])
