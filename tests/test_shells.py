"""Programs are looked up on the PATH of their task, shells once: what is found, what moves in the middle of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.engine.local.shells import SHELLS, Shells
from factc.model import job
from tests.conftest import Ran

Factc = Callable[..., Ran]


def program(folder: Path, name: str, text: str = "exit 0") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_they_are_those_that_a_job_can_name() -> None:
    assert {shell.decode() for shell in SHELLS} == set(job.SHELLS)


def test_the_first_on_path_that_can_be_executed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "dash").mkdir()
    program(tmp_path / "b", "dash").chmod(0o644)
    wanted = program(tmp_path / "c", "dash")
    program(tmp_path / "d", "dash")
    path = os.fsencode(":".join(str(tmp_path / name) for name in "abcd"))
    shells = Shells()
    assert shells.find(b"dash", path) == os.fsencode(wanted)
    wanted.unlink()
    assert shells.find(b"dash", path) == os.fsencode(wanted)
    assert shells.find(b"dash", path[-len(bytes(tmp_path)) - 2 :]) == os.fsencode(tmp_path / "d" / "dash")
    assert shells.forget(os.fsencode(wanted)) and not shells.forget(os.fsencode(wanted))
    assert shells.find(b"dash", path) == os.fsencode(tmp_path / "d" / "dash")
    with pytest.raises(PermissionError):
        Shells().find(b"dash", os.fsencode(f"{tmp_path}/none:{tmp_path}/b"))
    with pytest.raises(FileNotFoundError):
        Shells().find(b"dash", os.fsencode(tmp_path / "a"))


@pytest.mark.parametrize("path", [b"", b"bin", b".", b":/nowhere"])
def test_what_depends_on_the_directory_is_looked_for_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: bytes
) -> None:
    shells = Shells()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        program(tmp_path / name, "dash")
        program(tmp_path / name / "bin", "dash")
        monkeypatch.chdir(tmp_path / name)
        assert not os.path.isabs(shells.find(b"dash", path)) and os.path.exists(shells.find(b"dash", path))
        assert not shells.forget(shells.find(b"dash", path))


def test_no_path_at_all() -> None:
    assert Shells().find(b"sh", None) == b"/bin/sh"
    assert Shells().find(b"./sh", None) == b"./sh"


def test_a_shell_that_moves_and_one_that_loses_its_permission(tmp_path: Path, factc: Factc) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    program(first, "dash", 'echo the first; exec sh "$@"')
    program(second, "dash", 'echo the second; exec sh "$@"')
    (tmp_path / "job.fact").write_text(
        "[shell dash]\njob moving\n\na:\n    :\n\nb: a\n    chmod -x first/dash\n\nc: b\n    rm first/dash\n\nd: c\n    :\n"
    )
    ran = factc("run", "job.fact", env={"PATH": os.pathsep.join((str(first), str(second), os.environ["PATH"]))})
    assert ran.code == 0, ran.err
    said = [line for line in ran.out.splitlines() if " the " in line]
    assert said == ["[a] the first", "[b] the first", "[c] the second", "[d] the second"]


def test_a_program_that_is_put_in_front_of_another(tmp_path: Path, factc: Factc) -> None:
    """As a virtual environment does: what the first task found is not what the second one means."""
    early = tmp_path / "early"
    early.mkdir()
    (tmp_path / "job.fact").write_text(
        "job front\n\n[exec]\na:\n    date +%Y\n\nb: a\n    printf '#!/bin/sh\\necho mine\\n' > early/date\n"
        "    chmod +x early/date\n\n[exec]\nc: b\n    date +%Y\n"
    )
    ran = factc("run", "job.fact", env={"PATH": os.pathsep.join((str(early), os.environ["PATH"]))})
    assert ran.code == 0, ran.err
    assert "[c] mine" in ran.out


def test_a_program_that_is_nowhere(tmp_path: Path, factc: Factc) -> None:
    (tmp_path / "job.fact").write_text("job none\n\n[exec]\na:\n    no-such-tool here\n")
    program(tmp_path, "no-such-tool")  # in the working directory, where nobody looks
    ran = factc("run", "job.fact")
    assert ran.code == 2
    assert "could not start no-such-tool: No such file or directory" in ran.err
