"""A run from its start to its exit code: its parts are made, connected with the loop, and taken leave of.

Decides nothing about tasks. `factc run`, `factc resume` and the Python API begin here.
"""

from __future__ import annotations

import signal

from factc.diagnostic import RequestError, of_system
from factc.durations import written
from factc.engine.local.engine import Local
from factc.events.ending import exit_code
from factc.loop import Loop
from factc.runner.term import Term
from factc.session.components import Parts
from factc.session.options import QUIET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from factc.events.state import TaskState
    from factc.plan import Plan
    from factc.record.resume import Resumption
    from factc.session.options import Wishes
    from factc.source import Source

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECOND = 1.0


class Result:
    """How a run ended.

    exit_code: 0 success or early finish, 2 a task failed or the run timed out, 3 the record broke, 6 a required
    webhook missed events, 128+n stopped by signal n. A RequestError has the codes 3, 4 and 5.
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

    def __repr__(self) -> str:
        states = [task.state for task in self.tasks.values()]
        counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "no tasks"
        run = f", run {self.run_reference[:8]}" if self.run_reference else ""
        return f"<factc.Result exit code {self.exit_code}: {counts}{run}>"


def launch(
    plan: Plan,
    wishes: Wishes,
    text: str | None = None,
    *,
    resumption: Resumption | None = None,
    source: Source | None = None,
    before: str = "",
) -> Result:
    """Runs a plan whose texts are all final.

    text: its compiled text, if it is at hand. resumption: what is carried over from another run. source: the job's
    text, to name the place of a secret in it. before: what is said first.

    Must be called in the main thread. Raises RequestError if the run cannot be recorded, if another holds its lock,
    or if the job holds a secret.
    """
    parts = Parts(plan, wishes, text, resumption, source)
    with Loop() as loop:
        return _Launch(parts, loop, before).result()


class _Launch:
    """One run."""

    def __init__(self, parts: Parts, loop: Loop, before: str = "") -> None:
        self.parts = parts
        self.before = before
        self.wishes = parts.wishes
        self.loop = loop
        self.said: set[str] = set()  # of what the run has to do without
        self.running = Term(loop)
        self.recording = Term(loop)
        self.given_up = False  # a signal came when the run was over
        self.telling = False  # such a signal breaks off what is done just now

    def result(self) -> Result:
        parts = self.parts
        try:
            self._make()
            self._connect()
            if self.before:
                parts.screen.write(self.before)
            parts.say_warnings()
            state = parts.runner.run()
            self._disconnect()
            self._tell()
            undelivered = self._drain()
            self._close()
        finally:
            self._let_go()
        tasks = {task.name: state.tasks[i] for i, task in enumerate(parts.plan.tasks)}
        broken = parts.record is not None and parts.record.broken
        code = exit_code(state, broken=broken, missing=undelivered and self.wishes.required)
        return Result(code, tasks, parts.header.run, parts.record.directory if parts.record else None)

    def _make(self) -> None:
        try:
            self.parts.make(self.loop)
        except OSError as problem:  # what was to be loaded needs a descriptor, as all that is opened
            raise RequestError(f"a run cannot begin: {of_system(problem)}", "`ulimit -n` shows the limit") from None

    # ---- connecting

    def _connect(self) -> None:
        loop, parts, wishes = self.loop, self.parts, self.wishes
        runner, screen = parts.runner, parts.screen
        screen.attach(loop)
        screen.on_full = parts.engine.hold
        self.running.every(screen.wants_tick, lambda: screen.tick(loop.wall()))
        if wishes.rehearse:
            return
        self.running.later(0, self._say_lacks)
        self.running.every(SECOND, self._say_lacks)
        for number in STOPPING:
            loop.on_signal(number, runner.on_signal)
        timeout = parts.plan.timeout if wishes.timeout is None else wishes.timeout
        if timeout is not None:
            self.running.later(timeout, lambda: runner.time_out(written(timeout)))
        if parts.record:
            parts.record.failed = lambda words: loop.call(lambda: self._record_broke(words))
            self.recording.every(SECOND, parts.record.tick)
        if wishes.heartbeat and parts.webhooks:
            self.running.every(wishes.heartbeat, self._beat)

    def _say_lacks(self) -> None:
        """What the run has to do without, each once, as soon as it is so."""
        lacks = [self.parts.record.alone] if self.parts.record else []
        if isinstance(self.parts.engine, Local) and (why := self.parts.engine.unguarded):
            lacks.append(f"{why}: if factc is killed, its tasks go on")
        for words in lacks:
            if words and words not in self.said:
                self.said.add(words)
                self.parts.say(words)

    def _record_broke(self, words: str) -> None:
        self.parts.screen.speak_up()
        self.parts.say(words)
        if not self.running.over:
            self.parts.runner.hold("the record of the run could not be written")

    def _beat(self) -> None:
        outputs = self.parts.runner.outputs()
        if outputs:
            for webhook in self.parts.webhooks:
                webhook.heartbeat(self.loop.wall(), outputs)

    # ---- ending

    def _disconnect(self) -> None:
        """The run is over, and with it all that it was called back for: a signal ends what is still told of it."""
        self.running.end()
        for number in STOPPING:
            self.loop.on_signal(number, self._gave_up)  # also one that came before the handler below
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._give_up)

    def _gave_up(self, number: int) -> None:
        self.given_up = True

    def _give_up(self, number: int, frame: FrameType | None) -> None:
        self.given_up = True
        if self.telling:
            self.telling = False
            raise _GivenUp

    def _tell(self) -> None:
        """The account of the run, or its last lines if a signal comes while that is made: it may be long."""
        screen, at = self.parts.screen, self.loop.wall()
        screen.finish()
        words = ""
        try:
            self.telling = not self.given_up
            if self.wishes.rehearse:
                words = screen.rehearsed()
            elif self.telling:
                words = screen.account(at, self._stats)
            self.telling = False
        except _GivenUp:
            pass
        screen.write(words or screen.last_lines(at))

    def _stats(self, colour: bool) -> str:
        """What the run spent where, if that is wanted."""
        if self.parts.courses is None:
            return ""
        from factc.report.stats import NO_LIMIT, Stats
        from factc.screen.stats import text

        slots, levels = self.parts.jobs or NO_LIMIT, self.wishes.levels
        return text(
            Stats(self.parts.plan, self.parts.courses, slots=slots, pools=self.parts.pools, by_levels=levels), colour
        )

    def _drain(self) -> bool:
        """Waits for the webhooks and the screen's reader, until a signal at the most; whether events are missing."""
        loop, seconds = self.loop, self.wishes.drain
        for webhook in self.parts.webhooks:
            webhook.finish(seconds)
        deadline = loop.now() + seconds
        said = loop.later(SECOND, lambda: self._say_waiting(seconds))
        while any(webhook.busy for webhook in self.parts.webhooks) and loop.now() < deadline and not self.given_up:
            loop.wait(max(0.0, deadline - loop.now()))
        said.cancel()
        reports = [webhook.close(0) for webhook in self.parts.webhooks]
        missing = any(report.line() for report in reports)
        if missing and self.wishes.required:
            self.parts.screen.speak_up()
        lacking = [number for number, report in enumerate(reports, 1) if report.later and report.line()]
        for report in reports:
            if line := report.line():
                later = f"; later{self.parts.delivering(lacking)}" if self.parts.record and report.later else ""
                self.parts.say(line + later)
        loop.wait(0)
        return missing

    def _say_waiting(self, seconds: float) -> None:
        """For whom the end waits, and how not to; unless nobody sits there to read it."""
        urls = ", ".join(webhook.url for webhook in self.parts.webhooks if webhook.busy)
        if urls and self.wishes.output != QUIET:
            later = "later" if self.parts.record else "no more"
            self.parts.say(f"waiting up to {seconds:g} s for {urls}, Ctrl-C: {later}")

    def _close(self) -> None:
        self._let_go()
        self.loop.wait(0)  # for what could not be written
        if self.parts.record and self.wishes.keeps_some and not self.parts.record.broken:
            self._prune()
        while self.parts.screen.pending and not self.given_up:
            self.loop.wait(SECOND)
        self.parts.screen.close()

    def _let_go(self) -> None:
        self.running.end()
        self.recording.end()
        self.parts.let_go()

    def _prune(self) -> None:
        from factc.record.prune import keep_runs

        wishes = self.wishes
        for words in keep_runs(wishes.home, self.parts.plan.name, wishes.keep, wishes.keep_size):
            self.parts.say(words)


class _GivenUp(Exception):
    """A signal came, and the run is over."""
