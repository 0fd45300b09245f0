"""The record of runs: what it holds, who may read it, and the verbs that list, show and remove runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from factc.record.journal_file import JournalFile, Locked, is_locked
from factc.record.statedir import Folder
from tests.conftest import Ran, environment
from tests.forked import Process
from tests.patience import until

Factc = Callable[..., Ran]

JOB = """\
job demo

good:
    echo fine

bad: good
    test -e mended

last: bad
    echo last
"""


@pytest.fixture
def job(tmp_path: Path) -> str:
    (tmp_path / "job.fact").write_text(JOB)
    return "job.fact"


def lines(folder: Path) -> list[dict[str, Any]]:
    """The journal of the only run there."""
    (path,) = folder.glob(".factc/runs/*/events.ndjson")
    return [json.loads(line) for line in path.read_text().splitlines()]


@contextmanager
def background(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run that goes on until the end of the block; it writes a file `ready` when it has begun."""
    process = Process(["run", *words], cwd=folder, env=environment(), stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        until(lambda: (folder / "ready").exists() or process.poll() is not None)
        assert process.poll() is None
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait()


# ---- the journal


def test_the_journal_says_what_happened(factc: Factc, tmp_path: Path, job: str) -> None:
    assert factc("run", job, "-j1", "--tag", "who,me", "--start", "good").code == 2
    header, *facts = lines(tmp_path)
    assert (header["journal"], header["job"], header["names"]) == (1, "demo", ["good", "bad", "last"])
    assert (header["host"], header["directory"]) == (os.uname().nodename, str(tmp_path))
    assert header["arguments"] == ["run", job, "-j1", "--tag", "who,me", "--start", "good"]
    assert (header["tags"], header["start"], len(header["run"])) == ({"who": "me"}, "good", 64)
    assert '"name": "demo"' in header["factfile"]
    assert header["plan"] in (next(tmp_path.glob(".factc/runs/*/plan.factotum"))).read_text()
    assert [fact["n"] for fact in facts] == list(range(1, len(facts) + 1))
    assert [fact["fact"] for fact in facts] == [
        "RunCreated", "RunStarted", "TaskStarted", "TaskEnded", "TaskStarted", "TaskEnded", "TaskSkipped", "RunFinished",
    ]  # fmt: skip
    assert facts[3]["stdout"] == "fine" and facts[5]["more"] and facts[6]["cause"] == "the task 'bad' failed"


def test_a_line_costs_little(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "many.fact").write_text("job many\n\n" + "".join(f"t{i}:\n    :\n\n" for i in range(300)))
    assert factc("run", "many.fact", "--output", "quiet").code == 0
    header, *facts = lines(tmp_path)
    names = sum(len(name) + 3 for name in header["names"])
    size = sum(map(len, next(tmp_path.glob(".factc/runs/*/events.ndjson")).read_text().splitlines()))
    assert (size - len(json.dumps(header["factfile"])) - names) / 300 < 600
    assert len(facts) == 603


def opened(path: Path) -> Folder:
    return Folder(str(path), os.open(path, os.O_RDONLY | os.O_DIRECTORY))


def test_a_torn_line_is_overlooked_by_readers_and_cut_by_the_next_writer(tmp_path: Path) -> None:
    with opened(tmp_path) as folder:
        first = JournalFile(folder, new=True)
        assert first.write(b'{"n":1}\n') and is_locked(folder)
        with pytest.raises(Locked):
            JournalFile(folder)
        first.close()
        assert is_locked(folder) is False
        path = tmp_path / "events.ndjson"
        path.write_bytes(path.read_bytes() + b'{"n":2,"fa')
        JournalFile(folder).close()
        assert path.read_bytes() == b'{"n":1}\n'


def test_a_journal_that_is_no_file_of_ours_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("")
    (tmp_path / "events.ndjson").symlink_to(tmp_path / "target")
    with opened(tmp_path) as folder, pytest.raises(OSError, match=r"symbolic link|Too many"):
        JournalFile(folder)


# ---- runs, show, prune


def test_runs_lists_what_ran(factc: Factc, tmp_path: Path, job: str) -> None:
    assert factc("runs").out == "no runs in .factc/runs\n"
    factc("run", job)
    (tmp_path / "mended").touch()
    factc("run", job)
    (tmp_path / "other.fact").write_text("job other\n\na:\n    exit 3\n")
    factc("run", "other.fact")
    told = [json.loads(line) for line in factc("runs", "--format", "json").out.splitlines()]
    assert [(one["job"], one["outcome"]) for one in told] == [
        ("other", "failed"), ("demo", "succeeded"), ("demo", "failed"),
    ]  # fmt: skip
    assert told[2]["tasks"] == {"succeeded": 1, "failed": 1, "skipped": 1}
    table = factc("runs").out.splitlines()
    assert len(table) == 4 and table[0].split() == ["RUN", "STARTED", "JOB", "OUTCOME", "TOOK", "TASKS"]
    assert "1 succeeded, 1 failed, 1 skipped" in table[3]
    assert len(factc("runs", "--failed").out.splitlines()) == 3
    assert len(factc("runs", "--job", "demo", "--last", "1").out.splitlines()) == 2


def test_show_tells_the_account_of_a_run_and_the_log_of_a_task(factc: Factc, tmp_path: Path, job: str) -> None:
    factc("run", job)
    (directory,) = (tmp_path / ".factc/runs").iterdir()
    run = json.loads(factc("runs", "--format", "json").out)["run"]
    for word in ("last", "last-failed", run, run[:4], directory.name, directory.name[:17]):
        shown = factc("show", word)
        assert shown.code == 0 and "failed: 1 succeeded, 1 failed, 1 skipped" in shown.out, word
        assert f"to go on: factc resume {run[:8]}" in shown.out
    assert factc("show", "last", "good").out == "fine\n"
    assert "'last' did not run: the task 'bad' failed" in factc("show", "last", "last").err
    assert "did you mean 'good'?" in factc("show", "last", "goob").err
    assert factc("show", "nothing").code == 3
    states = json.loads(factc("show", "last", "--format", "json").out)["states"]
    assert [state["state"] for state in states] == ["succeeded", "failed", "skipped"]


def test_a_run_that_died_is_told_from_one_that_runs(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "long.fact").write_text("job long\n\na:\n    touch ready; exec sleep 60\n")
    with background(tmp_path, "long.fact") as process:
        assert json.loads(factc("runs", "--format", "json").out)["outcome"] == "running"
        assert "still runs" in factc("resume", "last").err
        assert factc("prune", "--keep", "0").out == "0 runs removed\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert json.loads(factc("runs", "--format", "json").out)["outcome"] == "died"
        assert "was running when the run died" in factc("show", "last").out


def test_prune_and_keep(factc: Factc, tmp_path: Path, job: str) -> None:
    (tmp_path / "mended").touch()
    for _ in range(3):
        assert factc("run", job).code == 0
    assert factc("prune").code == 3
    assert factc("prune", "--keep", "1", "--older", "1d").out == "0 runs removed\n"
    assert factc("prune", "--keep", "1", "--dry-run").out.endswith("2 runs would go\n")
    assert len(list((tmp_path / ".factc/runs").iterdir())) == 3
    assert factc("run", job, "--keep", "2").code == 0
    assert len(list((tmp_path / ".factc/runs").iterdir())) == 2
    (tmp_path / "mended").unlink()
    assert factc("run", job, "--keep", "1").code == 2
    assert len(list((tmp_path / ".factc/runs").iterdir())) == 2, "the last success stays"
    assert factc("prune", "--older", "0s").out.endswith("2 runs removed\n")
    assert list((tmp_path / ".factc/runs").iterdir()) == []


def test_a_job_or_its_file_in_the_place_of_a_run_is_understood(factc: Factc, tmp_path: Path, job: str) -> None:
    assert factc("runs", "--job", "x").out == "no runs of 'x' in .factc/runs\n"
    name = factc("list", job).out.split()[0]
    factc("run", job)
    assert (
        factc("runs", "--job", f"{name}x").out == f"no runs of '{name}x' in .factc/runs; there are some of '{name}'\n"
    )
    for verb in ("show", "events", "resume", "deliver"):
        for word in (name, job, str(tmp_path / job)):
            ran = factc(verb, word)
            assert ran.code == 3 and f"  help: factc runs --job {name} lists the runs of that job\n" in ran.err, ran
        assert "  help: `factc runs` lists them" in factc(verb, "nothing").err


def test_options_of_show_that_do_not_go_together_are_said(factc: Factc, job: str) -> None:
    factc("run", job)
    name = factc("list", job, "--format", "json").out
    task = json.loads(name)["tasks"][0]["name"]
    for words, said in (
        ([task, "--stats"], "--stats is about a whole run"), ([task, "--format", "json"], "--format json is about a whole run"),
        (["--attempt", "1"], "--attempt is about a task"), ([task, "--summary"], "--summary is a text about a whole run"),
        (["xyzzy"], "no task of the run "),
    ):  # fmt: skip
        ran = factc("show", "last", *words)
        assert (ran.code, ran.out) == (3, "") and f"factc: {said}" in ran.err and "\n  help: " in ran.err, ran
    ran = factc("events", "last", "--endpoint", "2")
    assert ran.code == 3 and "has 0 webhooks, no number 2\n  help: without --endpoint" in ran.err


def test_prune_takes_what_died_before_it_began(factc: Factc, tmp_path: Path) -> None:
    for name in ("20260131T020000Z-00000000", "20260131T020000Z-11111111"):
        (tmp_path / ".factc/runs" / name / "logs").mkdir(parents=True)
        (tmp_path / ".factc/runs" / name / "events.ndjson").write_bytes(b'{"journal":1,"ru')
    os.utime(tmp_path / ".factc/runs/20260131T020000Z-00000000", (0, 0))
    assert factc("runs").out == "no runs in .factc/runs\n"
    pruned = factc("prune", "--keep", "5").out
    assert pruned == "removed: 20260131T020000Z-00000000  died before it began\n1 run removed\n"


def test_a_damaged_journal_is_said_and_hides_no_other_run(factc: Factc, tmp_path: Path, job: str) -> None:
    (tmp_path / "empty.fact").write_text("job empty\n")
    assert factc("run", "empty.fact").code == 0 and factc("run", job).code == 2
    assert [row.split()[3] for row in factc("runs").out.splitlines()[1:]] == ["demo", "empty"]
    newest = tmp_path / ".factc/runs/99990131T020000Z-00000000"
    newest.mkdir()
    for text in (
        b'{"journal":1}\n',
        b'{"journal":1,"run":"r","job":"j","reference":"x","at":1e300,"tags":{}}\n',
        b"[]\n",
    ):
        (newest / "events.ndjson").write_bytes(text)
        listed = factc("runs")
        assert (listed.code, len(listed.out.splitlines())) == (0, 3) and "is damaged: line 1" in listed.err, listed
        for words in (["show", "last"], ["resume"], ["events", "last"], ["deliver", "--all"], ["show", newest.name]):
            ran = factc(*words)
            assert ran.code == 3 and "is damaged" in ran.err, (words, ran)
    (newest / "events.ndjson").unlink()
    os.mkfifo(newest / "events.ndjson")
    assert "it is no file" in factc("show", "last").err


# ---- one at a time


def test_exclusive(factc: Factc, tmp_path: Path, job: str) -> None:
    (tmp_path / "long.fact").write_text("job long\n\nparam x = 1\n\na:\n    touch ready; sleep 60; : {{x}}\n")
    with background(tmp_path, "long.fact", "--exclusive") as process:
        ran = factc("run", "long.fact", "--exclusive")
        assert factc("run", "long.fact", "--exclusive", "--wait", "100ms").code == 4
        assert ran.code == 4 and f"pid {process.pid} on {os.uname().nodename}, since 20" in ran.err
        assert factc("run", job, "--exclusive").code == 2, "another job is free to run"
        assert factc("run", job, "--exclusive=x").code == 2
        process.kill()
        process.wait()
        (tmp_path / "long.fact").write_text("job long\n\nparam x = 1\n\na:\n    : {{x}}\n")
    assert factc("run", "long.fact", "--exclusive").code == 0
    assert factc("run", "--exclusive", "long.fact", "--no-record").code == 3
    assert factc("run", "long.fact", "--wait", "1s").code == 3
    (tmp_path / "short.fact").write_text("job s\na:\n    touch ready2; sleep 0.7\n")
    first = subprocess.Popen(
        [sys.executable, "-m", "factc", "run", "short.fact", "--exclusive"], cwd=tmp_path, env=environment()
    )
    while not (tmp_path / "ready2").exists() and first.poll() is None:
        time.sleep(0.01)
    assert factc("run", "short.fact", "--exclusive", "--wait", "1m").code == first.wait() == 0


def test_the_same_key_is_the_same_job(factc: Factc, tmp_path: Path, job: str) -> None:
    (tmp_path / "long.fact").write_text("job long\n\na:\n    touch ready; sleep 60\n")
    with background(tmp_path, "long.fact", "--exclusive=nightly"):
        assert factc("run", job, "--exclusive=nightly").code == 4
        assert factc("run", job, "--exclusive").code == 2


# ---- where nothing can be written


def test_places_that_cannot_be_written(factc: Factc, tmp_path: Path, job: str) -> None:
    (tmp_path / "file").write_text("")
    ran = factc("run", job, "--state-dir", "file")
    assert ran.code == 3 and "the run cannot be recorded in file" in ran.err and "--no-record" in ran.err
    assert ran.out == "", "nothing has run"


def test_a_journal_that_is_deleted_in_the_middle(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "gone.fact").write_text(
        "job gone\n\na:\n    rm .factc/runs/*/events.ndjson; sleep 1.3\n\nb: a\n    touch ran\n"
    )
    ran = factc("run", "gone.fact")
    assert ran.code == 3 and "it was deleted; what runs goes on, nothing new starts" in ran.err
    assert not (tmp_path / "ran").exists()


CHANGES = {"truncated": ": >$J", "cut": "head -c 100 $J >x; cat x >$J", "rewritten": "cp $J x; tr e i <x >$J",
           "appended to": "echo >>$J"}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_journal_that_is_changed_in_the_middle(factc: Factc, tmp_path: Path, change: str) -> None:
    """By who rotates logs, or by an editor: what was written is not there any more, whatever the tasks made."""
    text = f"job j\n\na:\n    J=$(echo .factc/runs/*/events.ndjson); {CHANGES[change]}\n"
    (tmp_path / "job.fact").write_text(text)
    ran = factc("run", "job.fact")
    cut, written = "somebody cut it", "somebody else has written to it"
    # Who rewrites it cuts it first: a line that comes just then sees that.
    words = {"appended to": [written], "rewritten": [written, cut]}.get(change, [cut])
    assert ran.code == 3 and any(one in ran.err for one in words), ran


def test_a_whole_record_that_is_deleted_in_the_middle(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "gone.fact").write_text(
        "job gone\n\na:\n    rm -r .factc; echo said; sleep 0.1\n\nb: a\n    touch ran\n"
    )
    ran = factc("run", "gone.fact")
    assert ran.code == 3 and "cannot be written" in ran.err and "[a] said" in ran.out


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write everywhere")
def test_a_state_directory_that_is_read_only(tmp_path: Path, job: str) -> None:
    command = [sys.executable, "-m", "factc", "run", job]
    if os.geteuid() == 0:  # root without its powers
        command = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", *command]
    (tmp_path / ".factc").mkdir()
    (tmp_path / ".factc").chmod(0o500)
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    (tmp_path / ".factc").chmod(0o700)
    assert done.returncode == 3 and "cannot be recorded in .factc: Permission denied" in done.stderr
