"""The URLs of webhooks: which can be used, and how they are shown.

Knows no network: a host that does not exist has a good name too.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from factc.digest import sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def check_url(url: str) -> str | None:
    """Why events cannot be sent to a URL, or None."""
    if not url.startswith(("http://", "https://")):
        return "it must begin with http:// or https://"
    if not url.isprintable() or " " in url:
        return "it holds a blank or a control character"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)[:1].lower() + str(error)[1:]
    if not parts.hostname:
        return "the host is missing"
    if port == 0:
        return "port 0 cannot be reached"
    return None if _is_host(parts.hostname) else f"`{parts.hostname}` is no name of a host"


def shown_url(url: str) -> str:
    """A URL for people: without credentials, query and fragment, where secrets stand. Takes any text."""
    if check_url(url) is None:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    rest = rest.rpartition("@")[2]  # who knows which part of it is a password
    return scheme + mark + rest.partition("#")[0].partition("?")[0]


def recorded(url: str) -> dict[str, str]:
    """An endpoint as a record names it: its URL as it is shown, and the SHA-256 of the whole."""
    return {"url": shown_url(url), "sha256": sha256_hex([url.encode("utf-8", "surrogateescape")])}


def whole_urls(endpoints: Sequence[Mapping[str, str]], given: Sequence[str]) -> list[str | None]:
    """The URLs of recorded endpoints: as they were shown if that was all of it, else the given one that fits."""
    fitting = {recorded(url)["sha256"]: url for url in [*(e["url"] for e in endpoints), *given]}
    return [fitting.get(endpoint["sha256"]) for endpoint in endpoints]


def _is_host(name: str) -> bool:
    if ":" in name:
        return True  # an IPv6 address, which stood in brackets
    labels = name.removesuffix(".").split(".")
    plain = all(not c.isascii() or c.isalnum() or c in "-_" for label in labels for c in label)
    return plain and all(0 < len(label) <= 63 for label in labels) and len(name) <= 253
