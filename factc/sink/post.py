"""One POST to one endpoint, within a deadline: the home of `requests`.

Knows no events, retries or rules of delivery; says what was answered. Slow to import: only a thread that
delivers does it.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.exceptions import ConnectTimeout, RequestException
from requests.utils import get_auth_from_url
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from factc.sink.address import check_url, shown_url

FAREWELL = 1.0  # seconds that an answer's body may take once its status is known
BODY = 65_536  # bytes of an answer's body that are read, so that the connection can be used again
PIECE = 65_536  # bytes sent between two looks at the clock


class Answer:
    """What came back: `status`, the Retry-After header as it stands, and all of it in words.

    status is None if there was no answer.
    """

    __slots__ = ("status", "words", "retry_after")

    def __init__(self, status: int | None, words: str, retry_after: str | None = None) -> None:
        self.status = status
        self.words = words
        self.retry_after = retry_after


class Unusable(Exception):
    """`requests` or the name system will not have this URL."""

    words = "its URL cannot be used"


class Post:
    """One endpoint, over one session. Proxies come from the environment, as users expect.

    connect: seconds that a connection may take.
    """

    def __init__(self, url: str, connect: float) -> None:
        self._url = url
        self._connect = connect
        self._session = _Session()
        self._session.mount("http://", _Adapter())
        self._session.mount("https://", _Adapter())
        self._session.headers.clear()
        # Anything but None keeps .netrc from replacing the Authorization that the user has chosen.
        user, password = (part.encode() for part in get_auth_from_url(url))
        self._session.auth = HTTPBasicAuth(user, password) if user or password else _as_it_is

    def send(self, body: bytes, headers: dict[str, str], deadline: float) -> Answer:
        """POSTs a body; answers within `deadline` seconds, whatever the endpoint does.

        Raises Unusable if the URL cannot be used at all.
        """
        _due.at = time.monotonic() + deadline
        try:
            timeouts = (min(self._connect, deadline), deadline)
            response = self._session.post(
                self._url, data=body, headers=headers, timeout=timeouts, stream=True, allow_redirects=False
            )
        except ValueError as error:
            raise Unusable from error
        except (RequestException, HTTPError, OSError) as error:
            return Answer(None, self._failure(error))
        with response:
            _read_out(response)
            return Answer(response.status_code, _answered(response), response.headers.get("Retry-After"))

    def close(self) -> None:
        self._session.close()

    def _failure(self, error: BaseException) -> str:
        """Why there was no answer, in the system's own words where it has some."""
        causes = _causes(error)
        if any(isinstance(cause, ConnectTimeout) for cause in causes):
            return f"no connection within {self._connect:g} s"
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return "it gave no answer in time"
        for cause in reversed(causes):
            words = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None)
            if words:
                return str(words)[:1].lower() + str(words)[1:]
        return "the connection was closed without an answer"


class _Session(Session):
    """Sees no redirect: `requests` would at least read the whole body of one."""

    def get_redirect_target(self, resp: Response) -> None:
        return None


class _Due(threading.local):
    """When this thread's POST must be over (monotonic)."""

    at = 0.0


_due = _Due()


def _left() -> float:
    """The seconds that this thread's POST still has."""
    left = _due.at - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for this request is over")
    return left


class _Reader(io.RawIOBase):
    """A socket's file whose reads share one deadline: its own timeout begins anew with each byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Http(HTTPConnection):
    """A connection that keeps to the deadline in both directions."""

    def send(self, data: Any) -> None:
        for start in range(0, len(data), PIECE):
            if self.sock is not None:
                self.sock.settimeout(_left())
            super().send(data[start : start + PIECE])

    def response_class(self, sock: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:  # type: ignore[override]
        response = HTTPResponse(sock, *args, **kwargs)
        response.fp = io.BufferedReader(_Reader(response.fp.detach(), sock))
        return response


class _Https(_Http, HTTPSConnection):
    """The same over TLS."""


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class _Adapter(HTTPAdapter):
    """Makes connections of the kinds above, directly and through HTTP proxies."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


def _read_out(response: Response) -> None:
    """Reads a short body to its end, so that the connection can serve the next event too."""
    _due.at = min(_due.at, time.monotonic() + FAREWELL)
    with suppress(RequestException, HTTPError, OSError, ValueError):  # the status is what counts
        response.raw.read(BODY, decode_content=False)


def _answered(response: Response) -> str:
    """A status in words; of a redirect also where it leads, if that is a URL."""
    status = response.status_code
    try:
        words = f"it answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        words = f"it answered {status}"
    if not 300 <= status < 400:
        return words
    target = response.headers.get("Location", "")
    to = f" to {shown_url(target)}" if check_url(target) is None else ""
    return f"{words}, a redirect{to}, which events do not follow: give the final URL"


def _causes(error: BaseException) -> list[BaseException]:
    """An exception and those it came from, the first cause last."""
    found: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        cause = queue.pop(0)
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            queue += [getattr(cause, "reason", None), *cause.args, cause.__cause__, cause.__context__]
    return found
