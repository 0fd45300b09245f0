"""A webhook: the changes of a run, delivered to one endpoint by a thread of its own.

Knows no plan and no runner; what an event looks like is `wire`'s business, when it goes `pace`'s, how it
is sent `post`'s. Whatever an endpoint does, the job neither waits nor fails.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from factc import pace
from factc.events import Step
from factc.pace import Backoff, Pace
from factc.sink.address import shown_url
from factc.wire import PRODUCER, Header, Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.sink.post import Answer, Post

DEADLINE = 30.0  # seconds for one POST, and more for a long body
HEARTBEAT_DEADLINE = 5.0  # a heartbeat must not hold up the events behind it
CONNECT = 10.0  # seconds for a connection
_NO_MORE = "nothing more is sent to it in this run"


class Report:
    """What one endpoint did not get: how many events (steps of the run) and changes of state, and why."""

    __slots__ = ("url", "events", "transitions", "why")

    def __init__(self, url: str, events: int, transitions: int, why: str) -> None:
        self.url = url
        self.events = events
        self.transitions = transitions
        self.why = why

    def line(self) -> str | None:
        """One line for the user, or None if all was delivered."""
        if not self.events:
            return None
        events = "1 event" if self.events == 1 else f"{self.events} events"
        changes = "1 change" if self.transitions == 1 else f"{self.transitions} changes"
        return f"webhook {self.url}: {events} with {changes} of state not delivered: {self.why}"


class _Event:
    """An event on its way: the same id and the same body however often it is tried."""

    __slots__ = ("id", "number", "body", "steps")

    def __init__(self, number: int | None, body: bytes, steps: Sequence[Step] = ()) -> None:
        self.id = "msg_" + os.urandom(16).hex()
        self.number = number
        self.body = body
        self.steps = steps


class Webhook:
    """One endpoint of one run.

    header, tasks: as for `Wire`. say: shows one line to the user; called from another thread, and once
    for each kind of trouble. deadline, connect: seconds. `step` and `heartbeat` never wait and never raise.
    """

    def __init__(
        self,
        url: str,
        header: Header,
        tasks: int,
        say: Callable[[str], None],
        *,
        deadline: float = DEADLINE,
        connect: float = CONNECT,
        backoff: Backoff | None = None,
    ) -> None:
        self.url = shown_url(url)
        self._address = url
        self._header = header
        self._tasks = tasks
        self._pace = Pace()
        self._say_line = say
        self._deadline = deadline
        self._connect = connect
        self._backoff = backoff or Backoff()
        # The job's thread appends to `_inbox`; everything else but the flags is the delivering thread's.
        self._inbox: deque[Step] = deque()
        self._beat: tuple[float, dict[int, tuple[str, str]]] | None = None
        self._events = self._changes = 0  # happened, counted by the job's thread
        self._events_done = self._changes_done = 0  # delivered, counted by the other
        self._number = 0
        self._next_beat = 0.0
        self._problem = ""  # what keeps events from being delivered now
        self._refused = ""  # why some were passed by
        self._said: set[str] = set()
        self._listening = True  # any step rings; else only one that goes without regard to the pace
        self._idle = True
        self._bell = threading.Event()
        self._closing = threading.Event()
        self._over = threading.Event()
        self._ends = 0.0
        self._thread = threading.Thread(target=self._run, name=f"webhook {self.url}", daemon=True)
        self._start()

    def _start(self) -> None:
        try:
            self._thread.start()
        except RuntimeError:
            self._trouble("no thread could be started for it", _NO_MORE)

    # The job's side

    def step(self, facts: Step) -> None:
        """Something happened in the run."""
        changes = pace.transitions(facts)
        if not changes:
            return
        self._events += 1
        self._changes += changes
        self._inbox.append(facts)
        if self._listening or pace.has_failure(facts) or pace.is_end(facts):
            self._bell.set()

    def heartbeat(self, at: float, outputs: dict[int, tuple[str, str]]) -> None:
        """What still runs, with the last characters of its output so far; dropped when anything waits.

        at: seconds since the epoch. outputs: standard output and standard error, by task.
        """
        if self._idle and not self._inbox:
            self._beat = (at, outputs)
            self._bell.set()

    def finish(self, drain: float) -> None:
        """No more steps will come, and what is left has `drain` seconds. Does not wait."""
        self._ends = time.monotonic() + drain
        self._closing.set()
        self._bell.set()

    @property
    def busy(self) -> bool:
        """Whether there may still be something to deliver."""
        return self._thread.is_alive()

    def close(self, drain: float) -> Report:
        """Waits until all is delivered or `drain` seconds are over, and tells what was not.

        After `finish`, no longer than that one has allowed. Nothing is said from then on.
        """
        if not self._closing.is_set():
            self.finish(drain)
        if self.busy:
            self._thread.join(max(0.0, min(drain, self._ends - time.monotonic())))
        self._over.set()
        why = self._problem or self._refused or "it did not take them in time"
        return Report(self.url, self._events - self._events_done, self._changes - self._changes_done, why)

    # The delivering thread's side

    def _run(self) -> None:
        post: Post | None = None
        try:
            from factc.sink.post import Post

            post = Post(self._address, self._connect)
            self._wire = Wire(self._header, self._tasks)  # not in the job's time: it takes a while for 10,000 tasks
            self._deliver_all(post)
        except Exception as error:  # it must not cost the job anything; its text may hold the URL's secrets
            self._trouble(getattr(error, "words", f"internal error ({type(error).__name__})"), _NO_MORE)
        finally:
            self._idle = False
            if post:
                post.close()

    def _deliver_all(self, post: Post) -> None:
        going = True
        while going and not self._over.is_set():
            closing = self._closing.is_set()  # asked before the inbox is emptied: nothing comes after
            self._gather(closing)
            steps = self._pace.cut(time.monotonic())
            if steps:
                going = self._deliver(post, steps)
            elif closing:
                return
            else:
                self._send_heartbeat(post)
                self._rest()

    def _gather(self, closing: bool) -> None:
        self._listening = True
        while self._inbox:
            self._pace.put(self._inbox.popleft())
        if closing:
            self._pace.hurry()

    def _rest(self) -> None:
        """Sleeps until something is to be done."""
        due = self._pace.due()
        self._idle = due == pace.NEVER and not self._inbox
        # While the pace runs, steps need not wake this thread: a busy job keeps the processor for itself.
        self._listening = due == pace.NEVER
        self._bell.wait(None if due == pace.NEVER else max(0.0, due - time.monotonic()))
        self._bell.clear()

    def _deliver(self, post: Post, steps: list[Step]) -> bool:
        """Sends one event until it is settled; whether there is anything more to do here."""
        self._idle = self._listening = False
        self._beat = None
        body = self._wire.event(steps)
        assert body is not None, "only steps that change something are cut"
        self._number += 1
        event = _Event(self._number, body, steps)
        self._pace.sent(len(body))
        going = self._try(post, event)
        self._pace.answered(time.monotonic())
        return going

    def _try(self, post: Post, event: _Event) -> bool:
        retry = 0
        while True:
            closing = self._closing.is_set()
            answer = self._send(post, event, self._deadline + len(event.body) / pace.RATE)
            verdict = pace.verdict(answer.status)
            if verdict != pace.RETRY:
                return self._settle(event, answer, verdict)
            self._problem = answer.words
            if retry:  # a single hiccup is not worth a line
                self._trouble(answer.words, "sending is tried again")
            if not self._pause(answer, self._backoff.delay(retry, _chance()), closing):
                return False
            retry = retry + 1 if self._closing.is_set() == closing else 0  # the drain starts with short waits

    def _settle(self, event: _Event, answer: Answer, verdict: str) -> bool:
        if verdict == pace.STOP:
            self._trouble(answer.words, _NO_MORE)
            return False
        self._problem = ""
        if verdict == pace.POISON:
            self._refused = answer.words
            self._trouble(answer.words, "that event is passed by", keep=False)
            return True
        self._events_done += len(event.steps)
        self._changes_done += sum(map(pace.transitions, event.steps))
        return True

    def _send(self, post: Post, event: _Event, deadline: float) -> Answer:
        return post.send(event.body, self._headers(event), deadline)

    def _headers(self, event: _Event) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"{PRODUCER}/{self._header.version}",
            "webhook-id": event.id,
            "webhook-timestamp": str(int(time.time())),
            "factc-host": socket.gethostname().encode("ascii", "replace").decode(),
        }
        if event.number is not None:
            headers["factc-seq"] = str(event.number)
        return headers

    def _pause(self, answer: Answer, backoff: float, closing: bool) -> bool:
        """Waits until an event may be tried again; whether there is time for that.

        closing: it was already tried in the drain.
        """
        wish = pace.retry_after(answer.retry_after, time.time())
        until = time.monotonic() + max(backoff, wish or 0.0)
        if not closing:
            self._closing.wait(until - time.monotonic())
            if wish is None:
                return not self._over.is_set()  # the end of the run cuts the wait short
        if self._closing.is_set():
            if wish is not None and until > self._ends:
                return False
            self._over.wait(max(0.0, until - time.monotonic()))
        return not self._over.is_set()

    def _send_heartbeat(self, post: Post) -> None:
        """Sends what `heartbeat` left, if nothing else is to be sent and the last one is paid for."""
        beat, self._beat = self._beat, None
        now = time.monotonic()
        if not beat or self._pace.due() != pace.NEVER or now < self._next_beat:
            return
        body = self._wire.heartbeat(*beat)
        if body:
            self._idle = False
            self._next_beat = now + len(body) / pace.RATE
            self._send(post, _Event(None, body), HEARTBEAT_DEADLINE)

    def _trouble(self, words: str, outlook: str, *, keep: bool = True) -> None:
        if keep:
            self._problem = words
        if words not in self._said and not self._over.is_set():
            self._said.add(words)
            with suppress(Exception):  # the screen may just have gone
                self._say_line(f"webhook {self.url}: {words}; {outlook}")


def _chance() -> float:
    """A random number from 0 up to 1."""
    return int.from_bytes(os.urandom(7), "big") / (1 << 56)
