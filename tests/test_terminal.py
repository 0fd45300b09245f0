"""The screen of real runs: on a terminal, in pipes, with colours wished for and forbidden."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Ran, environment
from tests.forked import Process
from tests.patience import until, until_there
from tests.screen import Terminal, rows

Factc = Callable[..., Ran]

JOB = """\
job show
first:
    printf '\\033[31mred\\033[0m \\033[2Jclear\\n'
slow: first
    sleep 0.4; echo "on stderr" >&2
other: first
    sleep 0.3; echo out
"""


@pytest.fixture(autouse=True)
def job(tmp_path: Path) -> Path:
    (tmp_path / "job.fact").write_text(JOB)
    return tmp_path


def test_a_pipe_gets_no_control_codes(factc: Factc) -> None:
    for words in ([], ["--output", "group"], ["--output", "quiet"], ["--dry-run"]):
        ran = factc("run", "job.fact", *words, env={"TERM": "xterm-256color"})
        assert ran.code == 0 and "\x1b" not in ran.out + ran.err, ran
        assert "\r" not in ran.out + ran.err


def test_colours_in_a_pipe_for_who_asks(factc: Factc) -> None:
    ran = factc("run", "job.fact", env={"CLICOLOR_FORCE": "1"})
    assert ran.out.startswith("\x1b[36m[first]\x1b[0m \x1b[31mred\x1b[0m clear\x1b[0m\n"), ran.out
    assert "\x1b[32msucceeded\x1b[0m first" in ran.err
    assert "\x1b" not in factc("run", "job.fact", "--no-colour", env={"CLICOLOR_FORCE": "1"}).err
    assert "\x1b" not in factc("run", "job.fact", env={"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}).err


def test_a_terminal_shows_what_runs_and_keeps_nothing_of_it(job: Path) -> None:
    terminal = Terminal(job, "run", "job.fact", "-j2")
    before = terminal.until("── show · 1 of 3 done")
    code, after = terminal.end()
    assert code == 0
    shown = rows(before + after)
    assert shown[:4] == ["started   first", "[first] red clear", shown[2], "started   slow"]
    assert shown[2].startswith("succeeded first  ")
    assert "[slow] on stderr" in shown and "[other] out" in shown
    assert not [row for row in shown if "──" in row or row.startswith("   ")], shown
    assert shown[-2].startswith("show: succeeded after ") and shown[-1] == ""


def test_the_block_tells_what_runs_cut_to_the_width(job: Path) -> None:
    name = "a task with a long name " * 5
    (job / "job.fact").write_text(
        f'job show\n"{name}":\n    sleep 0.5\n' + "".join(f"t{i}:\n    sleep 0.5\n" for i in range(9))
    )
    terminal = Terminal(job, "run", "job.fact", columns=40, lines=12)
    before = terminal.until("and 6 more")
    shown = rows(before)
    at = max(i for i, row in enumerate(shown) if row.startswith("── show"))
    assert shown[at].startswith("── show · 0 of 10 done · ")
    assert shown[at + 1].startswith("   a task with a long name") and shown[at + 1].endswith("…")
    assert all(len(row) < 40 for row in shown[at:])
    assert terminal.end()[0] == 0


def test_a_terminal_without_colours_or_orders(job: Path) -> None:
    code, data = Terminal(job, "run", "job.fact", TERM="dumb").end()
    assert code == 0 and "\x1b" not in data and "──" not in data
    code, data = Terminal(job, "run", "job.fact", NO_COLOR="1").end()
    assert code == 0 and not re.search(r"\x1b\[[\d;]*m", data) and "──" in data


def test_output_as_it_comes(job: Path) -> None:
    code, data = Terminal(job, "run", "job.fact", "--output", "raw").end()
    assert code == 0 and "\x1b[31mred\x1b[0m \x1b[2Jclear\r\n" in data and "──" not in data


def test_an_interrupt_takes_the_block_away(job: Path) -> None:
    (job / "job.fact").write_text("job show\nslow:\n    sleep 60\nafter: slow\n    true\n")
    terminal = Terminal(job, "run", "job.fact")
    before = terminal.until("   slow")
    terminal.process.send_signal(signal.SIGINT)
    code, after = terminal.end()
    assert code == 130
    shown = rows(before + after)
    assert [row for row in shown if row.startswith("factc: SIGINT received, stopping: waiting ")], shown
    assert "skipped after: the run was stopped by SIGINT" in shown
    assert not [row for row in shown if "──" in row], shown


def test_a_stopped_terminal_holds_up_no_task(job: Path) -> None:
    (job / "job.fact").write_text("""\
job show
first:
    echo begin; while ! [ -e stopped ]; do sleep 0.02; done
second: first
    i=0; while [ $i -lt 100 ]; do echo "line $i"; i=$((i+1)); done
third: second
    touch done
""")
    terminal = Terminal(job, "run", "job.fact")
    before = terminal.until("begin\r\n")
    os.write(terminal._master, b"\x13")  # Ctrl-S
    time.sleep(0.2)
    (job / "stopped").touch()
    until_there(job / "done")
    with pytest.raises(subprocess.TimeoutExpired):
        terminal.process.wait(0.5)  # the end waits for the reader
    os.write(terminal._master, b"\x11")  # Ctrl-Q
    code, after = terminal.end()
    shown = rows(before + after)
    assert code == 0 and not [row for row in shown if "──" in row], shown
    assert [row for row in shown if row.startswith("[second]")] == [f"[second] line {i}" for i in range(100)]
    assert shown[-2].startswith("show: succeeded after ")


@pytest.fixture
def unread(job: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run whose standard output and standard error nobody reads."""
    (job / "job.fact").write_text("""\
job show
much:
    i=0; while [ $i -lt 30000 ]; do echo "a line of some length, the number is $i"; i=$((i+1)); done; touch written
quick:
    touch quick
after: quick
    sleep 0.5; touch after
last: much after
    echo last
""")
    with Process(
        ["run", "job.fact"], cwd=job, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        yield process
        process.kill()


def test_an_unread_pipe_holds_up_only_who_writes(job: Path, unread: subprocess.Popen[bytes]) -> None:
    until_there(job / "after")
    assert not (job / "written").exists()
    out, _ = unread.communicate(timeout=30)
    assert unread.returncode == 0 and (job / "written").exists()
    shown = out.decode().splitlines()
    wanted = [f"[much] a line of some length, the number is {i}" for i in range(30_000)]
    assert [line for line in shown if line.startswith("[much]")] == wanted
    assert "[last] last" in shown and "show: succeeded after " in shown[-1]


def test_an_unread_run_can_be_stopped(job: Path, unread: subprocess.Popen[bytes]) -> None:
    until_there(job / "after")
    unread.send_signal(signal.SIGINT)
    until(lambda: unread.poll() is not None or unread.send_signal(signal.SIGINT))  # a later one: nobody reads the rest
    assert unread.returncode == 130 and not (job / "written").exists()


def test_short_runs_draw_no_block(job: Path) -> None:
    (job / "job.fact").write_text("job show\nquick:\n    true\n")
    code, data = Terminal(job, "run", "job.fact").end()
    assert code == 0 and "──" not in data


def test_a_dry_run_shows_the_table_and_the_run(factc: Factc) -> None:
    ran = factc("run", "job.fact", "--dry-run")
    assert ran.out == (
        "TASK   COMMAND\n"
        "first  printf '\\033[31mred\\033[0m \\033[2Jclear\\n'\n"
        'slow   sleep 0.4; echo "on stderr" >&2\n'
        "other  sleep 0.3; echo out\n"
        "\n"
    )
    assert ran.err == "dry run: nothing was executed; show would run 3 tasks\n"
