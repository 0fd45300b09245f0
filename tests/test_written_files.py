"""Files that `fmt` and `-o` write: whole or not at all, and what they were before but for their content."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.cli import output
from factc.cli.output import write_file
from factc.diagnostic import RequestError
from tests.inside import Inside
from tests.test_planted import OTHER, needs_root, user

SLOPPY = "job   demo\n\na:\n      echo a\n"
NEAT = "job demo\n\na:\n    echo a\n"


def looks(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_nlink


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    (tmp_path / "sloppy.fact").write_text(SLOPPY)
    return Inside(tmp_path, monkeypatch)


def by_fmt(inside: Inside, folder: Path) -> None:
    (folder / "target").write_text(SLOPPY)
    assert inside.call("fmt", "target") == 0, inside.err
    assert (folder / "target").read_text() == NEAT


def by_compile(inside: Inside, folder: Path) -> None:
    (folder / "target").write_text("{" * 9000)
    assert inside.call("compile", "sloppy.fact", "-o", "target") == 0, inside.err
    assert (folder / "target").read_text().startswith('{"') and inside.call("validate", "target") == 0


def by_dot(inside: Inside, folder: Path) -> None:
    assert inside.call("dot", "sloppy.fact", "-o", "target", "--overwrite") == 0, inside.err
    assert (folder / "target").read_text().startswith("digraph")


WRITERS = [by_fmt, by_compile, by_dot]


def mode(bits: int) -> Callable[[Path], None]:
    def plant(target: Path) -> None:
        target.chmod(bits)

    plant.__name__ = f"mode_{bits:o}"
    return plant


def hard_link(target: Path) -> None:
    os.link(target, target.with_name("other name"))


def symbolic_link(target: Path) -> None:
    target.rename(target.with_name("real"))
    target.symlink_to("real")


def attribute(target: Path) -> None:
    try:
        os.setxattr(target, "user.note", b"kept")
    except (OSError, AttributeError):
        pytest.skip("this file system has no attributes")


def owner(target: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give files to others")
    os.chown(target, OTHER, OTHER + 1)
    target.chmod(0o4640)


PLANTED = [*map(mode, (0o600, 0o664, 0o755, 0o777, 0o640)), hard_link, symbolic_link, attribute, owner]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_what_a_file_was_it_is_again(inside: Inside, tmp_path: Path, plant: Callable[[Path], None]) -> None:
    target = tmp_path / "target"
    target.write_text(SLOPPY)
    plant(target)
    before, kind = looks(target), target.is_symlink()
    for write in WRITERS:
        write(inside, tmp_path)
        assert (looks(target), target.is_symlink()) == (before, kind), write.__name__
        assert plant is not attribute or os.getxattr(target, "user.note") == b"kept"
        assert plant is not hard_link or target.samefile(tmp_path / "other name")
    assert not list(tmp_path.glob(".factc*"))


def test_a_new_file_has_what_the_umask_leaves(inside: Inside, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        by_dot(inside, tmp_path)
    finally:
        os.umask(before)
    assert looks(tmp_path / "target")[0] == 0o640


@needs_root
def test_what_cannot_be_kept_is_not_written(tmp_path: Path) -> None:
    """Somebody else's file in a folder of one's own: a twin would belong to the wrong one."""
    target = tmp_path / "target"
    target.write_text("before")
    os.chown(tmp_path, OTHER, OTHER)
    there = os.open(tmp_path, os.O_RDONLY)
    here = os.getcwd()
    try:
        os.fchdir(there)
        with user(OTHER), pytest.raises(RequestError, match="Permission denied"):
            output.write_file(
                f"/proc/self/fd/{there}/target" if os.path.exists("/proc/self/fd") else "target", b"after"
            )
    finally:
        os.chdir(here)
        os.close(there)
    assert target.read_text() == "before" and os.listdir(tmp_path) == ["target"]


@pytest.mark.parametrize("links", [1, 2])
@pytest.mark.parametrize("data", [b"x" * 10, b"y" * 5000])
def test_a_disk_that_is_full_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: int, data: bytes
) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"before" * 100)
    if links == 2:
        hard_link(target)
    once = iter([OSError(28, "No space left on device")])

    def full(descriptor: int) -> None:
        if problem := next(once, None):
            raise problem

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RequestError, match="No space left"):
        write_file(str(target), data)
    assert target.read_bytes() == b"before" * 100 and not list(tmp_path.glob(".factc*"))
    write_file(str(target), data)
    assert target.read_bytes() == data


def test_a_folder_is_refused_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="it is a folder"):
        write_file(str(tmp_path), b"x")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_file(str(tmp_path / "pipe"), b"x", b"y")
    assert os.read(reader, 10) == b"xy" and stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    os.close(reader)
