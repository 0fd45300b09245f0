"""What a run could not deliver, delivered later: from its journal, under its lock, in order.

Knows journals and endpoints; knows no runner: the run is over.
"""

from __future__ import annotations

import os
import time

from factc.diagnostic import RequestError
from factc.escape import visible
from factc.jitter import chance
from factc.record import JOURNAL
from factc.record.journal_file import Alive, JournalFile, Locked
from factc.record.reading import Journal, is_delivered
from factc.record.writer import Ledger
from factc.urls import check_url, unknown, whole_urls
from factc.webhooks import policy
from factc.webhooks.client import Unusable
from factc.webhooks.delivery import Delivery
from factc.webhooks.policy import Backoff
from factc.webhooks.replay import Retelling
from factc.webhooks.signing import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from factc.record.journal import RunHeader
    from factc.record.recorded import Recorded
    from factc.webhooks.client import Answer
    from factc.webhooks.replay import Event

PATIENCE = 30.0  # seconds without success before an endpoint is given up for now
TRY = 1.0  # seconds that a try has at the least


class Outcome:
    """What became of one endpoint's missing events: how many were delivered, and why others were not ("": all were).

    dead: whether it was given up because patience came to an end; silent: without any answer of its own.
    """

    __slots__ = ("url", "delivered", "refused", "why", "dead", "silent")

    def __init__(self, url: str) -> None:
        self.url = url
        self.delivered = 0
        self.refused = 0
        self.why = ""
        self.dead = self.silent = False


class Late:
    """The journal of a run that is over, open to deliver what is missing. A context manager.

    Raises RequestError if the run is not the caller's, if it still goes on, or if the journal cannot be read.
    """

    def __init__(self, run: Recorded) -> None:
        path = visible(os.path.join(run.directory, JOURNAL))
        try:
            with run.folder().believed() as folder:
                self._file = JournalFile(folder)
        except Alive:
            words = f"the run {run.short} still runs"
            raise RequestError(words, "it delivers its events itself, as long as it lives") from None
        except Locked:
            words = f"the events of the run {run.short} are being delivered already, or it is being removed"
            raise RequestError(words, "wait for that, or look whether it hangs") from None
        except OSError as problem:
            raise RequestError(f"{path} cannot be opened: {problem.strerror}") from None
        self.journal = Journal(path)
        try:
            self.journal.feed(self._file.read())
        except RequestError:
            self._file.close()
            raise
        self.journal.end()

    def __enter__(self) -> Late:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def header(self) -> RunHeader:
        if self.journal.header is None:
            raise RequestError(f"{visible(self._file.path)} has no header: the run died before it began")
        return self.journal.header

    def missing(self) -> list[int]:
        """The numbers of the endpoints that have not got everything, and may."""
        numbers = range(1, len(self.header.endpoints) + 1)
        return [n for n in numbers if not is_delivered(self.journal, n) and not self.journal.outbox(n).gone]

    def urls(self, given: Sequence[str]) -> dict[int, str]:
        """The whole URLs of the endpoints that miss something.

        Raises RequestError for one that had more to it than is shown, if the caller does not give it.
        """
        whole = whole_urls(self.header.endpoints, given)
        urls = {}
        for number in self.missing():
            url = whole[number - 1]
            if url is None:
                shown = visible(self.header.endpoints[number - 1]["url"])
                raise RequestError(*unknown(shown, given))
            if reason := check_url(url):
                raise RequestError(f"the webhook URL {visible(url)} in the record cannot be used: {reason}")
            urls[number] = url
        return urls

    def passed_over(self, number: int, why: str) -> Outcome:
        """What becomes of an endpoint to which nothing is sent."""
        outcome = Outcome(self.header.endpoints[number - 1]["url"])
        outcome.why = why
        return outcome

    def deliver(
        self, number: int, url: str, credentials: Credentials, say: Callable[[str], None], patience: float = PATIENCE
    ) -> Outcome:
        """Sends one endpoint all that is missing, in order, until it has it or wants no more."""
        outcome = Outcome(visible(self.header.endpoints[number - 1]["url"]))
        attempts = _Attempts(outcome, say, patience)
        ledger = Ledger(self._file, number)
        delivery = Delivery(
            url, self.header.host, self.header.version, credentials, ledger, attempts.trouble, attempts.pause,
            left=attempts.left,
        )  # fmt: skip
        try:
            for event in self._missing_events(number):
                verdict = delivery.settle(event)
                if verdict not in (policy.DELIVERED, policy.POISON):
                    break
                attempts.success()
                outcome.delivered += verdict == policy.DELIVERED
                outcome.refused += verdict == policy.POISON
            else:
                outcome.why = ""
        except Unusable as unusable:
            outcome.why = unusable.words
        finally:
            delivery.close()
        return outcome

    def _missing_events(self, number: int) -> Iterator[Event]:
        telling, outbox = Retelling(self.journal, number), self.journal.outbox(number)
        for event in telling.sealed():
            if not outbox.settled(event.number):
                yield event
        yield from telling.unsealed()


class _Attempts:
    """Waits between two attempts at one event, each time longer, and loses patience in the end."""

    def __init__(self, outcome: Outcome, say: Callable[[str], None], patience: float) -> None:
        self._outcome = outcome
        self._say = say
        self._patience = patience
        self._until = time.monotonic() + patience
        self._backoff = Backoff()
        self._said: set[str] = set()

    def success(self) -> None:
        self._until = time.monotonic() + self._patience

    def left(self) -> float:
        """How long the next try may take."""
        return max(TRY, self._until - time.monotonic())

    def trouble(self, words: str, outlook: str) -> None:
        self._outcome.why = words
        if words not in self._said:
            self._said.add(words)
            self._say(f"webhook {self._outcome.url}: {words}; {outlook}")

    def pause(self, answer: Answer, retry: int) -> int | None:
        self._outcome.why = answer.words
        wish = policy.retry_after(answer.retry_after, time.time()) or 0.0
        room = self._until - time.monotonic() - TRY
        if room <= 0 or wish > room:
            self._outcome.dead, self._outcome.silent = True, answer.status is None
            return None
        time.sleep(min(max(self._backoff.delay(retry, chance()), wish), room))
        return retry + 1
