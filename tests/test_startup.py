"""What a command costs before anything happens: which modules it loads for a job without mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from factc import resources
from factc.syntax.fact.tables import installed
from tests.conftest import ROOT, environment
from tests.test_architecture import HEAVY, HOMES

VERBS = ["run", "validate", "plan", "list"]
KINDS = ["hello.factotum", "hello.factfile", "hello.fact", "nightly.factotum", "nightly.factfile", "nightly.fact"]

# Libraries, modules of Python that take long, and what of factc is there for mistakes or for other verbs.
LIBRARIES = {*HOMES, "lark", "jsonschema"}
HEAVY_TOO = (HEAVY - {"enum"}) | {
    "random",
    "pickle",
    "shutil",
    "unicodedata",
    "copy",
    "weakref",
    "ast",
    "importlib.metadata",
    "hashlib",
}
OTHERS = {
    *(f"factc.syntax.fact.{name}" for name in "grammar errors errors_line".split()),
    "factc.diagnostic_render", "factc.secrets.credentials", "factc.secrets.written", "factc.lint.warnings",
}  # fmt: skip
# `validate` looks for credentials, and asks the shells whether they can read the recipes.
ASKED = {"subprocess", "tempfile", "random", "shutil", "weakref", "factc.secrets.credentials", "factc.lint.warnings"}

FITS = json.loads(resources.text(resources.TABLES))["lark"] == installed()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("jobs")
    for name in ("hello", "nightly"):
        for kind in ("fact", "factfile"):
            (made / f"{name}.{kind}").write_text((ROOT / "samples" / f"{name}.{kind}").read_text())
        _python(f"from factc.cli import main; main(['compile', '{name}.fact', '-o', '{name}.factotum'])", made)
    return made


def _python(code: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def bare(folder: Path) -> set[str]:
    """What this Python loads for itself."""
    return set(_python("import sys; print(*sys.modules, file=sys.stderr)", folder).split())


@pytest.mark.parametrize("job", KINDS)
@pytest.mark.parametrize("verb", VERBS)
def test_a_job_without_mistakes_loads_little(verb: str, job: str, folder: Path, bare: set[str]) -> None:
    if job.endswith(".fact") and not FITS:
        pytest.skip("the tables were made by another Lark than the one that is installed")
    words = [verb, job, *(["--output", "quiet", *(["--dry-run"] if "nightly" in job else [])] if verb == "run" else [])]
    code = f"import sys; from factc.cli import main; main({words}); print('loaded', *sys.modules, file=sys.stderr)"
    loaded = set(_python(code, folder).rpartition("loaded ")[2].split()) - bare
    unwanted = LIBRARIES | HEAVY_TOO | OTHERS
    if verb == "validate" and not job.endswith(".factotum"):
        unwanted -= ASKED
    assert not {name for name in loaded if name in unwanted or name.partition(".")[0] in LIBRARIES}
