"""What a whole run leaves behind when it is stopped, killed, or ends: nothing, or what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Ran, environment
from tests.forked import Process
from tests.patience import PATIENCE, until

Factc = Callable[..., Ran]

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="processes are found in /proc")

# Children that ignore SIGTERM, fork twice, call setsid, hold the pipes; each says by a file that it has begun.
STUBBORN = """\
job stubborn

ignores:
    trap '' TERM; touch r1; while :; do sleep 0.05; done

forks_twice:
    (setsid sh -c 'trap "" TERM HUP; touch r2; while :; do sleep 0.05; done' >/dev/null 2>&1 &); sleep 60

in_a_session:
    setsid sh -c 'touch r3; sleep 60' & wait

holds_the_pipes:
    (trap '' TERM; touch r4; exec sleep 60) & wait

after: ignores
    touch never
"""


@pytest.fixture
def token(tmp_path: Path) -> Iterator[str]:
    """Something in the environment of all that a test starts; what is left is killed in the end."""
    name = f"LEFT_BEHIND={tmp_path}"
    yield name
    for pid in alive(name):
        os.kill(pid, signal.SIGKILL)


def alive(token: str) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and token.encode() in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                found.append(int(name))
        except OSError:
            continue
    return found


def start(folder: Path, token: str, *words: str) -> subprocess.Popen[bytes]:
    name, _, value = token.partition("=")
    return Process(
        ["run", *words], cwd=folder, env=environment(**{name: value}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def all_begun(folder: Path) -> bool:
    return all((folder / f"r{n}").exists() for n in range(1, 5))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_run_leaves_nothing(factc: Factc, tmp_path: Path, token: str, number: int, code: int) -> None:
    (tmp_path / "job.fact").write_text(STUBBORN)
    process = start(tmp_path, token, "job.fact", "--grace", "400ms")
    until(lambda: all_begun(tmp_path))
    process.send_signal(number)
    began = time.monotonic()
    _, err = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - began < PATIENCE and alive(token) == []
    assert process.returncode == code, err
    assert b"stopping: waiting up to 400ms for 'ignores', 'forks_twice'" in err
    told = [json.loads(line)["data"] for line in factc("events", "last").out.splitlines()]
    assert told[-1]["jobTransition"] == {"previousState": "RUNNING", "currentState": "FAILED"}
    assert {task["state"] for task in told[-1]["taskStates"]} == {"FAILED", "SKIPPED"}
    assert not (tmp_path / "never").exists()


def test_the_death_of_factc_leaves_nothing(factc: Factc, tmp_path: Path, token: str) -> None:
    (tmp_path / "job.fact").write_text(STUBBORN)
    process = start(tmp_path, token, "job.fact")
    until(lambda: all_begun(tmp_path))
    process.kill()
    until(lambda: alive(token) == [])
    process.communicate()
    assert json.loads(factc("runs", "--format", "json").out)["outcome"] == "died"


def test_a_timed_out_run_leaves_nothing(tmp_path: Path, token: str) -> None:
    (tmp_path / "job.fact").write_text(STUBBORN)
    process = start(tmp_path, token, "job.fact", "--grace", "200ms", "--timeout", "600ms")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and b"the run timed out after 600ms" in err and alive(token) == []


def test_what_a_failed_task_leaves_is_stopped(tmp_path: Path, token: str) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    (setsid sleep 60 &); exit 1\n\nb:\n    sleep 0.6\n")
    process = start(tmp_path, token, "job.fact")
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and alive(token) == []


def test_what_a_succeeded_task_leaves_is_named_and_let_be(tmp_path: Path, token: str) -> None:
    (tmp_path / "job.fact").write_text(
        "job j\n\nserve:\n    (setsid sleep 61 >/dev/null 2>&1 &)\n\nholds:\n    sleep 62 & true\n"
    )
    process = start(tmp_path, token, "job.fact")
    _, err = process.communicate(timeout=PATIENCE)
    left = alive(token)
    assert process.returncode == 0 and len(left) == 2
    lines = [line for line in err.decode().splitlines() if "left" in line]
    assert len(lines) == 2, err
    assert all(any(f"(pid {pid})" in line for line in lines) for pid in left)
    (holds,) = [line for line in lines if "'holds'" in line]
    assert "left sleep 62 running" in holds and "it will get SIGPIPE unless that is redirected" in holds
    assert "SIGPIPE" not in next(line for line in lines if "'serve'" in line)


NESTED = """\
job outer

inner:
    exec "$PYTHON" -m factc run inner.fact --state-dir inner-state --output quiet
"""
INNER = """\
job inner

tidies:
    trap 'echo tidied >> said; exit 1' TERM; touch r1; while :; do sleep 0.05; done

ignores:
    trap '' TERM; touch r2; (setsid sleep 60 &); while :; do sleep 0.05; done
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_factc_inside_a_task_goes_with_it(factc: Factc, tmp_path: Path, token: str, number: int) -> None:
    (tmp_path / "outer.fact").write_text(NESTED.replace("$PYTHON", sys.executable))
    (tmp_path / "inner.fact").write_text(INNER)
    process = start(tmp_path, token, "outer.fact", "--grace", "2500ms")
    until(lambda: all((tmp_path / f"r{n}").exists() for n in (1, 2)))
    process.send_signal(number)
    if number == signal.SIGKILL:
        until(lambda: alive(token) == [])
        process.communicate()
        return
    began = time.monotonic()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 143 and time.monotonic() - began < PATIENCE and alive(token) == []
    assert (tmp_path / "said").read_text() == "tidied\n"
    told = json.loads(factc("runs", "--state-dir", "inner-state", "--format", "json").out)
    assert (told["outcome"], told["tasks"]) == ("stopped", {"failed": 2})


def test_tasks_know_the_innermost_run(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "outer.fact").write_text(
        'job outer\n\ninner:\n    echo "$FACTC_GRACE" > outer; exec '
        + sys.executable
        + " -m factc run inner.fact --state-dir s --output raw\n"
    )
    (tmp_path / "inner.fact").write_text(
        'job inner\n\ndeep:\n    echo "$FACTC_TASK $FACTC_GRACE"; echo "$FACTC_MARK $FACTC_RUN"\n'
    )
    ran = factc("run", "outer.fact", "--output", "raw", "--grace", "5s")
    first, second = ran.out.splitlines()
    outer, inner, run = second.split()
    assert (first, (tmp_path / "outer").read_text()) == ("deep 3", "5\n")
    assert inner == f"{run}:0" and outer.endswith(":0") and outer != inner


def test_nohup_keeps_a_run_alive(tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    touch ready; sleep 0.4; touch done\n")
    command = f"trap '' HUP; exec {sys.executable} -m factc run job.fact"
    process = subprocess.Popen(["sh", "-c", command], cwd=tmp_path, env=environment(), stderr=subprocess.DEVNULL)
    until(lambda: (tmp_path / "ready").exists())
    process.send_signal(signal.SIGHUP)
    assert process.wait(PATIENCE) == 0 and (tmp_path / "done").exists()
