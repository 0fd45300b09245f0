"""What factc inherits from whoever started it, and hands down: signals, blocked and ignored, and orphans.

Each command is started by a small program that prepares what is inherited.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import environment

linux = pytest.mark.skipif(sys.platform != "linux", reason="it is seen in /proc")

BLOCKS = """
import os, signal, sys
blocked, ignored, *words = sys.argv[1:]
for number in map(int, ignored.split()):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, [*map(int, blocked.split())])
os.execv(words[0], words)
"""
FACTC = [sys.executable, "-m", "factc"]
ALL = [int(n) for n in signal.valid_signals() if n not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV)]


def start(folder: Path, blocked: list[int], ignored: list[int], *words: str) -> subprocess.Popen[str]:
    numbers = [" ".join(str(int(n)) for n in some) for some in (blocked, ignored)]
    return subprocess.Popen(
        [sys.executable, "-c", BLOCKS, *numbers, *FACTC, *words], cwd=folder, env=environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(folder: Path, blocked: list[int], ignored: list[int], *words: str) -> tuple[int, str, str]:
    with start(folder, blocked, ignored, *words) as process:
        try:
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    return process.returncode, out, err


def numbers(words: str) -> set[int]:
    mask = int(words, 16)
    return {n for n in range(1, 65) if mask >> (n - 1) & 1 and n in ALL}  # the C library has some of its own


# ---- signals


@linux
@pytest.mark.parametrize(
    ("blocked", "ignored"),
    [([signal.SIGCHLD], []), (ALL, []), ([], [signal.SIGCHLD]), ([], [signal.SIGINT, signal.SIGQUIT]),
     ([signal.SIGCHLD], [n for n in ALL if n not in (signal.SIGHUP, signal.SIGTERM)])],
    ids=["an end", "all blocked", "ends thrown away", "in the background", "both"],
)  # fmt: skip
def test_a_task_begins_as_if_nothing_had_been_blocked_or_ignored(
    tmp_path: Path, blocked: list[int], ignored: list[int]
) -> None:
    look = "grep -E '^Sig(Blk|Ign)' /proc/self/status"
    (tmp_path / "job.fact").write_text(f"job j\n\na:\n    {look}\n\nb: a\n    kill -INT $$\n")
    code, out, err = run(tmp_path, blocked, ignored, "run", "job.fact", "--output", "raw")
    assert code == 2 and "SIGINT" in err, err  # a task can be told to end by any of them
    assert [(name, numbers(mask)) for name, mask in (line.split() for line in out.splitlines())] == [
        ("SigBlk:", set()), ("SigIgn:", set()),
    ]  # fmt: skip


@linux
def test_what_nohup_sets_stays(tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    grep ^SigIgn /proc/self/status\n")
    code, out, err = run(tmp_path, [], [signal.SIGHUP, signal.SIGUSR1], "run", "job.fact", "--output", "raw")
    assert code == 0 and numbers(out.split()[1]) == {signal.SIGHUP}, err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_that_was_blocked_stops_a_run(tmp_path: Path, number: int, code: int) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    touch began; sleep 60\n")
    with start(tmp_path, [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], [], "run", "job.fact") as process:
        try:
            while not (tmp_path / "began").exists():
                time.sleep(0.01)
            process.send_signal(number)
            process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == code


@linux
def test_the_guard_works_whatever_was_blocked(tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(
        "job j\n\na:\n    echo $$ >> pids; setsid sh -c 'echo $$ >> pids; exec sleep 60'\n"
    )
    pids = tmp_path / "pids"
    with start(tmp_path, ALL, [n for n in ALL if n != signal.SIGHUP], "run", "job.fact") as process:
        try:
            while not (pids.exists() and len(pids.read_text().split()) == 2):
                time.sleep(0.01)
        finally:
            process.kill()
        process.communicate()
    while any(os.path.exists(f"/proc/{pid}") for pid in pids.read_text().split()):
        time.sleep(0.01)


def test_a_host_program_gets_back_what_it_had_blocked(tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    true\n")
    program = (
        "import factc, signal\n"
        "mine = {signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1}\n"
        "signal.pthread_sigmask(signal.SIG_SETMASK, mine)\n"
        "assert factc.run(factc.compile('job.fact')).ok\n"
        "assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mine\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment(), timeout=30, check=False)
    assert done.returncode == 0


# ---- orphans

# Orphans that end at once, later, and in sessions of their own.
ORPHANS = """\
job orphans

[each n in 0 1 2, ok 0 1 2]
leaves:
    (setsid sh -c 'exit 7' &); (sh -c 'exit 8' &); (sleep 0.05 &); exit {{n}}

fails:
    (setsid sleep 0.02 &); (sleep 0.1 &); exit 3

looks: leaves
    exec "$LOOKS" -c "$ZOMBIES"
"""
# Waits until its parent has no dead child left.
ZOMBIES = """
import os, time
from pathlib import Path
def dead():
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getppid():
            yield path
until = time.monotonic() + 30
while list(dead()):
    assert time.monotonic() < until
    time.sleep(0.05)
"""
ADOPTS = """
import ctypes, os, sys
assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER: as if it were the first process
os.execv(sys.executable, [sys.executable, "-m", "factc", *sys.argv[1:]])
"""


def _can_be_first() -> bool:
    words = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    return bool(shutil.which("unshare")) and not subprocess.run(words, capture_output=True, check=False).returncode


def _ended(folder: Path, *words: str) -> None:
    (folder / "job.fact").write_text(ORPHANS)
    options = ["run", "job.fact", "-j", "8"]
    more = environment(LOOKS=sys.executable, ZOMBIES=ZOMBIES)
    done = subprocess.run(
        [*words, *options], cwd=folder, env=more, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2 and "4 succeeded, 1 failed" in done.stderr, done.stderr
    assert "exit code 3" in done.stderr  # no status was taken from one of ours


@linux
def test_orphans_that_are_handed_to_a_run_are_reaped(tmp_path: Path) -> None:
    _ended(tmp_path, sys.executable, "-c", ADOPTS)


@pytest.mark.skipif(not _can_be_first(), reason="no namespace of processes can be made here")
@pytest.mark.parametrize("proc", [["--mount-proc"], []], ids=["its own /proc", "another's /proc"])
def test_the_first_process_needs_no_init(tmp_path: Path, proc: list[str]) -> None:
    command = ["unshare", "--pid", "--fork", "--kill-child", *proc, *FACTC]
    if proc:
        _ended(tmp_path, *command)
    # It hears what the system keeps from a first process that has no handler.
    (tmp_path / "job.fact").write_text(
        "job j\n\na:\n    (sleep 60 &); exit 3\n\nb: a\n    true\n\nc:\n    touch began; sleep 60\n"
    )
    with subprocess.Popen([*command, "run", "job.fact"], cwd=tmp_path, env=environment()) as process:
        try:
            while not (tmp_path / "began").exists():
                time.sleep(0.01)
            (inner,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(int(inner), signal.SIGTERM)
            assert process.wait(30) == 143
        finally:
            process.kill()
