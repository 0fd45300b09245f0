"""The runner: hands ready tasks to an engine, turns what it posts into facts, and tells every sink.

Knows the plan, the schedule and the meaning of an end; knows no process, file, screen or network.
"""

from __future__ import annotations

from factc.durations import shown
from factc.engine import Attempt, Exited, Lost, NotStarted, Output, Started
from factc.events import RunCreated, RunFinished, RunStarted, RunStopped, TaskEnded, TaskSkipped, TaskStarted
from factc.outcome import cause, judge, signal_name
from factc.schedule import Schedule, urgency
from factc.state import FAILED, SUCCEEDED, RunState
from factc.tail import Tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from factc.engine import Engine, Post
    from factc.events import Fact, Step, TaskCarried
    from factc.loop import Loop
    from factc.mask import Mask
    from factc.plan import Plan
    from factc.rules import Rules

    class Sink(Protocol):
        """Somebody who keeps an account of the run; never blocks and never raises."""

        def step(self, facts: Step) -> None: ...

    class Listener(Protocol):
        """Somebody who takes the output of tasks as it comes; never raises."""

        def output(self, task: int, stream: int, data: bytes) -> None: ...


class _Running:
    """A task that runs: the tails of its two streams, and what masks secrets in them."""

    __slots__ = ("tails", "maskers")

    def __init__(self, limit: int, mask: Mask | None = None) -> None:
        self.tails = (Tail(limit), Tail(limit))
        self.maskers = (mask.stream(), mask.stream()) if mask else None


class Runner:
    """One run of a plan whose texts are all final.

    `environment(task)` gives the variables that a task sees beside its own; `say` takes a line for the
    screen; `mask` hides secrets in what tasks write; `carried` has settled before the run begins.
    `state` is the fold over all facts so far, `signal` the number that stopped the run, if any.
    """

    def __init__(
        self,
        plan: Plan,
        engine: Engine,
        loop: Loop,
        sinks: Sequence[Sink],
        listeners: Sequence[Listener],
        rules: Rules,
        *,
        environment: Callable[[int], dict[str, str]] = lambda task: {},
        say: Callable[[str], None] = lambda message: None,
        mask: Mask | None = None,
        carried: Sequence[TaskCarried] = (),
    ) -> None:
        self.plan = plan
        self.state = RunState(len(plan.tasks))
        self.signal: int | None = None
        self._engine = engine
        self._loop = loop
        self._sinks = sinks
        self._listeners = listeners
        self._rules = rules
        self._environment = environment
        self._say = say
        self._mask = mask
        self._carried = carried
        done = [fact.task for fact in carried]
        self._schedule = Schedule([t.dependencies for t in plan.tasks], urgency(plan), rules.levels, done)
        self._running: dict[int, _Running] = {}
        self._inbox: list[Post] = []
        self._slots = self._limit = rules.jobs or len(plan.tasks) or 1
        self._stopping = False
        self._crowded = False
        self._told = False

    def run(self) -> RunState:
        """Runs to the end: every task has settled and every sink knows it."""
        self._engine.open(self._inbox.append, self._loop)
        try:
            self._emit(RunCreated(self._loop.wall()), *self._carried)
            self._emit(RunStarted(self._loop.wall()))
            self._dispatch()
            while self._running or self._inbox:
                self._loop.wait()
                self._take_in()
                self._dispatch()
            self._tell_leftovers()
        finally:
            self._engine.close()
        failed = self.state.stopped or any(t.state == FAILED for t in self.state.tasks)
        self._emit(RunFinished(self._loop.wall(), FAILED if failed else SUCCEEDED))
        return self.state

    def stop(self, reason: str) -> None:
        """Nothing new starts, and what runs is asked to end (a second call: is killed)."""
        grace = 0.0 if self._stopping else self._rules.grace
        if not self._stopping:
            self._stopping = True
            at = self._loop.wall()
            rest = [TaskSkipped(at, task, reason) for task in self._schedule.bar_rest()]
            self._emit(RunStopped(at, reason), *rest)
        for task in list(self._running):
            self._engine.cancel(task, grace)

    def hold(self, reason: str) -> None:
        """Nothing new starts; what runs goes on to its end."""
        at = self._loop.wall()
        rest = [TaskSkipped(at, task, reason) for task in self._schedule.bar_rest()]
        if rest:
            self._emit(RunStopped(at, reason), *rest)

    def on_signal(self, number: int) -> None:
        """A signal came that asks the run to stop."""
        name = signal_name(number)
        if not self._stopping:
            self._say(f"{name} received, stopping{self._waiting_for()}")
        else:
            self._say(f"{name} received{' again' if self.signal else ''}, killing what still runs")
        self.signal = self.signal or number
        self.stop(f"the run was stopped by {name}")

    def time_out(self, after: str) -> None:
        """The time that the whole run may take is over."""
        if not self._stopping:
            reason = f"the run timed out after {after}"
            self._say(f"{reason}, stopping{self._waiting_for()}")
            self.stop(reason)

    def outputs(self) -> dict[int, tuple[str, str]]:
        """What the running tasks have written so far: the tails of both streams."""
        return {
            task: (running.tails[0].text() or "", running.tails[1].text() or "")
            for task, running in self._running.items()
        }

    def _waiting_for(self) -> str:
        """What has to end before the run can."""
        if not self._running:
            return ""
        names = [f"'{self.plan.tasks[task].name}'" for task in self._running]
        some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return f": waiting up to {shown(self._rules.grace)} for {some} to end (once more to kill)"

    def _tell_leftovers(self) -> None:
        """What succeeded tasks have left running stays, but nobody is to be surprised by it."""
        for left in self._engine.leftovers():
            pids = ", ".join(map(str, left.pids[:5])) + (" …" if len(left.pids) > 5 else "")
            words = f"the task '{self.plan.tasks[left.id].name}' left {left.command} running"
            if pids:
                words += f" (pid {pids})"
            if left.holds_output:
                words += ", which still holds the task's output: it will get SIGPIPE unless that is redirected"
            self._say(words)

    # ---- one way out for facts

    def _emit(self, *facts: Fact) -> None:
        for fact in facts:
            self.state.apply(fact)
        for sink in self._sinks:
            sink.step(facts)

    # ---- starting

    def _dispatch(self) -> None:
        """Starts what is ready, as long as there are slots; what started together is one step.

        A milestone, or what could not start, has ended at once: its slot is free again.
        """
        while True:
            while self._schedule.has_ready and len(self._running) < self._slots:
                self._submit(self._schedule.next())
                if self._crowded:
                    break
            if not self._inbox:
                return
            self._take_in()

    def _submit(self, number: int) -> None:
        task = self.plan.tasks[number]
        if not task.argv:
            self._running[number] = _Running(0)
            now = self._loop.wall()
            self._inbox += (Started(number, now), Exited(number, now, 0, 0.0))
            return
        self._running[number] = _Running(self._rules.tail, self._mask)
        variables = {name: str(text) for name, text in task.environment}
        argv = [str(text) for text in task.argv]
        directory = None if task.directory is None else str(task.directory)
        environment = {**variables, **self._environment(number)}
        attempt = Attempt(number, argv, environment, directory, leave=task.ok, grace=self._rules.grace)
        self._engine.submit(attempt)
        last = self._inbox[-1] if self._inbox else None
        self._crowded = isinstance(last, NotStarted) and last.busy and len(self._running) > 1

    # ---- what the engine posts

    def _take_in(self) -> None:
        posts, self._inbox[:] = self._inbox[:], ()
        started: list[Fact] = []
        for post in posts:
            if isinstance(post, Started):
                started.append(TaskStarted(post.at, post.id))
                continue
            if started:
                self._emit(*started)
                started = []
            self._take(post)
        if started:
            self._emit(*started)

    def _take(self, post: Post) -> None:
        if isinstance(post, Output):
            maskers = self._running[post.id].maskers
            self._heard(post.id, post.stream, maskers[post.stream - 1].feed(post.data) if maskers else post.data)
        elif isinstance(post, Exited):
            self._exited(post)
        elif isinstance(post, NotStarted):
            self._not_started(post)
        elif isinstance(post, Lost):
            self._end(
                post.id, TaskEnded(post.at, post.id, FAILED, None, None, self._masked(f"worker lost: {post.reason}"))
            )

    def _heard(self, task: int, stream: int, data: bytes) -> None:
        """What a task wrote, as everybody may see it."""
        if data:
            self._running[task].tails[stream - 1].add(data)
            for listener in self._listeners:
                listener.output(task, stream, data)

    def _masked(self, words: str) -> str:
        return self._mask.text(words) if self._mask else words

    def _exited(self, post: Exited) -> None:
        task = self.plan.tasks[post.id]
        state, reason = judge(task, post.code)
        if self._stopping and task.argv:
            state, reason = FAILED, self.state.stopped
        running = self._running[post.id]
        for stream, masker in enumerate(running.maskers or (), 1):
            self._heard(post.id, stream, masker.rest())
        out, err = (tail.text() for tail in running.tails)
        self._end(post.id, TaskEnded(post.at, post.id, state, post.code, post.duration, reason, out, err))

    def _not_started(self, post: NotStarted) -> None:
        others = len(self._running) - 1
        if not post.busy or not others:
            self._end(post.id, TaskEnded(post.at, post.id, FAILED, None, None, self._masked(post.reason)))
            return
        del self._running[post.id]
        if self._stopping:
            self._emit(TaskSkipped(post.at, post.id, self.state.stopped or ""))
            return
        self._schedule.give_back(post.id)
        self._slots = others
        if not self._told:
            self._told = True
            self._say(f"{post.reason}: going on with {others} at once")

    def _end(self, number: int, fact: TaskEnded) -> None:
        """A task's end is one step with the skips that it causes."""
        del self._running[number]
        self._crowded = False
        self._slots = min(self._slots + 1, self._limit)
        facts: list[Fact] = [fact]
        if fact.state == SUCCEEDED:
            self._schedule.settle(number)
        else:
            clause = cause(self.plan.tasks[number].name, fact.state)
            below = self._schedule.bar(number)
            if not self._stopping:
                facts += [TaskSkipped(fact.at, task, clause) for task in below]
        if fact.state == FAILED and self._rules.fail_fast and not self._stopping:
            words = f"the task '{self.plan.tasks[number].name}' failed and the run stops at the first failure"
            facts += [TaskSkipped(fact.at, task, words) for task in self._schedule.bar_rest()]
        self._emit(*facts)
