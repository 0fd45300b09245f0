"""What the documentation shows is true: its jobs compile, its commands print what it says, its links lead somewhere."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import factc
from factc.cli import VERBS
from factc.version import __version__
from tests.conftest import ROOT, Ran, environment
from tests.pages import PAGES, alike, answer, answered, blocks

Factc = Callable[..., Ran]
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
WRONG = {"typo.fact"}  # shown for their mistakes


@pages
def test_commands_print_what_is_shown(page: Path, tmp_path: Path) -> None:
    assert alike(answered(page, tmp_path)) == alike(page.read_text(encoding="utf-8"))


@pages
def test_jobs_compile(page: Path, factc: Factc, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.file and block.file not in WRONG and block.language not in ("ini", "crontab"):
            (tmp_path / block.file).write_text(block.text)
            assert factc("compile", block.file, "--format", "factfile").code == 0, block.text
        else:
            assert block.language != "fact" or block.file, "give it a name with file=, so that it is read"


def test_the_two_forms_of_the_first_job_are_one(factc: Factc, tmp_path: Path) -> None:
    text, factfile = (block.text for block in blocks(ROOT / "README.md") if block.file.startswith("hello."))
    (tmp_path / "hello.fact").write_text(text)
    assert factc("compile", "hello.fact", "--format", "factfile").out == factfile


def test_the_python_example_runs(tmp_path: Path) -> None:
    readme = blocks(ROOT / "README.md")
    (tmp_path / "load.fact").write_text(next(block.text for block in readme if block.file == "load.fact"))
    code = next(block.text for block in readme if block.language == "python")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "True {'load': 'SUCCEEDED'}\n", done


def test_the_page_about_python_is_true(tmp_path: Path) -> None:
    """What it shows is typed into one Python, in an empty folder."""
    page = blocks(ROOT / "docs" / "python.md")
    for block in page:
        if block.file:
            (tmp_path / block.file).write_text(block.text)
    (tmp_path / "session").write_text("\n".join(block.text for block in page if block.language == "pycon"))
    code = "import doctest; print(doctest.testfile('session', module_relative=False, optionflags=doctest.ELLIPSIS))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("TestResults(failed=0, attempted=") and "attempted=0" not in done.stdout, done.stdout


def test_the_page_about_python_names_every_argument() -> None:
    text = (ROOT / "docs" / "python.md").read_text().split("## What `run` takes")[1]
    for name in [*inspect.signature(factc.run).parameters][1:]:
        assert re.search(rf"`{name}\b", text), name


def test_the_commands_beside_the_samples_work(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    shutil.copytree(ROOT / "samples", folder)
    text = (ROOT / "samples" / "README.md").read_text()
    lines = re.findall(r"(?m)^factc .*?(?=\s*(?:#|$))", text) + re.findall(r"`(factc run [^`]*\.fact[^`]*)`", text)
    assert len(lines) >= 9
    for line in lines:
        if "--webhook" not in line:
            assert not re.search(r"^exit code", answer(line, folder), re.MULTILINE), line


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_code_is_explained() -> None:
    source = "".join(path.read_text() for path in (ROOT / "factc").rglob("*.py"))
    told = re.findall(r"(?m)^\| ([EW]\d{3}) \|", (ROOT / "docs" / "diagnostics.md").read_text())
    assert sorted(told) == sorted(set(re.findall(r'"([EW]\d{3})"', source)))


def test_options_that_the_readme_names_exist(factc: Factc) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    helps = "".join(factc(verb, "--help").out for verb in VERBS)
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)):
        assert f"{option}" in helps, option


def test_the_example_of_an_event_fits_its_schema() -> None:
    from jsonschema import Draft4Validator

    event = next(b for b in blocks(ROOT / "docs" / "events.md") if b.language == "json").text
    schema = ROOT / "schemas" / "com.snowplowanalytics.factotum" / "task_update" / "jsonschema" / "1-0-0"
    Draft4Validator(json.loads(schema.read_text())).validate(json.loads(event)["data"])


def test_the_changelog_knows_this_version() -> None:
    assert re.search(rf"(?m)^## {re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text())


def test_what_is_to_be_installed_is_what_the_package_wants() -> None:
    """factc is not on PyPI: nothing says `pip install factc`, and each requirement that is named is the package's own."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {one for name in ("lsp", "render", "mask") for one in extras[name]}
    files = [*PAGES, *(ROOT / "factc").rglob("*.py")]
    named = [
        one for path in files for one in re.findall(r"pip(?:x)? (?:install|inject factc) '([^']*)'", path.read_text())
    ]
    assert {one for one in named if not one.startswith(".[")} == wanted
    assert all(set(one[2:-1].split(",")) <= set(extras) for one in named if one.startswith(".["))


def test_the_extension_for_an_editor_is_whole() -> None:
    folder = ROOT / "docs" / "editors"
    has = json.loads((folder / "package.json").read_text())["contributes"]
    grammar = json.loads((folder / has["grammars"][0]["path"]).read_text())
    assert grammar["scopeName"] == has["grammars"][0]["scopeName"]
    assert has["grammars"][0]["language"] == has["languages"][0]["id"] and has["languages"][0]["extensions"] == [
        ".fact"
    ]
    assert json.loads((folder / has["languages"][0]["configuration"]).read_text())["comments"] == {"lineComment": "#"}
