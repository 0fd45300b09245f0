"""Constraints: whether this machine is the one that a run is meant for.

Knows host names and addresses of this machine; knows no job.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from factc.diagnostic import RequestError
from factc.spelling import nearest


def why_not_here(constraints: Sequence[str]) -> str | None:
    """The reason why none of several `host,NAME` constraints fits this machine, or None if one does.

    Raises RequestError for anything but `host`.
    """
    hosts = [_host(constraint) for constraint in constraints]
    if any(_is_here(host) for host in hosts):
        return None
    names = " or ".join(f"'{host}'" for host in hosts)
    return f"the host constraint {names} does not match this machine ('{socket.gethostname()}')"


def _host(constraint: str) -> str:
    places = [at for at in (constraint.find(","), constraint.find("=")) if at >= 0]
    key = constraint[: min(places)].strip() if places else constraint.strip()
    if key != "host":
        hint = "did you mean `host`?" if nearest(key, ["host"]) else "the only constraint is host,NAME"
        raise RequestError(f"--constraint {constraint}: the key `{key}` is not known", hint)
    name = constraint[min(places) + 1 :].strip() if places else ""
    if not name:
        raise RequestError(f"--constraint {constraint}: the host is missing", "it looks like host,NAME")
    return name


def _is_here(host: str) -> bool:
    if host == "*" or host.lower() in _own_names():
        return True
    return any(_is_own(address) for address in _addresses(host))


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, name.split(".")[0], socket.getfqdn().lower()}


def _addresses(host: str) -> set[str]:
    try:
        return {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return set()


def _is_own(address: str) -> bool:
    """Whether this machine has an address: only its own can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
