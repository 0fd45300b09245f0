"""Random jobs end the same way however they are run: at once, one by one, as a script, in a rehearsal.

The states must equal those of a model that knows the rules and nothing of the program.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from factc.compiler.pipeline import compile_source
from factc.engine.dry_run import Rehearsal
from factc.engine.local.engine import Local
from factc.events.ending import WORDS
from factc.export.script import script
from factc.loop import Loop
from factc.plan import Plan
from factc.plan.values import Given
from factc.runner.runner import Runner
from factc.runner.settings import Rules
from factc.scheduling.schedule import sequence
from factc.source import Source
from tests.jobs import RandomJob

ENDED = re.compile(r"^\[(t\d+)\] (succeeded|no-op|failed|skipped)\b", re.MULTILINE)


def states(plan: Plan, engine: Local | Rehearsal, jobs: int) -> tuple[dict[str, str], str | None]:
    with Loop() as loop:
        state = Runner(plan, engine, loop, [], [], Rules(jobs=jobs)).run()
    return {task.name: state.tasks[i].state for i, task in enumerate(plan.tasks)}, state.job


def check(seed: int, tmp_path: Path) -> None:
    job = RandomJob(seed)
    plan = compile_source(Source("random.factfile", job.text()), Given()).plan
    wanted = job.model()
    failed = "FAILED" in wanted.values()
    codes = {f"t{i}": job.code(i) for i in range(len(job.ends))}
    rehearsed = Rehearsal(lambda i: codes[plan.tasks[i].name])
    for engine, jobs in ((Local(), 1), (Local(), 8), (rehearsed, 8)):
        assert states(plan, engine, jobs) == (wanted, "FAILED" if failed else "SUCCEEDED"), (seed, jobs)
    file = tmp_path / f"{seed}.sh"
    file.write_text(script(plan, sequence(plan)))
    done = subprocess.run(["dash", str(file)], capture_output=True, text=True, check=False)
    assert dict(ENDED.findall(done.stderr)) == {name: WORDS[state] for name, state in wanted.items()}, (
        seed,
        done.stderr,
    )
    assert done.returncode == (2 if failed else 0)


@pytest.mark.parametrize("seed", range(25))
def test_random_jobs(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path)


@pytest.mark.large
def test_five_hundred_random_jobs(tmp_path: Path) -> None:
    for seed in range(1000, 1500):
        check(seed, tmp_path)
