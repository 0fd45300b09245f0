"""A run put together and taken apart again: loop, engine, record, screen and webhooks round one runner.

Knows every part by its face; decides nothing about tasks. `factc run` and the Python API both begin here.
"""

from __future__ import annotations

import os
import signal

from factc.diagnostic import RequestError
from factc.engine.local import Local
from factc.engine.rehearsal import Rehearsal
from factc.levels import levels
from factc.loop import Loop
from factc.record import STATE_DIR, Record
from factc.runner import Rules, Runner
from factc.sink.terminal import Terminal
from factc.state import FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from factc.plan import Plan
    from factc.sink.webhook import Webhook
    from factc.state import TaskState

DRAIN = 30.0  # seconds that the exit waits for webhooks
TAIL = 10_000  # characters of output per stream that events carry
OUTPUTS = ("stream", "group", "quiet", "raw")


class Wishes:
    """What the caller wants of a run.

    jobs: at most so many tasks at once (None: no limit). levels: Factotum's order. tail: characters of
    output in events. heartbeat: seconds, or None. drain: seconds that the end waits for webhooks.
    output: one of OUTPUTS. state_dir: where the record goes, None for no record. rehearse: execute nothing.
    Raises RequestError for what cannot be done.
    """

    def __init__(
        self,
        *,
        jobs: int | None = None,
        levels: bool = False,
        fail_fast: bool = False,
        webhooks: Sequence[str] = (),
        heartbeat: float | None = None,
        drain: float = DRAIN,
        tail: int = TAIL,
        output: str = "stream",
        colour: bool | None = None,
        state_dir: str | None = STATE_DIR,
        rehearse: bool = False,
    ) -> None:
        self.jobs = jobs
        self.levels = levels
        self.fail_fast = fail_fast
        self.webhooks = webhooks
        self.heartbeat = heartbeat
        self.drain = drain
        self.tail = tail
        self.output = output
        self.colour = colour
        self.state_dir = state_dir
        self.rehearse = rehearse
        self._check()

    def _check(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise RequestError(f"{self.jobs} tasks at once are too few", "1 is the least; None is no limit")
        if self.output not in OUTPUTS:
            raise RequestError(f"`{self.output}` is no way to show output", "there are " + ", ".join(OUTPUTS))
        if self.rehearse and self.webhooks:
            raise RequestError("webhooks do not go with a dry run: a rehearsal sends nothing")
        if self.webhooks:
            from factc.sink.address import check_url, shown_url

            for url in self.webhooks:
                if reason := check_url(url):
                    raise RequestError(f"the webhook URL {shown_url(url)} cannot be used: {reason}")


class Result:
    """How a run ended.

    exit_code: 0 success or early finish, 2 a task failed, 3 the record broke, 128+n stopped by signal n.
    tasks:     state, exit code, duration and reason of each task by name.
    directory: where the record lies, or None.
    """

    __slots__ = ("exit_code", "tasks", "run_reference", "directory")

    def __init__(self, exit_code: int, tasks: dict[str, TaskState], run_reference: str, directory: str | None) -> None:
        self.exit_code = exit_code
        self.tasks = tasks
        self.run_reference = run_reference
        self.directory = directory

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.exit_code == 0


def launch(plan: Plan, wishes: Wishes, text: str | None = None) -> Result:
    """Runs a plan whose texts are all final; `text` is its compiled text, if it is at hand.

    Must be called in the main thread. Raises RequestError if the run cannot be recorded.
    """
    run_reference = _reference()
    with Loop() as loop:
        at = loop.wall()
        record = None
        if wishes.state_dir is not None and not wishes.rehearse:
            record = Record(wishes.state_dir, run_reference, at, plan)
            record.keep_plan(_text(plan) if text is None else text)
        groups = levels(plan) if wishes.levels else None
        screen = Terminal(
            plan, output=wishes.output, colour=wishes.colour, now=at, log_path=record.log if record else None
        )

        def say(words: str) -> None:
            screen.say(words, loop.wall())

        webhooks = _webhooks(plan, wishes, run_reference, at, groups, lambda words: loop.call(lambda: say(words)))
        runner = Runner(
            plan,
            Rehearsal(lambda i: plan.tasks[i].ok[0]) if wishes.rehearse else Local(),
            loop,
            [*([record] if record else []), screen, *webhooks],
            [*([record] if record else []), screen],
            Rules(jobs=wishes.jobs, levels=groups, fail_fast=wishes.fail_fast, tail=wishes.tail),
            environment=_environment(plan, run_reference),
            say=say,
        )
        if record:
            record.failed = _broken(loop, say, runner)
        _watch(loop, runner, screen, webhooks, wishes)
        state = runner.run()
        screen.finish(loop.wall())
        _drain(loop, say, webhooks, wishes.drain)
    if runner.signal is not None:
        code = 128 + runner.signal
    elif any(task.state == FAILED for task in state.tasks):
        code = 2
    else:
        code = 3 if record and record.broken else 0
    tasks = {task.name: state.tasks[i] for i, task in enumerate(plan.tasks)}
    return Result(code, tasks, run_reference, record.directory if record else None)


def _broken(loop: Loop, say: Callable[[str], None], runner: Runner) -> Callable[[str], None]:
    """What is done when the record cannot be written: say so, start nothing more."""

    def failed(words: str) -> None:
        say(words)
        loop.call(lambda: runner.hold("the record of the run could not be written"))

    return failed


def _reference() -> str:
    """A new run's reference: SHA-256 of a random UUID."""
    from factc.wire import run_reference

    digits = bytearray(os.urandom(16))
    digits[6] = digits[6] & 0x0F | 0x40  # version 4
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return run_reference("-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])))


def _text(plan: Plan) -> str:
    from factc.emit.planfile import plan_text

    return plan_text(plan)


def _environment(plan: Plan, run_reference: str) -> Callable[[int], dict[str, str]]:
    """What every task sees beside its own variables."""
    fixed = {"FACTC_RUN": run_reference, "FACTC_ATTEMPT": "1"}
    for key, value in plan.tags.items():
        name = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in key)
        fixed[f"FACTC_TAG_{name}"] = value
    return lambda task: {**fixed, "FACTC_TASK": plan.tasks[task].name}


def _webhooks(
    plan: Plan,
    wishes: Wishes,
    run_reference: str,
    at: float,
    groups: list[list[int]] | None,
    say: Callable[[str], None],
) -> list[Webhook]:
    if not wishes.webhooks:
        return []
    from factc.sink.webhook import Webhook
    from factc.version import __version__
    from factc.wire import Header, job_reference

    order = [task for group in groups for task in group] if groups else list(range(len(plan.tasks)))
    header = Header(
        job=plan.name,
        job_reference=job_reference(plan.factfile, plan.tags),
        run_reference=run_reference,
        version=__version__,
        factfile=plan.factfile,
        tags=plan.tags,
        names=tuple(plan.tasks[i].name for i in order),
        order=tuple(order),
    )
    if header.factfile_dropped:
        say("the Factfile is too long for events: they carry none")
    return [Webhook(url, header, len(plan.tasks), say) for url in wishes.webhooks]


def _watch(loop: Loop, runner: Runner, screen: Terminal, webhooks: list[Webhook], wishes: Wishes) -> None:
    """Signals that stop the run, and what is to be done again and again while it goes on."""
    if not wishes.rehearse:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.on_signal(number, runner.on_signal)
    _every(loop, screen.wants_tick, lambda: screen.tick(loop.wall()))
    if wishes.heartbeat and webhooks:

        def beat() -> None:
            outputs = runner.outputs()
            if outputs:
                for webhook in webhooks:
                    webhook.heartbeat(loop.wall(), outputs)

        _every(loop, wishes.heartbeat, beat)


def _every(loop: Loop, seconds: float, callback: Callable[[], None]) -> None:
    def again() -> None:
        callback()
        loop.later(seconds, again)

    loop.later(seconds, again)


def _drain(loop: Loop, say: Callable[[str], None], webhooks: list[Webhook], seconds: float) -> None:
    """Waits for the webhooks, at most so long and until a signal, and says what was not delivered."""
    if not webhooks:
        return
    given_up: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.on_signal(number, given_up.append)
    for webhook in webhooks:
        webhook.finish(seconds)
    deadline = loop.now() + seconds
    while any(webhook.busy for webhook in webhooks) and loop.now() < deadline and not given_up:
        loop.wait(0.02)
    for webhook in webhooks:
        if line := webhook.close(0).line():
            say(line)
    loop.wait(0)
