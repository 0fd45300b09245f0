"""Programs are looked up once by name: what is found, what is left to the system, what moves in the middle of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.engine.programs import Programs
from tests.conftest import Ran

Factc = Callable[..., Ran]


def program(folder: Path, name: str, text: str = "exit 0") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_first_on_path_that_can_be_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "tool").mkdir()
    program(tmp_path / "b", "tool").chmod(0o644)
    wanted = program(tmp_path / "c", "tool")
    program(tmp_path / "d", "tool")
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / name) for name in "abcd"))
    programs = Programs()
    assert programs.find(b"tool") == os.fsencode(wanted)
    wanted.unlink()
    assert programs.find(b"tool") == os.fsencode(wanted)
    programs.forget(b"tool")
    assert programs.find(b"tool") == os.fsencode(tmp_path / "d" / "tool")


@pytest.mark.parametrize("path", ["", "bin", ".", ":/nowhere"])
def test_what_depends_on_the_directory_is_left_to_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    program(tmp_path, "tool")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    assert Programs().find(b"tool") is None
    assert Programs().find(b"./tool") is None
    assert Programs().find(b"/bin/sh") is None


def test_no_path_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    assert Programs().find(b"sh") is None


def test_a_program_that_moves_and_one_that_comes_later(tmp_path: Path, factc: Factc) -> None:
    """A task removes the program from where the first one found it; another makes the next one."""
    first, second = tmp_path / "first", tmp_path / "second"
    program(first, "tool", "echo the first")
    second.mkdir()
    (tmp_path / "job.fact").write_text(
        "job moving\n\n[exec]\na:\n    tool\n\nb: a\n    rm first/tool\n    printf '#!/bin/sh\\necho the second\\n' > second/tool\n"
        "    chmod +x second/tool\n\n[exec]\nc: b\n    tool\n"
    )
    path = os.pathsep.join((str(first), str(second), os.environ["PATH"]))
    ran = factc("run", "job.fact", env={"PATH": path})
    assert ran.code == 0, ran.err
    assert "[a] the first" in ran.out and "[c] the second" in ran.out


def test_a_program_that_is_nowhere(tmp_path: Path, factc: Factc) -> None:
    (tmp_path / "job.fact").write_text("job none\n\n[exec]\na:\n    no-such-tool here\n")
    program(tmp_path, "no-such-tool")  # in the working directory, where nobody looks
    ran = factc("run", "job.fact")
    assert ran.code == 2
    assert "could not start no-such-tool: No such file or directory" in ran.err
