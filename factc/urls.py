"""The URLs of webhooks and proxies: which can be used, and how they are shown.

Knows no network: a host that does not exist has a good name too.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from factc.digest import sha256_hex
from factc.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from urllib.parse import SplitResult

LEAST_TOKEN = 8  # characters: what is shorter stands in innocent text
SOCKS = ("socks4", "socks4a", "socks5", "socks5h")


def check_url(url: str) -> str | None:
    """Why events cannot be sent to a URL, or None. Says nothing of it that may be secret."""
    if not url.lower().startswith(("http://", "https://")):
        return "it must begin with http:// or https://"
    if not url.isprintable() or " " in url:
        return "it holds a blank or a control character"
    try:
        parts = urlsplit(url)
    except ValueError:
        odd = "its brackets hold no IPv6 address" if "[" in url or "]" in url else "its host cannot be read"
        return f"{odd}; a password with odd characters is written with %" if "@" in url else odd
    if "\\" in parts.netloc:  # some take it for the end of the host, others for a part of a password
        return "a backslash stands before its path; one in a password is written %5C"
    return _check_host(parts, "@" in url[url.find("//") + 2 + len(parts.netloc) :])


def _check_host(parts: SplitResult, cut: bool) -> str | None:
    """cut: what looks like the host may be a part of a password with / ? or # in it."""
    hint = "; a password with / ? or # in it is written with %2F %3F or %23" if cut else ""
    try:
        port = parts.port
    except ValueError:
        return "its port is no number up to 65535" + hint
    if not parts.hostname:
        return "the host is missing"
    if port == 0:
        return "port 0 cannot be reached"
    if not _is_host(parts.hostname):
        return ("what stands for its host is none" if cut else f"`{parts.hostname}` is no name of a host") + hint
    return None


def check_proxy(value: str) -> str | None:
    """Why a proxy cannot be used, or None; a value as http_proxy and all_proxy hold it."""
    scheme, mark, rest = value.partition("://")
    if not mark:
        return check_url(f"http://{value}")
    if scheme.lower() not in SOCKS:
        return check_url(value)
    from importlib.util import find_spec

    if find_spec("socks") is None:
        return "SOCKS needs the package PySocks, which is not installed"
    return check_url(f"http://{rest}")


def shown_proxy(value: str) -> str:
    """Its host and port: all that may be seen."""
    return value.rpartition("://")[2].rpartition("@")[2].partition("/")[0]


def origin(url: str) -> str:
    """What of a URL is reached together: scheme, host and port."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def shown_url(url: str) -> str:
    """A URL for people: without credentials, query, fragment and what was drawn of a path. Takes any text."""
    if check_url(url) is None:
        parts = urlsplit(url)
        return f"{url[: len(parts.scheme)]}://{parts.netloc.rpartition('@')[2]}{_shown_path(parts.path)}"
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    rest = rest.rpartition("@")[2]  # who knows which part of it is a password
    return visible(scheme + mark + _shown_path(rest.partition("#")[0].partition("?")[0]))


def tokens(url: str) -> list[str]:
    """What of a URL's path and query may let in who knows it."""
    parts = urlsplit(url)
    drawn = [word for word in parts.path.split("/") if _is_drawn(word)]
    values = [word.partition("=")[2] for word in parts.query.split("&")]
    return [*([parts.path] if drawn else []), *(w for w in [*drawn, parts.query, *values] if len(w) >= LEAST_TOKEN)]


def _shown_path(path: str) -> str:
    return "/".join("***" if _is_drawn(word) else word for word in path.split("/"))


def _is_drawn(word: str) -> bool:
    """Whether a part of a path looks like a key: many services have theirs there."""
    mixed = any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
    return len(word) >= 20 or (len(word) >= 12 and mixed)


def recorded(url: str) -> dict[str, str]:
    """An endpoint as a record names it: its URL as it is shown, and the SHA-256 of the whole."""
    return {"url": shown_url(url), "sha256": sha256_hex([url.encode("utf-8", "surrogateescape")])}


def whole_urls(endpoints: Sequence[Mapping[str, str]], given: Sequence[str]) -> list[str | None]:
    """The URLs of recorded endpoints: as they were shown if that was all of it, else the given one that fits."""
    fitting = {recorded(url)["sha256"]: url for url in [*(e["url"] for e in endpoints), *given]}
    return [fitting.get(endpoint["sha256"]) for endpoint in endpoints]


def unknown(shown: str, given: Sequence[str]) -> tuple[str, str]:
    """What is wrong with a recorded endpoint of which nobody knows the URL, and the way out."""
    if given:
        words = f"no URL that was given is that of the webhook {shown}, to which events are to go"
        return words, "give --webhook URL as it was in the run, with credentials and query"
    words = f"the webhook {shown} had credentials or a query, which no record holds"
    return words, "add --webhook URL with the same URL as before"


def _is_host(name: str) -> bool:
    if ":" in name:
        return True  # an IPv6 address, which stood in brackets
    labels = name.removesuffix(".").split(".")
    plain = all(not c.isascii() or c.isalnum() or c in "-_" for label in labels for c in label)
    return plain and all(0 < len(label) <= 63 for label in labels) and len(name) <= 253
