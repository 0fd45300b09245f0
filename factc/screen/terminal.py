"""The screen: what starts, what tasks write, how they end, and the account at the end.

Knows facts and the plan's names; knows no engine. Task output goes to the stream that it was written to,
what factc says to standard error. A closed screen falls silent and stops nothing.
"""

from __future__ import annotations

import os
import time

from factc import durations
from factc.escape import visible
from factc.events import AttemptEnded, RunStopped, TaskEnded, TaskSkipped, TaskStarted
from factc.events.ending import WORDS
from factc.events.state import FAILED, NO_OP, RUNNING, SKIPPED, SUCCEEDED, RunState
from factc.instant import between
from factc.screen.colour import CYAN, DIM, GREEN, RED, YELLOW, colour_wanted, painted
from factc.screen.spool import Spool
from factc.screen.streams import ERR, OUT, Streams
from factc.screen.summary import Summary, names, rehearsed, short
from factc.screen.tails import Tails

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.events import Step
    from factc.loop import Loop
    from factc.plan import Plan
    from factc.screen.lines import Lines

STREAM = "stream"
GROUP = "group"
QUIET = "quiet"
RAW = "raw"

QUIET_FOR = 60.0  # seconds without a word before `still running`
FRAME = 0.125  # seconds between two pictures of the live block
PREFIX = 60  # characters of a name before a line of its output
_COLOURS = {SUCCEEDED: GREEN, NO_OP: CYAN, FAILED: RED}


class Terminal:
    """A sink and a listener of one run.

    output: how task output is shown (stream, group, quiet, raw). silent: nothing is said unless something is wrong;
    what was to be said before that is kept for then. colour: False for none, None for what the environment and each
    stream say. log_path: the path of a log by task, stream and attempt, if there are any. onward: makes the line that
    says how to go on where the run failed, if there is one.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        output: str = STREAM,
        silent: bool = False,
        colour: bool | None = None,
        out: int = 1,
        err: int = 2,
        now: float = 0.0,
        log_path: Callable[[int, int, int], str] | None = None,
        onward: Callable[[], str] | None = None,
    ) -> None:
        self._plan = plan
        self._output = output
        self._log_path = log_path
        self._onward = onward
        self._state = RunState(len(plan.tasks))
        self._streams = Streams(out, err)
        self._colour = {s: colour_wanted(os.environ, self._streams.is_terminal(s), colour) for s in (OUT, ERR)}
        self._clock = not self._streams.is_terminal(ERR)
        self._lines: dict[tuple[int, int], Lines] = {}
        self._tails = Tails()
        self._groups: dict[tuple[int, int], Spool] = {}
        self._running: dict[int, float] = {}
        self._counts = dict.fromkeys((*_COLOURS, SKIPPED), 0)
        self._kept: list[str] | None = [] if silent else None  # what is said if something goes wrong
        self._spoken = now
        self._now = now
        pager = self._streams.is_pipe(OUT)  # what reads it may show it on this very terminal
        able = os.environ.get("TERM") not in (None, "", "dumb")
        self._live = able and not self._clock and not pager and output not in (RAW, QUIET)
        self._descriptor = err
        self._shown = False

    # ---- slow readers

    def attach(self, loop: Loop) -> None:
        """From now on writing never blocks; what waits for a slow reader is written by the loop."""
        self._streams.attach(loop)

    @property
    def pending(self) -> int:
        """Bytes that wait for slow readers."""
        return self._streams.pending

    @property
    def on_full(self) -> Callable[[bool], None]:
        """Called with True when so much waits that tasks should write no more, with False when that is over."""
        return self._streams.on_full

    @on_full.setter
    def on_full(self, callback: Callable[[bool], None]) -> None:
        self._streams.on_full = callback

    def flush(self) -> None:
        """Blocks until nothing waits."""
        self._streams.flush()

    def close(self) -> None:
        """Leaves the loop. What still waits is given up, and its stream falls silent."""
        self._streams.close()

    @property
    def wants_tick(self) -> float:
        """Seconds between two calls of `tick`."""
        return FRAME if self._live else QUIET_FOR / 12

    # ---- what happens

    def step(self, facts: Step) -> None:
        skipped: dict[str, list[int]] | None = None
        for fact in facts:
            self._now = fact.at
            self._state.apply(fact)
            if isinstance(fact, TaskStarted):
                self._started(fact)
            elif isinstance(fact, TaskEnded):
                self._ended(fact)
            elif isinstance(fact, RunStopped):
                self.speak_up()
            elif isinstance(fact, AttemptEnded):
                self._attempt_ended(fact)
            elif isinstance(fact, TaskSkipped) and self._state.tasks[fact.task].reason == fact.cause:  # the first one
                self._counts[SKIPPED] += 1
                skipped = skipped or {}
                skipped.setdefault(fact.cause, []).append(fact.task)
        if skipped and self._output != QUIET:
            for cause, tasks in skipped.items():
                self._tell("skipped", YELLOW, names(self._plan, tasks), cause)

    def output(self, task: int, stream: int, data: bytes) -> None:
        self._tails.add(task, stream, data)
        if self._output == RAW:
            self._streams.write_bytes(stream, data)
        elif self._output == GROUP:
            self._groups.setdefault((task, stream), Spool()).add(data)
        elif self._output == STREAM:
            self._write(stream, self._splitter((task, stream)).add(data))

    def say(self, message: str, at: float) -> None:
        """A line of factc's own."""
        self._now = at
        self._say(f"factc: {message}")

    def tick(self, at: float) -> None:
        """Time has passed: draws the block again, or says what still runs if nothing was said for long."""
        self._now = at
        if self._live:
            self._draw_block()
            return
        if self._output == STREAM and not self._clock:  # a terminal that can show no block
            self._tell_unfinished()
        if self._running and self._output != QUIET and between(self._spoken, at) >= QUIET_FOR:
            longest = list(self._running.items())[:10]
            names = [f"{self._name(task)} ({durations.shown(between(since, at))})" for task, since in longest]
            more = len(self._running) - len(names)
            self._say("still running: " + ", ".join(names) + (f" and {more} more" if more > 0 else ""))

    def finish(self) -> None:
        """The run is over: takes the block away."""
        self._streams.show(None)
        self._live = False

    def rehearsed(self) -> str:
        """The account of a run that was none."""
        return rehearsed(self._plan, self._state)

    def account(self, at: float, more: Callable[[bool], str] = lambda colour: "") -> str:
        """The account of the run, and below it what `more` makes of it. more: is told whether colours are wanted."""
        return self._summary().text(at) + more(self._colour[ERR])

    def last_lines(self, at: float) -> str:
        """The end of that account, which is soon made."""
        return self._summary().last_lines(at)

    def write(self, text: str) -> None:
        """A text of whole lines, as it is."""
        if self._kept is None:
            self._write(ERR, text)
        else:
            self._kept.append(text)

    def speak_up(self) -> None:
        """Something is wrong: what was kept is said, and from now on all is."""
        kept, self._kept = self._kept, None
        if kept:
            self.write("".join(kept))

    def _summary(self) -> Summary:
        return Summary(
            self._plan, self._state, tails=self._tails.last_lines, log=self._log_path, colour=self._colour[ERR],
            onward=self._onward,
        )  # fmt: skip

    # ---- tasks

    def _started(self, fact: TaskStarted) -> None:
        self._running[fact.task] = fact.at
        if self._output != QUIET:
            again = [f"attempt {fact.attempt}"] if fact.attempt > 1 else []
            self._tell("started", DIM, self._name(fact.task), *again)

    def _attempt_ended(self, fact: AttemptEnded) -> None:
        """It failed, and will be tried again."""
        self._running.pop(fact.task, None)
        self._let_out(fact.task)
        self._tails.forget(fact.task)
        if self._output != QUIET:
            took = [durations.shown(fact.duration)] if fact.duration is not None else []
            wait = f"again in {durations.shown(fact.again - fact.at)}"
            self._tell("retrying", YELLOW, self._name(fact.task), *took, fact.reason or "", wait)

    def _ended(self, fact: TaskEnded) -> None:
        self._running.pop(fact.task, None)
        self._counts[fact.state] += 1
        self._let_out(fact.task)
        if fact.state == FAILED:
            self.speak_up()
        if self._output != QUIET or fact.state == FAILED:
            self._tell_end(fact)
        if fact.state != FAILED:
            self._tails.forget(fact.task)

    def _tell_end(self, fact: TaskEnded) -> None:
        words = [durations.shown(fact.duration)] if fact.duration is not None else []
        if fact.state == NO_OP:
            words.append(f"exit code {fact.code}: what depends on it is not needed")
        if fact.reason:
            words.append(fact.reason)
        self._tell(WORDS[fact.state], _COLOURS[fact.state], self._name(fact.task), *words)

    def _let_out(self, task: int) -> None:
        """What was held back of a task that has ended."""
        if not self._groups and not self._lines:
            return
        for stream in (OUT, ERR):
            key = (task, stream)
            spool = self._groups.pop(key, None)
            for data in spool.parts() if spool else ():
                self._write(stream, self._splitter(key).add(data))
            splitter = self._lines.pop(key, None)
            if splitter:
                self._write(stream, splitter.rest())

    def _splitter(self, key: tuple[int, int]) -> Lines:
        if key not in self._lines:
            from factc.screen.lines import Lines

            prefix = painted(f"[{short(self._plan.tasks[key[0]].name, PREFIX)}]", CYAN, self._colour[key[1]])
            self._lines[key] = Lines(prefix + " ", self._colour[key[1]])
        return self._lines[key]

    def _tell_unfinished(self) -> None:
        """What the lines say so far that tasks are writing, where it is new."""
        for task in list(self._running):
            if words := self._tails.news(task):
                self._tell("so far", DIM, self._name(task), words)

    # ---- words

    def _tell(self, verb: str, code: str, name: str, *words: str) -> None:
        self._say("  ".join((name, *words)), painted(f"{verb:9}", code, self._colour[ERR]) + " ")

    def _say(self, words: str, verb: str = "") -> None:
        """A line: whatever stands in the words, the terminal takes none of it for an order."""
        self._spoken = self._now
        clock = time.strftime("%H:%M:%S ", time.localtime(self._now)) if self._clock else ""
        self.write(f"{clock}{verb}{visible(words)}\n")

    def _write(self, stream: int, text: str) -> None:
        if text:
            self._streams.write(stream, text)

    def _name(self, task: int) -> str:
        return short(self._plan.tasks[task].name)

    # ---- the live block

    def _draw_block(self) -> None:
        """The block, from the first tick on: a run that is over before has none."""
        if self._shown:
            self._streams.redraw()
            return
        from factc.screen.live import Block

        self._shown = True
        self._streams.show(Block(self._rows, self._descriptor, self._colour[ERR]))

    def _rows(self, most: int) -> list[str]:
        """How far the run has come, and what runs now, the longest first."""
        done = sum(self._counts.values())
        words = [f"{done} of {len(self._plan.tasks)} done"]
        words += [f"{self._counts[state]} {WORDS[state]}" for state in (FAILED, SKIPPED) if self._counts[state]]
        if self._state.stopped:
            words.append("stopping")
        took = durations.shown(between(self._state.created, self._now)) if self._state.job == RUNNING else ""
        rows = ["── " + " · ".join([short(self._plan.name, 60), *words, *([took] if took else [])])]
        for task, since in list(self._running.items())[:most]:
            says = self._tails.unfinished(task)
            took = durations.shown(between(since, self._now))
            rows.append(f"   {self._name(task)}  {took}" + (f"  {visible(says)}" if says else ""))
        more = len(self._running) - most
        return [*rows, f"   and {more} more"] if more > 0 else rows
