"""`factc plan --script`: shells without factc come to the same end, and shellcheck has nothing to say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.jobs import FACTC, factfile, task

Factc = Callable[..., Ran]
SHELLS = [["dash"], ["bash", "--posix"], ["bash"], ["busybox", "sh"], ["ksh"], ["sh"]]
shells = pytest.mark.parametrize("shell", SHELLS, ids=" ".join)

NASTY = ["it's", '"', "\\", "$HOME $(touch oops) `touch oops`", "a\nb", "tab\there", "\x1b[31m", "é 🎉", "*", "~", "-n", "%s%%", "!x",
         "", " ", "a;b|c&d>e", "#x", "end\\", "\n", "{{", "'\\''"]  # fmt: skip


def superset(*tasks: dict[str, Any], name: str = "a job", **data: Any) -> str:
    return json.dumps({"schema": FACTC, "data": {"name": name, "tasks": list(tasks), **data}})


ALL_KINDS = superset(
    {"name": "a'b;\x1b[31m\nx", "command": "echo", "arguments": ["$FACTC_TASK", "a\\\\", "it's"]},
    {"name": "env", "script": 'echo $A "$B"\necho two; pwd', "environment": {"A": "1 2", "B": "x\ty", "my var": "z"},
     "directory": "sub dir", "dependsOn": ["a'b;\x1b[31m\nx"]},
    {"name": "exec", "executor": "exec", "command": "./prog", "arguments": ["a b", "*"], "directory": "sub dir"},
    {"name": "strict", "shell": "bash", "script": "false | true"},
    {"name": "noop", "command": "exit 3", "onResult": {"continueJob": [0], "terminateJobWithSuccess": [3]}},
    {"name": "after noop", "command": "touch no", "dependsOn": ["noop"]},
    {"name": "killed", "command": "kill -9 $$"},
    {"name": "killed and fine", "command": "kill -9 $$", "onResult": {"continueJob": [0, 137], "terminateJobWithSuccess": []}},
    {"name": "milestone", "dependsOn": ["env", "exec"]},
    {"name": "lines", "script": "false\ntouch no"},
    {"name": "here", "script": "cat <<'X'\n$HOME 'q'\nX\ncat"},
    {"name": "no folder", "command": "touch no", "directory": "none"},
    {"name": "no program", "executor": "exec", "command": "nosuchprogram"},
    {"name": "below", "command": "touch no", "dependsOn": ["lines", "noop"]},
    name="it's \x1b a 'job'",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "sub dir" / "prog").write_text('#!/bin/sh\necho "prog $1 $2"\n')
    (tmp_path / "sub dir" / "prog").chmod(0o755)
    return tmp_path


def run(shell: list[str], script: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which(shell[0]):
        pytest.skip(f"no {shell[0]} here")
    (folder / "script.sh").write_bytes(script)
    return subprocess.run(
        [*shell, "script.sh"], cwd=folder, capture_output=True, text=True, timeout=60, input="not for tasks\n"
    )


def states(said: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^\[(.*)\] (succeeded|no-op|failed|skipped)\b", said))


@shells
def test_all_kinds_of_tasks(factc: Factc, folder: Path, shell: list[str]) -> None:
    if not shutil.which("bash"):
        pytest.skip("a task uses bash")
    (folder / "job.json").write_text(ALL_KINDS)
    script = factc("plan", "--script", "job.json")
    assert script.code == 0 and not re.search(r"[^\t\n\x20-\x7e]", script.out), script
    done = run(shell, script.raw_out, folder)
    assert done.returncode == 2, done
    assert states(done.stderr) == {
        "a'b;\\x1b[31m\\nx": "succeeded", "env": "succeeded", "exec": "succeeded", "strict": "failed",
        "noop": "no-op", "after noop": "skipped", "killed": "failed", "killed and fine": "succeeded",
        "milestone": "succeeded", "lines": "failed", "here": "succeeded", "no folder": "failed", "no program": "failed",
        "below": "skipped",
    }  # fmt: skip
    assert done.stdout == (
        f"a'b;\x1b[31m\nx a\\ it's\n1 2 x\ty\ntwo\n{folder.resolve()}/sub dir\nprog a b *\n$HOME 'q'\n"
    )
    last = done.stderr.splitlines()[-1]
    assert last == "it's \\x1b a 'job': 6 succeeded, 1 no-op, 5 failed, 2 skipped"
    assert not (folder / "no").exists()


def test_factc_comes_to_the_same_end(factc: Factc, folder: Path) -> None:
    (folder / "job.json").write_text(ALL_KINDS)
    ran = factc("run", "job.json", "-j1", "--output", "quiet")
    assert ran.code == 2 and "6 succeeded, 1 no-op, 5 failed, 2 skipped" in ran.err, ran


@shells
def test_nasty_arguments_names_and_values(factc: Factc, tmp_path: Path, shell: list[str]) -> None:
    """Each task prints its own name, a value and an argument; nothing in any of them is executed."""
    texts = [nasty for nasty in NASTY if nasty != "{{"]
    tasks: list[dict[str, Any]] = [
        {"name": f"{i} {text}", "executor": "exec", "command": "sh",
         "arguments": ["-c", 'printf "%s|" "$FACTC_TASK" "$@"', "-", f"{{{{v{i}}}}}", text]}
        for i, text in enumerate(texts)
    ]  # fmt: skip
    tasks.append({"name": "places", "script": "printf '%s|' {{v0}} \"{{v3}}\" '{{v4}}'"})
    (tmp_path / "job.json").write_text(superset(*tasks))
    values = json.dumps({f"v{i}": text for i, text in enumerate(texts)})
    script = factc("plan", "--script", "job.json", "--env", values)
    assert script.code == 0, script
    done = run(shell, script.raw_out, tmp_path)
    printed = "".join(f"{i} {text}|{text}|{text}|" for i, text in enumerate(texts))
    assert (done.stdout, done.returncode) == (printed + f"{texts[0]}|{texts[3]}|{texts[4]}|", 0), done
    assert not (tmp_path / "oops").exists()


def test_shellcheck_is_silent(factc: Factc, folder: Path) -> None:
    shellcheck = shutil.which("shellcheck") or shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    if not shellcheck:
        pytest.skip("no shellcheck here")
    nasty = [task(f"{i}{n}", f"echo {i}", arguments=[n.replace("{{", "{")], noop=[3]) for i, n in enumerate(NASTY)]
    jobs = [ALL_KINDS, factfile(*nasty), factfile(), factfile(task("a"), task("b", "true", "a"), name="x' \n\\"),
            factfile(task("a", "cat <<EOF\n$x\nEOF"), task("b", "echo 'a' | grep \"$x\" && rm -rf $y", "a"))]  # fmt: skip
    for i, job in enumerate(jobs):
        (folder / "job.json").write_text(job)
        script = factc("plan", "--script", "job.json", "--tag", "k,it's\\")
        for dialect in ("sh", "dash", "busybox"):
            done = subprocess.run(
                [shellcheck, f"--shell={dialect}", "-"], input=script.raw_out, capture_output=True, timeout=60
            )
            assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), (i, done.stdout.decode())


def test_tasks_see_what_factc_gives_them(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(
        'job j\na:\n    echo $FACTC_TASK $FACTC_ATTEMPT $FACTC_TAG_my_key; test -n "$FACTC_RUN"; cat\n'
    )
    script = factc("plan", "--script", "job.fact", "--tag", "my key,v 1").raw_out
    assert run(["sh"], script, tmp_path).stdout == "a 1 v 1\n"


def test_values_are_demanded(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\nparam day\na:\n    echo {{day}}\n")
    ran = factc("plan", "--script", "job.fact")
    assert (ran.code, ran.out) == (3, "") and "--set day=…" in ran.err, ran


@pytest.mark.parametrize(("number", "code"), [("INT", 130), ("TERM", 143), ("HUP", 129)])
def test_a_signal_ends_it_with_its_code(factc: Factc, tmp_path: Path, number: str, code: int) -> None:
    (tmp_path / "job.fact").write_text(f"job j\na:\n    kill -{number} $PPID; sleep 0.2\nb: a\n    touch no\n")
    done = run(["sh"], factc("plan", "--script", "job.fact").raw_out, tmp_path)
    assert done.returncode == code and f"stopped by SIG{number}" in done.stderr, done
    assert not (tmp_path / "no").exists()
