"""Files that `fmt` and `-o` write: whole or not at all, and what they were before but for their content."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.cli.shared import output
from factc.cli.shared.output import write_file
from factc.diagnostic import RequestError
from tests.conftest import Ran, environment
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
    assert inside.call("compile", "sloppy.fact", "-o", "target", "--overwrite") == 0, inside.err
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


def test_what_a_killed_one_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """In a container each has the same number."""
    left = tmp_path / f".factc.{os.getpid()}.tmp"
    left.write_text("half")
    output.write_file(str(tmp_path / "target"), b"whole")
    assert (tmp_path / "target").read_text() == "whole" and left.read_text() == "half"


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


# ---- what -o may write over

USING = 'job outer\n\nuse "used.fact" as inner\n'
VALUES = '{"day": "monday"}'
READ = [  # how a verb reads a file, and that file
    (["job.fact"], "job.fact"), (["outer.fact"], "used.fact"), (["job.fact", "--env", "@values.json"], "values.json"),
    (["plan.factotum"], "plan.factotum"), (["job.json"], "job.json"),
]  # fmt: skip
NAMES: list[Callable[[str], str]] = [
    lambda name: name, lambda name: "link", lambda name: "hard", lambda name: "link of link", lambda name: f"./x/../{name}",
]  # fmt: skip
VERBS = [["compile"], ["compile", "--format", "fact"], ["compile", "--format", "factfile"], ["dot"]]


@pytest.fixture
def sources(inside: Inside, tmp_path: Path) -> Path:
    (tmp_path / "x").mkdir()
    for name, text in (("job.fact", NEAT), ("used.fact", NEAT), ("outer.fact", USING), ("values.json", VALUES)):
        (tmp_path / name).write_text(text)
    assert inside.call("compile", "job.fact", "-o", "plan.factotum") == 0
    assert inside.call("compile", "job.fact", "--format", "factfile", "-o", "job.json") == 0
    return tmp_path


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize("named", NAMES)
def test_nothing_is_written_over_what_it_was_made_from(
    inside: Inside, sources: Path, verb: list[str], named: Callable[[str], str]
) -> None:
    for words, name in READ:
        for other in ("link", "hard", "link of link"):
            (sources / other).unlink(missing_ok=True)
        (sources / "link").symlink_to(name)
        (sources / "link of link").symlink_to("link")
        os.link(sources / name, sources / "hard")
        before = (sources / name).read_bytes()
        for more in ([], ["--overwrite"]):
            assert inside.call(*verb, *words, "-o", named(name), *more) == 3
            assert "is what this was made from" in inside.err, inside.err
        assert (sources / name).read_bytes() == before


def test_a_source_that_comes_by_standard_input_is_one_too(sources: Path, factc: Callable[..., Ran]) -> None:
    line = f"{sys.executable} -m factc compile - -o job.fact --overwrite < job.fact"
    done = subprocess.run(["sh", "-c", line], cwd=sources, env=environment(), capture_output=True, check=False)
    assert done.returncode == 3 and b"job.fact is what this was made from" in done.stderr
    assert (sources / "job.fact").read_text() == NEAT


@pytest.mark.parametrize(
    ("verb", "ours"),
    [
        (["compile"], True), (["compile", "--format", "fact"], False), (["compile", "--format", "factfile"], False),
        (["dot"], True),
    ],
    ids=str,
)  # fmt: skip
def test_what_factc_did_not_make_stays(inside: Inside, sources: Path, verb: list[str], ours: bool) -> None:
    out = sources / "out"
    strangers = [b"mine", b'{"schema": "iglu:com.snowplowanalytics.factotum/factfile/jsonschema/1-0-0"}', b"\xff\0",
                 b"digraph {}", b"<svg/>", b"%PDF"]  # fmt: skip
    for text in strangers:
        out.write_bytes(text)
        assert inside.call(*verb, "job.fact", "-o", "out") == 3
        assert inside.err.splitlines()[:2] == ["factc: out exists already", "  help: --overwrite replaces it"]
        assert out.read_bytes() == text
    assert inside.call(*verb, "job.fact", "-o", "out", "--overwrite") == 0, inside.err
    assert out.read_bytes() not in strangers
    assert inside.call(*verb, "job.fact", "-o", "out") == 0, "the same once more"
    (sources / "job.fact").write_text(NEAT.replace("demo", "another"))
    assert inside.call(*verb, "job.fact", "-o", "out") == (0 if ours else 3), "what it made before"
    out.write_bytes(b"")
    assert inside.call(*verb, "job.fact", "-o", "out") == 0, "nothing is lost: mktemp makes such files"


def test_a_kind_is_not_another(inside: Inside, sources: Path) -> None:
    assert inside.call("dot", "job.fact", "-o", "plan.factotum") == 3
    assert inside.call("dot", "job.fact", "-o", "drawn") == 0
    assert inside.call("compile", "job.fact", "-o", "drawn") == 3
    assert inside.call("compile", "job.fact", "-o", "x") == 3 and "it is a folder" in inside.err


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("{} -o /dev/stdout | cat > out", "", "{}"), ("{} -o /dev/stdout > out", "kept?", "{}"),
        ("{} -o /dev/stdout >> out", "kept", "kept{}"), ("{} -o /dev/stderr 2>> out", "kept", "kept{}"),
        ("{} -o /dev/fd/1 >> out", "kept", "kept{}"), ("{} -o /dev/fd/5 5>> out", "kept", "kept{}"),
        ("ln -s /dev/stdout link; {} -o link | cat >> out", "kept", "kept{}"), ("{} -o - >> out", "kept", "kept{}"),
        ("{} -o out >> out", "kept", "kept{}"), ("{} -o /dev/null", "kept", "kept"),
    ],
)  # fmt: skip
def test_what_is_no_file_is_a_stream(
    sources: Path, factc: Callable[..., Ran], command: str, before: str, after: str
) -> None:
    verb = "dot job.fact" if "{} -o -" not in command else "compile job.fact"
    whole = factc(*verb.split()).out
    (sources / "out").write_text(before)
    line = command.format(f"{sys.executable} -m factc {verb}")
    done = subprocess.run(["sh", "-c", line], cwd=sources, env=environment(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (sources / "out").read_text().replace("File written successfully\n", "") == after.format(whole)
