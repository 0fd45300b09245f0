"""Connections that keep to one deadline, from the look-up of a name to an answer's last byte: the home of `urllib3`.

A socket's own timeout begins anew with each address, each part of a handshake and each byte. Here all that a request
does shares the time that it has. An answer is the final one: informational ones are read over, a broken one is none.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

PIECE = 65_536  # bytes sent between two looks at the clock
INFORMAL = 50  # answers before the final one that are read over


class Broken(HTTPException):
    """An answer that cannot be relied on, or none at all; with words for people."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class NoAddress(TimeoutError):
    """Nobody said in time where a host is."""


class _Due(threading.local):
    """When this thread's request must be over (monotonic)."""

    at = 0.0


_due = _Due()


def allow(seconds: float) -> None:
    """This thread's request, which begins now, has so much time."""
    _due.at = time.monotonic() + seconds


def hurry(seconds: float) -> None:
    """No more than so much of it is left."""
    _due.at = min(_due.at, time.monotonic() + seconds)


def left() -> float:
    """The seconds that this thread's request still has. Raises TimeoutError if there are none."""
    seconds = _due.at - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the time for this request is over")
    return seconds


def keep_time(manager: Any) -> None:
    """Has a pool manager make connections that keep to the deadline."""
    manager.pool_classes_by_scheme = {scheme: _kept(pool) for scheme, pool in manager.pool_classes_by_scheme.items()}


def _kept(pool: type) -> type:
    kind = pool.ConnectionCls  # type: ignore[attr-defined]
    way = _Timed if kind.__module__.endswith(".socks") else _Direct  # a SOCKS proxy is reached in its own way
    return type(pool.__name__, (pool,), {"ConnectionCls": type(kind.__name__, (way, kind), {})})


class _Timed(HTTPConnection):
    """Over a socket that somebody else connects."""

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        sock.settimeout(left())
        return sock

    def _tunnel(self) -> None:
        super()._tunnel()
        self.sock.settimeout(left())  # for the handshake that follows

    def send(self, data: Any) -> None:
        for start in range(0, len(data), PIECE):
            if self.sock is not None:
                self.sock.settimeout(left())
            super().send(data[start : start + PIECE])

    def response_class(self, sock: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:  # type: ignore[override]
        return _Answer(sock, *args, **kwargs)


class _Direct(_Timed):
    """To an address of the host; each of several gets its share of the time."""

    def _new_conn(self) -> socket.socket:
        problem: OSError = OSError("the host has no address")
        try:
            addresses = _looked_up(self._dns_host.strip("[]"), self.port, self.timeout or 0.0)
            for number, (family, kind, protocol, _, address) in enumerate(addresses):
                share = left() / (len(addresses) - number)
                try:
                    return self._connected(socket.socket(family, kind, protocol), address, share)
                except OSError as error:
                    problem = error
        except OSError as error:
            problem = error
        if isinstance(problem, TimeoutError):
            raise ConnectTimeoutError(self, "no connection in time") from problem
        raise NewConnectionError(self, "no connection") from problem

    def _connected(self, sock: socket.socket, address: Any, seconds: float) -> socket.socket:
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(min(self.timeout or seconds, seconds))
            sock.connect(address)
            sock.settimeout(left())
        except BaseException:
            sock.close()
            raise
        return sock


class _Lookup(threading.Thread):
    """Asks where a host is: the only way not to wait for the name system longer than is granted."""

    def __init__(self, *question: Any) -> None:
        super().__init__(name="look-up", daemon=True)
        self._question = question
        self.found: list[Any] = []
        self.problem: Exception | None = None

    def run(self) -> None:
        try:
            self.found = socket.getaddrinfo(*self._question)
        except Exception as problem:
            self.problem = problem

    def answer(self, seconds: float) -> list[Any]:
        try:
            self.start()
        except RuntimeError:  # no thread can be had: rather wait than not ask
            self.run()
        else:
            self.join(seconds)
            if self.is_alive():
                raise NoAddress
        if self.problem:
            raise self.problem
        return self.found


def _looked_up(host: str, port: int, seconds: float) -> list[Any]:
    question = (host, port, allowed_gai_family(), socket.SOCK_STREAM)
    with suppress(socket.gaierror):  # it is a name
        return socket.getaddrinfo(*question, 0, socket.AI_NUMERICHOST)
    return _Lookup(*question).answer(min(seconds, left()))


class _Reader(io.RawIOBase):
    """A socket's file whose reads share the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(left())
        count = self._raw.readinto(buffer)
        self.ended |= count == 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """The final answer to a request."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reader = _Reader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        for _ in range(INFORMAL):
            self._begin()
            if not 100 <= self.status < 200:
                return
            self.headers = self.msg = None  # type: ignore[assignment]
        raise Broken("its answers are informational ones only")

    def _begin(self) -> None:
        super().begin()
        self.headers.defects.clear()  # a log would be told of them, and of the URL
        self.headers.set_payload("")
        if self._reader.ended:  # the end comes after the head, and nobody has read so far yet
            raise Broken("its answer breaks off")
        lengths = ",".join(self.headers.get_all("Content-Length", ())).split(",")
        if len({length.strip() for length in lengths}) > 1 or not _is_length(lengths[0]):
            raise Broken("its answer is no proper HTTP: the Content-Length makes no sense")


def _is_length(text: str) -> bool:
    return not text or (text.strip().isascii() and text.strip().isdigit())
