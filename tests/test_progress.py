"""Lines that tasks write over again and again (progress bars): what is shown of them, where, and what that costs."""

from __future__ import annotations

import json
import os
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factc.controls import REACH, latest, of_removed, settled
from factc.runner.attempt import Running
from factc.runner.tail import Tail
from factc.screen.lines import OLD, Lines, cleaned
from factc.screen.tails import BYTES, Tails
from factc.secrets.mask import Mask
from tests.conftest import Ran
from tests.screen import Terminal, rows

Factc = Callable[..., Ran]

BAR = r"""
    for n in 10 20 30 40; do printf '\r%s%%' $n >&2; done
    while ! test -e go; do sleep 0.02; done
    printf '\r100%%\n' >&2
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "job.fact").write_text(f"job bar\n\nload:{BAR}")
    return tmp_path


# ---- on the screen


@pytest.mark.parametrize("mode", ["stream", "group"])
def test_a_terminal_shows_the_latest_state_while_it_lasts(job: Path, mode: str) -> None:
    terminal = Terminal(job, "run", "job.fact", "--output", mode)
    before = terminal.until("  40%")
    assert any(row.startswith("   load  ") and row.endswith("  40%") for row in rows(before)), before
    assert "10%" not in before, "it is shown when the block is drawn, not at each change"
    (job / "go").touch()
    code, after = terminal.end()
    shown = rows(before + after)
    assert code == 0 and [row for row in shown if "%" in row] == ["[load] 100%"], shown


def test_a_terminal_without_a_block_gets_a_line_now_and_then(job: Path) -> None:
    """The pace is that of ticks: here they are made by hand."""
    from factc.events import RunCreated, RunStarted, TaskStarted
    from factc.plan import Plan, PlanTask
    from factc.screen.terminal import Terminal as Screen

    master, slave = os.openpty()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "dumb")
        screen = Screen(Plan("bar", [PlanTask("load", (), ("x",))]), out=slave, err=slave, now=1e9)
    for facts in (RunCreated(1e9), RunStarted(1e9), TaskStarted(1e9, 0)):
        screen.step((facts,))
    for words, at in ((b"\r1%", 5), (b"\r2%\r3%", 10), (b"", 15), (b"\r4%\n", 20)):
        screen.output(0, 2, words) if words else None
        screen.tick(1e9 + at)
    said = b""
    while not said.endswith(b"4%\r\n"):
        said += os.read(master, 4096)
    assert said.decode().replace("\r\n", "\n") == "started   load\nso far    load  1%\nso far    load  3%\n[load] 4%\n"
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("mode", ["stream", "group"])
def test_a_pipe_gets_the_last_state_alone(factc: Factc, job: Path, mode: str) -> None:
    (job / "go").touch()
    ran = factc("run", "job.fact", "--output", mode)
    assert [line for line in ran.err.splitlines() if "%" in line] == ["[load] 100%"] and "\r" not in ran.err
    (log,) = job.glob(".factc/runs/*/logs/*.err")
    assert log.read_bytes() == b"\r10%\r20%\r30%\r40%\r100%\n", "the log keeps what was written"


def test_raw_is_raw(factc: Factc, job: Path) -> None:
    (job / "go").touch()
    assert b"\r10%\r20%\r30%\r40%\r100%\n" in factc("run", "job.fact", "--output", "raw").raw_err


def test_the_account_and_the_event_of_a_failure_have_the_last_state(factc: Factc, tmp_path: Path) -> None:
    """However long it was written over: what stood above it is still there."""
    words = (
        r"print('connecting'); [print(f'\r{n} bytes', end='') for n in range(50_000)]; print('\rcut off\rtimed out')"
    )
    (tmp_path / "job.fact").write_text(f'job f\n\nload:\n    "{sys.executable}" -c "{words}" >&2; exit 1\n')
    for mode in ("stream", "quiet", "group"):
        ran = factc("run", "job.fact", "--output", mode)
        assert "        | connecting\n        | timed out\n" in ran.err, ran
        assert "49998" not in ran.err, "states that were written over are not shown"
    events = [json.loads(line) for line in factc("events", "last").out.splitlines()]
    (end,) = [task for task in events[-2]["data"]["taskStates"] if task["state"] == "FAILED"]
    assert end["stderr"] == "connecting\ntimed out"


# ---- masks


def test_what_is_shown_has_been_masked_as_a_whole() -> None:
    """A secret that is written over, cut by a border of chunks, or parted by a return is hidden in every state."""
    mask = Mask([b"hunter2!"])
    text = b"10% hunter2!\r20% hun\rter2!\r30% hunter2!"
    for size in (1, 3, 7, 50):
        running, tails, lines = Running(1000, mask), Tails(), Lines("", False)
        told = []
        for at in range(0, len(text), size):
            if heard := running.hear(2, text[at : at + size]):
                lines.add(heard)
                tails.add(0, 2, heard)
                told.append(tails.unfinished(0))
        for _, heard in running.rest():
            tails.add(0, 2, heard)
            lines.add(heard)
        told += [tails.unfinished(0), lines.rest(), running.texts()[1] or ""]
        assert not any("hunter2" in words or "ter2!" in words for words in told), (size, told)
        assert told[-1] == "30% ***" == told[-3], (size, told)


# ---- the parts

PIECES = [
    b"a",
    b"bc",
    b"\r",
    b"\r\n",
    b"\n",
    b"\x1b[31m",
    b"\x1b[0m",
    b"\x1b]0;t\rx\x07",
    b"\xc3\xa4",
    b"\xe2\x82\xac",
    b"\x00",
    b" ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.integers(1, 9))
def test_however_the_bytes_are_cut(pieces: list[bytes], size: int) -> None:
    """Lines, tails and what is written at last are the same as of the whole text, line for line."""
    text = b"".join(pieces)
    lines, tail = Lines("", False), Tail(1000)
    said = ""
    for at in range(0, len(text), size):
        said += lines.add(text[at : at + size])
        tail.add(text[at : at + size])
    said += lines.rest()
    whole = [cleaned(line, False) for line in text.split(b"\n")]
    assert said == "".join(f"{line}\n" for line in whole[: -1 if text.endswith(b"\n") or not text else None])
    if text:
        assert tail.text() == settled(text).decode().rstrip("\r\n")
    assert settled(settled(text)) == settled(text)


@given(st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join))
def test_the_latest_is_what_stands_behind_the_last_return_that_is_one(text: bytes) -> None:
    """One within a sequence is part of that; those at the end do not count."""
    line = text.replace(b"\n", b"")
    seen = b"".join(b"" if match.lastgroup else match[0] for match in of_removed().finditer(line.rstrip(b"\r")))
    if b"\r" not in seen:
        assert latest(line) == line
    else:
        shown = of_removed().sub(lambda match: b"" if match.lastgroup else match[0], line).rstrip(b"\r")
        assert of_removed().sub(b"", latest(line)) == of_removed().sub(b"", shown.rpartition(b"\r")[2])


def test_a_return_at_the_border_of_two_chunks() -> None:
    lines = Lines("", False)
    assert [lines.add(part) for part in (b"one\r", b"\ntwo\r", b"\r\n", b"10%\r", b"20%\n")] == [
        "",
        "one\n",
        "two\n",
        "",
        "20%\n",
    ]
    tails = Tails()
    for part, wanted in ((b"done\n1", "1"), (b"0%\r", "10%"), (b"2", "2"), (b"0%", "20%"), (b"\r", "20%"), (b"\n", "")):
        tails.add(0, 1, part)
        assert tails.unfinished(0) == wanted


def test_a_flood_takes_no_memory() -> None:
    """A gigabyte would come in such pieces: what is kept does not grow with it."""
    lines, tails, running = Lines("", False), Tails(), Running(10_000)
    piece = b"".join(b"\r%d of 9" % n for n in range(700))
    tracemalloc.start()
    for _ in range(1000):
        assert not lines.add(piece)
        tails.add(0, 2, piece)
        running.hear(2, piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(lines._held) <= 2 * OLD and len(tails._tails[0, 2]) <= BYTES + REACH and peak < 1_500_000, peak
    assert lines.rest() == "699 of 9\n" and running.texts() == (None, "699 of 9")


def test_who_writes_no_return_pays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(line: bytes) -> bytes:
        raise AssertionError("no line was written over")

    monkeypatch.setattr("factc.controls.latest", never)
    lines, tails, running = Lines("", False), Tails(), Running(100)
    for part in (b"half a", b" line\n", b"x" * 10_000, b"\n"):
        lines.add(part)
        tails.add(0, 1, part)
        running.hear(1, part)
    assert running.texts()[0] == "x" * 100
