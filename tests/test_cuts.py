"""Where output is cut, it is cut between characters and between sequences: on the screen, in events, in views of logs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.cli import main
from factc.controls import entire, whole
from factc.runner.tail import Tail
from tests.draws import draws
from tests.receiver import Receiver

UNITS = ("a", "ä", "€", "🎉", "\x1b[31m", "\x1b[1;32m", "\x1b]0;title\x07", "\x1b]8;;u\x1b\\", "\x9b0m", "\u2028")
some_text = st.lists(st.sampled_from(UNITS), max_size=40)


@given(some_text, st.integers(0, 200))
@settings(max_examples=draws(200), deadline=None)
def test_nothing_is_cut_in_two(units: list[str], at: int) -> None:
    """A place where one may cut, before it and behind it, is the border of a unit."""
    data = "".join(units).encode()
    borders, place = {0}, 0
    for unit in units:
        place += len(unit.encode())
        borders.add(place)
    at = min(at, len(data))
    assert entire(data, at) in borders and entire(data, at) >= at
    assert whole(data[:at]) in borders and whole(data[:at]) <= at


@given(some_text, st.integers(0, 30), st.lists(st.integers(0, 200), max_size=4))
@settings(max_examples=draws(200), deadline=None)
def test_a_tail_holds_whole_units(units: list[str], limit: int, cuts: list[int]) -> None:
    data = "".join(units).encode()
    tail = Tail(limit)
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    for begin, end in pairwise(places):
        tail.add(data[begin:end])
        tail._shorten()
        text = tail.text(so_far=True) or ""
        assert len(text) <= limit
        assert any(text == "".join(units[i:j]) for i in range(len(units) + 1) for j in range(i, len(units) + 1)), text


@pytest.mark.parametrize("unit", ["ä", "€", "🎉", "\x1b[31mx"])
@pytest.mark.parametrize("shift", range(3))
def test_an_event_and_the_account_and_the_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], unit: str, shift: int
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text").write_text("." * shift + unit * 40_000, encoding="utf-8")
    Path("job.fact").write_text("job j\n\na:\n    cat text; exit 3\n")
    with Receiver() as receiver:
        main(["run", "job.fact", "--webhook", receiver.url])
        out = [
            task["stdout"] for request in receiver.requests for task in request.data["taskStates"] if "stdout" in task
        ]
    plain = unit.replace("\x1b[31m", "")
    assert out and all(set(text.replace("\x1b[31m", "")) == set(plain) for text in out)
    said, account = capfd.readouterr()
    assert said.replace("\n", "").replace("[a] ", "") == "." * shift + plain * 40_000
    lines = [line for line in account.splitlines() if line.startswith("        | ")]
    assert lines and set(lines[0][10:]) <= set(plain)
    monkeypatch.setattr("factc.cli.commands.show.PIECE", 1000 + shift)
    main(["show", "last", "a"])
    assert capfd.readouterr().out == "." * shift + unit * 40_000


def test_what_a_heartbeat_says_is_whole() -> None:
    tail = Tail(100)
    tail.add("grün 🎉".encode()[:-2])
    assert tail.text(so_far=True) == "grün " and tail.text() == "grün \ufffd"
