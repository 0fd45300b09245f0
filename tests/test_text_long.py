"""Long texts: they are looked at in portions, and what is not kept of them is read again to show a place."""

from __future__ import annotations

import json

import pytest

from factc.model.document import Path
from factc.source import Source
from factc.syntax.fact.parser import read_text, statements
from tests.conftest import ROOT
from tests.test_text import GOOD, MORE
from tests.test_text_errors import cases, decoded, diagnostics, lines

TEXTS = [
    GOOD,
    MORE,
    *(p.read_text() for p in sorted(ROOT.glob("samples/*.fact"))),
    *(decoded(text) for _, text, _ in cases()),
]


@pytest.mark.parametrize("together", [1, 2, 3])
def test_portions_make_no_difference(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers() -> list[tuple[str, list[str]]]:
        found = []
        for text in TEXTS:
            trees, stops = statements(text if text.endswith("\n") else text + "\n")
            found.append((f"{trees} {stops}", [line for d in diagnostics(text) for line in lines(d)]))
        return found

    whole = answers()
    monkeypatch.setattr("factc.syntax.fact.parser.TOGETHER", together)
    assert answers() == whole


@pytest.mark.parametrize("text", [t for t in TEXTS if not any(d.severity == "error" for d in diagnostics(t))])
def test_every_value_is_found_where_it_is_written(text: str) -> None:
    document = read_text(Source("job.fact", text))
    for i, task in enumerate(document.value["data"]["tasks"]):
        path: Path = ("data", "tasks", i)
        plain = {
            ("name",): task["name"],
            **{("dependsOn", k): name for k, name in enumerate(task.get("dependsOn", ()))},
        }
        for name, value in task.get("environment", {}).items():
            plain["environment", name] = value
        for rest, value in plain.items():
            span = document.span((*path, *rest))
            assert unquoted(text[span.start : span.end]) == value
        for at, character in enumerate(task.get("script", "") if "[script" not in text else ""):
            if character != "\n":
                assert text[document.span((*path, "script"), at, at + 1).start] == character


def unquoted(written: str) -> str:
    return str(json.loads(written)) if written[:1] == '"' else written
