"""The public functions: compile a job file, run a plan.

Knows neither the command line nor the screen's form; what it raises are CompileError and RequestError.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from factc import load
from factc.bind import add, complete
from factc.launch import Result, launch
from factc.plan import Plan
from factc.record import STATE_DIR
from factc.values import Given
from factc.wishes import DRAIN, TAIL, Wishes


def compile(
    path: str | os.PathLike[str],
    *,
    values: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    start: str | None = None,
    to: str | None = None,
    strict: bool = False,
) -> Plan:
    """The plan of a job file: text, a JSON Factfile, or a compiled plan.

    values: for parameters, nested as in `--env`; unknown names are ignored. Parameters without one stay open.
    start, to: only this task and all that depends on it; only this task and all it needs.
    strict: warnings are errors.

    Raises CompileError with every mistake of the job, RequestError for a value or a task that it does not know.
    """
    given = Given(dict(values or {}), dict(tags or {}), [])
    return load.load(os.fspath(path), given, start=start, to=to, strict=strict).plan


def run(
    plan: Plan,
    *,
    values: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    jobs: int | None = None,
    levels: bool = False,
    fail_fast: bool = False,
    webhooks: Sequence[str] = (),
    webhook_drain: float = DRAIN,
    heartbeat_interval: float | None = None,
    max_stdouterr_size: int = TAIL,
    output: str = "quiet",
    state_dir: str | os.PathLike[str] | None = STATE_DIR,
    dry_run: bool = False,
) -> Result:
    """Runs a plan to its end and tells how each task ended; a failed task raises nothing.

    The names are those of the options of `factc run`. jobs: at most so many tasks at once. webhook_drain and
    heartbeat_interval are seconds, max_stdouterr_size is characters. state_dir: where the run is recorded, None
    for no record. The screen is that of `factc run`: what factc says goes to standard error.

    Must be called in the main thread, because signals stop the run. Raises RequestError if a parameter has no
    value, if an option or a URL cannot be used, or if the run cannot be recorded.
    """
    wishes = Wishes(
        jobs=jobs,
        levels=levels,
        fail_fast=fail_fast,
        webhooks=webhooks,
        heartbeat=heartbeat_interval,
        drain=webhook_drain,
        tail=max_stdouterr_size,
        output=output,
        state_dir=None if state_dir is None else os.fspath(state_dir),
        rehearse=dry_run,
    )
    plan, _ = complete(add(plan, Given(dict(values or {}), dict(tags or {}), [])))
    return launch(plan, wishes)
