"""A webhook: the changes of a run, delivered to one endpoint by a thread of its own.

Knows no plan and no runner; what an event looks like is `events.payload`'s business, when it goes `policy`'s, how it
is sent and settled `delivery`'s. Whatever an endpoint does, the job neither waits nor fails.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from factc.diagnostic import of_system
from factc.events import Step
from factc.events.payload import Header, Wire
from factc.events.steps import has_failure, is_end, transitions
from factc.jitter import chance
from factc.urls import shown_url
from factc.webhooks import policy
from factc.webhooks.policy import Backoff, Pace
from factc.webhooks.replay import Event
from factc.webhooks.signing import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.webhooks.client import Answer
    from factc.webhooks.delivery import Account, Delivery


AGAIN = 1.0  # seconds until what was refused is tried again
LINGER = 1.0  # seconds more than the end waits: so that it is the end that gives up, and tells so


class Report:
    """What one endpoint did not get: how many events (steps of the run) and changes of state, and why.

    later: whether it may still get some of them; not what it has refused, and nothing once it wants no more.
    """

    __slots__ = ("url", "events", "transitions", "why", "later")

    def __init__(self, url: str, events: int, transitions: int, why: str, later: bool) -> None:
        self.url = url
        self.events = events
        self.transitions = transitions
        self.why = why
        self.later = later

    def line(self) -> str | None:
        """One line for the user, or None if all was delivered."""
        if not self.events:
            return None
        events = "1 event" if self.events == 1 else f"{self.events} events"
        changes = "1 change" if self.transitions == 1 else f"{self.transitions} changes"
        return f"webhook {self.url}: {events} with {changes} of state not delivered: {self.why}"


class Webhook:
    """One endpoint of one run.

    header, tasks: as for `Wire`. host: the machine that the run is on. say: shows one line to the user; called from
    another thread, and once for each kind of trouble. on_end: called from there too, as soon as it is no longer `busy`.
    account, credentials: as for `Delivery`. deadline, connect: seconds.
    `step` and `heartbeat` never wait and never raise.
    """

    def __init__(
        self,
        url: str,
        header: Header,
        tasks: int,
        say: Callable[[str], None],
        *,
        host: str,
        on_end: Callable[[], None] | None = None,
        account: Account | None = None,
        credentials: Credentials | None = None,
        deadline: float | None = None,
        connect: float | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.url = shown_url(url)
        self._address = url
        self._header = header
        self._tasks = tasks
        self._pace = Pace()
        self._say_line = say
        self._host = host
        self._on_end = on_end
        self._account = account
        self._credentials = credentials
        limits = {"deadline": deadline, "connect": connect}
        self._limits = {name: seconds for name, seconds in limits.items() if seconds is not None}
        self._backoff = backoff or Backoff()
        # The job's thread appends to `_inbox`; everything else but the flags is the delivering thread's.
        self._inbox: deque[tuple[Step, int]] = deque()  # with the number of the last fact
        self._lasts: deque[int] = deque()  # of the steps that wait in the pace
        self._facts = 0
        self._beat: tuple[float, dict[int, tuple[str, str]]] | None = None
        self._events = self._changes = 0  # happened, counted by the job's thread
        self._events_done = self._changes_done = 0  # delivered, counted by the other
        self._events_refused = 0
        self._number = 0
        self._next_beat = 0.0
        self._problem = ""  # what keeps events from being delivered now
        self._refused = ""  # why some were passed by
        self._gone = False  # the endpoint wants no more, ever
        self._tried_closing = False  # the event under way was last tried after the end began
        self._said: set[str] = set()
        self._listening = True  # any step rings; else only one that goes without regard to the pace
        self._idle = True
        self._ended = False
        self._bell = threading.Event()
        self._closing = threading.Event()
        self._over = threading.Event()
        self._ends = 0.0
        self._thread: threading.Thread | None = None
        self._start("this is tried again when the tasks have ended")

    def _start(self, outlook: str) -> None:
        thread = threading.Thread(target=self._run, name=f"webhook {self.url}", daemon=True)
        try:
            self._ended = False
            thread.start()
            self._thread = thread
        except (RuntimeError, MemoryError):  # the user, the container or the memory has room for no more
            self._ended = True
            self._trouble("no thread could be started for it", outlook)

    # The job's side

    def step(self, facts: Step) -> None:
        """Something happened in the run."""
        self._facts += len(facts)
        changes = transitions(facts)
        if not changes:
            return
        self._events += 1
        self._changes += changes
        self._inbox.append((facts, self._facts))
        if self._listening or has_failure(facts) or is_end(facts):
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
        if self._thread is None:
            self._start(policy.NO_MORE)

    @property
    def busy(self) -> bool:
        """Whether there may still be something to deliver."""
        return not self._ended

    def close(self, drain: float) -> Report:
        """Waits until all is delivered or `drain` seconds are over, and tells what was not.

        After `finish`, no longer than that one has allowed. Nothing is said from then on.
        """
        if not self._closing.is_set():
            self.finish(drain)
        if self._thread and self._thread.is_alive():  # one that has ended may still be telling so
            self._thread.join(max(0.0, min(drain, self._ends - time.monotonic())) if self.busy else None)
        self._over.set()
        why = self._problem or self._refused or "it did not take them in time"
        events = self._events - self._events_done
        later = events > self._events_refused and not self._gone
        return Report(self.url, events, self._changes - self._changes_done, why, later)

    # The delivering thread's side

    def _run(self) -> None:
        # The end of a child would wake this thread too, which would only take the interpreter from the job's.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
        delivery: Delivery | None = None
        try:
            delivery = self._loaded()
            if delivery:
                self._wire = Wire(self._header, self._tasks)  # not in the job's time: it takes a while for 10,000 tasks
                self._deliver_all(delivery)
        except Exception as error:  # it must not cost the job anything; its text may hold the URL's secrets
            self._trouble(getattr(error, "words", f"internal error ({type(error).__name__})"), policy.NO_MORE)
        finally:
            self._idle = False
            if delivery:
                with suppress(Exception):
                    delivery.close()
            self._ended = True
            if self._on_end:
                self._on_end()

    def _loaded(self) -> Delivery | None:
        """What sends events; None if the descriptors or the memory that it takes were refused until the end."""
        while not self._over.is_set():
            try:
                from factc.webhooks.delivery import Delivery

                return Delivery(
                    self._address, self._host, self._header.version, self._credentials or Credentials(), self._account,
                    self._trouble, self._pause, left=self._left, **self._limits,
                )  # fmt: skip
            except (OSError, ImportError, MemoryError) as problem:
                why = of_system(problem) if isinstance(problem, OSError) else "a module or memory is missing"
                self._trouble(f"what sends events cannot be loaded: {why}", "this is tried again")
            (self._over if self._closing.is_set() else self._closing).wait(AGAIN)
        return None

    def _deliver_all(self, delivery: Delivery) -> None:
        going = True
        while going and not self._over.is_set():
            closing = self._closing.is_set()  # asked before the inbox is emptied: nothing comes after
            self._gather(closing)
            steps = self._pace.cut(time.monotonic())
            if steps:
                going = self._deliver(delivery, steps)
            elif closing:
                return
            else:
                self._send_heartbeat(delivery)
                self._rest()

    def _gather(self, closing: bool) -> None:
        self._listening = True
        while self._inbox:
            step, last = self._inbox.popleft()
            self._pace.put(step)
            self._lasts.append(last)
        if closing:
            self._pace.hurry()

    def _rest(self) -> None:
        """Sleeps until something is to be done."""
        due = self._pace.due()
        self._idle = due == policy.NEVER and not self._inbox
        # While the pace runs, steps need not wake this thread: a busy job keeps the processor for itself.
        self._listening = due == policy.NEVER
        self._bell.wait(None if due == policy.NEVER else max(0.0, due - time.monotonic()))
        self._bell.clear()

    def _deliver(self, delivery: Delivery, steps: list[Step]) -> bool:
        """Sends one event until it is settled; whether there is anything more to do here."""
        self._idle = self._listening = False
        self._beat = None
        body = self._wire.event(steps)
        assert body is not None, "only steps that change something are cut"
        last = [self._lasts.popleft() for _ in steps][-1]
        self._number += 1
        event = Event(self._number, None, last, body, steps, self._wire.again)
        self._pace.sent(len(body))
        self._tried_closing = self._closing.is_set()
        verdict = delivery.settle(event)
        self._pace.answered(time.monotonic())
        if verdict == policy.DELIVERED:
            self._events_done += event.steps
            self._changes_done += event.changes
        elif verdict == policy.POISON:
            self._events_refused += event.steps
        if verdict in (policy.DELIVERED, policy.POISON):
            self._problem, self._refused = "", delivery.refused
            return True
        self._gone = delivery.gone
        return False

    def _left(self) -> float:
        """How long a try may take: not much longer than anybody waits for it."""
        return max(0.0, self._ends - time.monotonic()) + LINGER if self._closing.is_set() else policy.NEVER

    def _pause(self, answer: Answer, retry: int) -> int | None:
        """Waits until an event may be tried again; how often it was then, None if there is no time for that."""
        self._problem = answer.words
        before = self._tried_closing
        wish = policy.retry_after(answer.retry_after, time.time())
        until = time.monotonic() + max(self._backoff.delay(retry, chance()), wish or 0.0)
        if not before:
            self._closing.wait(until - time.monotonic())
        if self._closing.is_set() and (before or wish is not None):  # else the end of the run cuts the wait short
            if wish is not None and until > self._ends:
                return None
            self._over.wait(max(0.0, until - time.monotonic()))
        if self._over.is_set():
            return None
        self._tried_closing = self._closing.is_set()
        return retry + 1 if self._tried_closing == before else 0  # the drain starts with short waits

    def _send_heartbeat(self, delivery: Delivery) -> None:
        """Sends what `heartbeat` left, if nothing else is to be sent and the last one is paid for."""
        beat, self._beat = self._beat, None
        now = time.monotonic()
        if not beat or self._pace.due() != policy.NEVER or now < self._next_beat:
            return
        body = self._wire.heartbeat(*beat)
        if body:
            self._idle = False
            self._next_beat = now + len(body) / policy.RATE
            delivery.heartbeat(body)

    def _trouble(self, words: str, outlook: str) -> None:
        self._problem = words
        if words not in self._said and not self._over.is_set():
            self._said.add(words)
            with suppress(Exception):  # the screen may just have gone
                self._say_line(f"webhook {self.url}: {words}; {outlook}")
