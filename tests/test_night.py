"""The operator's night: cron and systemd start a run, nobody sits there, and one mail says all or none is sent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran, environment
from tests.forked import Process
from tests.pages import blocks
from tests.receiver import Receiver

Factc = Callable[..., Ran]

PAGE = ROOT / "docs" / "operate.md"
BARE = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
JOB = """\
job nightly

fetch:
    echo "fetching"

load: fetch
    echo "connecting" >&2; echo "no answer from db" >&2; test -e db-is-up || exit 7

report: load
    echo "reported"
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """factc as it is installed: a program of that name, in a folder that is on nobody's PATH."""
    path = tmp_path / "opt" / "factc"
    path.parent.mkdir()
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom factc.cli import main\nsys.exit(main())\n"
    )
    path.chmod(0o755)
    return path


def mail(line: str, **more: str) -> tuple[int, str]:
    """What cron would send of a line of a crontab, and the line's exit code: a bare environment, no terminal, cwd elsewhere."""
    done = subprocess.run(
        ["/bin/sh", "-c", line], env={**BARE, **more}, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout.decode()


def test_a_night_under_cron(tmp_path: Path, program: Path) -> None:
    """A failure is one mail that says what, why, the last lines, where the log is and how to go on; a success is none."""
    place = tmp_path / "srv it's" / "nightly"
    place.mkdir(parents=True)
    (place / "nightly.fact").write_text(JOB)
    line = f"'{program}' run -C '{tmp_path}/srv it'\\''s/nightly' nightly.fact --output quiet --exclusive --keep 30"
    code, text = mail(line)
    assert code == 2, text
    assert re.search(r"(?m)^failed  load after \d+ms: exit code 7$", text)
    assert "        | connecting\n        | no answer from db\n" in text and "        blocked: report\n" in text
    (log,) = re.findall(r"log: (.*)", text)
    assert (
        subprocess.run(["sh", "-c", f"cat {log}"], cwd="/", capture_output=True).stdout
        == b"connecting\nno answer from db\n"
    )
    assert log.startswith("'/") and len(re.findall("log: ", text)) == 1
    *_, last = text.splitlines()
    assert last.startswith(f"to go on: {program} resume ") and f"--state-dir '{tmp_path}" in last
    (place / "db-is-up").touch()
    assert mail(last.removeprefix("to go on: ")) == (0, ""), "the line goes on, as silent as the run was to be"
    assert (place / ".factc").is_dir() and mail(line) == (0, "")


def test_the_crontab_of_the_page(tmp_path: Path, program: Path) -> None:
    (crontab,) = (block.text for block in blocks(PAGE) if block.file == "crontab")
    variables = dict(re.findall(r"(?m)^([A-Z]+)=(.*)$", crontab))
    (line,) = re.findall(r"(?m)^\d+ \d+ \* \* \* (.*)$", crontab)
    (tmp_path / "nightly.fact").write_text(JOB)
    line = line.replace("/srv/nightly", str(tmp_path))
    path = variables["PATH"].replace("/opt/factc/bin", str(program.parent))
    code, text = mail(line, PATH=path)
    *_, last = text.splitlines()
    assert code == 2 and last.startswith(f"to go on: {program} resume ") and " --keep-size 2G " in last
    (tmp_path / "db-is-up").touch()
    assert mail(last.removeprefix("to go on: ")) == (0, ""), "by who has not the PATH of the crontab"
    assert mail(line, PATH=path) == (0, "")


def test_the_units_of_the_page(tmp_path: Path, program: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not on this machine")
    units = [block for block in blocks(PAGE) if block.language == "ini"]
    for block in units:
        text = block.text.replace("/opt/factc/bin/factc", str(program)).replace("User=nightly", "User=root")
        (tmp_path / block.file).write_text(text)
    instances = [block.file.replace("@.", "@last-died.") for block in units]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *instances], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:/lib/systemd/system:/etc/systemd/system"},
    )  # fmt: skip
    assert not [line for line in done.stderr.splitlines() if str(tmp_path) in line or "last-died" in line], done.stderr


def test_the_services_of_the_page_do_what_they_say(tmp_path: Path, program: Path) -> None:
    """As systemd starts them: a run that died is gone on with, and then there is nothing to go on with."""
    (tmp_path / "nightly.fact").write_text(JOB)
    (tmp_path / "db-password").write_text("a long secret")
    files = {block.file: block.text for block in blocks(PAGE) if block.language == "ini"}
    starts = {name: re.findall(r"(?m)^ExecStart=(.*)$", text) for name, text in files.items()}
    env = {"FACTC_STATE_DIR": str(tmp_path / "state"), "CREDENTIALS_DIRECTORY": str(tmp_path)}

    def start(unit: str, instance: str = "") -> tuple[int, str]:
        (line,) = starts[unit]
        return mail(
            f"cd '{tmp_path}' && {line.replace('/opt/factc/bin/factc', str(program)).replace('%i', instance)}", **env
        )

    assert (
        start("nightly-resume@.service", "last-died")[0] == 5
        and "SuccessExitStatus=5\n" in files["nightly-resume@.service"]
    )
    assert start("nightly.service")[0] == 2
    assert start("nightly-resume@.service", "last-died")[0] == 5
    (tmp_path / "db-is-up").touch()
    assert start("nightly-resume@.service", "last-failed") == (0, "")
    assert start("nightly.service") == (0, "")


# ---- quiet


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "job.fact").write_text(JOB)
    (tmp_path / "db-is-up").touch()
    return tmp_path


def test_nothing_is_said_of_a_success(factc: Factc, job: Path) -> None:
    """Whatever there would be to say: warnings, what is carried over, what was chosen, left running, kept from here."""
    quiet = ["--output", "quiet"]
    (job / "db-is-up").unlink()
    factc("run", "job.fact")
    factc("run", "job.fact", "--tag", "a,b")
    (job / "db-is-up").touch()
    (job / "left.fact").write_text(
        "job left\n\na:\n    sleep 3 >/dev/null 2>&1 &\n\n[noop 3]\nb:\n    exit 3\n\nc: b\n    true\n"
    )
    (job / "warned.fact").write_text("job warned\n\nparam unused = 1\n\na:\n    true\n")
    cases: list[list[str]] = [
        ["run", "job.fact", "--tag", "a-b,1", "--tag", "a_b,2"], ["resume", "--tag", "x,y"], ["run", "job.fact", "--resume", "last-failed"],
        ["run", "left.fact"], ["run", "warned.fact", "--env", '{"unknown": 1}'], ["run", "job.fact", "--constraint", "host,elsewhere.invalid"],
        ["run", "job.fact", "--webhook", "http://127.0.0.1:9/", "--webhook-drain", "0"], ["run", "job.fact", "--no-record"],
        ["run", "job.fact", "--keep", "1"],
    ]  # fmt: skip
    for words in cases:
        ran = factc(*words, *quiet)
        assert (ran.code, ran.out, ran.err) == (0, "", ""), (words, ran)


def test_a_terminal_shows_nothing_either(job: Path) -> None:
    from tests.screen import Terminal

    (job / "job.fact").write_text("job slow\n\na:\n    sleep 0.5; echo out; echo err >&2\n")
    assert Terminal(job, "run", "job.fact", "--output", "quiet").end() == (0, "")


def test_what_would_have_been_said_is_said_beside_a_failure(factc: Factc, job: Path) -> None:
    (job / "db-is-up").unlink()
    (job / "job.fact").write_text(JOB.replace('echo "fetching"', "sleep 2 >/dev/null 2>&1 &"))
    ran = factc("run", "job.fact", "--output", "quiet", "--tag", "a-b,1", "--tag", "a_b,2")
    assert ran.code == 2 and ran.out == "" and "FACTC_TAG_a_b" in ran.err.splitlines()[0], ran
    assert "the task 'fetch' left" in ran.err
    again = factc("resume", "--output", "quiet")
    assert again.err.startswith("continues the run ") and "  carried over: fetch\n" in again.err
    refused = factc("resume", "last-failed", "--output", "quiet", "--pool", "none=1")
    assert refused.code == 3 and "no pool `none`" in refused.err


def test_a_command_that_needs_a_url_that_no_record_holds_says_so(factc: Factc, job: Path) -> None:
    """Each line that is to be pasted, at the end of the run and in `show`; what was put in goes through."""
    (job / "db-is-up").unlink()
    whole, plain = "http://u:hush-hush@127.0.0.1:9/x?k=hush-hush", "http://127.0.0.1:9/y"
    words = ["--webhook-drain", "0", "--output", "quiet"]
    ran = factc("run", "job.fact", "--webhook", whole, "--webhook", plain, *words)
    assert ran.code == 2 and "hush" not in ran.err
    note = "with the whole URL of http://127.0.0.1:9/x"
    for text, starts in (
        (ran.err, ("to go on", "later")),
        (factc("show", "last").out, ("to go on", "to send the missing events")),
    ):
        for start in starts:
            (found,) = set(re.findall(rf"{start}, {note}: factc (.*)", text))
            assert found.endswith(" --webhook URL") and found.count("URL") == 1
            refused = factc(*found.split())
            assert (
                refused.code == 3 and "no URL that was given is that of the webhook http://127.0.0.1:9/x" in refused.err
            )
            done = factc(
                *found.replace("URL", whole).split(), *(["--patience", "0"] if "deliver" in found else ["--dry-run"])
            )
            assert done.code == (6 if "deliver" in found else 0), done
    (job / "job.fact").write_text(JOB + "\n# changed\n")
    assert re.search(rf"job.fact has changed since, {note}: factc run .* --webhook URL\n", factc("show", "last").out)


def test_required_events_and_a_broken_record_are_no_success(factc: Factc, job: Path) -> None:
    words = ["run", "job.fact", "--output", "quiet", "--webhook", "http://127.0.0.1:9/", "--webhook-drain", "0"]
    ran = factc(*words, "--webhook-required")
    assert ran.code == 6 and "nightly: succeeded after " in ran.err and "later: factc deliver " in ran.err
    assert "with the whole URL" not in ran.err
    (job / "job.fact").write_text(JOB + "\nbreak:\n    rm -r .factc/runs\n")
    ran = factc("run", "job.fact", "--output", "quiet", "-j1")
    assert ran.code == 3 and "it was deleted" in ran.err and "nightly: " in ran.err


def test_figures_are_asked_for(factc: Factc, job: Path) -> None:
    ran = factc("run", "job.fact", "--output", "quiet", "--stats")
    assert ran.code == 0 and "nightly: succeeded after " in ran.err and "critical path" in ran.err
    dry = factc("run", "job.fact", "--output", "quiet", "--dry-run")
    assert dry.out.startswith("TASK ") and dry.err == "dry run: nothing was executed; nightly would run 3 tasks\n"


def test_the_receiver_is_waited_for_in_silence(factc: Factc, job: Path) -> None:
    with Receiver() as receiver:
        ran = factc("run", "job.fact", "--output", "quiet", "--webhook", receiver.url)
        assert (ran.code, ran.out, ran.err) == (0, "", "") and receiver.requests


# ---- who waits says for whom


@pytest.mark.parametrize("mode", ["stream", "quiet"])
def test_a_wait_for_another_run_is_said_once(job: Path, mode: str) -> None:
    (job / "job.fact").write_text("job long\n\na:\n    touch ready; while test ! -e go; do sleep 0.05; done\n")
    words = ["run", "job.fact", "--exclusive", "--output", mode]
    first = Process(words, cwd=job, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (job / "ready").exists():
        time.sleep(0.02)
    second = Process([*words, "--wait", "1m"], cwd=job, env=environment(), stderr=subprocess.PIPE)
    assert second.stderr
    if mode == "stream":
        said = second.stderr.readline().decode()
        assert re.search(
            r"factc: this job runs already: run \w{8}, pid \d+ on .*, since .*: waiting up to 1m for it to end$",
            said.rstrip(),
        )
    (job / "go").touch()
    assert first.wait(30) == 0 and second.wait(30) == 0
    rest = second.stderr.read().decode()
    assert "waiting" not in rest and (mode == "stream" or rest == "")
    for stream in (first.stdout, first.stderr, second.stderr):
        assert stream
        stream.close()


# ---- a working directory that is gone

VERBS = [
    ["run", "job.fact"], ["run", "/nowhere/job.fact"], ["validate", "job.fact"], ["plan", "job.fact"], ["list", "job.fact"], ["dot", "job.fact"],
    ["compile", "job.fact", "-o", "x"], ["fmt", "job.fact"], ["resume"], ["runs"], ["show", "last"], ["events", "last"], ["deliver", "--all"],
    ["prune", "--keep", "1"], ["runs", "--state-dir", "sub/state"], ["run", "job.fact", "--state-dir", "../state"],
]  # fmt: skip


@pytest.fixture
def gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    return folder


def test_a_deleted_working_directory_is_said_to_be_that(gone: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from factc.cli import main

    for words in VERBS:
        assert main(words) == 3, words
        assert capfd.readouterr().err.startswith(
            "factc: the working directory has been deleted\n  help: cd to a folder"
        ), words
        assert main([*words, "-C", "sub"]) == 3
        assert "has been deleted: -C sub leads nowhere" in capfd.readouterr().err, words
    for words in (["--version"], ["--help"], ["completion", "bash"], ["complete", "run", ""]):
        assert main(words) == 0, words


def test_who_goes_elsewhere_needs_none(gone: Path, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    pwd\n")
    done = subprocess.run(
        ["sh", "-c", f"cd '{tmp_path}' && mkdir gone && cd gone && rmdir ../gone && exec '{sys.executable}' -m factc run -C '{tmp_path}' job.fact"],
        env=environment(), cwd="/", capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout == f"[a] {tmp_path.resolve()}\n", done
