"""Waiting for descriptors: epoll where the system has it, elsewhere what `selectors` finds, in epoll's own words.

Knows descriptors and the two things to wait for; knows nothing of what they are waited for.
"""

from __future__ import annotations

import select
from math import ceil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Poller(Protocol):
        """What `select.epoll` offers of itself."""

        def register(self, descriptor: int, what: int, /) -> None:
            """Raises PermissionError where the system has no waiting for it: epoll refuses regular files."""

        def unregister(self, descriptor: int, /) -> None: ...

        def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
            """Descriptors that are ready, with what for; waits at most so many seconds."""

        def close(self) -> None: ...


READ, WRITE = 1, 4  # EPOLLIN, EPOLLOUT


def poller() -> Poller:
    """The best there is. `selectors` would wrap epoll too, at ten times its price for each descriptor."""
    try:
        return select.epoll() if hasattr(select, "epoll") else Selected()
    except OSError:  # it is a descriptor, or needs one to be loaded: there may be none
        return Polled()


class Selected:
    """The like of epoll on other systems."""

    def __init__(self) -> None:
        from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

        self._selector = DefaultSelector()
        self._events = {READ: EVENT_READ, WRITE: EVENT_WRITE}

    def register(self, descriptor: int, what: int, /) -> None:
        self._selector.register(descriptor, self._events[what])

    def unregister(self, descriptor: int, /) -> None:
        self._selector.unregister(descriptor)

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        return [(key.fd, events) for key, events in self._selector.select(timeout)]

    def close(self) -> None:
        self._selector.close()


class Polled:
    """What does without a descriptor of its own; its cost grows with what it waits for."""

    def __init__(self) -> None:
        self._poll = select.poll()

    def register(self, descriptor: int, what: int, /) -> None:
        self._poll.register(descriptor, what)  # POLLIN and POLLOUT are those same numbers everywhere

    def unregister(self, descriptor: int, /) -> None:
        self._poll.unregister(descriptor)

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        return self._poll.poll(None if timeout is None else ceil(timeout * 1000))

    def close(self) -> None:
        """There is nothing to be closed."""
