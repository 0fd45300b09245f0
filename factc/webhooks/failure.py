"""Why a request got no answer, in words of our own: what a library says may hold a URL's secrets.

Knows the exceptions of `http.client`, `ssl` and the system, however deep they lie in those of a library.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from http import HTTPStatus
from http.client import BadStatusLine, HTTPException, IncompleteRead, LineTooLong, RemoteDisconnected, UnknownProtocol

from factc.escape import visible
from factc.webhooks.connection import Broken, NoAddress

CLOSED = "the connection was closed without an answer"
NO_HTTP = "what answers there does not speak HTTP"
_TLS = {
    "WRONG_VERSION_NUMBER": "what answers there does not speak TLS; does its URL begin with http:// instead of https://?",
    "HTTP_REQUEST": "what answers there does not speak TLS; does its URL begin with http:// instead of https://?",
}


def words(error: BaseException, proxy: str | None) -> str:
    """In one line. proxy: that of the way, as it is shown; None if there is none."""
    causes = _causes(error)
    if tunnel := next(filter(None, map(_tunnel, causes)), None):
        return f"the proxy {proxy} {answered(tunnel)}"
    why = _why(causes)
    if not proxy:
        return why
    reached = not any(type(cause).__name__ == "ProxyError" for cause in causes)
    return f"through the proxy {proxy}: {why}" if reached else f"the proxy {proxy}: {why}"


def answered(status: int) -> str:
    """A status in words."""
    try:
        return f"answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"answered {status}"


def certificates(path: str, variable: str) -> str | None:
    """Why certificates cannot be used to check those of others, or None. variable: that names the path."""
    what = f"the certificates {visible(path)}" + (f" (of {variable})" if variable else "")
    try:
        os.stat(path)
        if not os.path.isdir(path):
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return f"{what} cannot be used: there are none in it"
    except (OSError, ValueError) as problem:
        return f"{what} cannot be read: {_of_system(problem) or 'no file has such a name'}"
    return None


def _why(causes: list[BaseException]) -> str:
    names = {type(cause).__name__ for cause in causes}
    for cause in reversed(causes):  # the first cause first
        if isinstance(cause, Broken):
            return cause.words
        if isinstance(cause, NoAddress):
            return "the name system gave no answer in time"
        if isinstance(cause, ssl.SSLCertVerificationError):
            said = str(cause.verify_message)
            return f"its certificate is not accepted: {said[:1].lower()}{said[1:]}"
        if isinstance(cause, ssl.SSLError):
            reason = str(cause.reason or "unexpected end")
            return _TLS.get(reason, "TLS: " + reason.replace("_", " ").lower())
        if isinstance(cause, TimeoutError) and cause.errno is None:
            unconnected = "ConnectTimeoutError" in names and "NewConnectionError" not in names
            return "no connection in time" if unconnected else "it gave no answer in time"
        if isinstance(cause, RemoteDisconnected):
            return CLOSED
        if isinstance(cause, BadStatusLine):
            tls = str(cause.args[0]).lstrip("'").startswith(("\x15\x03", "\\x15\\x03"))  # an alert
            return f"{NO_HTTP}, but TLS; does its URL begin with https:// instead of http://?" if tls else NO_HTTP
        if isinstance(cause, UnknownProtocol):
            return f"{NO_HTTP}/1.1"
        if isinstance(cause, LineTooLong) or type(cause) is HTTPException:
            return "its answer is no proper HTTP: the headers are too long, or too many"
        if isinstance(cause, IncompleteRead):
            return "its answer breaks off"
        if type(cause).__name__ == "CertificateError":
            return "its certificate is not accepted: it is for another host"
        if isinstance(cause, OSError) and (found := _of_system(cause)):
            return found
    return f"it could not be sent ({type(causes[-1]).__name__})"


def _of_system(problem: BaseException) -> str:
    """What the system says, "" if it was not the system."""
    if isinstance(problem, socket.gaierror):
        found = problem.strerror or ""
    else:
        found = os.strerror(problem.errno) if isinstance(problem, OSError) and problem.errno else ""
    return found[:1].lower() + found[1:]


def _tunnel(cause: BaseException) -> int | None:
    """The status with which a proxy refused to connect us; `http.client` has it nowhere but in its message."""
    found = re.match(r"Tunnel connection failed: ([0-9]{3})", str(cause.args[0])) if cause.args else None
    return int(found[1]) if found and isinstance(cause, OSError) else None


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
