"""The public functions: compile a job file, run a plan.

Knows neither the command line nor the screen's form; what it raises are CompileError and RequestError.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from factc import load
from factc.entered import enter
from factc.plan import Plan
from factc.plan.bind import add, complete
from factc.plan.values import Given
from factc.record import STATE_DIR
from factc.record.earlier import Earlier
from factc.record.statedir import StateDir
from factc.runner.launch import Result, launch
from factc.runner.rules import GRACE
from factc.runner.wishes import DRAIN, TAIL, Wishes


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
    enter([("path", os.fspath(path)), ("start", start), ("to", to)])
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
    timeout: float | str | None = None,
    grace: float | str = GRACE,
    resume: str | None = None,
    secrets: Sequence[str] = (),
    secret_files: Sequence[str] = (),
    webhooks: Sequence[str] = (),
    webhook_secret_env: str | None = None,
    webhook_header_env: Sequence[str] = (),
    webhook_required: bool = False,
    webhook_drain: float | str = DRAIN,
    heartbeat_interval: float | str | None = None,
    max_stdouterr_size: int = TAIL,
    output: str = "quiet",
    state_dir: str | os.PathLike[str] | None = STATE_DIR,
    trust_state_dir: bool = False,
    keep: int | None = None,
    keep_size: int | str | None = None,
    exclusive: bool | str = False,
    wait: float | str | None = None,
    dry_run: bool = False,
) -> Result:
    """Runs a plan to its end and tells how each task ended; a failed task raises nothing.

    The names are those of the options of `factc run`. jobs: at most so many tasks at once. timeout, grace,
    webhook_drain and heartbeat_interval are seconds, or texts such as `1h30m`; max_stdouterr_size is characters.
    resume: the run that this one continues (a reference, `last`, `last-failed`). secrets: names of environment
    variables; secret_files: `NAME=PATH` pairs. state_dir: where the run is recorded, None for no record;
    trust_state_dir: what lies there is believed, whoever owns it. The screen is that of `factc run`: what factc says
    goes to standard error.

    Must be called in the main thread, because signals stop the run. Raises RequestError if a parameter has no
    value, if an option or a URL cannot be used, if the run cannot be recorded or resumed, or if the job holds a secret.
    Its `exit_code` is that of the command line: 4 it runs already, 5 there is nothing to go on with, else 3.
    """
    enter([("resume", resume)])
    place = None if state_dir is None else os.fspath(state_dir)
    wishes = Wishes(
        jobs=jobs,
        levels=levels,
        fail_fast=fail_fast,
        timeout=timeout,
        grace=grace,
        secrets=secrets,
        secret_files=secret_files,
        webhooks=webhooks,
        webhook_secret=webhook_secret_env,
        webhook_headers=webhook_header_env,
        required=webhook_required,
        heartbeat=heartbeat_interval,
        drain=webhook_drain,
        tail=max_stdouterr_size,
        output=output,
        state_dir=place,
        trust_state_dir=trust_state_dir,
        keep=keep,
        keep_size=keep_size,
        exclusive=exclusive,
        wait=wait,
        rehearse=dry_run,
    )
    given = Given(dict(values or {}), dict(tags or {}), [])
    if resume is None:
        return launch(complete(add(plan, given))[0], wishes)
    with Earlier(StateDir(place or STATE_DIR, trust_state_dir), resume) as earlier:
        plan, _ = complete(add(plan, earlier.values(given)))
        return launch(plan, wishes, resumption=earlier.resumption(plan))
