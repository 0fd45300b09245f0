"""A real receiver of webhooks on 127.0.0.1 that keeps what it gets and fails as it is told to.

Knows of events only which changes they tell: a request is its headers, its body and when it came.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE


class Request:
    """One request as it came. `accepted`: it was answered with 2xx, or processed and the answer lost."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path = path
        self.headers = headers
        self.body = body
        self.at = time.monotonic()
        self.accepted = False

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.body)["data"]  # type: ignore[no-any-return]


class Reply:
    """How one request is answered: after `delay` seconds, with a status, headers and a body."""

    def __init__(self, status: int = 200, *, delay: float = 0.0, body: bytes = b"ok", **headers: str) -> None:
        self.status = status
        self.delay = delay
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def __str__(self) -> str:
        return f"{type(self).__name__} {vars(self)}"  # the same in every process that collects tests

    def play(self, handler: _Handler, request: Request) -> None:
        handler.server.receiver.released.wait(self.delay) if self.delay else None
        request.accepted = 200 <= self.status < 300
        handler.wfile.write(self.head() + self.body)

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Said", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()


class Trickle(Reply):
    """An answer that comes a byte at a time, and never ends before the receiver does."""

    def __init__(self, *, every: float = 0.02, status_first: bool = False) -> None:
        super().__init__(200, body=b"x" * 100_000)
        self.every = every
        self.status_first = status_first

    def play(self, handler: _Handler, request: Request) -> None:
        text = self.head() + self.body
        if self.status_first:
            request.accepted = True
            handler.wfile.write(self.head())
            text = self.body
        for at in range(len(text)):
            if handler.server.receiver.released.wait(self.every):
                break
            handler.wfile.write(text[at : at + 1])
        handler.close_connection = True


class Hang(Reply):
    """No answer at all until the receiver is closed, or loses its patience and closes the connection."""

    def __init__(self, patience: float = PATIENCE) -> None:
        super().__init__()
        self.patience = patience

    def play(self, handler: _Handler, request: Request) -> None:
        handler.server.receiver.released.wait(self.patience)
        handler.close_connection = True


class Reset(Reply):
    """The connection is torn down without a farewell (RST)."""

    def play(self, handler: _Handler, request: Request) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        os.close(handler.connection.detach())  # at once: the usual way says goodbye first


class Raw(Reply):
    """These very bytes for an answer, then the end of the connection unless it stays `open`."""

    def __init__(self, text: bytes, *, open: bool = False) -> None:
        super().__init__()
        self.text = text
        self.open = open

    def play(self, handler: _Handler, request: Request) -> None:
        handler.wfile.write(self.text)
        handler.close_connection = True
        if self.open:
            handler.server.receiver.released.wait(PATIENCE)


class Drop(Reply):
    """The connection is closed without an answer; `processed`: the event had been taken in."""

    def __init__(self, *, processed: bool = False) -> None:
        super().__init__()
        self.processed = processed

    def play(self, handler: _Handler, request: Request) -> None:
        request.accepted = self.processed
        handler.close_connection = True


def changes(bodies: Iterable[bytes]) -> list[tuple[str | None, str]]:
    """The changes of state that events tell, in order: (task or None for the job, its new state)."""
    found: list[tuple[str | None, str]] = []
    for body in bodies:
        data = json.loads(body)["data"]
        if "jobTransition" in data:
            found.append((None, data["jobTransition"]["currentState"]))
        found += [(c["taskName"], c["currentState"]) for c in data.get("taskTransitions", ())]
    return found


Script = Sequence["Reply | int"] | Callable[[int], "Reply | int"]


class Receiver:
    """`with Receiver([503, Hang(), 302]) as receiver:` answers the first requests so, all others with 200.

    A script may also be a function of the request's number, counted from 0. With a certificate (and its
    key, in one file) it speaks TLS.
    """

    def __init__(self, script: Script = (), *, certificate: Path | None = None) -> None:
        self.script = script
        self.certificate = certificate
        self.requests: list[Request] = []
        self.released = threading.Event()
        self._arrived = threading.Condition()
        self._port = 0
        self._server: _Server | None = None

    def __enter__(self) -> Receiver:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self.stop()

    @property
    def url(self) -> str:
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self._port}/"

    @property
    def accepted(self) -> list[Request]:
        return [request for request in self.requests if request.accepted]

    @property
    def accepted_once(self) -> list[Request]:
        """What was accepted, without what was sent again."""
        return list({request.id: request for request in reversed(self.accepted)}.values())[::-1]

    def start(self) -> None:
        """Listens; after a stop, on the same port again."""
        self._server = _Server(self, self._port)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Refuses connections from now on, and drops those there are."""
        if self._server:
            self._server.shutdown()
            self._server.hang_up()
            self._server.server_close()
            self._server = None

    def wait_for(self, count: int, patience: float = PATIENCE) -> list[Request]:
        """The requests so far, once there are `count` of them."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, patience), (
                f"only {len(self.requests)} of {count} requests came"
            )
            return list(self.requests)

    def take(self, request: Request) -> Reply:
        """Keeps a request and tells how it is answered."""
        with self._arrived:
            number = len(self.requests)
            self.requests.append(request)
            self._arrived.notify_all()
        if callable(self.script):
            reply = self.script(number)
        else:
            reply = self.script[number] if number < len(self.script) else 200
        return Reply(reply) if isinstance(reply, int) else reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 50

    def __init__(self, receiver: Receiver, port: int) -> None:
        self.receiver = receiver
        self.connections: set[socket.socket] = set()
        self.ever: list[tuple[str, int]] = []  # every client that ever connected
        super().__init__(("127.0.0.1", port), _Handler)
        if receiver.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(receiver.certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def hang_up(self) -> None:
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the client went away: it may


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)
        self.server.ever.append(self.client_address)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # the sender died in the middle
            self.close_connection = True
            return
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.server.receiver.take(request).play(self, request)

    def do_GET(self) -> None:
        self.server.receiver.take(Request("GET " + self.path, {}, b"{}")).play(self, Request("", {}, b""))

    def log_message(self, *args: Any) -> None:
        pass
