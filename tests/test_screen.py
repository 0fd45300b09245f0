"""What the screen of a run says, to the letter: facts with a clock of their own go in, the two streams come out."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc import durations
from factc.events import RunCreated, RunFinished, RunStarted, RunStopped, TaskEnded, TaskSkipped, TaskStarted
from factc.plan import Plan, PlanTask
from factc.screen.colour import colour_wanted
from factc.screen.lines import Lines, cleaned
from factc.screen.spool import MEMORY, Spool
from factc.screen.terminal import Terminal
from tests.draws import draws

START = 1_769_824_800.0  # 2026-01-31 02:00:00 UTC
NAMES = ["fetch", "load eu", "load us", "report"]


class Screen:
    """A terminal that is two files."""

    def __init__(self, folder: Path, output: str, names: list[str]) -> None:
        self._paths = (folder / "out", folder / "err")
        files = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for path in self._paths]
        needs: list[list[int]] = [[], [0], [0], [1, 2]]
        tasks = [PlanTask(n, needs[i] if i < 4 else [], ["true"]) for i, n in enumerate(names)]
        self.terminal = Terminal(
            Plan("nightly", tasks), output=output, out=files[0], err=files[1], now=START,
            log_path=lambda task, stream, attempt: f"logs/{task + 1:04d}.{'out' if stream == 1 else 'err'}",
        )  # fmt: skip
        self.terminal.step((RunCreated(START),))
        self.terminal.step((RunStarted(START),))

    def started(self, after: float, *tasks: int) -> None:
        self.terminal.step(tuple(TaskStarted(START + after, task) for task in tasks))

    def ended(self, after: float, task: int, state: str, code: int, took: float, reason: str | None = None,
              **skipped: str) -> None:  # fmt: skip
        facts = [TaskSkipped(START + after, int(t[1:]), cause) for t, cause in skipped.items()]
        self.terminal.step((TaskEnded(START + after, task, state, code, took, reason), *facts))

    def finish(self, after: float, state: str) -> tuple[str, str]:
        self.terminal.step((RunFinished(START + after, state),))
        self.terminal.finish()
        self.terminal.write(self.terminal.account(START + after))
        return self._paths[0].read_text(errors="replace"), self._paths[1].read_text()


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Screen]:
    monkeypatch.setenv("TZ", "UTC")
    for name in ("NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    time.tzset()
    return lambda output="stream", names=NAMES: Screen(tmp_path, output, names)


def failing(shown: Screen) -> tuple[str, str]:
    """One run: fetch goes well, `load eu` fails, `load us` ends early, report is skipped for both."""
    shown.started(0.5, 0)
    shown.terminal.output(0, 1, b"10 files\nhalf a")
    shown.terminal.output(0, 1, b" line")
    shown.ended(2.0, 0, "SUCCEEDED", 0, 1.5)
    shown.started(2.0, 1, 2)
    shown.terminal.output(1, 2, b"connecting\nno answer from db\n")
    shown.terminal.output(2, 1, b"nothing new\n")
    shown.ended(2.012, 2, "SUCCEEDED_NO_OP", 3, 0.012, t3="the task 'load us' requested early termination")
    shown.ended(65.0, 1, "FAILED", 7, 63.0, "exit code 7", t3="the task 'load eu' failed")
    return shown.finish(65.0, "FAILED")


ACCOUNT = """\

failed  load eu after 1m 03s: exit code 7
        the last lines of stderr:
        | connecting
        | no answer from db
        log: logs/0002.err
        blocked: report

no-op   load us: exit code 3, what depends on it was not needed
skipped report: the task 'load us' requested early termination, the task 'load eu' failed
nightly: failed after 1m 05s: 1 succeeded, 1 no-op, 1 failed, 1 skipped
"""


def test_stream(screen: Callable[..., Screen]) -> None:
    out, err = failing(screen())
    assert out == "[fetch] 10 files\n[fetch] half a line\n[load us] nothing new\n"
    assert err == (
        "02:00:00 started   fetch\n"
        "02:00:02 succeeded fetch  1.5s\n"
        "02:00:02 started   load eu\n"
        "02:00:02 started   load us\n"
        "[load eu] connecting\n"
        "[load eu] no answer from db\n"
        "02:00:02 no-op     load us  12ms  exit code 3: what depends on it is not needed\n"
        "02:00:02 skipped   report  the task 'load us' requested early termination\n"
        "02:01:05 failed    load eu  1m 03s  exit code 7\n"
        + ACCOUNT
    )  # fmt: skip


def test_group(screen: Callable[..., Screen]) -> None:
    """A task's output comes in one piece, before the line that tells its end."""
    out, err = failing(screen("group"))
    assert out == "[fetch] 10 files\n[fetch] half a line\n[load us] nothing new\n"
    assert err.index("started   load us") < err.index("[load eu] connecting") < err.index("failed    load eu")
    assert err.index("no-op     load us") < err.index("[load eu] connecting")


def test_quiet(screen: Callable[..., Screen]) -> None:
    out, err = failing(screen("quiet"))
    assert out == ""
    assert err == "02:01:05 failed    load eu  1m 03s  exit code 7\n" + ACCOUNT


def test_raw(screen: Callable[..., Screen]) -> None:
    shown = screen("raw", ["a"])
    shown.started(0, 0)
    shown.terminal.output(0, 1, b"\x1b[2J\xff no end")
    shown.ended(1, 0, "SUCCEEDED", 0, 1.0)
    shown.finish(1, "SUCCEEDED")
    assert shown._paths[0].read_bytes() == b"\x1b[2J\xff no end"


def test_success(screen: Callable[..., Screen]) -> None:
    shown = screen(names=["a"])
    shown.started(0, 0)
    shown.ended(0.1, 0, "SUCCEEDED", 0, 0.1)
    assert shown.finish(0.1, "SUCCEEDED")[1].splitlines()[-2:] == ["", "nightly: succeeded after 100ms: 1 succeeded"]


def test_an_early_end(screen: Callable[..., Screen]) -> None:
    shown = screen(names=["a", "b"])
    shown.started(0, 0)
    shown.ended(0.1, 0, "SUCCEEDED_NO_OP", 3, 0.1, t1="the task 'a' requested early termination")
    assert shown.finish(1, "SUCCEEDED")[1].endswith("\nnightly: finished early after 1.0s: 1 no-op, 1 skipped\n")


def test_a_stopped_run(screen: Callable[..., Screen]) -> None:
    shown = screen(names=["a", "b"])
    shown.started(0, 0)
    shown.terminal.say("SIGINT received, stopping", START + 3)
    words = "the run was stopped by SIGINT"
    shown.terminal.step((RunStopped(START + 3, words), TaskSkipped(START + 3, 1, words)))
    shown.ended(4, 0, "FAILED", 143, 4.0, words)
    assert shown.finish(4, "FAILED")[1] == (
        "02:00:00 started   a\n"
        "02:00:03 factc: SIGINT received, stopping\n"
        "02:00:03 skipped   b  the run was stopped by SIGINT\n"
        "02:00:04 failed    a  4.0s  the run was stopped by SIGINT\n"
        "\n"
        "failed  a after 4.0s: the run was stopped by SIGINT\n"
        "        blocked: b\n"
        "\n"
        "skipped b: the run was stopped by SIGINT\n"
        "nightly: stopped after 4.0s (the run was stopped by SIGINT): 1 failed, 1 skipped\n"
    )


def test_after_a_minute_without_a_word_it_says_what_runs(screen: Callable[..., Screen]) -> None:
    shown = screen(names=[f"t{i}" for i in range(12)])
    shown.started(0, *range(12))
    for after in (5, 30, 59, 61, 66, 119, 122):
        shown.terminal.tick(START + after)
    lines = [line for line in shown.finish(130, "FAILED")[1].splitlines() if "still" in line]
    names = ", ".join(f"t{i} ({{0}})" for i in range(10))
    assert lines == [
        "02:01:01 still running: " + names.format("1m 01s") + " and 2 more",
        "02:02:02 still running: " + names.format("2m 02s") + " and 2 more",
    ]


def test_a_mass_of_skips_is_one_line(screen: Callable[..., Screen]) -> None:
    shown = screen(names=[f"t{i}" for i in range(500)])
    shown.started(0, 0)
    shown.ended(1, 0, "FAILED", 1, 1.0, "exit code 1", **{f"t{i}": "the task 't0' failed" for i in range(1, 500)})
    err = shown.finish(1, "FAILED")[1]
    assert "skipped   t1, t2, t3, t4, t5, t6, t7, t8, t9, t10 and 489 more  the task 't0' failed\n" in err
    assert len(err.splitlines()) < 10


def test_names_of_all_kinds_stay_in_their_line(screen: Callable[..., Screen]) -> None:
    shown = screen(names=["two\nlines \x1b[31m", "x" * 10_000])
    shown.started(0, 0, 1)
    shown.terminal.output(0, 1, b"hello\n")
    shown.terminal.output(1, 1, b"hello\n")
    out, err = shown.finish(1, "FAILED")
    assert out == "[two\\nlines \\x1b[31m] hello\n[" + "x" * 59 + "…] hello\n"
    assert "\x1b" not in err and "started   two\\nlines \\x1b[31m\n" in err


# ---- lines


@pytest.mark.parametrize(
    ("written", "plain", "colourful"),
    [
        (b"\x1b[1;31mred\x1b[0m", "red", "\x1b[1;31mred\x1b[0m\x1b[0m"),
        (b"\x1b[2J\x1b[Hhome", "home", "home"),
        (b"\x1b]0;title\x07text", "text", "text"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link", "link"),
        (b"\x1b[?1049h\x1b[?1000hx", "x", "x"),
        (b" 10%\r 50%\r100%\r", "100%", "100%"),
        (b"windows\r", "windows", "windows"),
        (b"bell\x07 back\x08\x7f", "bell back", "bell back"),
        (b"tab\tstays", "tab\tstays", "tab\tstays"),
        ("c1 \x9b31m\x85".encode(), "c1 ", "c1 "),
        (b"\xff\xfe", "\ufffd\ufffd", "\ufffd\ufffd"),
        ("日本 🎉".encode(), "日本 🎉", "日本 🎉"),
        (b"\x1b", "", ""),
        (b"\x1b[31", "", ""),
    ],
)  # fmt: skip
def test_control_sequences_are_cleaned(written: bytes, plain: str, colourful: str) -> None:
    assert cleaned(written, False) == plain
    assert cleaned(written, True) == colourful


@settings(max_examples=draws(300), deadline=None)
@given(st.lists(st.sampled_from(["\x1b", "[", "]", "31m", "2J", ";", "a", "é", "\r", "\n", "\x07", "\x9b", "P", "\\", "?", "\x00"])
                | st.text(max_size=3), max_size=20), st.lists(st.integers(0, 40), max_size=5), st.booleans())  # fmt: skip
def test_however_it_is_cut_nothing_gets_through(parts: list[str], cuts: list[int], colour: bool) -> None:
    data = "".join(parts).encode("utf-8", "surrogatepass")
    whole, pieces = Lines("> ", colour), Lines("> ", colour)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    text = "".join(pieces.add(data[a:b]) for a, b in itertools.pairwise(places)) + pieces.rest()
    assert text == whole.add(data) + whole.rest()
    kept = "".join(
        part for i, part in enumerate(text.split("\x1b[")) for part in [part.partition("m")[2] if i else part]
    )
    assert colour or "\x1b" not in text
    assert not [c for c in kept if not c.isprintable() and c not in "\t\n" and ord(c) < 0xA0]


@pytest.mark.parametrize("border", ["é", "日", "🎉", "\x1b[1;31m", "\x1b]0;a title\x07", "\x9b31m"])
def test_a_line_that_is_too_long_is_not_cut_within_a_character_or_a_sequence(border: str) -> None:
    data = ("x" * 50 + border * 3 + "y").encode() * 3000
    for piece in (1000, 997, 65_536, 70_001):
        lines = Lines("> ", False)
        text = "".join(lines.add(data[at : at + piece]) for at in range(0, len(data), piece)) + lines.rest()
        shown = border * 3 if border.isprintable() else ""
        assert text.replace("> ", "").replace("\n", "") == ("x" * 50 + shown + "y") * 3000


def test_a_line_without_an_end_is_not_held_for_ever() -> None:
    lines = Lines("", False)
    assert lines.add(b"x" * 60_000) == ""
    assert len(lines.add(b"x" * 60_000)) == 120_001


def test_what_is_held_back_goes_to_a_file_when_it_is_much() -> None:
    spool = Spool()
    parts = [bytes([65 + i]) * (MEMORY // 3) for i in range(10)]
    for part in parts:
        spool.add(part)
    assert b"".join(spool.parts()) == b"".join(parts)


# ---- colours and durations


@pytest.mark.parametrize(
    ("environ", "tty", "wish", "wanted"),
    [
        ({}, True, None, True), ({}, False, None, False), ({"NO_COLOR": "1"}, True, None, False),
        ({"NO_COLOR": ""}, True, None, True), ({"CLICOLOR": "0"}, True, None, False),
        ({"CLICOLOR_FORCE": "1"}, False, None, True), ({"CLICOLOR_FORCE": "0"}, False, None, False),
        ({"FORCE_COLOR": "1"}, False, None, True), ({"FORCE_COLOR": "3", "TERM": "dumb"}, False, None, True),
        ({"FORCE_COLOR": "0"}, True, None, False), ({"FORCE_COLOR": ""}, True, None, True), ({"FORCE_COLOR": "1"}, True, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, None, False), ({"FORCE_COLOR": "0", "CLICOLOR_FORCE": "1"}, False, None, True),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False, None, False), ({"TERM": "dumb"}, True, None, False),
        ({"CLICOLOR_FORCE": "1"}, True, False, False),
    ],
)  # fmt: skip
def test_whether_there_is_colour(environ: dict[str, str], tty: bool, wish: bool | None, wanted: bool) -> None:
    assert colour_wanted(environ, tty, wish) == wanted


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0ms"), (0, "0ms"), (0.0004, "0ms"), (0.0123, "12ms"), (0.9994, "999ms"), (0.9996, "1.0s"), (1.25, "1.3s"),
        (59.94, "59.9s"), (59.96, "1m 00s"), (61.4, "1m 01s"), (3599.6, "1h 00m 00s"), (36063, "10h 01m 03s"),
    ],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert durations.shown(seconds) == words
