"""A run put together and taken apart again: loop, engine, record, screen and webhooks round one runner.

Knows every part by its face; decides nothing about tasks. `factc run`, `factc resume` and the Python API begin here.
"""

from __future__ import annotations

import os
import signal

from factc.diagnostic import RequestError, nearest
from factc.durations import written
from factc.engine.local import Local
from factc.events import RunCreated
from factc.events.state import FAILED
from factc.loop import Loop
from factc.record.pasted import deliver_command, resume_command
from factc.record.writer import Record
from factc.runner.chance import chance
from factc.runner.confidential import Confidential
from factc.runner.rules import Rules
from factc.runner.runheader import run_header
from factc.runner.runner import Runner
from factc.sink.terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.engine import Engine
    from factc.events import Step
    from factc.events.spent import Courses
    from factc.events.state import RunState, TaskState
    from factc.plan import Plan
    from factc.record.exclusive import Exclusive
    from factc.record.resume import Resumption
    from factc.runner.wishes import Wishes
    from factc.sink.webhook import Webhook
    from factc.source import Source

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECOND = 1.0


class Result:
    """How a run ended.

    exit_code: 0 success or early finish, 2 a task failed or the run timed out, 3 the record broke or a required
    webhook missed events, 128+n stopped by signal n.
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


def launch(
    plan: Plan,
    wishes: Wishes,
    text: str | None = None,
    *,
    resumption: Resumption | None = None,
    source: Source | None = None,
) -> Result:
    """Runs a plan whose texts are all final.

    text: its compiled text, if it is at hand. resumption: what is carried over from another run. source: the job's
    text, to name the place of a secret in it.

    Must be called in the main thread. Raises RequestError if the run cannot be recorded, if another holds its lock,
    or if the job holds a secret.
    """
    return _Launch(plan, wishes, text, resumption, source).result()


class _Launch:
    """The parts of one run, made in the order in which they need each other."""

    def __init__(
        self, plan: Plan, wishes: Wishes, text: str | None, resumption: Resumption | None, source: Source | None
    ) -> None:
        self.plan = plan
        self.wishes = wishes
        self.resumption = resumption
        self.pools = _pools(plan, wishes)
        self.confidential = Confidential(plan, wishes, source)
        self.warnings = self.confidential.warnings
        self.recording = wishes.state_dir is not None and not wishes.rehearse
        self.text = (text or _plan_text(plan)) if self.recording else ""
        self.groups = self._levels() if wishes.levels else None
        self.record: Record | None = None
        self.lock: Exclusive | None = None
        self.courses: Courses | None = None
        self.unguarded = ""
        self.given_up = 0  # the number of a signal that came when only delivery was left

    def result(self) -> Result:
        with Loop() as loop:
            self.loop = loop
            try:
                self._make()
                state = self.runner.run()
                self.screen.finish(loop.wall(), self._stats)
                undelivered = self._drain()
                self._close()
            finally:
                self._let_go()
        tasks = {task.name: state.tasks[i] for i, task in enumerate(self.plan.tasks)}
        code = self._exit_code(state, undelivered)
        return Result(code, tasks, self.header.run, self.record.directory if self.record else None)

    def say(self, words: str) -> None:
        self.screen.say(words, self.loop.wall())

    def say_from_anywhere(self, words: str) -> None:
        """A line for the screen from another thread."""
        self.loop.call(lambda: self.say(words))

    # ---- making

    def _make(self) -> None:
        self.header = run_header(
            self.plan, self.wishes, self.text, at=self.loop.wall(), groups=self.groups, continues=self._continues(),
            secrets=[secret.name for secret in self.confidential.secrets],
        )  # fmt: skip
        carried = self.resumption.facts(self.header.at) if self.resumption else ()
        self.opening: Step = (RunCreated(self.header.at), *carried)
        self._open_record()
        self.screen = self._screen()
        self.webhooks = self._webhooks()
        self.runner = self._runner()
        self._connect()
        for words in self.warnings:
            self.say(words)

    def _continues(self) -> str | None:
        return self.resumption.run if self.resumption else None

    def _open_record(self) -> None:
        if not self.recording:
            return
        state_dir = self.wishes.state_dir
        assert state_dir is not None
        header = self.header
        if self.wishes.exclusive:
            from factc.record.exclusive import Exclusive

            key = header.reference if self.wishes.exclusive is True else f"key:{self.wishes.exclusive}"
            self.lock = Exclusive(state_dir, key, run=header.run, host=header.host, at=header.at)
            if not self.lock.locked:
                self.warnings.append("this file system has no locks: --exclusive keeps no second run away")
        self.record = Record(state_dir, header, self.text, self.opening)
        if not self.record.locked:
            self.warnings.append("this file system has no locks: nobody can see that this run is alive")

    def _screen(self) -> Terminal:
        return Terminal(
            self.plan,
            output=self.wishes.output,
            colour=self.wishes.colour,
            now=self.header.at,
            log_path=self.record.log if self.record else None,
            resume=self._pasted(resume_command, self.wishes.again),
        )

    def _pasted(self, command: Callable[..., str], *options: str) -> str:
        if self.record is None:
            return ""
        return command(self.header.run[:8], *options, self.wishes.state_dir)

    def _webhooks(self) -> list[Webhook]:
        if not self.wishes.webhooks:
            return []
        from factc.record.outbox import wire_header
        from factc.sink.webhook import Webhook

        header = wire_header(self.header)
        if header.factfile_dropped:
            self.warnings.append("the Factfile is too long for events: they carry none")
        return [
            Webhook(
                url, header, len(self.plan.tasks), self.say_from_anywhere, host=self.header.host,
                account=self.record.ledger(number) if self.record else None, credentials=self.confidential.credentials,
            )
            for number, url in enumerate(self.wishes.webhooks, 1)
        ]  # fmt: skip

    def _runner(self) -> Runner:
        plan, wishes = self.plan, self.wishes
        keeping = [self.record] if self.record else []
        self.engine = self._engine()
        return Runner(
            plan,
            self.engine,
            self.loop,
            [*keeping, self.screen, *self.webhooks, *self._watching()],
            [*keeping, self.screen],
            Rules(
                jobs=wishes.jobs,
                levels=self.groups,
                fail_fast=wishes.fail_fast,
                tail=wishes.tail,
                grace=_grace(wishes),
                pools=self.pools,
            ),
            secrets={s.name: s.value for s in self.confidential.secrets if s.name in plan.secrets},
            say=self.say,
            mask=self.confidential.mask,
            opening=self.opening,
            chance=chance,
            known=self._known if self.recording else None,
        )

    def _engine(self) -> Engine:
        if not self.wishes.rehearse:
            return Local(self.header.run, withheld=self.plan.secrets, variables=self._variables())
        from factc.engine.rehearsal import Rehearsal

        return Rehearsal(lambda i: self.plan.tasks[i].ok[0])

    def _levels(self) -> list[list[int]]:
        from factc.plan.levels import levels

        return levels(self.plan)

    def _known(self) -> list[float] | None:
        """How long each task took in earlier runs."""
        from factc.record.known import known_seconds

        assert self.wishes.state_dir is not None
        return known_seconds(self.wishes.state_dir, self.plan.name, [task.name for task in self.plan.tasks])

    def _watching(self) -> list[Courses]:
        """Who keeps the times of all attempts, if figures are wanted at the end."""
        if not self.wishes.stats:
            return []
        from factc.events.spent import Courses

        self.courses = Courses(len(self.plan.tasks))
        return [self.courses]

    def _variables(self) -> dict[str, str]:
        """What every task sees, whatever it sets itself."""
        grace = f"{_grace(self.wishes):g}"
        fixed = {"FACTC_RUN": self.header.run, "FACTC_GRACE": grace}
        for key, value in self.plan.tags.items():
            name = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in key)
            fixed[f"FACTC_TAG_{name}"] = value
        return fixed | {s.name: s.value for s in self.confidential.secrets if s.name not in self.plan.secrets}

    # ---- connecting

    def _connect(self) -> None:
        loop, runner, screen, wishes = self.loop, self.runner, self.screen, self.wishes
        screen.attach(loop)
        screen.on_full = self.engine.hold
        _every(loop, screen.wants_tick, lambda: screen.tick(loop.wall()))
        if wishes.rehearse:
            return
        loop.later(0, self._say_unguarded)
        _every(loop, SECOND, self._say_unguarded)
        for number in STOPPING:
            loop.on_signal(number, runner.on_signal)
        timeout = self.plan.timeout if wishes.timeout is None else wishes.timeout
        if timeout is not None:
            loop.later(timeout, lambda: runner.time_out(written(timeout)))
        if self.record:
            self.record.failed = lambda words: loop.call(lambda: self._record_broke(words))
            _every(loop, SECOND, self.record.tick)
        if wishes.heartbeat and self.webhooks:
            _every(loop, wishes.heartbeat, self._beat)

    def _say_unguarded(self) -> None:
        """Once, as soon as it is so."""
        if isinstance(self.engine, Local) and self.engine.unguarded != self.unguarded:
            self.unguarded = self.engine.unguarded
            self.say(f"{self.unguarded}: if factc is killed, its tasks go on")

    def _record_broke(self, words: str) -> None:
        self.say(words)
        self.runner.hold("the record of the run could not be written")

    def _beat(self) -> None:
        outputs = self.runner.outputs()
        if outputs:
            for webhook in self.webhooks:
                webhook.heartbeat(self.loop.wall(), outputs)

    # ---- ending

    def _stats(self, colour: bool) -> str:
        """What the run spent where, if that is wanted."""
        if self.courses is None:
            return ""
        from factc.events.stats import NO_LIMIT, Stats
        from factc.sink.stats import text

        slots, levels = self.wishes.jobs or NO_LIMIT, self.wishes.levels
        return text(Stats(self.plan, self.courses, slots=slots, pools=self.pools, by_levels=levels), colour)

    def _drain(self) -> bool:
        """Waits for the webhooks and the screen's reader, until a signal at the most; whether events are missing."""
        loop, seconds = self.loop, self.wishes.drain
        for number in STOPPING:
            loop.on_signal(number, self._give_up)
        for webhook in self.webhooks:
            webhook.finish(seconds)
        deadline = loop.now() + seconds
        while any(webhook.busy for webhook in self.webhooks) and loop.now() < deadline and not self.given_up:
            loop.wait(0.02)
        reports = [webhook.close(0) for webhook in self.webhooks]
        for report in reports:
            if line := report.line():
                later = f"; later: {self._pasted(deliver_command)}" if self.record and report.later else ""
                self.say(line + later)
        loop.wait(0)
        return any(report.line() for report in reports)

    def _close(self) -> None:
        if self.record:
            self.record.failed = self.say
        self._let_go()
        if self.record and self.wishes.keep and self.runner.state.job != FAILED and not self.record.broken:
            self._prune()
        while self.screen.pending and not self.given_up:
            self.loop.wait(SECOND)
        self.screen.close()

    def _let_go(self) -> None:
        """Of the record and of the lock; also where the run could not be made or broke off."""
        if self.record:
            self.record.close()
        if self.lock:
            self.lock.close()
            self.lock = None

    def _prune(self) -> None:
        from factc.record.prune import keep_runs

        assert self.wishes.state_dir is not None and self.wishes.keep is not None
        for words in keep_runs(self.wishes.state_dir, self.plan.name, self.wishes.keep):
            self.say(words)

    def _give_up(self, number: int) -> None:
        self.given_up = number

    def _exit_code(self, state: RunState, undelivered: bool) -> int:
        broken = self.record is not None and self.record.broken
        if self.runner.signal is not None:
            return 128 + self.runner.signal
        if any(task.state == FAILED for task in state.tasks) or (state.job == FAILED and not broken):
            return 2
        return 3 if broken or (undelivered and self.wishes.required) else 0


def _grace(wishes: Wishes) -> float:
    """Inside a task of another run, what the outer one grants, less the time to stop in good order."""
    try:
        outer = float(os.environ["FACTC_GRACE"])
    except (KeyError, ValueError):
        return wishes.grace
    return max(0.0, min(wishes.grace, outer - 2.0))


def _pools(plan: Plan, wishes: Wishes) -> dict[str, int]:
    """The plan's pools, with the slots that the caller gives them. Raises RequestError for an unknown one."""
    for name in wishes.pools:
        if name not in plan.pools:
            meant = nearest(name, plan.pools)
            known = "it has: " + ", ".join(plan.pools) if plan.pools else "it declares none"
            raise RequestError(f"the job has no pool `{name}`", f"did you mean `{meant}`?" if meant else known)
    return {**plan.pools, **wishes.pools}


def _plan_text(plan: Plan) -> str:
    from factc.emit.planfile import plan_text

    return plan_text(plan)


def _every(loop: Loop, seconds: float, callback: Callable[[], None]) -> None:
    def again() -> None:
        callback()
        loop.later(seconds, again)

    loop.later(seconds, again)
