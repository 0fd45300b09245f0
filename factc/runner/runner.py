"""The runner: hands ready tasks to an engine, turns what it posts into facts, and tells every sink.

Knows the plan, the schedule and the meaning of an end; knows no process, file, screen or network.
"""

from __future__ import annotations

from factc.durations import written
from factc.engine import Attempt, Exited, Lost, NotStarted, Output, Started
from factc.events import (
    AttemptEnded,
    RunCreated,
    RunFinished,
    RunStarted,
    RunStopped,
    TaskCarried,
    TaskEnded,
    TaskSkipped,
    TaskStarted,
)
from factc.events.state import FAILED, SUCCEEDED, RunState
from factc.plan import LOST, TIMEOUT
from factc.plan.graph import finals
from factc.runner.outcome import NOT_STARTED, account_above, cause, failed, judge, pause, retried, signal_name
from factc.runner.pools import Pools
from factc.runner.remarks import left_behind, waiting_for
from factc.runner.running import Running
from factc.runner.schedule import Schedule, urgency

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from factc.engine import Engine, Post
    from factc.events import Fact, Step
    from factc.loop import Loop, Timer
    from factc.plan import Plan
    from factc.runner.rules import Rules
    from factc.secrets.mask import Mask

    class Sink(Protocol):
        """Somebody who keeps an account of the run; never blocks and never raises."""

        def step(self, facts: Step) -> None: ...

    class Listener(Protocol):
        """Somebody who takes the output of tasks as it comes; never raises."""

        def output(self, task: int, stream: int, data: bytes) -> None: ...


class Runner:
    """One run of a plan whose texts are all final.

    `environment(task)` gives the variables that a task sees beside its own; `say` takes a line for the
    screen; `mask` hides secrets in what tasks write; `opening` is the run's first step, with what has settled before it
    begins; `chance` gives random numbers from 0 up to 1.
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
        opening: Step | None = None,
        chance: Callable[[], float] = lambda: 0.5,
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
        self._opening = opening or (RunCreated(loop.wall()),)
        self._chance = chance
        done = [fact.task for fact in self._opening if isinstance(fact, TaskCarried)]
        self._rank = urgency(plan)
        dependencies = [t.dependencies for t in plan.tasks]
        self._schedule = Schedule(dependencies, self._rank, rules.levels, done, finals(plan))
        self._pools = Pools(rules.pools)
        self._running: dict[int, Running] = {}
        self._attempts: dict[int, int] = {}  # how many each task has had, those that could not be started too
        self._pausing: dict[int, tuple[Timer, AttemptEnded]] = {}  # tasks that wait for their next attempt
        self._inbox: list[Post] = []
        self._slots = self._limit = rules.jobs or len(plan.tasks) or 1
        self._stopping = False
        self._killing = False  # what is final must end too
        self._closed = ""  # why nothing new starts any more
        self._crowded = False
        self._told = False

    def run(self) -> RunState:
        """Runs to the end: every task has settled and every sink knows it."""
        self._engine.open(self._inbox.append, self._loop)
        try:
            self._tell(self._opening)
            self._emit(RunStarted(self._loop.wall()))
            self._dispatch()
            while self._running or self._inbox or self._pausing:
                self._loop.wait()
                self._take_in()
                self._dispatch()
            self._tell_leftovers()
        finally:
            self._engine.close()
        bad = self.state.stopped or any(t.state == FAILED for t in self.state.tasks)
        self._emit(RunFinished(self._loop.wall(), FAILED if bad else SUCCEEDED))
        return self.state

    def stop(self, reason: str) -> None:
        """Nothing new starts but what is final, and what else runs is asked to end; a second call kills all."""
        again, self._stopping = self._stopping, True
        self._killing |= again
        at = self._loop.wall()
        rest = self._close(at, reason)
        if rest or not again:
            self._emit(RunStopped(at, reason), *rest)
        self._end_pauses(at, reason)
        for task, running in list(self._running.items()):
            if self._is_closed(task):
                running.stopped = running.stopped or reason
                self._engine.cancel(task, 0.0 if again else self._rules.grace)

    def hold(self, reason: str) -> None:
        """Nothing new starts but what is final; what runs goes on to its end."""
        at = self._loop.wall()
        rest = self._close(at, reason)
        if rest or self._pausing:
            self._emit(RunStopped(at, reason), *rest)
        self._end_pauses(at, reason)

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
        texts = {task: running.texts() for task, running in self._running.items()}
        return {task: (out or "", err or "") for task, (out, err) in texts.items()}

    def _waiting_for(self) -> str:
        return waiting_for([self.plan.tasks[task].name for task in self._running], self._rules.grace)

    def _tell_leftovers(self) -> None:
        for left in self._engine.leftovers():
            self._say(self._masked(left_behind(self.plan.tasks[left.id].name, left)))

    # ---- one way out for facts

    def _emit(self, *facts: Fact) -> None:
        self._tell(facts)

    def _tell(self, facts: Step) -> None:
        for fact in facts:
            self.state.apply(fact)
        for sink in self._sinks:
            sink.step(facts)

    # ---- starting nothing new

    def _close(self, at: float, reason: str) -> list[Fact]:
        """From now on nothing starts but what is final (or not even that): the skips that this means."""
        self._closed = reason
        return [TaskSkipped(at, task, reason) for task in self._schedule.bar_rest(final=self._killing)]

    def _is_closed(self, task: int) -> bool:
        """Whether no attempt of a task may start any more."""
        return bool(self._closed) and (self._killing or not self.plan.tasks[task].final)

    def _end_pauses(self, at: float, reason: str) -> None:
        """What waits for another attempt gets none."""
        for task, (timer, last) in list(self._pausing.items()):
            if self._is_closed(task):
                timer.cancel()
                del self._pausing[task]
                self._settle(task, failed(last, at, reason))

    # ---- starting

    def _dispatch(self) -> None:
        """Starts what is ready, as long as there are slots; what started together is one step.

        A milestone, or what could not start, has ended at once: its slot is free again.
        """
        while True:
            for task in self._pools.again():
                self._schedule.give_back(task)
            while self._schedule.has_ready and len(self._running) < self._slots:
                self._submit(self._schedule.next())
                if self._crowded:
                    break
            if not self._inbox:
                return
            self._take_in()

    def _submit(self, number: int) -> None:
        task = self.plan.tasks[number]
        if full := self._pools.take(number, task.pools):
            self._schedule.put_aside(number)
            self._pools.park(number, full, task.pools, self._rank[number])
            return
        if not task.argv:
            self._running[number] = Running(0)
            now = self._loop.wall()
            self._inbox += (Started(number, now), Exited(number, now, 0, 0.0))
            return
        running = self._running[number] = Running(self._rules.tail, self._mask)
        self._attempts[number] = self._attempts.get(number, 0) + 1
        if task.timeout is not None:
            running.timer = self._loop.later(task.timeout, lambda: self._expired(number, running))
        argv = [str(text) for text in task.argv]
        directory = None if task.directory is None else str(task.directory)
        variables = self._variables(number)
        self._engine.submit(Attempt(number, argv, variables, directory, leave=task.ok, grace=self._rules.grace))
        last = self._inbox[-1] if self._inbox else None
        self._crowded = isinstance(last, NotStarted) and last.busy and len(self._running) > 1

    def _variables(self, number: int) -> dict[str, str]:
        """What a task finds in its environment beside what it inherits."""
        task = self.plan.tasks[number]
        variables = {name: str(text) for name, text in task.environment} | self._environment(number)
        variables["FACTC_ATTEMPT"] = str(self._attempts[number])
        if task.pools:
            variables["FACTC_SLOT"] = str(self._pools.place(number))
        if task.final:
            variables |= account_above(self.plan, self.state, number)
        return variables

    def _expired(self, number: int, running: Running) -> None:
        """An attempt has had its time."""
        if self._running.get(number) is running and not running.stopped:
            running.stopped = f"timed out after {written(self.plan.tasks[number].timeout or 0.0)}"
            running.timed_out = True
            self._engine.cancel(number, self._rules.grace)

    # ---- what the engine posts

    def _take_in(self) -> None:
        posts, self._inbox[:] = self._inbox[:], ()
        started: list[Fact] = []
        for post in posts:
            if isinstance(post, Started):
                started.append(TaskStarted(post.at, post.id, self._attempts.get(post.id, 1)))
                continue
            if started:
                self._emit(*started)
                started = []
            self._take(post)
        if started:
            self._emit(*started)

    def _take(self, post: Post) -> None:
        if isinstance(post, Output):
            self._heard(post.id, post.stream, self._running[post.id].hear(post.stream, post.data))
        elif isinstance(post, Exited):
            self._exited(post)
        elif isinstance(post, NotStarted):
            self._not_started(post)
        elif isinstance(post, Lost):
            self._failed(post.id, LOST, post.at, None, None, self._masked(f"worker lost: {post.reason}"))

    def _heard(self, task: int, stream: int, data: bytes) -> None:
        if data:
            for listener in self._listeners:
                listener.output(task, stream, data)

    def _masked(self, words: str) -> str:
        return self._mask.text(words) if self._mask else words

    def _exited(self, post: Exited) -> None:
        task, running = self.plan.tasks[post.id], self._running[post.id]
        for stream, data in running.rest():
            self._heard(post.id, stream, data)
        state, reason = judge(task, post.code)
        if running.stopped and task.argv:
            state, reason = FAILED, running.stopped
        if state == FAILED:
            what = TIMEOUT if running.timed_out else post.code
            self._failed(post.id, what, post.at, post.code, post.duration, reason)
            return
        self._end(post.id, TaskEnded(post.at, post.id, state, post.code, post.duration, reason, *running.texts()))

    def _not_started(self, post: NotStarted) -> None:
        others = len(self._running) - 1
        if not post.busy or not others:
            self._failed(post.id, NOT_STARTED, post.at, None, None, self._masked(post.reason))
            return
        self._free(post.id)
        self._attempts[post.id] -= 1
        self._slots = others
        if self._is_closed(post.id):
            self._emit(TaskSkipped(post.at, post.id, self._closed))
            self._schedule.bar(post.id)
            return
        self._schedule.give_back(post.id)
        if not self._told:
            self._told = True
            self._say(f"{post.reason}: going on with {others} at once")

    # ---- ends

    def _failed(
        self, number: int, what: int | str, at: float, code: int | None, duration: float | None, reason: str | None
    ) -> None:
        """An attempt failed: there is another, or the task has failed."""
        retry, running = self.plan.tasks[number].retry, self._running[number]
        out, err = running.texts()
        attempt = self._attempts[number]
        told_to_end = self._is_closed(number) or (running.stopped and not running.timed_out)
        if retry is None or told_to_end or not retried(retry, attempt, what):
            self._end(number, TaskEnded(at, number, FAILED, code, duration, reason, out, err))
            return
        self._free(number)
        wait = pause(retry, attempt, self._chance())
        ended = AttemptEnded(at, number, code, duration, reason, at + wait, out, err)
        self._pausing[number] = (self._loop.later(wait, lambda: self._again(number)), ended)
        self._emit(ended)

    def _again(self, number: int) -> None:
        """The pause before a task's next attempt is over."""
        del self._pausing[number]
        self._schedule.give_back(number)

    def _end(self, number: int, fact: TaskEnded) -> None:
        self._free(number)
        self._settle(number, fact)

    def _free(self, number: int) -> None:
        """An attempt is over: what it took is there for others."""
        running = self._running.pop(number)
        if running.timer:
            running.timer.cancel()
        self._pools.release(number)
        self._crowded = False
        self._slots = min(self._slots + 1, self._limit)

    def _settle(self, number: int, fact: TaskEnded) -> None:
        """A task's end is one step with the skips that it causes."""
        facts: list[Fact] = [fact]
        if fact.state == SUCCEEDED:
            self._schedule.settle(number)
        else:
            clause = cause(self.plan.tasks[number].name, fact.state)
            below = self._schedule.bar(number)
            if not self._stopping:
                facts += [TaskSkipped(fact.at, task, clause) for task in below]
        if fact.state == FAILED and self._rules.fail_fast and not self._closed:
            words = f"the task '{self.plan.tasks[number].name}' failed and the run stops at the first failure"
            facts += self._close(fact.at, words)
            self._emit(*facts)
            self._end_pauses(fact.at, words)
            return
        self._emit(*facts)
