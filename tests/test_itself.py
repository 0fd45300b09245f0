"""FACTC: tasks call the factc that runs them, from any folder, however that was started."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import factc as api
from factc.session.declared_secrets import read_secrets
from factc.session.own_program import text
from tests.conftest import Ran, environment

JOB = """\
job nightly

dump:
    echo going; echo no such host >&2; exit 3

load: dump
    true

[finally, cd "a b"]
mail:
    {calls}
"""
SHOW = '"$FACTC" show "$FACTC_RUN" --summary >mail 2>&1; "$FACTC" show "$FACTC_RUN" >whole; "$FACTC" events "$FACTC_RUN" >events; echo "$FACTC" >called'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a b").mkdir()
    (tmp_path / "job.fact").write_text(JOB.format(calls=SHOW))
    return tmp_path


def installed(folder: Path, name: str = "factc") -> Path:
    """A program as pip installs it."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys\nfrom factc.cli import main\nsys.exit(main())\n")
    path.chmod(0o755)
    return path


def told(folder: Path) -> None:
    """What the task could tell of its own run."""
    text, whole = (folder / "a b" / "mail").read_text(), (folder / "a b" / "whole").read_text()
    (run,) = (folder / ".factc" / "runs").iterdir()
    assert text.startswith("failed  dump after ") and "| no such host\n" in text, text
    assert f"        log: {run}/logs/0001-dump.err\n        blocked: load\n" in text or "'" in str(run), text
    assert "nightly: failed, still running after" in text and f"resume {run.name[-8:]} --state-dir " in text, text
    assert "\noutcome  failed, still running" in whole and "        | no such host\n" in whole, whole
    assert '"FAILED"' in (folder / "a b" / "events").read_text()


def test_a_run_by_python_has_a_program_in_its_folder(factc: Callable[..., Ran], folder: Path) -> None:
    assert factc("run", "job.fact").code == 2
    told(folder)
    (run,) = (folder / ".factc" / "runs").iterdir()
    assert (folder / "a b" / "called").read_text() == f"{run}/factc\n" and (
        run / "factc"
    ).stat().st_mode & 0o777 == 0o700
    assert factc("prune", "--keep", "0").code == 0 and not run.exists()


def test_a_run_without_a_record_says_so_to_its_tasks(factc: Callable[..., Ran], folder: Path) -> None:
    for verb in ("show", "events", "deliver", "resume"):
        (folder / "job.fact").write_text(f'job j\n\na:\n    "$FACTC" {verb} "$FACTC_RUN"\n')
        ran = factc("run", "job.fact", "--no-record", "--output", "raw")
        assert re.search(r"factc: the run \w{8} keeps no record: nothing can be told of it\n", ran.err), ran


@pytest.mark.parametrize("call", ["PATH", "./b'in/factc"])
def test_a_run_by_the_installed_program_names_that(folder: Path, call: str) -> None:
    program = installed(folder / "b'in")
    env = environment(PATH=f"{program.parent}:{os.environ['PATH']}")
    done = subprocess.run(
        ["factc" if call == "PATH" else call, "run", "job.fact"], cwd=folder, env=env, capture_output=True
    )
    assert done.returncode == 2, done
    told(folder)
    assert (folder / "a b" / "called").read_text() == f"{program}\n"
    assert not list((folder / ".factc" / "runs").glob("*/factc"))


def test_a_state_directory_that_is_a_link_is_found_without_another_word(
    factc: Callable[..., Ran], folder: Path
) -> None:
    (folder / "real").mkdir(mode=0o700)
    (folder / ".factc").symlink_to("real")
    assert factc("run", "job.fact", "--trust-state-dir").code == 2
    (run,) = (folder / "real" / "runs").iterdir()
    mail = (folder / "a b" / "mail").read_text()
    assert mail.startswith("failed  dump after ") and f" --state-dir {folder}/real" in mail.replace("'", ""), mail
    assert (folder / "a b" / "called").read_text() == f"{run}/factc\n"


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_program_that_is_called_by_a_relative_path_is_found_after_going_elsewhere(folder: Path, term: str) -> None:
    """By tasks, and by who pastes the last line."""
    program = installed(folder / "a b")
    done = subprocess.run(
        ["./factc", "run", "-C", "..", "job.fact"], cwd=program.parent, env=environment(TERM=term), capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 2 and f"to go on: '{program}' resume " in done.stderr, done
    assert (folder / "a b" / "called").read_text() == f"{program}\n"


def test_a_program_of_another_name_and_the_api_make_one(folder: Path) -> None:
    program = installed(folder, "fc")
    done = subprocess.run([str(program), "run", "job.fact"], cwd=folder, env=environment(), capture_output=True)
    assert done.returncode == 2 and list((folder / ".factc" / "runs").glob("*/factc")), done
    told(folder)
    code = "import factc; print(factc.run(factc.compile('job.fact'), state_dir='api').directory)"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment(), capture_output=True, text=True)
    assert (folder / "a b" / "called").read_text() == f"{folder}/{done.stdout.splitlines()[-1]}/factc\n", done


def test_the_task_s_own_folder_is_not_looked_into(factc: Callable[..., Ran], folder: Path) -> None:
    for name in ("json.py", "factc.py"):
        (folder / "a b" / name).write_text("raise SystemExit('from the folder of the task')\n")
    assert factc("run", "job.fact").code == 2
    told(folder)


def test_an_inner_run_is_recorded_where_it_would_be_without(factc: Callable[..., Ran], folder: Path) -> None:
    (folder / "a b" / "inner.fact").write_text('job inner\nx:\n    "$FACTC" show "$FACTC_RUN" | head -1\n')
    (folder / "job.fact").write_text(JOB.format(calls='"$FACTC" run inner.fact; env >env'))
    ran = factc("run", "job.fact")
    assert len(list((folder / ".factc" / "runs").iterdir())) == 1, ran
    (inner,) = (folder / "a b" / ".factc" / "runs").iterdir()
    assert inner.name[-8:] in ran.out and "FACTC_STATE_DIR" not in (folder / "a b" / "env").read_text(), ran


def test_without_a_record_there_is_a_program_where_one_is_named(factc: Callable[..., Ran], folder: Path) -> None:
    (folder / "job.fact").write_text(JOB.format(calls='"$FACTC" --version; echo "$FACTC|${FACTC_RECORD-none}" >called'))
    ran = factc("run", "job.fact", "--no-record")
    path, record = (folder / "a b" / "called").read_text().strip().split("|")
    assert f"[mail] factc {api.__version__}" in ran.out and record == "none" and not Path(path).parent.exists(), ran
    (folder / "job.fact").write_text(JOB.format(calls="env >called"))
    factc("run", "job.fact", "--no-record")
    assert "FACTC=" not in (folder / "a b" / "called").read_text()


def test_a_failed_run_is_shown_as_its_end_was(factc: Callable[..., Ran], folder: Path) -> None:
    ran = factc("run", "job.fact", env={"TERM": ""})
    shown = factc("show", "last", "--summary", env={"TERM": ""})
    account = ran.err[ran.err.index("\nfailed  dump") + 1 :]
    took = re.compile("after [0-9.]+m?s")  # the run asks the clock once more
    assert took.sub("", shown.out) == took.sub("", account) and shown.code == 0
    whole = factc("show", "last").out
    (run,) = (folder / ".factc" / "runs").iterdir()
    assert f"        | no such host\n        log: {run}/logs/0001-dump.err\n" in whole, whole
    for more in (["--stats"], ["dump"], ["--format", "json"]):
        assert factc("show", "last", *more, "--summary").code == 3
    (run / "logs" / "0001-dump.err").unlink()
    assert "the last lines of stdout:\n        | going\n" in factc("show", "last").out


def test_state_dir_has_the_last_word(factc: Callable[..., Ran], folder: Path) -> None:
    assert factc("run", "job.fact").code == 2
    (run,) = (folder / ".factc" / "runs").iterdir()
    reference = next(line.split()[1] for line in factc("show", "last").out.splitlines() if line.startswith("run "))
    inside = {"FACTC_RUN": reference, "FACTC_RECORD": str(run)}
    elsewhere = folder / "a b"
    for word in (reference, reference[:8], run.name):
        assert factc("show", word, env=inside, cwd=elsewhere).code == 0
    assert factc("show", reference, "--state-dir", "other", env=inside, cwd=elsewhere).code == 3
    for word in ("last", "0" * 8, reference[:4]):
        assert factc("show", word, env=inside, cwd=elsewhere).code == 3
    assert factc("show", reference, env={**inside, "FACTC_RECORD": "relative"}, cwd=elsewhere).code == 3


def test_a_script_says_what_factc_is(factc: Callable[..., Ran], folder: Path) -> None:
    script = factc("plan", "job.fact", "--script").out
    assert "FACTC=${FACTC:-factc}; export FACTC\n" in script
    (folder / "job.fact").write_text("job j\nx:\n    echo $FACTC_RUN\n")
    assert "FACTC=" not in factc("plan", "job.fact", "--script").out


@pytest.mark.parametrize("name", ["FACTC", "FACTC_RECORD", "FACTC_OUTCOME", "FACTC_FAILED_FILE"])
def test_nobody_else_sets_it(factc: Callable[..., Ran], tmp_path: Path, name: str) -> None:
    (tmp_path / "a.fact").write_text(f"job a\n[env {name}=x]\nx:\n    true\n")
    assert "factc itself gives the variable" in factc("validate", "a.fact").err
    with pytest.raises(api.RequestError):
        read_secrets([name], (), {name: "c4nary-value"})


@pytest.mark.parametrize("kind", ["thread", "none"])
def test_the_program_ends_as_factc_does(tmp_path: Path, kind: str) -> None:
    """Under a thread that still waits no interpreter is taken down."""
    (tmp_path / "program").write_bytes(text())
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import atexit, threading\n"
        "atexit.register(print, 'taken down')\n"
        f"if {kind == 'thread'}:\n"
        "    threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    env = environment(PYTHONPATH=str(tmp_path / "site"))
    done = subprocess.run(
        ["sh", tmp_path / "program", "--version"], env=env, capture_output=True, text=True, timeout=60
    )
    assert (
        done.returncode == 0 and done.stdout.startswith("factc ") and ("taken down" in done.stdout) == (kind == "none")
    )
