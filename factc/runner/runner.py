"""The runner: hands ready tasks to an engine, turns what it posts into facts, and tells every sink.

Knows the plan, the schedule and the meaning of an end; knows no process, file, screen or network.
"""

from __future__ import annotations

from collections import deque

from factc.engine import Exited, Lost, NotStarted, Output, Started
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
from factc.events.ending import BROKEN, FAILURE, SIGNAL, verdict
from factc.events.state import FAILED, SETTLED, SUCCEEDED, RunState
from factc.plan import LOST, TIMEOUT
from factc.plan.graph import finals
from factc.runner.above import Above
from factc.runner.attempts import Attempts
from factc.runner.messages import left_behind, many_at_once, waiting_for
from factc.runner.outcome import (
    NOT_STARTED,
    called,
    cause,
    ended,
    failed,
    judge,
    more_causes,
    pause,
    retried,
    signal_name,
    tried,
)
from factc.runner.scratch import Scratch
from factc.scheduling.schedule import Schedule, urgency
from factc.scheduling.starts import Starts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from factc.engine import End, Engine, Post
    from factc.events import Fact, Step
    from factc.loop import Loop, Timer
    from factc.plan import Plan
    from factc.runner.jobserver import Tokens
    from factc.runner.settings import Rules
    from factc.secrets.mask import Mask

    class Sink(Protocol):
        """Somebody who keeps an account of the run; never blocks and never raises."""

        def step(self, facts: Step) -> None: ...

    class Listener(Protocol):
        """Somebody who takes the output of tasks as it comes; never raises."""

        def output(self, task: int, stream: int, data: bytes) -> None: ...


MANY = 4  # tasks for each CPU: if more run at once, that is remarked upon
NEVER = 1 << 60


class Runner:
    """One run of a plan whose texts are all final.

    `secrets` are those that the plan declares, name to value; `say` takes a line for the screen; `mask` hides secrets
    in what tasks write; `opening` is the run's first step, with what has settled before it begins; `chance` gives
    random numbers from 0 up to 1; `known` gives the seconds that each task takes as far as earlier runs tell, if they
    do: it is asked once, when there is a choice; `tokens` are the slots that the run shares with other programs, if it
    does; `cpus` tells how many CPUs there are, if many tasks at once are to be remarked upon; `keep` puts what a
    task is to read into a file (see `above`), None for one that is gone after the run.
    `state` is the fold over all facts so far.
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
        secrets: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda message: None,
        mask: Mask | None = None,
        opening: Step | None = None,
        chance: Callable[[], float] = lambda: 0.5,
        known: Callable[[], Sequence[float] | None] | None = None,
        keep: Callable[[int, bytes], str] | None = None,
        tokens: Tokens | None = None,
        cpus: Callable[[], int] | None = None,
    ) -> None:
        self.plan = plan
        self.state = RunState(len(plan.tasks))
        self._engine = engine
        self._loop = loop
        self._sinks = sinks
        self._listeners = listeners
        self._rules = rules
        self._say = say
        self._mask = mask
        self._opening = opening or (RunCreated(loop.wall()),)
        self._chance = chance
        self._known = known if rules.levels is None else None  # levels leave no choice
        done = [fact.task for fact in self._opening if isinstance(fact, TaskCarried)]
        dependencies = [t.dependencies for t in plan.tasks]
        self._schedule = Schedule(dependencies, urgency(plan), rules.levels, done, finals(plan))
        self._tokens = tokens
        self._cpus = cpus
        self._many = MANY if cpus else NEVER
        self._limit = rules.jobs or len(plan.tasks) or 1
        self._starts = Starts(self._schedule, self._limit, [t.pools for t in plan.tasks], rules.pools)
        self._scratch = Scratch()
        above = Above(plan, self.state, keep or self._scratch.keep, lambda words: say(self._masked(words)))
        self._attempts = Attempts(plan, engine, loop, rules, above, secrets or {}, mask)
        self._running = self._attempts.running
        self._pausing: dict[int, tuple[Timer, AttemptEnded]] = {}  # tasks that wait for their next attempt
        self._posts: deque[Post | PauseOver] = deque()
        self._stopping = False
        self._killing = False  # what is final must end too
        self._closed = ""  # why nothing new starts any more
        self._told = False

    def run(self) -> RunState:
        """Runs to the end: every task has settled and every sink knows it."""
        self._engine.open(self._posts.append, self._loop)
        try:
            self._tell(self._opening)
            self._tell((RunStarted(self._loop.wall()),))
            self._take_in()
            while self._running or self._pausing:
                self._loop.wait()
                self._take_in()
            self._tell_leftovers()
        finally:
            self._engine.close()
            if self._tokens:
                self._tokens.close()
            self._scratch.close()
        self._tell((RunFinished(self._loop.wall(), verdict(self.state)),))
        return self.state

    # ---- the hot loop: what was posted is taken in, then what can start is started

    def _take_in(self) -> None:
        """Takes in all that was posted, in its order, and then starts what can start, until nothing comes of that."""
        posts = self._posts
        while True:
            while posts:
                post = posts.popleft()
                if isinstance(post, Exited):
                    self._exited(post)
                elif isinstance(post, Started):
                    self._started(post)
                elif isinstance(post, Output):
                    self._heard(post.id, post.stream, self._running[post.id].hear(post.stream, post.data))
                else:
                    self._came_to_nothing(post)
            self._start_ready()
            if not posts:
                break
        if len(self._running) > self._many:
            self._remark_many()

    def _start_ready(self) -> None:
        """Starts what is ready, the most urgent first, as long as there are slots."""
        if self._known and self._starts.is_choice():
            self._learn(self._known)
        self._keep_slots()
        while self._has_room() and (number := self._starts.next()) is not None:
            if not self.plan.tasks[number].argv:
                now = self._loop.wall()
                self._attempts.pretend(number)
                self._posts += (Started(number, now), Exited(number, now, 0, 0.0))
                continue
            self._attempts.start(number, self._starts.place(number))
            if len(self._running) > 1 and _is_busy(self._posts[-1]):
                break  # the machine takes no more for now, and that is to be taken in first
        self._keep_slots()  # one may have been taken for a task that then found no room in a pool

    def _keep_slots(self) -> None:
        """Those with whom the run shares its slots get back what its tasks do not need."""
        if self._tokens:
            self._tokens.keep(len(self._running))

    def _has_room(self) -> bool:
        """Whether those with whom the run shares its slots leave it one more, if it wants one."""
        return self._tokens is None or self._tokens.room(len(self._running), self._starts.wanting)

    def _started(self, first: Started) -> None:
        """It runs, and so do those that were started together with it: one step."""
        started = [first]
        while self._posts and isinstance(post := self._posts[0], Started):
            started.append(post)
            self._posts.popleft()
        self._tell(tuple([TaskStarted(post.at, post.id, self._attempts.count(post.id)) for post in started]))

    def _heard(self, task: int, stream: int, data: bytes) -> None:
        if data:
            for listener in self._listeners:
                listener.output(task, stream, data)

    def _tell(self, facts: Step) -> None:
        """The one way out for facts."""
        for fact in facts:
            self.state.apply(fact)
        for sink in self._sinks:
            sink.step(facts)

    # ---- ends

    def _came_to_nothing(self, post: Post | PauseOver) -> None:
        """It could not be started, or nobody knows how it ended; or it is time for another attempt."""
        if isinstance(post, NotStarted):
            self._not_started(post)
        elif isinstance(post, PauseOver):
            self._again(post.id)
        elif isinstance(post, Lost):
            self._failed(post, LOST, self._masked(f"worker lost: {post.reason}"))

    def _exited(self, post: Exited) -> None:
        number, task, running = post.id, self.plan.tasks[post.id], self._running[post.id]
        if self._mask:
            for stream, data in running.rest():
                self._heard(number, stream, data)
        state, reason = judge(task, post.code)
        if running.stopped:
            state, reason = FAILED, running.stopped
        if state == FAILED:
            self._failed(post, TIMEOUT if running.timed_out else post.code, reason)
            return
        self._free(number)
        self._settle(number, ended(post, state, reason, running))

    def _not_started(self, post: NotStarted) -> None:
        others = len(self._running) - 1
        if not post.busy or not others:
            self._failed(post, NOT_STARTED, self._masked(post.reason))
            return
        self._free(post.id)
        self._attempts.uncount(post.id)
        self._starts.slots = others
        if self._is_closed(post.id):
            self._tell((TaskSkipped(post.at, post.id, self._closed),))
            self._schedule.settle(post.id)
            return
        self._schedule.give_back(post.id)
        if not self._told:
            self._told = True
            self._say(f"{post.reason}: going on with {others} at once")

    def _failed(self, post: End, what: int | str, reason: str | None) -> None:
        """An attempt failed: there is another, or the task has failed."""
        number, running = post.id, self._running[post.id]
        retry, attempt = self.plan.tasks[number].retry, self._attempts.count(number)
        told_to_end = self._is_closed(number) or (running.stopped and not running.timed_out)
        self._free(number)
        if retry is None or told_to_end or not retried(retry, attempt, what):
            self._settle(number, ended(post, FAILED, reason, running))
            return
        wait = pause(retry, attempt, self._chance())
        fact = tried(post, reason, running, wait)
        self._pausing[number] = (self._loop.later(wait, lambda: self._posts.append(PauseOver(number))), fact)
        self._tell((fact,))

    def _again(self, number: int) -> None:
        """The pause before a task's next attempt is over, unless the run was stopped just now."""
        if self._pausing.pop(number, None):
            self._schedule.give_back(number)

    def _free(self, number: int) -> None:
        """An attempt is over: what it took is there for others."""
        self._attempts.over(number)
        self._starts.over(number)
        self._starts.slots = min(self._starts.slots + 1, self._limit)

    def _settle(self, number: int, fact: TaskEnded) -> None:
        """A task's end is one step with the skips that it causes."""
        if fact.state == SUCCEEDED:
            self._schedule.settle(number)
            self._tell((fact, *self._more_causes(fact.at)))
            return
        name = self.plan.tasks[number].name
        clause = cause(name, fact.state)
        skips: list[Fact] = [TaskSkipped(fact.at, task, clause) for task in self._schedule.bar(number)]
        facts: list[Fact] = [fact]
        if not self._stopping:
            facts += [*skips, *self._more_causes(fact.at)]
        words = ""
        if fact.state == FAILED and self._rules.fail_fast and not self._closed:
            words = f"{called(name)} failed and the run stops at the first failure"
            facts += self._close(fact.at, words)
        self._tell(tuple(facts))
        if words:
            self._end_pauses(fact.at, words)

    def _more_causes(self, at: float) -> list[Fact]:
        """The last clauses of those reasons that are complete now and name the first causes alone."""
        counted = self._schedule.counted()
        return [] if self._stopping else [TaskSkipped(at, task, more_causes(*more)) for task, more in counted]

    # ---- stopping: nothing new starts any more

    def stop(self, reason: str, code: int) -> None:
        """Nothing new starts but what is final, and what else runs is asked to end; a second call kills all.

        code: the exit code that this means.
        """
        again, self._stopping = self._stopping, True
        self._killing |= again
        at = self._loop.wall()
        rest = self._close(at, reason)
        if rest or not again or not self._by_signal:
            self._tell((RunStopped(at, reason, code), *rest))
        self._end_pauses(at, reason)
        for task in list(self._running):
            if self._is_closed(task):
                self._attempts.cancel(task, reason, 0.0 if again else self._rules.grace)

    def hold(self, reason: str) -> None:
        """The record broke: nothing new starts but what is final; what runs goes on to its end."""
        at = self._loop.wall()
        rest = self._close(at, reason)
        if rest or self._pausing:
            self._tell((RunStopped(at, reason, BROKEN), *rest))
        self._end_pauses(at, reason)

    def on_signal(self, number: int) -> None:
        """A signal came that asks the run to stop."""
        name = signal_name(number)
        if not self._stopping and self._has_ended():
            self._say(f"{name} received: every task has ended, what is left of them is stopped")
            self._hurry()
            return
        if not self._stopping:
            self._say(f"{name} received, stopping{self._waiting_for()}")
        else:
            self._say(f"{name} received{' again' if self._by_signal else ''}, killing what still runs")
        self.stop(f"the run was stopped by {name}", SIGNAL + number)

    def time_out(self, after: str) -> None:
        """The time that the whole run may take is over."""
        if not self._stopping and not self._has_ended():
            reason = f"the run timed out after {after}"
            self._say(f"{reason}, stopping{self._waiting_for()}")
            self.stop(reason, FAILURE)

    @property
    def _by_signal(self) -> bool:
        return (self.state.code or 0) >= SIGNAL

    def _has_ended(self) -> bool:
        """Whether nothing is left to be stopped: each task has settled, or its last attempt has ended."""
        return all(
            task.state in SETTLED
            or (number in self._running and not self.plan.tasks[number].retry and self._attempts.has_ended(number))
            for number, task in enumerate(self.state.tasks)
        )

    def _hurry(self) -> None:
        """Every task has ended: what some of them left is asked to end, the second time killed."""
        for task in list(self._running):
            self._attempts.cancel(task, "", 0.0 if self._killing else self._rules.grace)
        self._killing = True

    def _close(self, at: float, reason: str) -> list[Fact]:
        """From now on nothing starts but what is final (or not even that): the skips that this means."""
        self._closed = reason
        skips: list[Fact] = [TaskSkipped(at, task, reason) for task in self._schedule.bar_rest(final=self._killing)]
        return skips + self._more_causes(at)

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

    # ---- around it

    def outputs(self) -> dict[int, tuple[str, str]]:
        """What the running tasks have written so far: the tails of both streams."""
        return self._attempts.outputs()

    def _learn(self, known: Callable[[], Sequence[float] | None]) -> None:
        """There is a choice: what earlier runs took decides it, if anybody knows."""
        self._known = None
        try:
            from factc.scheduling.search import best_urgency

            seconds = known()
        except OSError:  # no descriptor is left to load or read anything with
            return
        if seconds is not None:
            done = [i for i, task in enumerate(self.state.tasks) if task.state == SUCCEEDED]
            slots = self._starts.slots
            self._starts.rerank(best_urgency(self.plan, seconds, slots, room=self._rules.pools, done=done))

    def _remark_many(self) -> None:
        """Nobody has said how many at once, and it may be more than is good for the machine."""
        assert self._cpus
        cpus = self._cpus()
        self._many = MANY * cpus
        if len(self._running) > self._many:
            self._many = NEVER
            self._say(many_at_once(len(self._running), cpus))

    def _waiting_for(self) -> str:
        return waiting_for([self.plan.tasks[task].name for task in self._running], self._rules.grace)

    def _tell_leftovers(self) -> None:
        for left in self._engine.leftovers():
            self._say(self._masked(left_behind(self.plan.tasks[left.id].name, left, self._masked)))

    def _masked(self, words: str) -> str:
        return self._mask.text(words) if self._mask else words


class PauseOver:
    """It is time for a task's next attempt: posted as ends are, for all of one time is taken in before any start."""

    __slots__ = ("id",)

    def __init__(self, id: int) -> None:
        self.id = id


def _is_busy(post: Post | PauseOver) -> bool:
    """Whether an attempt could not be started for now."""
    return isinstance(post, NotStarted) and post.busy
