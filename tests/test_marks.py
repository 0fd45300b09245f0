"""Marks are input: what other processes, of whatever user, say of themselves costs no run its end and nobody his process."""

from __future__ import annotations

import json
import os
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from factc.engine.local import guard, marks
from tests.conftest import Ran, environment
from tests.forked import Process
from tests.patience import PATIENCE

Factc = Callable[..., Ran]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="marks are read from /proc")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")

STRANGER = 61_234  # a user whom nobody else is
SHELLS = [path for name in ("dash", "bash", "ksh", "mksh", "busybox") if (path := shutil.which(name))]
FORGED = ["99", "9" * 9, "9" * 5000, "-1", "1.5", "0x1", "+1", "1_0", "", "1 2", "²", "\N{ARABIC-INDIC DIGIT ONE}"]


@contextmanager
def forger(
    value: str, user: int | None = None, program: tuple[str, ...] = ("sleep", "60")
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries that mark, of that user."""
    with subprocess.Popen(program, env={"FACTC_MARK": value, "PATH": os.environ["PATH"]}, user=user, cwd="/",
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def ran_while(folder: Path, during: Callable[[str], None], job: str = "true") -> tuple[int, str]:
    """What `factc run` said of a run during which that was done, with the run's reference."""
    (folder / "job.fact").write_text(f"job j\n\na:\n    touch began; until [ -e go ]; do sleep 0.01; done; {job}\n")
    with Process(["run", "job.fact"], cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                 text=True) as process:  # fmt: skip
        try:
            while not (folder / "began").exists():
                time.sleep(0.005)
            (journal,) = (folder / ".factc" / "runs").glob("*/events.ndjson")
            during(json.loads(journal.read_text().splitlines()[0])["run"])
            (folder / "go").touch()
            _, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    return process.returncode, err


def test_no_number_of_the_same_user_ends_a_run(factc: Factc, tmp_path: Path) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def forge(run: str) -> None:
        for value in FORGED:
            started.append(subprocess.Popen(["sleep", "60"], env={"FACTC_MARK": f"{run}:{value}"}))

    try:
        code, err = ran_while(tmp_path, forge, "exit 3")
        assert code == 2 and "1 failed" in err and "Traceback" not in err, err
        assert all(process.poll() is None for process in started)  # none is of an attempt of this run
        resumed = factc("resume", "last")
        assert resumed.code == 2 and "Traceback" not in resumed.err, resumed.err
    finally:
        for process in started:
            process.kill()
            process.wait()


@as_root
def test_another_users_processes_are_left_out(factc: Factc, tmp_path: Path) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def forge(run: str) -> None:
        for value in ("0", "99", "9" * 5000):
            started.append(
                subprocess.Popen(["sleep", "60"], env={"FACTC_MARK": f"{run}:{value}"}, user=STRANGER, cwd="/")
            )

    try:
        code, err = ran_while(tmp_path, forge, "(setsid sleep 60 >/dev/null 2>&1 &); exit 3")
        assert code == 2 and "1 failed" in err and "running" not in err, err
        assert factc("resume", "last").code == 2
        assert all(process.poll() is None for process in started)
    finally:
        for process in started:
            process.kill()
            process.wait()


@as_root
@pytest.mark.skipif(not os.stat(shutil.which("su") or "/").st_mode & 0o4000, reason="no program that becomes root")
def test_a_program_that_becomes_root_is_its_callers(tmp_path: Path) -> None:
    brand = secrets.token_hex(16)
    with forger(f"{brand}:1", STRANGER, ("su", "root", "-c", "true")) as process:
        while b"Uid:\t%d\t0\t" % STRANGER not in Path(f"/proc/{process.pid}/status").read_bytes():
            assert process.poll() is None
            time.sleep(0.001)
        assert marks.scan(brand) == ([], True)
        _guarded(brand, SHELLS[0], os.environ["PATH"])
        assert process.poll() is None


# ---- the guard


def _guarded(brand: str, shell: str, path: str, user: int | None = None, room: int | None = None) -> None:
    """What the guard does when its pipe closes; `room`: so many processes may this user have."""

    def limit() -> None:
        if room is not None:
            resource.setrlimit(resource.RLIMIT_NPROC, (room, room))

    applet = ["sh"] if shell.endswith("busybox") else []
    done = subprocess.run([shell, *applet, "-c", guard.SCRIPT], input=f"{brand}\n".encode(), env={"PATH": path}, cwd="/",
                          user=user, preexec_fn=limit, timeout=60, capture_output=True)  # fmt: skip
    assert done.returncode != 3


def _executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("shell", SHELLS, ids=os.path.basename)
@pytest.mark.parametrize("tools", ["all", "none"])
def test_the_guard_kills_what_is_marked_and_nothing_else(tmp_path: Path, shell: str, tools: str) -> None:
    """In each shell that may be /bin/sh, and without any other program."""
    brand = secrets.token_hex(16)
    with forger(f"outer:1 {brand}:1") as ours, forger(f"{brand[:-1]}:1") as other, forger(brand) as third:
        _guarded(brand, shell, os.environ["PATH"] if tools == "all" else str(tmp_path))
        assert ours.wait(PATIENCE) == -signal.SIGKILL
        assert other.poll() is third.poll() is None


@as_root
def test_the_guard_leaves_other_users_alone() -> None:
    brand = secrets.token_hex(16)
    with forger(f"{brand}:1") as ours, forger(f"{brand}:1", STRANGER) as other:
        _guarded(brand, SHELLS[0], os.environ["PATH"])
        assert ours.wait(PATIENCE) == -signal.SIGKILL and other.poll() is None


@as_root
def test_the_guard_works_where_no_process_can_be_started() -> None:
    brand = secrets.token_hex(16)
    with forger(f"{brand}:1", STRANGER) as ours:
        _guarded(brand, SHELLS[0], os.environ["PATH"], STRANGER, 2)  # the two of them
        assert ours.wait(PATIENCE) == -signal.SIGKILL


def test_no_argv_shows_the_brand(tmp_path: Path) -> None:
    brand = secrets.token_hex(16)
    _executable(tmp_path / "grep", f'#!/bin/sh\necho "$@" >> {tmp_path}/said\nexec {shutil.which("grep")} "$@"\n')
    with forger(f"{brand}:1") as ours:
        _guarded(brand, "/bin/sh", f"{tmp_path}:{os.environ['PATH']}")
        assert ours.wait(PATIENCE) == -signal.SIGKILL
    assert (tmp_path / "said").read_text() and brand not in (tmp_path / "said").read_text()
    made = guard.Guard(brand)
    try:
        assert brand.encode() not in Path(f"/proc/{made.pid}/cmdline").read_bytes()
        assert brand.encode() not in Path(f"/proc/{made.pid}/environ").read_bytes()
    finally:
        made.dismiss()


@as_root
@pytest.mark.parametrize("handed", [b"", b"\n", b"half a brand"])
def test_a_guard_that_was_told_no_brand_kills_nothing(handed: bytes) -> None:
    with forger(":1", STRANGER) as process:  # nobody else's processes, should it kill some after all
        done = subprocess.run(
            ["/bin/sh", "-c", guard.SCRIPT], input=handed, user=STRANGER, cwd="/", timeout=60, check=False
        )
        assert done.returncode == 3 and process.poll() is None
