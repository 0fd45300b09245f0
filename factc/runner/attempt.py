"""One attempt as the runner sees it: the tails of its output with secrets hidden, and why it was told to end.

Knows bytes and timers; knows no plan and no engine.
"""

from __future__ import annotations

from factc.runner.tail import Tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from factc.loop import Timer
    from factc.secrets.mask import Mask


class Running:
    """limit: characters of output that are kept of each stream. mask: hides secrets in them.

    stopped: why it was told to end, if it was; timed_out: because its time was over. timer: tells when that is so.
    """

    __slots__ = ("_limit", "_tails", "_maskers", "stopped", "timed_out", "timer")

    def __init__(self, limit: int, mask: Mask | None = None) -> None:
        self._limit = limit
        self._tails: dict[int, Tail] = {}  # by stream, those to which something was written
        self._maskers = (mask.stream(), mask.stream()) if mask else None
        self.stopped: str | None = None
        self.timed_out = False
        self.timer: Timer | None = None

    def hear(self, stream: int, data: bytes) -> bytes:
        """What it wrote to a stream, as everybody may see it; what may be the beginning of a secret comes later."""
        if self._maskers:
            data = self._maskers[stream - 1].feed(data)
        if data:
            self._keep(stream, data)
        return data

    def rest(self) -> Iterator[tuple[int, bytes]]:
        """At its end: by stream, what was held back."""
        for stream, masker in enumerate(self._maskers or (), 1):
            if data := masker.rest():
                self._keep(stream, data)
                yield stream, data

    def texts(self, *, so_far: bool = False) -> tuple[str | None, str | None]:
        """The last characters of both streams, None for one to which nothing was written. so_far: it goes on."""
        out, err = self._tails.get(1), self._tails.get(2)
        return out.text(so_far=so_far) if out else None, err.text(so_far=so_far) if err else None

    def _keep(self, stream: int, data: bytes) -> None:
        if stream not in self._tails:
            self._tails[stream] = Tail(self._limit)
        self._tails[stream].add(data)
