"""One POST: whatever stands at the other end or on the way, what is no answer of the endpoint is said as what it is."""

from __future__ import annotations

import base64
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.cli import main
from factc.urls import check_proxy, check_url, origin, shown_url
from factc.webhooks import connection, policy
from factc.webhooks.client import CERTIFICATES, Answer, Post, Unusable
from tests.receiver import Raw, Receiver, Reply, Trickle

OK = b"HTTP/1.1 200 OK\r\n"
NONE = b"Content-Length: 0\r\n\r\n"
LENGTH = "its answer is no proper HTTP: the Content-Length makes no sense"
HEADERS = "its answer is no proper HTTP: the headers are too long, or too many"
CUT = "its answer breaks off"
NO_HTTP = "what answers there does not speak HTTP"
CLOSED = "the connection was closed without an answer"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in CERTIFICATES:
            monkeypatch.delenv(name)


def post(url: str, deadline: float = 5.0, body: bytes = b"{}") -> Answer:
    sender = Post(url, 5.0)
    try:
        return sender.send(body, {"Content-Type": "application/json"}, deadline)
    finally:
        sender.close()


def answered(text: bytes, *, open: bool = False, deadline: float = 5.0) -> Answer:
    with Receiver([Raw(text, open=open)]) as receiver:
        return post(receiver.url, deadline)


# ---- answers


@pytest.mark.parametrize(
    "text",
    [
        OK + NONE,
        OK + b"\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        OK + b"Content-Length: 99999999999999999999\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\nhello",
        OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        OK + b"no header\r\nContent-Length: 2\r\n\r\nok",
        OK + b"Set-Cookie: \xff=;;expires=\xff; path=\x01\r\nSet-Cookie: a=b; max-age=z\r\n" + NONE,
        OK + b"X\0: \0\r\nX: a\r\n b\r\n" + NONE,
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.0 299\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\n" * 3 + OK + NONE,
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 9\r\nConnection: close\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
    ],
    ids=str,
)
def test_the_status_counts_whatever_else_is_odd(text: bytes, caplog: pytest.LogCaptureFixture) -> None:
    answer = answered(text)
    assert answer.status is not None and policy.verdict(answer.status) == policy.DELIVERED
    assert caplog.messages == [], "what a library tells a log may hold the URL"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OK + b"Content-Length: 5, 6\r\n\r\nhello", LENGTH),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", LENGTH),
        (OK + b"Content-Length: five\r\n\r\nhello", LENGTH),
        (OK + b"Content-Length: -5\r\n\r\nhello", LENGTH),
        (OK + b"Content-Le", CUT),
        (OK + b"Content-Length: 0\r\n", CUT),
        (b"HTTP/1.1 410", CUT),
        (b"HTTP/1.1 410 Gone\r\n", CUT),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", CLOSED),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9999, "its answers are informational ones only"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n\0\0\0", NO_HTTP),
        (OK + b"X: y\r\n" * 300 + b"\r\n", HEADERS),
        (OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n", HEADERS),
        (b"HTTP/1.1 200 " + b"y" * 100_000 + b"\r\n\r\n", HEADERS),
        (b"", CLOSED),
        (b"hello\r\n\r\n", NO_HTTP),
        (b"SSH-2.0-OpenSSH_9.2\r\n", NO_HTTP),
        (b"220 mail ESMTP\r\n", NO_HTTP),
        (b"HTTP/1.1 20", NO_HTTP),
        (b"HTTP/1.1 1000 X\r\n\r\n", NO_HTTP),
        (b"HTTP/2 200 OK\r\n\r\n", NO_HTTP + "/1.1"),
        (b"\x15\x03\x01\x00\x02\x02\x50", NO_HTTP + ", but TLS; does its URL begin with https:// instead of http://?"),
    ],
    ids=str,
)
def test_a_broken_answer_is_none(text: bytes, words: str) -> None:
    answer = answered(text)
    assert (answer.status, answer.words) == (None, words)
    assert policy.verdict(answer.status) == policy.RETRY


@pytest.mark.parametrize(
    ("location", "to"),
    [
        (b"http://new/x?token=y", " to http://new/x"),
        (b"HTTPS://me:pw@new/x", " to HTTPS://new/x"),
        (b"/new", ""),
        (b"http://new/\x1b[31m", ""),
        (b"http://[::1", ""),
        (b"http://new/" + b"x" * 400, ""),
        (b"javascript:alert(1)", ""),
    ],
)
def test_where_a_redirect_leads_is_said_if_it_is_a_url(location: bytes, to: str) -> None:
    answer = answered(b"HTTP/1.1 302 \x1b[31mFound\r\nLocation: " + location + b"\r\n" + NONE)
    assert answer.words == f"it answered 302 Found, a redirect{to}, which events do not follow: give the final URL"


@pytest.mark.parametrize("text", [b"", b"HTTP/1.1 2", OK + b"X: ", b"HTTP/1.1 103 Early\r\n\r\n"])
def test_silence_in_the_middle_is_waited_for_until_the_deadline(text: bytes) -> None:
    answer = answered(text, open=True, deadline=0.1)
    assert (answer.status, answer.words) == (None, "it gave no answer in time")


def test_a_head_that_drips_in_does_not_outlast_the_deadline() -> None:
    with Receiver([Trickle(every=0.05)]) as receiver:
        assert post(receiver.url, 0.1).words == "it gave no answer in time"
        assert len(receiver.requests) == 1


PARTS = [OK, b"HTTP/1.1 ", b"2", b"\r\n", b"\n", b"\r", b"Content-Length: ", b"Transfer-Encoding: chunked", b"5, 6", b": ",
         b"Location: ", b"http://", b"Set-Cookie: ", b"Retry-After: ", b"\0", b"\xff", b"HTTP/1.1 103 X\r\n\r\n", b"0\r\n\r\n"]  # fmt: skip


BYTES = st.one_of(
    st.binary(max_size=200), st.lists(st.one_of(st.sampled_from(PARTS), st.binary(max_size=4))).map(b"".join)
)


@pytest.mark.parametrize("examples", [40, pytest.param(5000, marks=pytest.mark.large)])
def test_no_bytes_at_all_do_harm(examples: int) -> None:
    with Receiver() as receiver:
        sender = Post(receiver.url, 5.0)

        @settings(max_examples=examples, deadline=None)
        @given(BYTES)
        def whatever_comes(text: bytes) -> None:
            receiver.script = lambda number: Raw(text)
            answer = sender.send(b"{}", {}, 5.0)
            assert answer.words.isprintable()
            assert answer.status is None or (b"HTTP/1." in text and str(answer.status)[0].encode() in text)

        whatever_comes()


# ---- on the way


class Proxy(ThreadingHTTPServer):
    """Passes on what comes by CONNECT, or answers `status`; keeps what came."""

    daemon_threads = True

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.came: list[tuple[str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _ProxyHandler)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _ProxyHandler(BaseHTTPRequestHandler):
    server: Proxy

    def do_CONNECT(self) -> None:
        self.server.came.append((self.path, dict(self.headers)))
        self.send_response(self.server.status)
        self.end_headers()
        if self.server.status == 200:
            host, _, port = self.path.rpartition(":")
            with suppress(OSError), socket.create_connection((host, int(port))) as other:
                ways = {self.connection: other, other: self.connection}
                while all(way.send(got) if (got := one.recv(65536)) else False
                          for one in select.select(list(ways), (), (), 5)[0] for way in [ways[one]]):  # fmt: skip
                    pass

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def proxy(status: int = 200) -> Iterator[Proxy]:
    with Proxy(status) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_what_a_proxy_refuses_is_no_answer_of_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = f"the proxy HOST answered {407} Proxy Authentication Required"
    with Receiver(
        [407, Reply(403, X_Squid_Error="ERR_ACCESS_DENIED 0"), Reply(403, Proxy_Status="p; error=x"), 403]
    ) as way:
        host = way.url[7:-1]
        monkeypatch.setenv("http_proxy", f"http://me:pass%40w\u20acrd@{host}")
        found = [post("http://events.example/in") for _ in range(4)]
        words = [answer.words.replace(host, "HOST") for answer in found]
        assert (
            words[:2] == [refusal, "the proxy HOST answered 403 Forbidden"] and words[3] == "it answered 403 Forbidden"
        )
        assert [answer.status for answer in found] == [None, None, None, 403]
        known = base64.b64decode(way.requests[0].headers["proxy-authorization"].removeprefix("Basic "))
        assert known.decode() == "me:pass@w\u20acrd" and "authorization" not in way.requests[0].headers
    with proxy(407) as tunnel:
        monkeypatch.setenv("https_proxy", tunnel.host)
        answer = post("https://events.example/in")
        assert (answer.status, answer.words.replace(tunnel.host, "HOST")) == (None, refusal)
    assert post("https://events.example/").words == f"the proxy {tunnel.host}: connection refused"
    monkeypatch.delenv("http_proxy")
    with Receiver([407]) as receiver:  # by one that nobody has told us of
        assert post(receiver.url).words == "a proxy on the way answered 407 Proxy Authentication Required"


def test_a_tunnel_through_a_proxy(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Receiver([200, Raw(b"hello\r\n")], certificate=certificate) as receiver, proxy() as tunnel:
        monkeypatch.setenv("https_proxy", f"http://me:p%40ss@{tunnel.host}")
        words = post(receiver.url.replace("127.0.0.1", "localhost")).words
        assert words.startswith(f"through the proxy {tunnel.host}: its certificate is not accepted: "), words
        assert post(receiver.url).status == 200
        assert post(receiver.url).words == f"through the proxy {tunnel.host}: {NO_HTTP}"
        assert {path for path, _ in tunnel.came[1:]} == {receiver.url[8:-1]}
        assert tunnel.came[0][1]["Proxy-Authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()
        assert not any("authorization" in request.headers for request in receiver.requests)


BAD_PROXIES = [
    ("http://u:s3cret@", "the host is missing"),
    ("http://", "the host is missing"),
    (":", "the host is missing"),
    ("  ", "it holds a blank or a control character"),
    ("http://h\n", "it holds a blank or a control character"),
    ("http://u:s3cret@h:99999", "its port is no number up to 65535"),
    ("http://u:s3cret/x@h", "its port is no number up to 65535; a password with / ? or # in it is written with %2F %3F or %23"),
    ("http://u:s3\u2100cret@h", "its host cannot be read; a password with odd characters is written with %"),
    ("http://u:s3cret@[::1", "its brackets hold no IPv6 address; a password with odd characters is written with %"),
    ("http://u:s3\\cret@h", "a backslash stands before its path; one in a password is written %5C"),
    ("ftp://u:s3cret@h", "it must begin with http:// or https://"),
    ("http://u:s3cret@a..b", "`a..b` is no name of a host"),
    ("socks5h://u:s3cret@h", "SOCKS needs the package PySocks, which is not installed"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "why"), BAD_PROXIES)
@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used(name: str, value: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv(name, value)
    with pytest.raises(Unusable) as caught:
        post("http://events.example/")
    assert caught.value.words == f"the proxy of {name} cannot be used: {why}"
    assert "s3cret" not in caught.value.words


@pytest.mark.parametrize(
    "variables",
    [
        {"http_proxy": ""},
        {"http_proxy": "", "HTTP_PROXY": "http://u:p@"},
        {"http_proxy": "http://u:p@", "no_proxy": "127.0.0.1"},
        {"http_proxy": "http://u:p@", "NO_PROXY": "x, 127.0.0.0/8"},
        {"http_proxy": "http://u:p@", "no_proxy": "127.0.0.1/99,/,::,*.x,127.0.0.1"},
        {"all_proxy": "http://u:p@", "no_proxy": "*"},
        {"https_proxy": "http://u:p@"},
    ],
    ids=str,
)
def test_no_proxy(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with Receiver() as receiver:
        assert post(receiver.url).status == 200


@settings(max_examples=50, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.sampled_from(("", "http://", "http://u:p@")),
)
def test_no_value_of_a_proxy_does_harm(text: str, before: str) -> None:
    os.environ["http_proxy"] = before + text
    try:
        if before + text and check_proxy(before + text) is not None:
            with pytest.raises(Unusable):
                post("http://127.0.0.1:1/")
            return
    finally:
        del os.environ["http_proxy"]


# ---- URLs, certificates, names


@pytest.mark.parametrize(
    "url",
    [
        "http://me:pass℀w0rd@h/", "http://me:w0rd@[h/", "http://me:w0rd/x@h/", "http://me:w0rd#x@h/", "http://me:w0rd?x@h/",
        "http://w0rd*/x@h/", "http://me:w0rd/℀@h:x/", "http://me:w0rd@h:x/",
    ],
)  # fmt: skip
def test_why_a_url_cannot_be_used_does_not_hold_its_password(url: str) -> None:
    why = check_url(url)
    assert why and "w0rd" not in why and "w0rd" not in shown_url(url)


def test_a_url_that_is_one_argument_too_many_is_shown_without_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "job.fact", "http://me:w0rd@h/"]) == 3
    assert "factc: `http://h/` is one argument too many" in capsys.readouterr().err


def test_credentials_of_a_url_are_those_bytes() -> None:
    for written, meant in (
        ("me:p%40%E2%82%AC", b"me:p@\xe2\x82\xac"),
        ("token", b"token:"),
        (":pw", b":pw"),
        ("a:b:c", b"a:b:c"),
    ):
        with Receiver() as receiver:
            post(receiver.url.replace("://", f"://{written}@"))
            assert base64.b64decode(receiver.requests[0].headers["authorization"].removeprefix("Basic ")) == meant


def test_origin() -> None:
    assert origin("HTTP://Me:pw@Host/x") == origin("http://host:80/y?z") == "http://host:80"
    assert origin("https://host/") == "https://host:443"


@pytest.mark.parametrize("variable", CERTIFICATES[:3])
def test_certificates_that_are_none(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ca.pem"
    monkeypatch.setenv(variable, str(path))
    what = f"the certificates {path} (of {variable}) cannot be"
    with Receiver() as receiver:
        url = receiver.url.replace("http:", "https:")
        assert post(url).words == f"{what} read: no such file or directory"
        path.write_text("none")
        assert post(url).words == f"{what} used: there are none in it"
        assert post(receiver.url).status == 200
        monkeypatch.delenv(variable)
        assert post(url).words == (
            "what answers there does not speak TLS; does its URL begin with http:// instead of https://?"
        )


@pytest.mark.parametrize("variable", CERTIFICATES)
def test_certificates_from_the_environment(
    variable: str, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver(certificate=certificate) as receiver:
        assert "self-signed certificate" in post(receiver.url).words.replace("self signed", "self-signed")
        if variable.endswith("DIR"):
            return  # it needs names that only `openssl rehash` knows
        monkeypatch.setenv(variable, str(certificate))
        assert post(receiver.url).status == 200


def test_a_name_system_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    silent, real = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *more: Any) -> Any:
        if host == "events.example" and len(more) < 5:
            silent.wait(20)
        return real(host, *more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert post("http://events.example/", 0.1).words == "the name system gave no answer in time"
    silent.set()


def test_where_no_thread_can_be_had_names_are_looked_up_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with Receiver() as receiver:
        monkeypatch.setattr(connection._Lookup, "start", refused)
        assert post(receiver.url.replace("127.0.0.1", "localhost")).status == 200


def test_each_address_of_a_host_has_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = socket.getaddrinfo
    tried: list[tuple[Any, float]] = []

    class Silent(socket.socket):
        def connect(self, address: Any) -> None:
            tried.append((address, self.gettimeout() or 0.0))
            if address[0] != "127.0.0.1":
                raise TimeoutError
            super().connect(address)

    def look_up(host: str, port: int, *more: Any) -> Any:
        if host != "events.example" or len(more) > 3:
            return real(host, port, *more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{n}", port)) for n in range(3)] + real(
            "127.0.0.1", port, *more
        )

    with Receiver() as receiver:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setattr(socket, "socket", Silent)
        assert post(receiver.url.replace("127.0.0.1", "events.example"), 8.0).status == 200
        assert all(1.0 < seconds <= limit for (_, seconds), limit in zip(tried, (2.0, 2.7, 4.0, 5.0), strict=True))
        monkeypatch.setattr(Silent, "connect", lambda self, address: (_ for _ in ()).throw(TimeoutError))
        assert post("http://events.example/").words == "no connection in time"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_one_who_never_reads_is_given_up_at_the_deadline(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
        url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}/"
        assert post(url, 0.1, b"x" * 20_000_000).words == "it gave no answer in time"
