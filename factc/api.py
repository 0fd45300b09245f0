"""The public functions: compile a job file, run a job file or a plan.

Knows neither the command line nor the screen's form; what it raises are CompileError and RequestError.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from factc import load
from factc.diagnostic import RequestError
from factc.entered import enter, entered, filename, named, variable
from factc.files import NO_DIRECTORY, has_no_directory
from factc.plan import Plan
from factc.plan.bind import add
from factc.plan.selection import select
from factc.plan.values import Given
from factc.record import STATE_DIR
from factc.record.statedir import StateDir
from factc.runner.settings import GRACE
from factc.session.continuation import Earlier
from factc.session.options import DRAIN, TAIL, Wishes, several
from factc.session.session import Result, launch
from factc.source import Source


class _Usual:
    """The state directory where none is named."""

    def __repr__(self) -> str:
        return f"FACTC_STATE_DIR, or {STATE_DIR}"


USUAL = _Usual()


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

    values: for parameters, nested as in `--env`. Parameters without one stay open.
    start, to: only this task and all that depends on it; only this task and all it needs.
    strict: warnings are errors.

    Raises CompileError with every mistake of the job, RequestError for a value or a task that it does not know.
    """
    file = filename("path", path)
    enter([("path", file), ("start", start), ("to", to)])
    _be_somewhere(file)
    return load.load(file, _given(values, tags), start=start, to=to, strict=strict).plan


def run(
    job: Plan | str | os.PathLike[str],
    *,
    values: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    start: str | None = None,
    to: str | None = None,
    strict: bool = False,
    constraint: Sequence[str] = (),
    jobs: int | str | None = None,
    jobserver: bool | str = False,
    pools: Mapping[str, int] | None = None,
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
    state_dir: str | os.PathLike[str] | _Usual | None = USUAL,
    trust_state_dir: bool = False,
    keep: int | None = None,
    keep_size: int | str | None = None,
    exclusive: bool | str = False,
    wait: float | str | None = None,
    dry_run: bool = False,
) -> Result:
    """Runs a job file, or a plan, to its end and tells how each task ended; a failed task raises nothing.

    The names are those of the options of `factc run`. jobs: at most so many tasks at once, `auto` for one for
    each CPU. jobserver: True, `pipe` or `fifo`, if make, cargo and others in tasks are to share those. pools: other
    numbers of slots, by pool. timeout, grace, webhook_drain, heartbeat_interval are seconds, or texts such as `1h30m`;
    max_stdouterr_size is characters. constraint: `host,NAME` texts; on any other machine nothing is done, with success.
    resume: the run that this one continues (a reference, `last`, `last-failed`). secrets: names of environment
    variables; secret_files: `NAME=PATH` pairs. state_dir: where the run is recorded, None for no record;
    trust_state_dir: what lies there is believed, whoever owns it. The screen is that of `factc run`: what factc says
    goes to standard error.

    Must be called in the main thread, because signals stop the run. Raises CompileError with every mistake of a job
    file; RequestError if a parameter has no value or is not known, if an option or a URL cannot be used, if the run
    cannot be recorded or resumed, or if the job holds a secret. Its `exit_code` is that of the command line: 4 it runs
    already, 5 there is nothing to go on with, else 3.
    """
    hosts = several("constraint", constraint)
    enter([("resume", resume), ("start", start), ("to", to), *(("constraint", host) for host in hosts)])
    place = _place(state_dir)
    _be_somewhere()
    wishes = Wishes(
        jobs=jobs,
        jobserver=jobserver,
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
        pools=pools,
        start=start,
        to=to,
        state_dir=place,
        trust_state_dir=trust_state_dir,
        keep=keep,
        keep_size=keep_size,
        exclusive=exclusive,
        wait=wait,
        rehearse=dry_run,
    )
    given = _given(values, tags)
    if hosts and not _here(hosts):
        return Result(0, {}, "", None)
    if resume is None:
        return _run(job, given, wishes, strict)
    with Earlier(StateDir(place or STATE_DIR, trust_state_dir), resume) as earlier:
        wishes.start, wishes.to = start or earlier.run.header.start, to or earlier.run.header.to
        return _run(job, earlier.values(given), wishes, strict, earlier)


def _run(
    job: Plan | str | os.PathLike[str], given: Given, wishes: Wishes, strict: bool, earlier: Earlier | None = None
) -> Result:
    if isinstance(job, Plan):
        plan = select(add(job, given), wishes.start, wishes.to)
        loaded = load.Loaded(plan, Source("the plan", ""), None, None)
        source = None
    else:
        path = filename("job", job)
        enter([("job", path)])
        loaded = load.load(path, given, start=wishes.start, to=wishes.to, strict=strict)
        source, wishes.files = loaded.source, load.files(loaded)
    load.close(loaded, strict=strict)
    resumption = earlier.resumption(loaded.plan) if earlier else None
    return launch(loaded.plan, wishes, loaded.text, resumption=resumption, source=source)


def _given(values: Mapping[str, object] | None, tags: Mapping[str, str] | None) -> Given:
    """Who writes a program names what the job has: a name that it does not have is a mistake."""
    words = {key: entered(f"the tag `{key}`", tag) if tag != "" else "" for key, tag in named("tags", tags).items()}
    given = Given(named("values", values), words, [])
    given.named = list(given.values)
    return given


def _place(state_dir: str | os.PathLike[str] | _Usual | None) -> str | None:
    if isinstance(state_dir, _Usual):
        return variable("FACTC_STATE_DIR") or STATE_DIR
    return None if state_dir is None else filename("state_dir", state_dir)


def _be_somewhere(path: str = "") -> None:
    """Raises RequestError if the working directory is gone, but for what is named from the root on."""
    if not os.path.isabs(path) and has_no_directory():
        raise RequestError(NO_DIRECTORY, "change to one that is there")


def _here(constraint: Sequence[str]) -> bool:
    from factc.session.host import why_not_here

    return why_not_here(constraint) is None
