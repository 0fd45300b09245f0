"""The page on what factc costs: hand-written text with what was measured in its places.

Knows the results and how they are shown. In the text, a line `{{NAME}}` is the place of a part; `{{machine}}` and
`{{goals}}` are what stands above them. The page is written when each part has been measured, and as a whole.
"""

from __future__ import annotations

import re
from pathlib import Path

from bench import results
from bench.render import markdown, missed, reasons, table
from bench.results import Part, write_whole

TEXT = Path(__file__).with_name("page.md")
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"

_PLACE = re.compile(r"^\{\{(\w+)\}\}$", re.MULTILINE)


class Missing(Exception):
    """There are parts that have not been measured: their names."""


def page(parts: dict[str, Part], text: str) -> str:
    """The text with its places filled. Raises Missing."""
    if absent := [name for name in places(text) if name not in parts]:
        raise Missing(", ".join(absent))
    newest = max(parts.values(), key=lambda part: part.date)

    def filled(match: re.Match[str]) -> str:
        name = match[1]
        if name == "machine":
            return table(["", ""], list(newest.machine.items()))
        if name == "goals":
            return _goals(list(parts.values()))
        return _part(parts[name], newest)

    return _PLACE.sub(filled, text)


def places(text: str) -> list[str]:
    """The parts that a text has a place for."""
    return [name for name in _PLACE.findall(text) if name not in ("machine", "goals")]


def write() -> None:
    """Makes the page of what is kept. Raises Missing, and leaves the page as it was."""
    write_whole(PAGE, page(results.read(), TEXT.read_text(encoding="utf-8")))


def _goals(parts: list[Part]) -> str:
    sections = results.all_sections(parts)
    rows = [row for section in sections for row in section.rows if row.goal is not None]
    behind = missed(sections)
    if not behind:
        return f"All {len(rows)} goals are reached."
    reached = f"{len(rows) - len(behind)} of {len(rows)}"
    return f"{reached} goals are reached. Why others are not, and by how much:\n\n{reasons(behind)}"


def _part(part: Part, newest: Part) -> str:
    differs = [f"{name} {value}" for name, value in part.machine.items() if newest.machine.get(name) != value]
    on = f", on: {'; '.join(differs)}" if differs else ""
    head = f"Measured on {part.date}{on} (load before: {part.load})."
    return "\n".join([head, "", *[markdown(section) for section in part.sections]]).rstrip()
