"""A state directory that somebody else has planted: nothing outside is read, written or removed, nothing is believed.

Others are user 4321; where this is not root (or cannot become one), only what needs no other user is tried.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from factc import api
from factc.diagnostic import RequestError
from factc.record.durations import known_seconds
from factc.record.statedir import StateDir
from tests.inside import Inside

OTHER = 4321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")

JOB = "job demo\n\ngood:\n    echo fine\n\nbad: good\n    echo bad >> ran; exit 1\n"
SECRET = "what only its owner may see"


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """All that lies there: kind, mode, owner, size, times and content."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        content: object = None
        if stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            content = path.read_bytes()
        times = (status.st_mtime_ns, status.st_ctime_ns)
        found[str(path)] = (status.st_mode, status.st_uid, status.st_gid, status.st_nlink, times, content)
    return found


class Place:
    """A folder `outside` that nobody may touch, and a project beside it with two failed runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder / "project"
        self.outside = folder / "outside"
        self.outside.mkdir()
        (self.outside / "logs").mkdir()
        for name in ("precious", "events.ndjson", "plan.factotum", "logs/0001-good.out"):
            (self.outside / name).write_text(SECRET)
        os.utime(self.outside, (0, 0))
        self.folder.mkdir()
        (self.folder / "job.fact").write_text(JOB)
        self.inside = Inside(self.folder, monkeypatch, capfd)
        self.state = self.folder / ".factc"
        monkeypatch.delenv("SUDO_UID", raising=False)
        monkeypatch.delenv("SUDO_GID", raising=False)
        monkeypatch.chdir(self.folder)
        plan = api.compile("job.fact")
        for day in (1, 2):
            made = Path(api.run(plan).directory or "")
            made.rename(made.with_name(f"2026010{day}T000000Z-{made.name[-8:]}"))
        (self.folder / "ran").unlink()

    @property
    def runs(self) -> list[Path]:
        return sorted((self.state / "runs").iterdir())

    def call(self, *words: str) -> int:
        code = self.inside.call(*words)
        assert SECRET not in self.inside.out + self.inside.err
        return code

    @property
    def said(self) -> str:
        return self.inside.out + self.inside.err

    def age(self) -> None:
        for run in self.state.glob("runs/*"):
            os.utime(run, (0, 0), follow_symlinks=False)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Place:
    return Place(tmp_path, monkeypatch, capfd)


@pytest.fixture
def open_place(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """One that other users can go to."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with monkeypatch.context() as patch:
            yield Place(Path(folder), patch, capfd)


# ---- links, and what is not factc's


def linked_run(place: Place) -> None:
    (place.state / "runs/20990101T000000Z-00000000").symlink_to(place.outside)


def linked_runs(place: Place) -> None:
    shutil.rmtree(place.state / "runs")
    (place.state / "runs").symlink_to(place.outside)


def linked_state(place: Place) -> None:
    shutil.rmtree(place.state)
    place.state.symlink_to(place.outside)


def _linked(name: str) -> Callable[[Place], None]:
    def plant(place: Place) -> None:
        target = place.runs[-1] / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        target.symlink_to(place.outside / name)

    plant.__name__ = f"linked_{name}"
    return plant


def linked_log(place: Place) -> None:
    (place.runs[-1] / "logs/0001-good.out").unlink()
    (place.runs[-1] / "logs/0001-good.out").symlink_to(place.outside / "precious")


def linked_lock(place: Place) -> None:
    (place.state / "locks").symlink_to(place.outside)


def linked_ignore(place: Place) -> None:
    (place.state / ".gitignore").unlink()
    (place.state / ".gitignore").symlink_to(place.outside / "precious")


def linked_stillborn(place: Place) -> None:
    run = place.state / "runs/20990101T000000Z-00000000"
    run.mkdir()
    (run / "logs").symlink_to(place.outside)
    (run / "plan.factotum").symlink_to(place.outside / "plan.factotum")


def pipes(place: Place) -> None:
    run = place.state / "runs/20990101T000000Z-00000000"
    run.mkdir()
    os.mkfifo(run / "events.ndjson")
    os.mkfifo(run / "plan.factotum")


PLANTED = [
    linked_run, linked_runs, linked_state, *map(_linked, ("events.ndjson", "plan.factotum", "logs")), linked_log,
    linked_lock, linked_ignore, linked_stillborn, pipes,
]  # fmt: skip
VERBS = [
    ("runs",), ("show", "last"), ("show", "last", "good"), ("events", "last"), ("resume", "last"), ("resume", "last-failed"),
    ("run", "job.fact", "--resume", "last"), ("deliver", "--all"), ("deliver", "last"), ("run", "job.fact", "--exclusive"),
    ("run", "job.fact"), ("prune", "--keep", "0"), ("prune", "--older", "0s", "--undelivered"),
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_nothing_outside_is_read_written_or_removed(place: Place, plant: Callable[[Place], None]) -> None:
    plant(place)
    place.age()
    before = tree(place.outside)
    for words in VERBS:
        assert place.call(*words) in (0, 2, 3), (words, place.said)
        assert tree(place.outside) == before, (words, place.said)


STRANGE = ["notes.txt", "logs/0001-good.out.gz", "sub/", "logs/0001-good/"]


@pytest.mark.parametrize("name", STRANGE)
def test_a_run_with_something_strange_in_it_is_named_and_left(place: Place, name: str) -> None:
    strange = place.runs[0] / name
    strange.mkdir() if name.endswith("/") else strange.write_text("mine")
    before = tree(place.runs[0])
    assert place.call("prune", "--keep", "0") == 0
    assert (
        "1 run removed" in place.inside.out
        and f"{strange} is not factc's".replace(f"{place.folder}/", "") in place.said
    )
    assert tree(place.state / "runs" / place.runs[0].name) == before and len(place.runs) == 1
    (kept,) = place.runs
    assert place.call("run", "job.fact", "--keep", "1") == 2, "the last failure is another now"
    assert "is not factc's" in place.said and tree(kept) == before


@pytest.mark.parametrize("name", ["src", "20260131T020000Z-0123ABCD", "2026013\u0661T020000Z-01234567", " "])
def test_what_has_no_name_of_a_run_is_named_and_left(place: Place, name: str) -> None:
    """As in a project with a folder `runs` and `--state-dir .`."""
    folder = place.folder / "runs" / name
    folder.mkdir(parents=True)
    (folder / "work").write_text("mine")
    os.utime(folder, (0, 0))
    before = tree(folder)
    assert place.call("prune", "--keep", "0", "--state-dir", ".") == 0
    assert f"left: ./runs/{name} is not factc's" in place.said and tree(folder) == before


def test_an_unfinished_run_with_strange_content_is_left_too(place: Place) -> None:
    run = place.state / "runs/20260131T020000Z-01234567"
    run.mkdir()
    (run / "data").write_text("mine")
    os.utime(run, (0, 0))
    before = tree(run)
    assert place.call("prune", "--keep", "9") == 0
    assert "data is not factc's" in place.said and tree(run) == before


def test_a_lock_with_a_second_name_is_not_written_to(place: Place) -> None:
    place.call("run", "job.fact", "--exclusive")
    (lock,) = (place.state / "locks").iterdir()
    lock.unlink()
    os.link(place.outside / "precious", lock)
    assert place.call("run", "job.fact", "--exclusive") == 3 and "more than one name" in place.said
    assert (place.outside / "precious").read_text() == SECRET


# ---- whose it is


def give(path: Path, uid: int, gid: int = -1) -> None:
    for one in [path, *path.rglob("*")]:
        os.chown(one, uid, gid, follow_symlinks=False)


BELIEVING = [
    ("resume", "last"), ("resume",), ("run", "job.fact", "--resume", "last"), ("plan", "job.fact", "--resume", "last"),
    ("deliver", "last"), ("deliver", "--all"), ("prune", "--keep", "0"),
]  # fmt: skip
SHOWING = [("runs",), ("runs", "--format", "json"), ("show", "last"), ("show", "last", "good"), ("events", "last")]


def refused(place: Place, *said: str) -> None:
    before = tree(place.state)
    for words in BELIEVING:
        assert place.call(*words) == 3, (words, place.said)
        assert "is not believed" in place.said and "--trust-state-dir" in place.said, (words, place.said)
        assert all(text in place.said for text in said), (words, place.said)
        assert tree(place.state) == before and not Path("ran").exists(), words
    with pytest.raises(RequestError, match="not believed"):
        api.run(api.compile("job.fact"), resume="last")
    assert known_seconds(StateDir(".factc"), "demo", ["good"]) is None
    for words in SHOWING:
        assert place.call(*words) == 0, (words, place.said)
    assert place.call("run", "job.fact", "--keep", "1") == 2, "the last failure is another now"
    assert "no earlier run is removed" in place.said and len(place.runs) == 3
    shutil.rmtree(place.runs[-1])
    Path("job.fact").write_text(JOB)
    Path("ran").unlink()


def believed(place: Place, *more: str) -> None:
    assert known_seconds(StateDir(".factc", bool(more)), "demo", ["good"]) is not None
    assert place.call("deliver", "--all", *more) == 0
    assert place.call("resume", "last", *more) == 2, place.said
    assert Path("ran").read_text() == "bad\n"
    api.run(api.compile("job.fact"), resume="last", trust_state_dir=bool(more))
    assert place.call("prune", "--keep", "1", *more) == 0, place.said


@needs_root
@pytest.mark.parametrize("what", [".factc", ".factc/runs", "newest"])
def test_what_belongs_to_somebody_else_is_shown_and_not_believed(place: Place, what: str) -> None:
    target = place.runs[-1] if what == "newest" else place.folder / what
    if what == "newest":
        os.chown(target, OTHER, -1)
        assert place.call("resume", "last") == 3 and f"uid {OTHER}" in place.said
        assert place.call("prune", "--keep", "0") == 0 and f"belongs to uid {OTHER}" in place.said
        assert place.call("runs") == 0 and f"of uid {OTHER}" in place.inside.out
        return
    os.chown(target, OTHER, -1)
    refused(place, f"uid {OTHER}", "mode 0700", "chown -R 0 .factc")
    shown = (
        json.loads("[" + ",".join(place.inside.out.splitlines()) + "]")
        if place.call("runs", "--format", "json") == 0
        else []
    )
    assert {one["owner"] for one in shown} == {f"uid {OTHER}"}
    assert place.call("show", "last") == 0 and "to go on" not in place.inside.out
    assert f"belongs to uid {OTHER}, mode 0700" in place.inside.out
    believed(place, "--trust-state-dir")


@pytest.mark.parametrize("what", [".factc", ".factc/runs"])
def test_where_anybody_can_write_nothing_is_believed(place: Place, what: str) -> None:
    (place.folder / what).chmod(0o1777)
    refused(place, "mode 1777: anybody can write there", "chmod -R go-w .factc")
    believed(place, "--trust-state-dir")


@needs_root
def test_a_planted_run_of_the_future_is_not_resumed_by_root(place: Place) -> None:
    """In a sticky folder that all can write to; the planter's own run is the newest."""
    give(place.state, OTHER)
    place.runs[-1].rename(place.runs[-1].with_name(f"20990101T000000Z-{place.runs[-1].name[-8:]}"))
    place.folder.chmod(0o1777)
    refused(place, f"belongs to uid {OTHER}")


@needs_root
def test_root_under_sudo_believes_the_one_who_called_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    give(place.state, OTHER)
    monkeypatch.setenv("SUDO_UID", str(OTHER + 1))
    refused(place, f"uid {OTHER}")
    monkeypatch.setenv("SUDO_UID", str(OTHER))
    monkeypatch.setenv("SUDO_GID", str(OTHER))
    assert place.call("show", "last") == 0 and "belongs to" not in place.said
    os.chown(place.state, OTHER, OTHER)
    place.state.chmod(0o775)  # as where each user has a group of their own
    believed(place)


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "\u00b2", "root", ""])
def test_what_sudo_never_says_is_passed_over(place: Place, monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    monkeypatch.setenv("SUDO_UID", number)
    monkeypatch.setenv("SUDO_GID", number)
    believed(place)


@needs_root
def test_a_group_may_share_the_folders_around_a_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (place.state, place.state / "runs"):
        os.chown(folder, OTHER, OTHER)
        folder.chmod(0o2775)
    refused(place, f"the group {OTHER} can write there, and you are not in it")
    monkeypatch.setattr(os, "getgroups", lambda: [0, OTHER])
    others = place.runs[-1]
    os.chown(others, OTHER, -1)
    assert place.call("resume", "last") == 3 and "is not believed" in place.said, "the run itself must be the caller's"
    assert place.call("resume", place.runs[0].name) == 2, place.said
    assert place.call("prune", "--keep", "0") == 0 and f"{others.name} belongs to uid {OTHER}" in place.said
    assert place.runs == [others]


@needs_root
def test_another_user_neither_reads_nor_believes(open_place: Place) -> None:
    """As that user: the folders of runs are closed, and a run of one's own in a shared folder is one's own."""
    place = open_place
    for folder in (place.state, place.state / "runs"):
        os.chown(folder, -1, OTHER)
        folder.chmod(0o2770)
    with user(OTHER):
        assert place.call("runs") == 0 and "Permission denied: it belongs to root (uid 0)" in place.said
        assert place.call("resume", "last") == 5 and "there is no run" in place.said


class user:
    """Being another user for a while."""

    def __init__(self, uid: int) -> None:
        self._uid = uid

    def __enter__(self) -> None:
        os.setegid(self._uid)
        os.seteuid(self._uid)

    def __exit__(self, *_: object) -> None:
        os.seteuid(0)
        os.setegid(0)


# ---- a link in the place of the state directory


def test_a_state_directory_that_is_a_link_has_to_be_named(place: Place) -> None:
    place.state.rename(place.folder / "real")
    place.state.symlink_to("real")
    before = tree(place.folder / "real")
    for words in VERBS:
        assert place.call(*words) == 3 and "is a symbolic link, which is not followed" in place.said, (
            words,
            place.said,
        )
    assert tree(place.folder / "real") == before
    assert place.call("runs", "--state-dir", "real") == 0 and place.call("runs", "--trust-state-dir") == 0
    assert place.call("resume", "--trust-state-dir") == 2


# ---- what a run that stays needs


@pytest.mark.parametrize("why", ["running", "undelivered"])
def test_the_predecessor_of_a_run_that_stays_stays(place: Place, why: str) -> None:
    """Both before `--older`, of two jobs: only what it carries over holds the predecessor."""
    first = place.runs[-1]
    resumed = api.run(api.compile("job.fact"), resume="last", webhooks=["http://127.0.0.1:9/"], webhook_drain=0)
    assert resumed.directory
    journal = Path(resumed.directory) / "events.ndjson"
    descriptor = os.open(journal, os.O_RDWR)
    if why == "running":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert place.call("prune", "--older", "0s") == 0
        assert first in place.runs and Path(resumed.directory).resolve() in [run.resolve() for run in place.runs]
        assert len(place.runs) == 2, place.said
    finally:
        os.close(descriptor)
    assert place.call("prune", "--older", "0s", "--undelivered") == 0 and place.runs == []
