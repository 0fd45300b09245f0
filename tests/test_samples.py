"""Every sample, in both forms: it compiles to the same plan, draws, prints, rehearses and runs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran

Factc = Callable[..., Ran]
VALUES = {
    "hello": [],
    "nightly": ["--set", "day=2026-01-31"],
    "backup": [],
    "release": ["--set", "version=1.0", "--set", "really=yes"],
    "inventory": [],
}
SAMPLES = sorted(path.stem for path in (ROOT / "samples").glob("*.fact"))
samples = pytest.mark.parametrize("name", SAMPLES)
forms = pytest.mark.parametrize("form", ["fact", "factfile"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if not shutil.which("bash"):
        pytest.skip("a sample uses bash")
    return Path(shutil.copytree(ROOT / "samples", tmp_path / "samples"))


def test_the_list_is_whole() -> None:
    assert sorted(VALUES) == SAMPLES and len(SAMPLES) >= 5
    assert sorted(path.stem for path in (ROOT / "samples").glob("*.factfile")) == SAMPLES


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
        ran = factc(words[0], "job.factotum", *words[1:], cwd=folder)
        assert ran.code == 0 and ran.out, ran
    ran = factc("run", "job.factotum", *values, cwd=folder)
    assert ran.code == 0, ran


@samples
def test_a_samples_script_does_the_same(name: str, factc: Factc, folder: Path) -> None:
    script = factc("plan", "--script", f"{name}.fact", *VALUES[name], cwd=folder).raw_out
    done = subprocess.run(["sh"], input=script, cwd=folder, capture_output=True, timeout=60)
    assert done.returncode == 0, done


def test_nothing_for_that_day(factc: Factc, folder: Path) -> None:
    ran = factc("run", "nightly.fact", "--set", "day=1999-01-01", cwd=folder)
    assert ran.code == 0 and "finished early" in ran.err, ran


def test_a_confirmation(factc: Factc, folder: Path) -> None:
    ran = factc("run", "release.fact", "--set", "version=1", cwd=folder)
    assert ran.code == 3 and "really" in ran.err, ran
    assert not (folder / "dist").exists()


def test_the_demo(folder: Path) -> None:
    """`make demo` without the making of its environment."""
    from tests.pages import answer

    said = answer("sh demo.sh", folder)
    assert "exit code" not in said.splitlines()[-1], said
    assert said.index("nightly visits: succeeded") < said.index("event: job_update  job nightly visits: new -> WAITING")
    assert said.endswith("event: job_update  job nightly visits: RUNNING -> SUCCEEDED\n"), said
