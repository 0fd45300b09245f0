"""One endpoint's events on their way: each is sealed, signed, sent and tried again until it is settled.

Knows what an answer means; does not know how events come about, nor who waits for them. Made and used in the thread
that delivers.
"""

from __future__ import annotations

import os
import time

from factc.events.payload import PRODUCER, SMALLER, WHOLE
from factc.record.journal import Seal
from factc.webhooks import policy
from factc.webhooks.client import Post
from factc.webhooks.signing import signers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from factc.webhooks.client import Answer
    from factc.webhooks.replay import Event
    from factc.webhooks.signing import Credentials

    class Account(Protocol):
        """Where seals and answers are kept (see `record.Ledger`)."""

        def seal(self, seal: Seal) -> bool: ...
        def acknowledged(self, number: int) -> None: ...
        def passed(self, number: int, why: str) -> None: ...
        def stopped(self, why: str, gone: bool) -> None: ...


DEADLINE = 30.0  # seconds for one POST, and more for a long body
HEARTBEAT_DEADLINE = 5.0  # a heartbeat must not hold up the events behind it
CONNECT = 10.0  # seconds for a connection


class Delivery:
    """Sends events to one endpoint, one at a time.

    host, version: of the run, that every request names. account: where seals and answers are kept, None for nowhere.
    trouble: takes what went wrong and what comes of it, for the user. pause: takes an answer and how often the event
    was tried again, waits until it may be tried once more and says how often it was then; None: there is no time.
    left: how many seconds the next try may take at the most, but for what a long body takes.
    """

    def __init__(
        self,
        url: str,
        host: str,
        version: str,
        credentials: Credentials,
        account: Account | None,
        trouble: Callable[[str, str], None],
        pause: Callable[[Answer, int], int | None],
        *,
        left: Callable[[], float] = lambda: policy.NEVER,
        deadline: float = DEADLINE,
        connect: float = CONNECT,
    ) -> None:
        self._post = Post(url, connect)
        self._host = host.encode("ascii", "replace").decode()
        self._version = version
        self._credentials = credentials
        self._account = account
        self._trouble = trouble
        self._pause = pause
        self._left = left
        self._deadline = deadline
        self._signers = signers(credentials.secrets)
        self.refused = ""  # why events were passed by
        self.gone = False  # the endpoint wants no more, ever

    def close(self) -> None:
        self._post.close()

    def settle(self, event: Event) -> str | None:
        """Sends one event until it is DELIVERED, POISON, or the endpoint STOPs; None if it has to wait for later."""
        retry = 0
        while self._seal(event):
            answer = self._send(event)
            verdict = policy.verdict(answer.status)
            if verdict == policy.SMALLER:
                if smaller := SMALLER.get(event.without):
                    self._make_smaller(event, smaller)
                    retry = 0
                    continue
                verdict = policy.POISON
            if verdict != policy.RETRY:
                return self._settled(event, verdict, answer)
            if retry:  # a single hiccup is not worth a line
                self._trouble(answer.words, "sending is tried again")
            next_retry = self._pause(answer, retry)
            if next_retry is None:
                return None
            retry = next_retry
        return None

    def heartbeat(self, body: bytes) -> None:
        """Sent once, whatever comes of it."""
        self._post.send(body, self._headers(new_id(), None, body), min(HEARTBEAT_DEADLINE, self._left()))

    def _seal(self, event: Event) -> bool:
        """A receiver never knows more than the journal: what cannot be sealed is not sent."""
        if event.id is None:
            id = new_id()
            if self._account and not self._account.seal(Seal(event.number, id, event.last, event.without)):
                self._trouble("the journal cannot be written", policy.NO_MORE)
                return False
            event.id = id
        return True

    def _make_smaller(self, event: Event, without: str) -> None:
        self._trouble("it answered 413: an event is too large for it", "it is sent again without " + _MISSING[without])
        event.body = event.smaller(without)
        event.without = without
        event.id = None

    def _settled(self, event: Event, verdict: str, answer: Answer) -> str:
        if verdict == policy.DELIVERED:
            if self._account:
                self._account.acknowledged(event.number)
        elif verdict == policy.POISON:
            self.refused = answer.words
            self._trouble(answer.words, "that event is passed by")
            if self._account:
                self._account.passed(event.number, answer.words)
        else:
            self.gone = answer.status == policy.GONE
            self._trouble(answer.words, policy.NO_MORE)
            if self._account:
                self._account.stopped(answer.words, self.gone)
        return verdict

    def _send(self, event: Event) -> Answer:
        assert event.id is not None
        deadline = min(self._deadline, self._left()) + len(event.body) / policy.RATE
        return self._post.send(event.body, self._headers(event.id, event.number, event.body), deadline)

    def _headers(self, id: str, number: int | None, body: bytes) -> dict[str, str]:
        now = int(time.time())
        headers = {
            **self._credentials.headers,
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"{PRODUCER}/{self._version}",
            "webhook-id": id,
            "webhook-timestamp": str(now),
            "factc-host": self._host,
        }
        if number is not None:
            headers["factc-seq"] = str(number)
        if self._signers:
            headers["webhook-signature"] = " ".join(sign(id, now, body) for sign in self._signers)
        return headers


_MISSING = {"output": "the output of tasks", "factfile": "the output of tasks and the Factfile"}
assert set(_MISSING) == set(SMALLER.values()) and WHOLE not in _MISSING


def new_id() -> str:
    """An event's own id."""
    return "msg_" + os.urandom(16).hex()
