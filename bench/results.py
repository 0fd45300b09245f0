"""What was measured, part by part, kept in a file: a page can be made again, and of parts of different days.

Knows the file's form; knows neither what the parts are nor the page.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.rows import Section, from_json, to_json

FILE = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Part:
    """What came out of one part: on which day (ISO), on what machine, how busy that was before, and the sections."""

    date: str
    load: str
    machine: dict[str, str]
    sections: list[Section]


def read(path: Path = FILE) -> dict[str, Part]:
    """By the part's name; empty where nothing was measured yet."""
    if not path.exists():
        return {}
    values = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Part(part["date"], part["load"], part["machine"], [from_json(section) for section in part["sections"]])
        for name, part in values.items()
    }


def save(name: str, part: Part, path: Path = FILE) -> None:
    """Puts one part in the place of what was measured of it before."""
    parts = {**read(path), name: part}
    write_whole(path, json.dumps({name: _json(part) for name, part in parts.items()}, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """All of it or nothing."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def all_sections(parts: Sequence[Part]) -> list[Section]:
    return [section for part in parts for section in part.sections]


def _json(part: Part) -> dict[str, object]:
    sections = [to_json(section) for section in part.sections]
    return {"date": part.date, "load": part.load, "machine": part.machine, "sections": sections}
