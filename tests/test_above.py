"""What a final task is told of what failed above it: whole lines within a limit, a count, and a file with all of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factc.plan import Plan, PlanTask
from factc.runner.above import ROOM, Above, beginning
from tests.conftest import Ran
from tests.fake_engine import run
from tests.jobs import FACTC, factfile, task
from tests.test_script_parts import SHELLS, ran

TELL = """printf '%s\\n' "$FACTC_OUTCOME" "$FACTC_FAILED_COUNT" "${#FACTC_FAILED}" "$FACTC_FAILED"; cat "$FACTC_FAILED_FILE" """
LONG = [f"{'n' * 990}{i:03d}" for i in range(80)]  # 80 kB, and the 64 KiB end inside of a line
FEW = ["a b", "line\nfeed", "b'c\"$x", "ü" * 30]


def tell_of(names: list[str], code: int = 1) -> str:
    """What TELL prints where all of these have failed (or succeeded)."""
    lines = [name.replace("\n", "\\n") for name in names] if code else []
    kept = "\n".join(beginning(lines))
    size = len(kept.encode())
    return "\n".join(["failed" if lines else "succeeded", str(len(lines)), str(size), kept, *lines]) + "\n"


@given(
    st.lists(st.text(st.sampled_from("aü\n"), max_size=4) | st.sampled_from(["x" * 40_000, "ü" * 33_000]), max_size=9)
)
@example(["x" * ROOM]).via("fits")
@example(["x" * (ROOM + 1)]).via("does not fit")
@example(["x" * (ROOM - 2), "y"]).via("fits with its line feed")
@example(["x" * (ROOM - 1), "y"]).via("does not fit with it")
def test_whole_lines_in_their_order_and_as_many_as_fit(lines: list[str]) -> None:
    kept = beginning(lines)
    assert kept == lines[: len(kept)] and len("\n".join(kept).encode()) <= ROOM
    assert kept == lines or len("\n".join(lines[: len(kept) + 1]).encode()) > ROOM


def job(names: list[str], code: int) -> str:
    return factfile(
        *[task(name, f"exit {code}") for name in names], task("tell", TELL, *names, finally_=True), schema=FACTC
    ).replace('"finally_"', '"finally"')


@pytest.mark.parametrize(("names", "code"), [(LONG, 1), (FEW, 1), (FEW, 0)])
def test_a_run_a_resumed_run_and_a_run_without_a_record(
    factc: Any, tmp_path: Path, names: list[str], code: int
) -> None:
    (tmp_path / "job.factfile").write_text(job(names, code))
    (tmp_path / "tmp").mkdir()
    env = {"TMPDIR": str(tmp_path / "tmp"), "LC_ALL": "C"}
    ways = [["run", "job.factfile"], ["resume"], ["run", "job.factfile", "--no-record"]]
    for words in ways if names is FEW and code else ways[:1]:
        done: Ran = factc(*words, "--output", "raw", env=env)
        assert done.code == 2 * code and done.out == tell_of(names, code), words
    assert list((tmp_path / "tmp").iterdir()) == []
    runs = list(tmp_path.glob(".factc/runs/*"))
    told = [path for run in runs for path in run.glob("logs/*.failed")]
    assert len(told) == code * len(runs) and all(path.read_text().count("\n") == len(names) for path in told)
    assert factc("prune", "--older", "0s").code == 0 and not any(run.exists() for run in runs)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("names", "code"), [(LONG, 1), (FEW, 1), (FEW, 0)])
def test_a_script_tells_the_same(tmp_path: Path, shell: str, names: list[str], code: int) -> None:
    tasks = [PlanTask(name, (), ("sh", "-c", f"exit {code}")) for name in names]
    plan = Plan("j", [*tasks, PlanTask("tell", range(len(names)), ("sh", "-c", TELL), final=True)])
    (tmp_path / "tmp").mkdir()
    done = ran(tmp_path, shell, plan, TMPDIR=str(tmp_path / "tmp"), LC_ALL="C")
    assert (done.returncode, done.stdout) == (2 * code, tell_of(names, code)), done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_list_that_cannot_be_written_keeps_no_task_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(above: Above, task: int, data: bytes) -> str:
        raise OSError(28, "No space left on device")

    tasks = [PlanTask("a", (), ("x",)), PlanTask("tell", (0,), ("x",), final=True)]
    monkeypatch.setattr("factc.runner.scratch.Scratch.keep", full)
    state, _, engine = run(tasks, lambda n, a: (1.0, 1 - n))
    told = engine.environments[1, 1]
    assert state.tasks[1].state == "SUCCEEDED" and (told["FACTC_FAILED_FILE"], told["FACTC_FAILED"]) == ("", "a")


@pytest.mark.parametrize("needs", [[(1,)] * 3, [(1,), (0, 1), (0,)]], ids=["the same", "others"])
def test_final_tasks_above_which_the_same_failed_share_one_list(needs: list[tuple[int, ...]]) -> None:
    """So n failures above n final tasks leave no n lists of n lines."""
    tasks = [PlanTask("a", (), ("x",)), PlanTask("b", (0,), ("x",)),
             *[PlanTask(f"tell{i}", needs[i], ("x",), final=True) for i in range(3)]]  # fmt: skip
    _, _, engine = run(tasks, lambda n, a: (1.0, int(n == 0)))
    files = {engine.environments[n, 1]["FACTC_FAILED_FILE"] for n in (2, 3, 4)}
    assert len(files) == 1 and not os.path.exists(files.pop()), "it is gone after the run"
    assert json.dumps(engine.environments[2, 1]["FACTC_FAILED"]) == '"a"'
