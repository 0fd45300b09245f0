"""Every sample, in both forms: it compiles to the same plan, draws, prints, rehearses and runs.

Also the scripts and Makefiles that docs/compared.md sets beside five of them: they leave the same files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran, environment
from tests.pages import answer, blocks

Factc = Callable[..., Ran]
DAY = ["--set", "day=2026-01-31"]
NONE = ["--set", "rows=0"]
SECRETS = {"PGPASSWORD": "demo-password", "TWINE_PASSWORD": "demo-password"}
VALUES = {
    "hello": [],
    "nightly": DAY,
    "backup": [],
    "release": ["--set", "version=1.0", "--set", "really=yes"],
    "inventory": [],
    "warehouse": DAY,
    "database": [],
    "wheel": ["--set", "version=1.2", "--set", "really=yes"],
    "sweep": [],
    "shards": [],
}
BESIDE = {
    "warehouse": ["bash", "compared/warehouse.sh", "2026-01-31"],
    "database": ["bash", "compared/database.sh"],
    "wheel": ["make", "-f", "compared/wheel.mk", "VERSION=1.2", "REALLY=yes"],
    "sweep": ["make", "-j2", "-f", "compared/sweep.mk"],
    "shards": ["bash", "compared/shards.sh"],
}
SAMPLES = sorted(path.stem for path in (ROOT / "samples").glob("*.fact"))
PAGE = ROOT / "docs" / "compared.md"
samples = pytest.mark.parametrize("name", SAMPLES)
forms = pytest.mark.parametrize("form", ["fact", "factfile"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if not shutil.which("bash"):
        pytest.skip("a sample uses bash")
    return Path(shutil.copytree(ROOT / "samples", tmp_path / "samples"))


def plain(command: list[str], folder: Path, script: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A command without factc, in the folder of the samples."""
    return subprocess.run(
        command, input=script, cwd=folder, env=environment(**SECRETS), capture_output=True, timeout=60
    )


def left(folder: Path) -> dict[str, str]:
    """All files that a job leaves in `out`; of a database, its rows, whose order is that of the loads."""
    found = {}
    for path in sorted((folder / "out").rglob("*")):
        if path.suffix == ".db":
            with closing(sqlite3.connect(path)) as rows:
                found[path.name] = "\n".join(sorted(rows.iterdump()))
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_text("latin-1")
    return found


def lines(path: Path) -> list[str]:
    """What counts as a line in a comparison: no comment, and not blank."""
    text = [line.strip() for line in path.read_text().splitlines()]
    return [line for line in text if line and not line.startswith("#")]


def test_the_list_is_whole() -> None:
    assert sorted(VALUES) == SAMPLES and len(SAMPLES) >= 10
    assert sorted(path.stem for path in (ROOT / "samples").glob("*.factfile")) == SAMPLES


def test_all_texts_are_laid_out(factc: Factc) -> None:
    ran = factc("fmt", "--check", *sorted((ROOT / "samples").rglob("*.fact")))
    assert ran.code == 0, ran


@samples
def test_both_forms_are_one_job(name: str, factc: Factc, folder: Path) -> None:
    said = factc("compile", f"{name}.fact", "--format", "factfile", cwd=folder)
    assert said.out == (folder / f"{name}.factfile").read_text(), said
    text, factfile = (json.loads(factc("compile", f"{name}.{form}", cwd=folder).out) for form in ("fact", "factfile"))
    assert text["data"]["tasks"] == factfile["data"]["tasks"]
    assert text["data"]["factfile"] == factfile["data"]["factfile"]


@samples
@forms
def test_a_sample_runs(name: str, form: str, factc: Factc, folder: Path) -> None:
    file, values = f"{name}.{form}", VALUES[name]
    assert factc("validate", file, cwd=folder).err == ""
    assert factc("compile", file, "-o", "job.factotum", cwd=folder).code == 0
    for words in (["dot"], ["plan", *values], ["plan", "--script", *values], ["run", "--dry-run", *values]):
        ran = factc(words[0], "job.factotum", *words[1:], cwd=folder, env=SECRETS)
        assert ran.code == 0 and ran.out, ran
    ran = factc("run", "job.factotum", *values, cwd=folder, env=SECRETS)
    assert ran.code == 0, ran


@samples
def test_a_samples_script_does_the_same(name: str, factc: Factc, folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    script = factc("plan", "--script", f"{name}.fact", *VALUES[name], cwd=folder).raw_out
    done = plain(["sh"], folder, script)
    assert done.returncode == 0, done
    assert factc("run", f"{name}.fact", *VALUES[name], cwd=other, env=SECRETS).code == 0
    if name in BESIDE:
        assert left(folder) == left(other)


@pytest.mark.parametrize("name", BESIDE)
def test_what_stands_beside_a_sample_does_the_same(name: str, factc: Factc, folder: Path, tmp_path: Path) -> None:
    command = BESIDE[name]
    if not shutil.which(command[0]) or not shutil.which("timeout"):
        pytest.skip("needs make and timeout")
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    done = plain(command, other)
    assert done.returncode == 0, done
    assert factc("run", f"{name}.fact", *VALUES[name], cwd=folder, env=SECRETS).code == 0
    assert len(left(folder)) >= 2 and left(folder) == left(other)


def test_the_lines_that_are_counted() -> None:
    told = re.findall(r"\[[^\]]+\]\((\.\./samples/\S+\.\w+)\)[^|]*\| (\d+)", PAGE.read_text())
    assert len(told) == 11
    for path, number in told:
        assert len(lines(PAGE.parent / path)) == int(number), path


def test_what_the_comparison_shows_stands_in_the_files() -> None:
    files = [*(ROOT / "samples").glob("*.fact"), *(ROOT / "samples" / "compared").iterdir()]
    there = {line for path in files for line in path.read_text().splitlines()}
    shown = [line for block in blocks(PAGE) for line in block.text.splitlines()]
    assert len(shown) > 40 and [line for line in shown if line not in there] == []


@pytest.mark.parametrize("name", ["nightly", "warehouse"])
def test_nothing_for_that_day(name: str, factc: Factc, folder: Path) -> None:
    ran = factc("run", f"{name}.fact", "--set", "day=1999-01-01", cwd=folder, env=SECRETS)
    assert ran.code == 0 and "finished early" in ran.err, ran


@pytest.mark.parametrize("name", ["release", "wheel"])
def test_a_confirmation(name: str, factc: Factc, folder: Path) -> None:
    ran = factc("run", f"{name}.fact", "--set", "version=1", cwd=folder, env=SECRETS)
    assert ran.code == 3 and "really" in ran.err, ran
    assert not (folder / "dist").exists() and not (folder / "out").exists()


def test_a_secret_is_needed_and_masked(factc: Factc, folder: Path) -> None:
    ran = factc("run", "database.fact", cwd=folder)
    assert ran.code == 3 and "PGPASSWORD" in ran.err and not (folder / "out").exists(), ran
    (folder / "bin" / "dropdb").write_text('#!/bin/sh\necho "with $PGPASSWORD"\n')
    ran = factc("run", "database.fact", cwd=folder, env=SECRETS)
    assert "with ***" in ran.out and "demo-password" not in ran.out + ran.err, ran


def test_a_busy_network_is_asked_again(factc: Factc, folder: Path) -> None:
    ran = factc("run", "warehouse.fact", *DAY, cwd=folder, env=SECRETS)
    assert ran.code == 0 and "fetch: de: busy, try again" in ran.out + ran.err, ran


def test_a_load_that_failed_is_continued(factc: Factc, folder: Path) -> None:
    awk = folder / "parts" / "load.awk"
    whole = awk.read_text()
    awk.write_text(whole.replace("BEGIN {", 'BEGIN {\n    if (ENVIRON["COUNTRY"] == "fr") exit 9', 1))
    assert factc("run", "warehouse.fact", *DAY, cwd=folder, env=SECRETS).code == 2
    assert (folder / "out" / "warehouse" / "log.txt").read_text() == "2026-01-31 failed\n"
    awk.write_text(whole)
    ran = factc("resume", "last", cwd=folder, env=SECRETS)
    assert ran.code == 0 and "load[fr]" in ran.err, ran
    assert not re.search(r"started +(fetch|load\[(de|uk)\])", ran.err), ran
    assert not (folder / "out" / "warehouse" / "raw").exists()


def test_an_upload_that_failed_is_continued(factc: Factc, folder: Path) -> None:
    index = folder / "out" / "index"
    index.parent.mkdir()
    index.write_text("no folder")
    assert factc("run", "wheel.fact", *VALUES["wheel"], cwd=folder, env=SECRETS).code == 2
    index.unlink()
    ran = factc("resume", "last", cwd=folder, env=SECRETS)
    assert ran.code == 0 and not re.search(r"started +(build|test)", ran.err), ran
    assert [path.name for path in index.iterdir()] == ["greet-1.2-py3-none-any.whl"]


def test_a_value_is_a_word_and_make_runs_it(factc: Factc, folder: Path) -> None:
    value = "1'; touch hacked; '"
    ran = factc("run", "wheel.fact", "--set", f"version={value}", "--set", "really=yes", cwd=folder, env=SECRETS)
    assert ran.code == 2 and not (folder / "hacked").exists(), ran
    if shutil.which("make"):
        assert plain(["make", "-f", "compared/wheel.mk", f"VERSION={value}", "REALLY=yes"], folder).returncode
        assert (folder / "hacked").exists()


def test_one_more_rate(factc: Factc, folder: Path) -> None:
    assert factc("run", "sweep.fact", "--set", "rates=0.1", cwd=folder).code == 0
    ran = factc("run", "sweep.fact", "--set", "rates=0.1 1e-3", "--resume", "last", cwd=folder)
    assert ran.code == 0 and "started   train[1e-3,10]" in ran.err, ran
    assert "started   train[0.1,10]" not in ran.err and "started   prepare" not in ran.err, ran


def test_shards_are_cleared_away_after_a_failure_too(factc: Factc, folder: Path) -> None:
    for command in (None, ["bash", "compared/shards.sh", "0"]):
        code = plain(command, folder).returncode if command else factc("run", "shards.fact", *NONE, cwd=folder).code
        assert code
        assert left(folder) == {"out/shards/outcome.txt": "shards: failed\n"}
        shutil.rmtree(folder / "out")


def test_stand_ins_can_be_run() -> None:
    for path in (ROOT / "samples" / "bin").iterdir():
        assert path.suffix == ".sql" or os.access(path, os.X_OK), path


def test_the_demo(folder: Path) -> None:
    """`make demo` without the making of its environment."""
    said = answer("sh demo.sh", folder)
    assert "exit code" not in said.splitlines()[-1], said
    assert said.index("nightly visits: succeeded") < said.index("event: job_update  job nightly visits: new -> WAITING")
    assert "event: job_update  job nightly visits: RUNNING -> SUCCEEDED\n" in said, said
    picture = folder / "nightly.svg"
    assert f"\nThe picture of the job, for any browser: {picture}\n" in said, said
    assert picture.read_text().lstrip().startswith(("<?xml", "<svg"))
