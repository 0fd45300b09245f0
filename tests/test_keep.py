"""Which runs stay at the end of a run with `--keep` and `--keep-size`, and which `prune` takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.digits import bytes_written, size
from tests.conftest import Ran

Factc = Callable[..., Ran]

JOB = "job j\n\na:\n    test ! -e big || head -c 200000 /dev/zero\n    test ! -e wrong\n"


class Place:
    """A job whose runs end as it is told, and what is recorded of it, oldest first."""

    def __init__(self, folder: Path, factc: Factc) -> None:
        self.folder = folder
        self.factc = factc
        (folder / "job.fact").write_text(JOB)

    def run(self, ends: str, *options: str) -> None:
        """g: a run that goes well, b: one that does not; a capital one writes 200 KB."""
        for end in ends:
            for name, wanted in (("wrong", end in "bB"), ("big", end in "GB")):
                (self.folder / name).touch() if wanted else (self.folder / name).unlink(missing_ok=True)
            ran = self.factc("run", "job.fact", "--output", "quiet", *options)
            assert ran.code == (2 if end in "bB" else 0), ran

    @property
    def kept(self) -> str:
        lines = self.factc("runs", "--format", "json").out.splitlines()
        return "".join({"succeeded": "g", "failed": "b"}[json.loads(line)["outcome"]] for line in reversed(lines))


@pytest.fixture
def place(tmp_path: Path, factc: Factc) -> Place:
    return Place(tmp_path, factc)


@pytest.mark.parametrize(
    ("ends", "keep", "kept"),
    [
        ("gbbb", 2, "gbb"),
        ("bgggg", 2, "bgg"),
        ("gbgb", 3, "bgb"),
        ("ggg", 0, "g"),
        ("gb", 0, "gb"),
    ],
)
def test_the_newest_stay_and_the_last_of_each_kind(place: Place, ends: str, keep: int, kept: str) -> None:
    place.run(ends, "--keep", str(keep))
    assert place.kept == kept


@pytest.mark.parametrize(
    ("ends", "limit", "kept"),
    [("GBBB", "500K", "gbb"), ("ggg", "1G", "ggg"), ("GBGB", "0", "gb")],
)
def test_so_many_bytes_stay_the_newest_first(place: Place, ends: str, limit: str, kept: str) -> None:
    place.run(ends, "--keep-size", limit)
    assert place.kept == kept


def test_either_limit_is_one(place: Place) -> None:
    place.run("GGGG", "--keep", "3", "--keep-size", "500K")
    assert place.kept == "gg"
    place.run("gg", "--keep", "2", "--keep-size", "1G")
    assert place.kept == "gg"


def test_prune_does_it_too(place: Place) -> None:
    place.run("BGGGG")
    would = place.factc("prune", "--keep-size", "500K", "--dry-run")
    assert (
        would.out.endswith("2 runs would go\n") and "stays: " in would.err and "the last one that failed" in would.err
    )
    assert place.kept == "bgggg"
    place.factc("prune", "--keep-size", "500K")
    assert place.kept == "bgg"
    place.factc("prune", "--keep", "1")
    assert place.kept == "g", "who prunes by hand says what goes"
    place.factc("prune", "--keep", "0")
    assert place.kept == ""
    assert "give --keep N, --older D, or both; or --keep-size SIZE" in place.factc("prune").err


def test_what_nobody_has_got_yet_stays(place: Place) -> None:
    place.run("g", "--webhook", "http://127.0.0.1:9/", "--webhook-drain", "0")
    place.run("ggg", "--keep", "1", "--keep-size", "1")
    assert place.kept == "gg" and json.loads(place.factc("runs", "--format", "json").out.splitlines()[1])["undelivered"]


def test_who_writes_a_size(place: Place) -> None:
    sizes = ["2G", "500m", "1.5K", "64", "0", "3T"]
    assert [size(text) for text in sizes] == [2 << 30, 500 << 20, 1536, 64, 0, 3 << 40]
    assert [bytes_written(size(text) or 0) for text in sizes] == ["2G", "500M", "1536", "64", "0", "3T"]
    for text in ("", "G", "2GB", "-1", "1.5", "1,5G", "²", "9" * 400, "1.G", ".5G"):
        assert size(text) is None, text
    for verb in (["run", "job.fact"], ["prune"]):
        refused = place.factc(*verb, "--keep-size", "2GB")
        assert refused.code == 3 and "`2GB` is no size: such as 2G, 500M, or bytes" in refused.err
    refused = place.factc("run", "job.fact", "--keep-size", "2G", "--no-record")
    assert refused.code == 3 and "--keep-size needs a state directory" in refused.err


def test_what_died_is_a_failure(place: Place) -> None:
    """Else a job that is killed every night would fill the disk."""
    place.run("g")
    (folder,) = (place.folder / ".factc/runs").iterdir()
    journal = folder / "events.ndjson"
    for digit in "12":
        other = folder.with_name(f"20250101T00000{digit}Z-{digit * 8}")
        other.mkdir(mode=0o700)
        header, *_ = journal.read_text().splitlines(keepends=True)
        run = json.loads(header)["run"]
        (other / "events.ndjson").write_text(header.replace(run, digit * 64))
        (other / "events.ndjson").chmod(0o600)
    assert [one["outcome"] for one in map(json.loads, place.factc("runs", "--format", "json").out.splitlines())].count(
        "died"
    ) == 2
    place.run("g", "--keep", "1")
    assert len(place.factc("runs").out.splitlines()) == 3
