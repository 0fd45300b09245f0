"""Wheel and sdist, built and installed as users do: they hold what they need and nothing stale."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from factc.version import __version__
from tests.conftest import ROOT, environment

pytest.importorskip("build")
pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and with the wheel that was made from it."""
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT))
    return out


def test_the_sdist_is_the_whole_project(built: Path) -> None:
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = ["pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "LICENSE", "factc/__init__.py", "factc/py.typed",
              "grammar/fact.lark", "grammar/fact.tables.json", "samples/hello.fact", "tests/test_packaging.py", "docs/architecture.md",
              "schemas/factc/plan/jsonschema/1-0-0"]  # fmt: skip
    assert [name for name in wanted if name not in names] == []


def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (file,) = built.glob("*.whl")
    names = zipfile.ZipFile(file).namelist()
    assert {name.split("/")[0] for name in names} == {"factc", f"factc-{__version__}.dist-info"}
    files = {"py.typed", "grammar/fact.lark", "grammar/fact.tables.json", "schemas/factc/plan/jsonschema/1-0-0"}
    assert {f"factc/{name}" for name in files} <= set(names)
    assert f"factc-{__version__}.dist-info/licenses/LICENSE" in names


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_it_works_where_it_is_installed(built: Path, tmp_path: Path, kind: str) -> None:
    """In an environment of its own, which sees this one's libraries but not this checkout."""
    (file,) = built.glob(kind)
    _run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv"))
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "--python",
        str(tmp_path / "venv" / "bin" / "python"),
    ]
    _run(*pip, "install", "--no-deps", "--no-index", *(["--no-build-isolation"] if kind != "*.whl" else []), str(file),
         env={"PYTHONPATH": sysconfig.get_path("purelib")} if kind != "*.whl" else {})  # fmt: skip
    (site / "libraries.pth").write_text(_without_checkout(tmp_path))
    command = str(tmp_path / "venv" / "bin" / "factc")
    assert _run(command, "--version") == f"factc {__version__}\n"
    (tmp_path / "job.fact").write_text("job j\n\na:\n    echo it runs\n")
    assert _run(command, "validate", "job.fact", cwd=tmp_path) == "job.fact is a valid Factotum Factfile!\n"
    assert _run(command, "run", "job.fact", "--output", "raw", cwd=tmp_path) == "it runs\n"
    assert (site / "factc" / "__init__.py").exists()


def _without_checkout(folder: Path) -> str:
    """A folder that holds this environment's libraries but no editable install of factc."""
    libraries = folder / "libraries"
    libraries.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "factc" not in entry.name and entry.suffix != ".pth":
            (libraries / entry.name).symlink_to(entry)
    return f"{libraries}\n"


def _run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "FACTC"))} | (env or {})
    done = subprocess.run(command, cwd=cwd, env=plain, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_run_needs_nothing_but_what_a_checkout_has() -> None:
    """`python -m factc` works in a checkout that nobody installed."""
    command = [sys.executable, "-m", "factc", "--version"]
    done = subprocess.run(command, env=environment(), cwd="/", capture_output=True, text=True, timeout=60)
    assert done.stdout == f"factc {__version__}\n"
