"""A script without factc does what the runner does: retries, timeouts, final tasks, secrets."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.export.script import script
from factc.plan import Plan, PlanTask, Retry
from factc.scheduling.schedule import sequence
from tests.patience import PATIENCE, until_there
from tests.test_causes import grows

SHELLS = [shell for shell in ("sh", "dash", "bash", "ksh", "zsh") if shutil.which(shell)]
shells = pytest.mark.parametrize("shell", SHELLS)


def task(name: str, text: str, *needs: int, **more: object) -> PlanTask:
    return PlanTask(name, needs, ("sh", "-c", text), **more)  # type: ignore[arg-type]


def ran(folder: Path, shell: str, plan: Plan, /, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "job.sh").write_text(script(plan, sequence(plan)))
    command = [shell, "--emulate", "sh", "job.sh"] if shell == "zsh" else [shell, "job.sh"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=30, env={"PATH": "/usr/bin:/bin", **env}
    )


@shells
def test_attempts(tmp_path: Path, shell: str) -> None:
    tasks = [
        task("flaky", "echo try $FACTC_ATTEMPT; [ $FACTC_ATTEMPT = 3 ]", retry=Retry(3, 0.0)),
        task("other", "echo once; exit 4", retry=Retry(3, 0.0, on=(75,))),
        task("signal", "echo sig; kill -9 $$", retry=Retry(1, 0.0, on=("signal",))),
        task("early", "echo early; exit 3", retry=Retry(3, 0.0), noop=(3,)),
    ]
    done = ran(tmp_path, shell, Plan("j", tasks))
    assert (done.returncode, done.stdout.split()) == (2, "try 1 try 2 try 3 once sig sig early".split()), done
    assert "1 succeeded, 1 no-op, 2 failed" in done.stderr


@shells
def test_a_limit(tmp_path: Path, shell: str) -> None:
    tasks = [task("slow", "exec sleep 20", timeout=0.5), task("quick", 'echo "$FACTC_TASK"', timeout=60.0)]
    began = time.monotonic()
    done = ran(tmp_path, shell, Plan("j", tasks))
    assert (done.returncode, done.stdout) == (2, "quick\n") and time.monotonic() - began < 10, done


def test_a_system_without_timeout_says_so(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "date", "env", "echo"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    done = ran(tmp_path, "/bin/sh", Plan("j", [task("a", "echo fine", timeout=5.0)]), PATH=str(tmp_path / "bin"))
    assert (done.returncode, done.stdout) == (0, "fine\n") and done.stderr.startswith("there is no `timeout` here")


@shells
def test_final_tasks(tmp_path: Path, shell: str) -> None:
    tell = 'echo "$FACTC_OUTCOME:" $FACTC_FAILED'
    tasks = [
        task("a", "exit 1"),
        task("b c", "exit 2"),
        task("below", "echo no", 0),
        task("tell", tell, 2, 1, final=True),
    ]
    done = ran(tmp_path, shell, Plan("j", tasks))
    assert (done.returncode, done.stdout) == (2, "failed: a b c\n"), done
    done = ran(tmp_path, shell, Plan("j", [task("a", "true"), task("tell", tell, 0, final=True)]))
    assert (done.returncode, done.stdout) == (0, "succeeded:\n"), done


def test_final_tasks_run_after_a_signal(tmp_path: Path) -> None:
    tasks = [
        task("a", "touch ready; sleep 1"),
        task("b", "touch never"),
        task("tell", 'echo "$FACTC_OUTCOME"', 0, 1, final=True),
    ]
    plan = Plan("j", tasks)
    (tmp_path / "job.sh").write_text(script(plan, [0, 1, 2]))
    process = subprocess.Popen(
        ["sh", "job.sh"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until_there(tmp_path / "ready")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (143, "stopped\n") and not (tmp_path / "never").exists()


@shells
def test_tasks_see_every_variable_as_it_was_exported(tmp_path: Path, shell: str) -> None:
    see = "env >> seen"
    tasks = [
        task("tried", see, retry=Retry(1, 0.0), timeout=60.0),
        task("failed", "exit 1", retry=Retry(1, 0.0)),
        task("skipped", see, 1),
        task("tell", see, 0, 1, 2, final=True),
        PlanTask("program", (0,), ("env",), directory="."),
    ]
    plan = Plan("j", tasks)
    names = set(re.findall(r"\b(?:for )?([a-z]\w*)(?:=| do\b)", script(plan, sequence(plan))))
    names = {name for name in names if not name.startswith("factc_")} | {"state", "code", "t0"}
    done = ran(tmp_path, shell, plan, **dict.fromkeys(names, "mine"))
    for seen in ((tmp_path / "seen").read_text(), done.stdout):
        assert {name for name in names if f"{name}=mine\n" not in seen} == set()


@shells
def test_secrets_have_to_be_there(tmp_path: Path, shell: str) -> None:
    plan = Plan("j", [task("a", 'echo "${#PASSWORD}"', secrets=("PASSWORD",))], secrets=("PASSWORD",))
    missing = ran(tmp_path, shell, plan)
    assert missing.returncode == 3 and "the job needs the secret PASSWORD" in missing.stderr
    assert ran(tmp_path, shell, plan, PASSWORD="hushhush").stdout == "8\n"


@shells
def test_secrets_of_one_file_are_not_seen_by_others(tmp_path: Path, shell: str) -> None:
    show = 'echo "<${PASSWORD-}>"'
    plan = Plan("j", [task("a", show, secrets=("PASSWORD",)), task("b", show, 0)], secrets=("PASSWORD",))
    done = ran(tmp_path, shell, plan, PASSWORD="hushhush")
    assert (done.returncode, done.stdout) == (0, "<hushhush>\n<>\n"), done


@shells
def test_each_task_sees_its_own_secrets(tmp_path: Path, shell: str) -> None:
    tasks = [
        task("a", 'echo "<${secret-}${name-}>"', secrets=("secret",)),
        task("b", 'echo "<${name-}${s-}>"', secrets=("name", "s")),
    ]
    plan = Plan("j", tasks, secrets=("secret", "name", "s"))
    done = ran(tmp_path, shell, plan, secret="hush", name="1st", s="2nd")
    assert (done.returncode, done.stdout) == (0, "<hush>\n<1st2nd>\n"), done


@shells
def test_final_tasks_that_wait_for_the_same_are_told_the_same(tmp_path: Path, shell: str) -> None:
    show = 'echo "$FACTC_OUTCOME $FACTC_FAILED"'
    tasks = [task("a", "true"), task("b", "false"), task("c", show, 0, final=True), task("d", show, 0, 1, final=True)]
    tasks += [task("e", show, 0, 1, final=True), task("f", show, 0, final=True)]
    done = ran(tmp_path, shell, Plan("j", tasks))
    assert done.stdout == "succeeded \nfailed b\nfailed b\nsucceeded \n", done


PLANS: dict[str, Callable[[int], Plan]] = {
    "flat": lambda n: Plan("j", [task(f"t{i}", "true") for i in range(n)]),
    "final": lambda n: Plan(
        "j",
        [task(f"t{i}", "true", *range(i)[-1:]) for i in range(n)]
        + [task(f"f{i}", "x", n - 1, final=True) for i in range(n)],
    ),
    "secrets": lambda n: Plan(
        "j", [task(f"t{i}", "true", secrets=(f"S{i}",)) for i in range(n)], secrets=[f"S{i}" for i in range(n)]
    ),
}


@pytest.mark.parametrize("kind", PLANS)
def test_a_script_grows_with_its_plan(kind: str) -> None:
    few, many = (PLANS[kind](n) for n in (250, 1000))
    assert len(script(many, range(len(many.tasks)))) < 6 * len(script(few, range(len(few.tasks))))
    plans = {n: PLANS[kind](n) for n in (1000, 4000)}
    grows(lambda n: script(plans[n], range(len(plans[n].tasks))), 1000, 9)


def test_a_limit_of_the_whole_job_is_spoken_of(tmp_path: Path) -> None:
    assert (
        "the limit of the whole job (1h)" in ran(tmp_path, "sh", Plan("j", [task("a", "true")], timeout=3600.0)).stderr
    )
