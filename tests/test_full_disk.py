"""A disk that is full, logs that cannot be written, descriptors that run out: clear words, no lost account."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Ran, environment

Factc = Callable[..., Ran]

JOB = """\
job full

big:
    head -c 400000 /dev/zero | tr '\\0' x; echo; sleep 0.3; echo end

other:
    sleep 0.2; echo other

next: big
    touch ran
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 192 kB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", place], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_disk_that_fills_up_takes_no_account_along(factc: Factc, tmp_path: Path, small: Path) -> None:
    (tmp_path / "job.fact").write_text(JOB)
    ran = factc("run", "job.fact", "--state-dir", small / "s")
    assert ran.code == 3 and not (tmp_path / "ran").exists()
    assert "cannot be written: No space left on device; what runs goes on, nothing new starts" in ran.err
    assert ran.err.count("nothing new starts") == 1 and ran.out.count("x") >= 400_000 and "[big] end" in ran.out
    told = json.loads(factc("runs", "--state-dir", small / "s", "--format", "json").out)
    assert (told["outcome"], told["tasks"]) == ("stopped", {"succeeded": 2, "skipped": 1})
    shutil.rmtree(next((small / "s/runs").iterdir()) / "logs")
    resumed = factc("resume", "--state-dir", small / "s")
    assert resumed.code == 0 and "carried over: big, other" in resumed.err and (tmp_path / "ran").exists()


def test_a_failed_task_is_never_hidden_by_a_full_disk(factc: Factc, tmp_path: Path, small: Path) -> None:
    (tmp_path / "job.fact").write_text(JOB.replace("echo end", "exit 4"))
    assert factc("run", "job.fact", "--state-dir", small / "s").code == 2


def test_a_disk_that_is_full_already(factc: Factc, tmp_path: Path, small: Path) -> None:
    (tmp_path / "job.fact").write_text(JOB)
    (small / "fill").write_bytes(bytes(150_000))
    ran = factc("run", "job.fact", "--state-dir", small / "s")
    assert ran.code == 3 and "cannot be recorded" in ran.err and "No space left on device" in ran.err and ran.out == ""
    assert list((small / "s/runs").iterdir()) == []


def test_a_limit_on_file_sizes(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(JOB)
    command = f"ulimit -f 200; exec {sys.executable} -m factc run job.fact"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 3 and "File too large; what runs goes on" in done.stderr
    assert json.loads(factc("runs", "--format", "json").out)["tasks"] == {"succeeded": 2, "skipped": 1}


def test_a_log_that_cannot_be_written(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(
        "job logs\n\nblock:\n    d=$(echo .factc/runs/*/logs); mkdir $d/0002-next.out\n\n"
        "next: block\n    echo said; sleep 0.1\n\nlast: next\n    touch ran\n"
    )
    ran = factc("run", "job.fact", "-j1")
    assert ran.code == 3 and "0002-next.out cannot be written: File exists" in ran.err
    assert "[next] said" in ran.out and not (tmp_path / "ran").exists()


def test_descriptors_that_run_out(factc: Factc, tmp_path: Path) -> None:
    tasks = "".join(f"t{i}:\n    echo said by {i}; sleep 0.05\n\n" for i in range(500))
    (tmp_path / "many.fact").write_text(f"job many\n\n{tasks}")
    command = f"ulimit -n 64; exec {sys.executable} -m factc run many.fact --output group"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.count("Too many open files: going on with") == 1
    assert sorted(done.stdout.split("\n")[:-1]) == sorted(f"[t{i}] said by {i}" for i in range(500))
    (directory,) = (tmp_path / ".factc/runs").iterdir()
    assert len(os.listdir(directory / "logs")) == 500
    assert json.loads(factc("runs", "--format", "json").out)["tasks"] == {"succeeded": 500}
