"""`factc run`: outcomes, exit codes, order, limits, signals, and what it leaves on disk."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran, environment
from tests.forked import Process
from tests.jobs import FACTC, factfile, task
from tests.patience import PATIENCE, until_there

Factc = Callable[..., Ran]


def write(tmp_path: Path, *tasks: dict[str, object], **more: object) -> str:
    (tmp_path / "job.factfile").write_text(factfile(*tasks, **more))  # type: ignore[arg-type]
    return "job.factfile"


def test_output_goes_to_the_stream_it_was_written_to(factc: Factc, tmp_path: Path) -> None:
    ran = factc("run", write(tmp_path, task("a", "echo out; echo err >&2")))
    assert (ran.code, ran.out) == (0, "[a] out\n")
    assert "[a] err\n" in ran.err


@pytest.mark.parametrize(
    ("command", "ok", "noop", "code"),
    [
        ("exit 0", [0], [], 0),
        ("exit 3", [0], [3], 0),
        ("exit 3", [0, 3], [], 0),
        ("exit 1", [0], [], 2),
        ("exit 0", [1], [], 2),
        ("kill -9 $$", [0], [], 2),
        ("kill -9 $$", [0, 137], [], 0),
        ("kill -9 $$", [0], [1], 2),
        ("/nowhere/at/all", [0], [], 2),
    ],
)
def test_exit_codes(factc: Factc, tmp_path: Path, command: str, ok: list[int], noop: list[int], code: int) -> None:
    assert factc("run", write(tmp_path, task("a", command, ok=ok, noop=noop))).code == code


def test_the_rest_goes_on_after_a_failure_and_skips_say_why(factc: Factc, tmp_path: Path) -> None:
    job = write(
        tmp_path, task("apple", "exit 1"), task("turnip", "sleep 0.2; exit 4", noop=[4]),
        task("egg", "echo egg", "apple", "turnip"), task("other", "echo other"),
    )  # fmt: skip
    ran = factc("run", job)
    assert (ran.code, ran.out) == (2, "[other] other\n")
    assert "the task 'apple' failed, the task 'turnip' requested early termination" in ran.err
    assert "exit code 1" in ran.err


def test_a_signal_is_named_in_the_reason(factc: Factc, tmp_path: Path) -> None:
    ran = factc("run", write(tmp_path, task("a", "kill -9 $$")))
    assert "exit code 137 (128+9, as by SIGKILL)" in ran.err


def test_an_empty_job_succeeds(factc: Factc, tmp_path: Path) -> None:
    assert factc("run", write(tmp_path)).code == 0


def test_jobs_limits_the_tasks_at_once(factc: Factc, tmp_path: Path) -> None:
    script = "mkdir lock.d 2>/dev/null || touch clash; sleep 0.05; rmdir lock.d 2>/dev/null; true"
    job = write(tmp_path, *(task(f"t{i}", script) for i in range(6)))
    assert factc("run", job, "-j1").code == 0 and not (tmp_path / "clash").exists()
    assert factc("run", job, env={"FACTC_JOBS": "1"}).code == 0 and not (tmp_path / "clash").exists()
    assert factc("run", job, "-j", "6").code == 0 and (tmp_path / "clash").exists()
    for bad in (["-j0"], ["-jx"], ["--jobs=-1"]):
        assert factc("run", job, *bad).code == 3
    assert factc("run", job, env={"FACTC_JOBS": "many"}).code == 3


def test_tasks_start_in_the_order_that_plan_shows(factc: Factc, tmp_path: Path) -> None:
    tasks = [task("short", "echo short"), task("long", "echo long"), task("longer", "echo longer", "long")]
    assert factc("run", write(tmp_path, *tasks), "-j1").out == "[long] long\n[short] short\n[longer] longer\n"


def test_what_ends_at_once_frees_its_slot(factc: Factc, tmp_path: Path) -> None:
    """A milestone, and a task that could not start, with one slot and more to do."""
    tasks = [
        {"name": "all"},
        {"name": "lost", "command": "true", "directory": "none"},
        {"name": "last", "command": "echo"},
    ]
    (tmp_path / "job.factfile").write_text(json.dumps({"schema": FACTC, "data": {"name": "j", "tasks": tasks}}))
    for words in (["-j1"], ["--levels", "-j1"], ["-j2"], []):
        ran = factc("run", "job.factfile", *words)
        assert ran.code == 2 and "2 succeeded, 1 failed" in ran.err, ran


def test_levels_hold_back_what_depends_on_nothing_slow(factc: Factc, tmp_path: Path) -> None:
    job = write(
        tmp_path, task("slow", "sleep 0.3; touch made"), task("quick", "true"), task("next", "test -e made", "quick")
    )
    assert factc("run", job).code == 2
    (tmp_path / "made").unlink()
    assert factc("run", job, "--levels").code == 0


def test_fail_fast_starts_nothing_new(factc: Factc, tmp_path: Path) -> None:
    tasks = [task("bad", "exit 1"), *(task(f"t{i}", f"sleep 0.1; echo {i}", *([f"t{i - 1}"] if i else []))
                                      for i in range(4))]  # fmt: skip
    job = write(tmp_path, *tasks)
    ran = factc("run", job, "--fail-fast", "-j2")
    assert ran.code == 2 and "[t0] 0" in ran.out and "[t3]" not in ran.out
    assert "--fail-fast" in ran.err or "first failure" in ran.err


def test_tasks_see_the_run_and_its_tags(factc: Factc, tmp_path: Path) -> None:
    show = 'echo "$FACTC_TASK $FACTC_ATTEMPT $FACTC_TAG_a_b_c ${#FACTC_RUN}"'
    ran = factc("run", write(tmp_path, task("näme", show)), "--tag", "a-b.c=1=2")
    assert ran.out == "[näme] näme 1 1=2 64\n"


def test_directory_environment_shell_and_exec(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    tasks = [
        {"name": "where", "script": "pwd | sed 's|.*/||'; echo $GREETING", "directory": "sub",
         "environment": {"GREETING": "{{word}}"}},
        {"name": "direct", "executor": "exec", "command": "printf", "arguments": ["%s\\n", "$HOME {{word}}"]},
        {"name": "bash", "shell": "bash", "script": "false | true"},
        {"name": "strict", "script": "false\ntrue"},
        {"name": "milestone", "dependsOn": ["where"]},
    ]  # fmt: skip
    ran = factc("run", write(tmp_path, *tasks, schema=FACTC), "--set", "word=it's", "-j1")
    assert ran.code == 2
    assert ran.out == "[where] sub\n[where] it's\n[direct] $HOME it's\n"
    states = dict(line.split("] ", 1) for line in ran.err.splitlines() if line.startswith("["))
    assert "[bash" not in states or states


def test_standard_input_of_tasks_is_empty(factc: Factc, tmp_path: Path) -> None:
    assert factc("run", write(tmp_path, task("a", "cat; echo end")), input="not for you").out == "[a] end\n"


def test_the_job_may_come_from_standard_input(factc: Factc) -> None:
    assert factc("run", "-", "--no-record", input=factfile(task("a", "cat; echo hi"))).out == "[a] hi\n"


def test_the_record(factc: Factc, tmp_path: Path) -> None:
    job = write(tmp_path, task("a b/../c", "echo out; echo err >&2"), task("silent", "true"))
    os.umask(0o022)
    assert factc("run", job, "--output", "quiet").code == 0
    (run,) = (tmp_path / ".factc/runs").iterdir()
    assert sorted(p.name for p in (run / "logs").iterdir()) == ["0001-a-b-c.err", "0001-a-b-c.out"]
    assert (run / "logs/0001-a-b-c.out").read_text() == "out\n"
    assert json.loads((run / "plan.factotum").read_text())["data"]["name"] == "a job"
    assert (tmp_path / ".factc/.gitignore").read_text() == "*\n"
    for path in [tmp_path / ".factc", *(tmp_path / ".factc").rglob("*")]:
        mode = path.stat().st_mode & 0o777
        is_program = path == run / "factc"  # what tasks have in FACTC
        assert mode == (0o700 if path.is_dir() or is_program else 0o600) or path.name == ".gitignore", path


def test_where_the_record_goes(factc: Factc, tmp_path: Path) -> None:
    job = write(tmp_path, task("a", "echo x"))
    assert factc("run", job, "--no-record").code == 0 and not (tmp_path / ".factc").exists()
    assert factc("run", job, "--dry-run").code == 0 and not (tmp_path / ".factc").exists()
    assert factc("run", job, "--state-dir", "there").code == 0 and (tmp_path / "there/runs").is_dir()
    assert factc("run", job, env={"FACTC_STATE_DIR": "env"}).code == 0 and (tmp_path / "env/runs").is_dir()
    (tmp_path / "file").write_text("")
    ran = factc("run", job, "--state-dir", "file/x")
    assert ran.code == 3 and "--no-record" in ran.err and ran.out == ""


def test_the_recorded_plan_can_be_run_again(factc: Factc, tmp_path: Path) -> None:
    job = write(tmp_path, task("a", "echo", arguments=["{{x}}"]))
    assert factc("run", job, "--set", "x=1 $y").out == "[a] 1 $y\n"
    (run,) = (tmp_path / ".factc/runs").iterdir()
    assert factc("run", run / "plan.factotum").out == "[a] 1 $y\n"


def test_dry_run_executes_nothing_and_shows_everything(factc: Factc, tmp_path: Path) -> None:
    job = write(tmp_path, task("b", "touch ran", "a", ok=[5]), task("a", "touch", arguments=["ran {{x}}"]))
    ran = factc("run", job, "--dry-run", "--set", "x=$HOME")
    assert ran.code == 0 and not (tmp_path / "ran").exists()
    assert 'touch "ran \\$HOME"' in ran.out and ran.out.index("ran \\$HOME") < ran.out.rindex("touch ran")
    assert ran.err == "dry run: nothing was executed; a job would run 2 tasks\n"


def test_a_constraint(factc: Factc, tmp_path: Path) -> None:
    job = write(tmp_path, task("a", "echo ran"))
    host = os.uname().nodename
    for name in ("*", host, host.upper(), host.split(".")[0], "127.0.0.1", "localhost"):
        assert factc("run", job, "--constraint", f"host,{name}").out == "[a] ran\n", name
    ran = factc("run", job, "--constraint", "host,elsewhere.invalid")
    assert (ran.code, ran.out) == (0, "") and ran.err.startswith("Warn: ")
    assert factc("run", "missing.factfile", "--constraint", "host,elsewhere.invalid").code == 0
    assert factc("run", job, "--constraint", "host,elsewhere.invalid", "--constraint", "host,*").out == "[a] ran\n"
    ran = factc("run", job, "--constraint", "hots,x")
    assert ran.code == 3 and "did you mean `host`" in ran.err


def test_webhook_mistakes_come_before_anything_runs(factc: Factc, tmp_path: Path) -> None:
    job = write(tmp_path, task("a", "touch ran"))
    for options in (["--webhook", "ftp://x"], ["--webhook", "http://"], ["--webhook", "http://x", "--dry-run"],
                    ["--heartbeat-interval", "0"], ["--webhook-drain", "-1"], ["--max-stdouterr-size", "x"]):  # fmt: skip
        ran = factc("run", job, *options)
        assert ran.code == 3 and ran.err and not (tmp_path / "ran").exists(), options


class Background:
    """A run in a process of its own, to send signals to."""

    def __init__(self, tmp_path: Path, *options: str, **env: str) -> None:
        self.process = Process(
            ["run", "job.factfile", *options], cwd=tmp_path, env=environment(**env),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out.decode(), err.decode()


def alive(marker: str) -> bool:
    """Whether any process has the marker in its command line."""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return any(marker in line for line in found.splitlines())


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_stops_the_run_in_order(tmp_path: Path, number: int, code: int) -> None:
    sleeper = f"sleep 61.{int(number):03}"  # its own: these tests may run side by side
    write(
        tmp_path, task("long", f"touch ready; {sleeper} & wait"), task("after", "touch after", "long"),
        task("also", "trap 'echo cleaned; exit 0' TERM; touch too; while :; do sleep 0.02; done"),
    )  # fmt: skip
    run = Background(tmp_path)
    until_there(tmp_path / "ready")
    until_there(tmp_path / "too")
    started = time.monotonic()
    run.process.send_signal(number)
    got, out, err = run.end()
    assert got == code and time.monotonic() - started < PATIENCE
    assert "[also] cleaned" in out and not (tmp_path / "after").exists() and not alive(sleeper)
    name = signal.Signals(number).name
    assert f"the run was stopped by {name}" in err


def test_a_second_signal_kills_at_once(tmp_path: Path) -> None:
    write(tmp_path, task("stubborn", "trap '' TERM INT; touch ready; sleep 62.3; sleep 62.3"))
    run = Background(tmp_path)
    until_there(tmp_path / "ready")
    run.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert run.process.poll() is None
    run.process.send_signal(signal.SIGTERM)
    assert run.end()[0] == 143 and not alive("sleep 62.3")


def test_a_signal_that_was_ignored_stays_ignored(tmp_path: Path) -> None:
    write(tmp_path, task("a", "touch ready; sleep 0.5; echo done"))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run = Background(tmp_path)
    finally:
        signal.signal(signal.SIGHUP, before)
    until_there(tmp_path / "ready")
    run.process.send_signal(signal.SIGHUP)
    assert run.end()[:2] == (0, "[a] done\n")


def test_a_closed_reader_stops_nothing(tmp_path: Path) -> None:
    write(tmp_path, task("a", "i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done; sleep 0.3; echo more"),
          task("b", "touch done", "a"))  # fmt: skip
    run = Background(tmp_path)
    assert run.process.stdout is not None
    run.process.stdout.readline()
    run.process.stdout.close()
    assert run.process.wait(30) == 0 and (tmp_path / "done").exists()
    run.process.stderr.close()  # type: ignore[union-attr]


def test_descriptors_run_out(tmp_path: Path) -> None:
    write(tmp_path, *(task(f"t{i}", "sleep 0.05") for i in range(100)))
    done = subprocess.run(
        [sys.executable, "-m", "factc", "run", "job.factfile"], cwd=tmp_path, env=environment(), capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)), text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Too many open files") == 1 and "100 succeeded" in done.stderr


def big_output(tmp_path: Path, megabytes: int, mode: str) -> None:
    """A task's output goes through factc whole, and factc stays small."""
    size = megabytes * 1_000_000
    line = "x" * 99
    write(tmp_path, task("big", f"yes {line} | head -c {size}"))
    watch = (
        "import subprocess, sys, os; code = subprocess.call(sys.argv[1:], stdout=open(os.devnull, 'w'));"
        "import resource; print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-m", "factc", "run", "job.factfile", "--output", mode]
    done = subprocess.run(
        [sys.executable, "-c", watch, *command], cwd=tmp_path, env=environment(), capture_output=True, check=True
    )
    code, kilobytes = map(int, done.stdout.split())
    (log,) = tmp_path.glob(".factc/runs/*/logs/0001-big.out")
    assert (code, log.stat().st_size) == (0, size)
    assert kilobytes < 60_000
    log.unlink()


@pytest.mark.parametrize("mode", ["stream", "quiet"])
def test_large_output_is_kept_whole_in_little_memory(tmp_path: Path, mode: str) -> None:
    big_output(tmp_path, 30, mode)


@pytest.mark.large
@pytest.mark.parametrize("mode", ["stream", "quiet", "group", "raw"])
def test_a_gigabyte_of_output(tmp_path: Path, mode: str) -> None:
    big_output(tmp_path, 1000, mode)


def test_the_command_is_found_whatever_the_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    write(tmp_path, task("a", "pwd -P"))
    done = subprocess.run(
        [sys.executable, "-m", "factc", "run", "-C", str(tmp_path), "job.factfile"], cwd=ROOT, env=environment(),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"[a] {tmp_path.resolve()}\n"


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    """As on a full disk: what runs goes on to its end, nothing new starts, and the run does not pass for a success."""
    write(
        tmp_path,
        task("a", "yes | head -c 200000; echo end"),
        task("b", "touch no", "a"),
        task("c", "sleep 0.3; touch yes"),
    )
    done = subprocess.run(
        [sys.executable, "-m", "factc", "run", "job.factfile", "--output", "quiet"], cwd=tmp_path, env=environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 3, done
    assert "0001-a.out cannot be written: File too large; what runs goes on, nothing new starts" in done.stderr
    assert "skipped b: the record of the run could not be written" in done.stderr
    assert "a job: stopped after " in done.stderr and "2 succeeded, 1 skipped" in done.stderr
    assert (tmp_path / "yes").exists() and not (tmp_path / "no").exists()


def test_declared_secrets_are_seen_by_those_tasks_only(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "inner.fact").write_text(
        'job inner\n\nsecret PASSWORD\n\na:\n    echo "inner ${#PASSWORD} $PASSWORD"\n'
    )
    (tmp_path / "job.fact").write_text(
        'job j\n\nuse "inner.fact" as inner\n\nb: inner\n    echo "outer ${#PASSWORD}"\n'
    )
    ran = factc("run", "job.fact", "-j1", env={"PASSWORD": "hush-hush"})
    assert (ran.code, ran.out) == (0, "[inner/a] inner 9 ***\n[b] outer 0\n"), ran
    missing = factc("run", "job.fact", env={"PASSWORD": ""})
    assert missing.code == 3 and "the job needs the secret PASSWORD" in missing.err
    assert factc("run", "job.fact", "--dry-run").code == 0
    (tmp_path / "failing.fact").write_text("job f\n\nsecret PASSWORD\n\na:\n    test -e mended\n")
    assert factc("run", "failing.fact", env={"PASSWORD": "hush-hush"}).code == 2
    (tmp_path / "mended").touch()
    assert factc("resume", env={"PASSWORD": "hush-hush"}).code == 0
