"""The wire: what happened in a run as self-describing JSON events, byte for byte.

Knows what an event looks like; does not know when one is cut, where it goes, or whether it arrives.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence

from factc.digest import sha256_hex
from factc.events import Step, TaskCarried
from factc.events.state import FAILED, RUNNING, SKIPPED, RunState, TaskState, Transition
from factc.instant import between

JOB_UPDATE = "iglu:com.snowplowanalytics.factotum/job_update/jsonschema/1-0-0"
TASK_UPDATE = "iglu:com.snowplowanalytics.factotum/task_update/jsonschema/1-0-0"
PRODUCER = "factc"
FACTFILE_LIMIT = 1_000_000  # characters of base64 that the schemas allow
CODE_LIMIT = 32_767  # the largest returnCode, and its negative the smallest, that they allow

# What an event may leave out when a receiver finds it too large, each with what stands before it.
WHOLE = ""
WITHOUT_OUTPUT = "output"
WITHOUT_FACTFILE = "factfile"
SMALLER = {WHOLE: WITHOUT_OUTPUT, WITHOUT_OUTPUT: WITHOUT_FACTFILE}

_encoder = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Header:
    """What all events of one run share.

    job, job_reference, run_reference: its name and its two references (`job_reference()`, `run_reference()`).
    version:  of factc, such as `0.1.0`.
    factfile: the Factfile's text; events carry it as base64.
    names:    the tasks' names in the order in which events list them.
    order:    for each place in that list, the number of the task in the fold; None: the same order.
    factfile_dropped: the Factfile is too long for the schemas, so events carry an empty one.
    """

    __slots__ = (
        "job", "job_reference", "run_reference", "version", "factfile", "factfile_dropped", "tags", "names", "order",
    )  # fmt: skip

    def __init__(
        self,
        job: str,
        job_reference: str,
        run_reference: str,
        version: str,
        factfile: str,
        tags: Mapping[str, str],
        names: Sequence[str],
        order: Sequence[int] | None = None,
    ) -> None:
        self.job = job
        self.job_reference = job_reference
        self.run_reference = run_reference
        self.version = version
        self.factfile = factfile
        self.factfile_dropped = _base64_length(len(_utf8(factfile))) > FACTFILE_LIMIT
        self.tags = dict(tags)
        self.names = tuple(names)
        self.order = tuple(range(len(names)) if order is None else order)


class Wire:
    """The events of one run, in order: a fold over its steps that speaks JSON.

    An event repeats the state of every task, so each task's JSON is made once per change and kept.
    """

    __slots__ = ("header", "state", "_place", "_tasks", "_opening", "_tags", "_last")

    def __init__(self, header: Header, tasks: int) -> None:
        self.header = header
        self.state = RunState(tasks)
        self._place = {task: place for place, task in enumerate(header.order)}
        self._tasks = [self._task(task) for task in header.order]
        self._opening = _opening(header)
        self._tags = _json(header.tags)
        self._last: list[Transition] = []

    def event(self, steps: Iterable[Step], without: str = WHOLE) -> bytes | None:
        """The body of the one event that says these steps; None if they change no state.

        A change of the job comes alone: no event has room for it and for changes of tasks.
        """
        changes = self._last = []
        for step in steps:
            for fact in step:
                if change := self.state.apply(fact):
                    changes.append(change)
                elif isinstance(fact, TaskCarried):
                    self._tasks[self._place[fact.task]] = self._task(fact.task)
        if not changes:
            return None
        job = [change for change in changes if change.task is None]
        if job and len(changes) > 1:
            raise ValueError("a change of the job shares its event with other changes")
        for task in {change.task for change in changes if change.task is not None}:
            self._tasks[self._place[task]] = self._task(task)
        return self.again(without)

    def again(self, without: str) -> bytes:
        """The body of the last event once more, with less in it: WITHOUT_OUTPUT, WITHOUT_FACTFILE (and output)."""
        tasks = self._tasks if without == WHOLE else [self._task(task, bare=True) for task in self.header.order]
        opening = _opening(self.header, empty=True) if without == WITHOUT_FACTFILE else self._opening
        if self._last[0].task is None:
            return self._body(JOB_UPDATE, tasks, opening, job_transition=_transition(self._last[0]))
        return self._body(TASK_UPDATE, tasks, opening, task_transitions=self._transitions(self._last))

    def heartbeat(self, at: float, outputs: Mapping[int, tuple[str, str]]) -> bytes | None:
        """The body of an event that says what still runs; None if nothing does.

        outputs: by task, the last characters of its standard output and standard error so far.
        """
        running = [task for task in self.header.order if self.state.tasks[task].state == RUNNING]
        if not running:
            return None
        tasks = list(self._tasks)
        for task in running:
            tasks[self._place[task]] = self._task(task, outputs.get(task, ("", "")))
        transitions = self._transitions([Transition(task, RUNNING, RUNNING) for task in running])
        return self._body(TASK_UPDATE, tasks, self._opening, task_transitions=transitions, now=at)

    def _body(
        self,
        schema: str,
        tasks: list[bytes],
        opening: bytes,
        *,
        job_transition: dict[str, str | None] | None = None,
        task_transitions: list[dict[str, str | None]] | None = None,
        now: float | None = None,
    ) -> bytes:
        state = self.state
        ran = max(between(state.created, at) for at in (state.now, state.now if now is None else now))
        return b"".join((
            b'{"schema":"', schema.encode(), b'","data":', opening,
            b',"jobTransition":' + _json(job_transition) if job_transition else b"",
            b',"runDuration":', _json(duration(ran)),
            b',"runReference":', _json(self.header.run_reference),
            b',"runState":', _json(state.job),
            b',"startTime":', _json(moment(state.created)),
            b',"tags":', self._tags,
            b',"taskStates":[', b",".join(tasks), b"]",
            b',"taskTransitions":' + _json(task_transitions) if task_transitions else b"",
            b"}}",
        ))  # fmt: skip

    def _task(self, number: int, live: tuple[str, str] = ("", ""), *, bare: bool = False) -> bytes:
        task = self.state.tasks[number]
        known = _running(task, *live) if task.state == RUNNING else _at_rest(task)
        if bare:
            known["stdout"] = known["stderr"] = None
        known["taskName"] = self.header.names[self._place[number]]
        known["state"] = task.state
        return _json({key: value for key, value in known.items() if value is not None})

    def _transitions(self, changes: Iterable[Transition]) -> list[dict[str, str | None]]:
        names, place = self.header.names, self._place
        return [{"taskName": names[place[c.task]], **_transition(c)} for c in changes if c.task is not None]


def job_reference(factfile: str, tags: Mapping[str, str]) -> str:
    """What a job with these tags is known by: sha256 over the Factfile, then each tag's key and value by key."""
    return sha256_hex([_utf8(factfile), *(_utf8(key + tags[key]) for key in sorted(tags))])


def run_reference(uuid: str) -> str:
    """What one run is known by: sha256 of a random UUID's text."""
    return sha256_hex([_utf8(uuid)])


def duration(seconds: float) -> str:
    """Seconds as ISO 8601 has them: `PT1.5S`, to the millisecond; `PT0S` if the clock went back."""
    return "PT" + f"{max(0.0, seconds):.3f}".rstrip("0").rstrip(".") + "S"


def moment(at: float) -> str:
    """A time (seconds since the epoch) in UTC: `2016-06-12T21:04:02.274Z`."""
    # Cut off, not rounded up into the future; a float of today is good to 0.0003 ms, hence the little more.
    seconds, millis = divmod(int(at * 1000 + 0.001), 1000)
    year, month, day, hour, minute, second = time.gmtime(seconds)[:6]
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"


def _opening(header: Header, *, empty: bool = False) -> bytes:
    """The first properties of `data`, the same in all events of a run."""
    from binascii import b2a_base64

    application = _json({"name": PRODUCER, "version": header.version})
    factfile = b"" if empty or header.factfile_dropped else b2a_base64(_utf8(header.factfile), newline=False)
    job, reference = _json(header.job), _json(header.job_reference)
    return b'{"applicationContext":%b,"factfile":"%b","jobName":%b,"jobReference":%b' % (
        application, factfile, job, reference,
    )  # fmt: skip


def _running(task: TaskState, stdout: str, stderr: str) -> dict[str, object]:
    """While an attempt runs, what is known of the last one no longer counts."""
    started = None if task.started is None else moment(task.started)
    return {"started": started, "stdout": stdout or None, "stderr": stderr or None}


def _at_rest(task: TaskState) -> dict[str, object]:
    fits = task.code is not None and -CODE_LIMIT <= task.code <= CODE_LIMIT
    return {
        "started": None if task.started is None else moment(task.started),
        "duration": None if task.duration is None else duration(task.duration),
        "returnCode": task.code if fits else None,
        "errorMessage": task.reason if task.state in (FAILED, SKIPPED) else None,
        "stdout": task.stdout,
        "stderr": task.stderr,
    }


def _transition(change: Transition) -> dict[str, str | None]:
    return {"previousState": change.previous, "currentState": change.current}


def _json(value: object) -> bytes:
    return _utf8(_encoder.encode(value))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate has no UTF-8: better a `?` than no event


def _base64_length(size: int) -> int:
    return (size + 2) // 3 * 4
