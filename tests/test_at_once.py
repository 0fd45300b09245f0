"""The same run resumed twice, pruned and delivered, all at once: one wins, the others say so, and nothing runs twice."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from factc import api
from factc.diagnostic import RequestError
from factc.record import history
from factc.record.prune import GONE, STAYS, Pruning
from factc.record.statedir import StateDir
from factc.session.continuation import Earlier
from factc.webhooks.redelivery import Late
from tests import forked
from tests.conftest import environment
from tests.forked import Process

JOB = "job demo\n\ngood:\n    echo good >> ran\n\nbad: good\n    echo bad >> ran; test -e mended\n"
URL = "http://127.0.0.1:9/"  # nobody is there
HOME = StateDir(".factc")


@pytest.fixture
def failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> history.Recorded:
    """A run of which one task failed and one event is missing."""
    monkeypatch.chdir(tmp_path)
    return made(tmp_path)


def made(folder: Path) -> history.Recorded:
    (folder / "job.fact").write_text(JOB)
    (folder / "mended").unlink(missing_ok=True)
    api.run(api.compile("job.fact"), webhooks=[URL], webhook_drain=0)
    (folder / "mended").touch()
    (folder / "ran").unlink()
    return history.find(HOME, "last")


def test_who_gets_the_lock_looks_whether_the_run_was_continued_meanwhile(
    failed: history.Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second resume has looked already when the first one takes the lock, runs, and is done with it."""
    plan = api.compile("job.fact")
    real = Earlier._claimed

    def late(self: Earlier, *more: object) -> int:
        monkeypatch.setattr(Earlier, "_claimed", real)
        assert api.run(plan, resume="last").exit_code == 0
        return real(self, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Earlier, "_claimed", late)
    with pytest.raises(RequestError, match="has been continued already, by the run"):
        api.run(plan, resume="last")
    assert Path("ran").read_text() == "bad\n"


def test_a_run_that_is_being_continued_or_delivered_is_not_removed(failed: history.Recorded) -> None:
    def verdicts() -> list[tuple[str, str]]:
        return [(fate.verdict, fate.why) for fate in Pruning(HOME, 0, undelivered=True).fates()]

    busy = [(STAYS, "it is being continued, or its events are being delivered")]
    with Earlier(HOME, "last"):
        assert verdicts() == busy
        with pytest.raises(RequestError, match="is being continued or removed already"):
            Earlier(HOME, "last")
    with Late(failed):
        assert verdicts() == busy
        with pytest.raises(RequestError, match="are being delivered already"):
            Late(failed)
    assert verdicts() == [(GONE, "")]
    with pytest.raises(RequestError, match=r"removed|died before it began"):
        Late(failed)


def test_a_run_that_was_continued_while_runs_are_removed_stays(
    failed: history.Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that continues it has begun and ended after the names of all runs were read."""
    pruning = Pruning(HOME, 0, undelivered=True)
    fates = pruning._fate

    def late(*arguments: object) -> object:
        api.run(api.compile("job.fact"), resume="last")
        return fates(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pruning, "_fate", late)
    assert [fate.why for fate in pruning.fates()] == ["it has been continued just now"]


def test_a_run_that_is_removed_while_it_is_looked_at_is_not_continued(
    failed: history.Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Earlier._claimed

    def late(self: Earlier, folder: object, short: str) -> int:
        assert [fate.verdict for fate in Pruning(HOME, 0, undelivered=True).fates()] == [GONE]
        return real(self, folder, short)  # type: ignore[arg-type]

    monkeypatch.setattr(Earlier, "_claimed", late)
    with pytest.raises(RequestError, match="cannot be read: No such file"):
        Earlier(HOME, "last")


AT_ONCE = ["--webhook-drain", "0"]  # the receiver is dead: nobody waits for it


def rounds(folder: Path, count: int) -> None:
    winners = {"resume": 0, "prune": 0}
    for _ in range(count):
        run = made(folder)
        verbs = (
            ["resume", run.short, *AT_ONCE], ["resume", run.short, *AT_ONCE], ["prune", "--keep", "0", "--undelivered"],
            ["deliver", run.short, "--patience", "0"],
        )  # fmt: skip
        going = [
            Process(words, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for words in verbs
        ]  # fmt: skip
        said = [process.communicate(timeout=120)[0] for process in going]
        codes = [process.returncode for process in going]
        ran = Path("ran").read_text().split() if Path("ran").exists() else []
        told = (codes, said, ran)
        assert not any("Traceback" in text or "internal" in text for text in said), told
        assert codes[2] == 0 and codes[3] in (3, 6), told  # removed meanwhile, or its receiver is dead
        assert ran in (["bad"], []), told
        winning = [code == 0 for code in codes[:2]].count(True)
        assert winning == len(ran) and all(code in (0, 3, 4, 5, 6) for code in codes), told
        for code, text in zip(codes[:2], said[:2], strict=True):
            assert code == 0 or any(
                words in text for words in ("continued already", "or removed already", "no run in", "removed", "died before", "No such file")
            ), told  # fmt: skip
        winners["resume" if winning else "prune"] += 1
        rest = [json.loads(line) for line in api_runs(folder)]
        assert winning == 0 or any(one["continues"] == run.header.run for one in rest) or "removed: " in said[2], told
        for name in history.names(HOME):
            assert os.path.exists(f".factc/runs/{name}/events.ndjson"), "half a run is none"
        assert forked.run(["prune", "--keep", "0", "--undelivered"], b"", folder, environment()).returncode == 0
    print(winners)


def api_runs(folder: Path) -> list[str]:
    return forked.run(["runs", "--format", "json"], b"", folder, environment()).stdout.decode().splitlines()


def test_all_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rounds(tmp_path, 1)


@pytest.mark.large
def test_all_at_once_in_many_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rounds(tmp_path, 50)
