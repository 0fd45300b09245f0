"""One POST to one endpoint, within a deadline: the home of `requests`.

Knows no events, retries or rules of delivery; says what was answered. Slow to import: only a thread that
delivers does it.
"""

from __future__ import annotations

import os
from base64 import b64encode
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from requests import PreparedRequest, Request, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

from factc.urls import check_proxy, check_url, shown_proxy, shown_url
from factc.webhooks import connection, failure

FAREWELL = 1.0  # seconds that an answer's body may take once its status is known
BODY = 65_536  # bytes of an answer's body that are read, so that the connection can be used again
LONGEST_URL = 300  # characters of a URL that an answer tells us to go to

PROXY_REFUSES = 407
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")  # the first that is set


class Answer:
    """What came back: `status`, the Retry-After header as it stands, and all of it in words.

    status is None if the endpoint itself gave no answer.
    """

    __slots__ = ("status", "words", "retry_after")

    def __init__(self, status: int | None, words: str, retry_after: str | None = None) -> None:
        self.status = status
        self.words = words
        self.retry_after = retry_after


class Unusable(Exception):
    """With this URL and this environment nothing can be sent, however often it is tried; with words for people."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Post:
    """One endpoint. Proxies and certificates come from the environment, as users expect; nothing else does.

    connect: seconds that a connection may take.
    """

    def __init__(self, url: str, connect: float) -> None:
        self._url = url
        self._connect = connect
        self._adapter = _Adapter()
        self._authorization = _basic(url)
        self._variable, self._certificates = _certificates()

    def send(self, body: bytes, headers: dict[str, str], deadline: float) -> Answer:
        """POSTs a body; answers within `deadline` seconds, whatever the endpoint does.

        Raises Unusable if there is no use in trying. Nothing else: whatever goes wrong is no answer.
        """
        proxy = None
        try:
            request, proxy = self._request(body, headers), self._proxy()
            connection.allow(deadline)
            response = self._adapter.send(
                request, stream=True, timeout=(min(self._connect, deadline), deadline), verify=self._certificates,
                proxies={"all": proxy} if proxy else {},
            )  # fmt: skip
        except Unusable:
            raise
        except Exception as error:
            return Answer(None, self._failure(error, shown_proxy(proxy) if proxy else None))
        with response:
            _read_out(response)
            return _answer(response, shown_proxy(proxy) if proxy else None)

    def close(self) -> None:
        self._adapter.close()

    def _request(self, body: bytes, headers: dict[str, str]) -> PreparedRequest:
        if problem := check_url(self._url):
            raise Unusable(f"its URL cannot be used: {problem}")
        try:
            return Request("POST", self._url, headers | self._authorization, data=body, auth=_as_it_is).prepare()
        except ValueError:
            raise Unusable("its URL cannot be used") from None

    def _proxy(self) -> str | None:
        """The proxy on the way. Raises Unusable."""
        proxy = select_proxy(self._url, get_environ_proxies(self._url))
        if proxy and (problem := check_proxy(proxy)):
            names = [f"{urlsplit(self._url).scheme}_proxy", "all_proxy"]
            known = [name for one in names for name in (one, one.upper()) if os.environ.get(name) == proxy]
            raise Unusable(f"the proxy of {known[0] if known else 'this system'} cannot be used: {problem}")
        return proxy or None

    def _failure(self, error: Exception, proxy: str | None) -> str:
        if self._url.lower().startswith("https:"):
            problem = failure.certificates(self._certificates, self._variable)
            if problem:
                return problem
        return failure.words(error, proxy)


class _Adapter(HTTPAdapter):
    """Makes connections that keep to the deadline, directly and through proxies; asks nothing else of an answer."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        connection.keep_time(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not known:
            connection.keep_time(manager)
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        return {f"Proxy-{name}": value for name, value in _basic(proxy).items()}

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Without what an endpoint would have us remember (cookies)."""
        response = Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.raw = resp
        return response


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


def _basic(url: str) -> dict[str, str]:
    """The header that says who asks, if the URL does."""
    with suppress(ValueError):
        user, at, _ = urlsplit(url).netloc.rpartition("@")
        name, _, password = user.partition(":")
        if at and user != ":":
            known = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
            return {"Authorization": "Basic " + b64encode(known).decode()}
    return {}


def _certificates() -> tuple[str, str]:
    """The certificates by which those of others are judged: the variable that names them, or "", and their path."""
    name = next((name for name in CERTIFICATES if os.environ.get(name)), "")
    return name, os.environ[name] if name else DEFAULT_CA_BUNDLE_PATH


def _read_out(response: Response) -> None:
    """Reads a short body to its end, so that the connection can serve the next event too."""
    connection.hurry(FAREWELL)
    with suppress(Exception):  # the status is what counts
        response.raw.read(BODY, decode_content=False)


def _answer(response: Response, proxy: str | None) -> Answer:
    """What was answered; by a proxy: nothing."""
    words, wish = failure.answered(response.status_code), response.headers.get("Retry-After")
    if response.status_code == PROXY_REFUSES or (proxy and _of_proxy(response)):
        return Answer(None, f"the proxy {proxy} {words}" if proxy else f"a proxy on the way {words}", wish)
    return Answer(response.status_code, f"it {words}{_elsewhere(response)}", wish)


def _of_proxy(response: Response) -> bool:
    """Whether a proxy says that an answer is its own."""
    return "X-Squid-Error" in response.headers or "error=" in response.headers.get("Proxy-Status", "")


def _elsewhere(response: Response) -> str:
    """What a redirect comes to; where it leads, if that is a URL."""
    if not 300 <= response.status_code < 400:
        return ""
    target = response.headers.get("Location", "")
    to = f" to {shown_url(target)}" if len(target) <= LONGEST_URL and check_url(target) is None else ""
    return f", a redirect{to}, which events do not follow: give the final URL"
