"""Engines: whatever starts attempts. The protocol they all speak, and what they post.

Knows no job, no state and no meaning of an exit code: those belong to the runner. No engine retries anything.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from typing import Protocol

    from factc.loop import Loop

    class Engine(Protocol):
        """`submit` and `cancel` return at once; what comes of them is posted, in the loop's thread."""

        def open(self, post: Callable[[Post], None], loop: Loop) -> None:
            """Gets ready; from now on posts may come."""

        def submit(self, attempt: Attempt) -> None:
            """Starts an attempt: posts Started, any Output, then exactly one End: Exited, NotStarted or Lost."""

        def cancel(self, id: int, grace: float) -> None:
            """Asks an attempt to end, with all that it started, and makes it end after `grace` seconds.

            May be called again with less. Its end is posted when nothing of it is left.
            """

        def has_ended(self, id: int) -> bool:
            """Whether an attempt's own process has ended, be its End posted or still to come: asked of the system."""

        def leftovers(self) -> list[Left]:
            """What ended attempts have left running, as far as it can be found."""

        def hold(self, on: bool) -> None:
            """While held, nothing that attempts write is read, so those that write wait; ends are posted all the same.

            What an ended attempt had written already is posted before its end, held or not.
            """

        def close(self) -> None:
            """Kills what has not ended, lets be what ended attempts left; no post comes any more."""


class Attempt:
    """One try at running something.

    id:          a number that comes back in every post.
    argv:        program and arguments.
    environment: variables beside those that the engine's processes inherit.
    directory:   where it runs, or None for where the engine is.
    leave:       exit codes after which what it left running is let be. After any other, and after a cancel, that is
                 stopped before the end is posted. What the codes mean is for others to know.
    grace:       seconds between asking and killing what is left after such a code.
    """

    __slots__ = ("id", "argv", "environment", "directory", "leave", "grace")

    def __init__(
        self,
        id: int,
        argv: Sequence[str],
        environment: Mapping[str, str],
        directory: str | None = None,
        *,
        leave: Container[int] = (0,),
        grace: float = 10.0,
    ) -> None:
        self.id = id
        self.argv = argv
        self.environment = environment
        self.directory = directory
        self.leave = leave
        self.grace = grace


class Left:
    """What the ended attempt `id` has left running.

    pids:         its processes that could be found (none where there is no /proc).
    command:      all words of the first of them, as they are: they may hold a secret.
    holds_output: whether something still holds one of the attempt's output pipes.
    """

    __slots__ = ("id", "pids", "command", "holds_output")

    def __init__(self, id: int, pids: Sequence[int], command: str, holds_output: bool) -> None:
        self.id = id
        self.pids = pids
        self.command = command
        self.holds_output = holds_output


class Post:
    """What an engine says about the attempt `id`."""

    __slots__ = ("id",)
    id: int


class Started(Post):
    """It runs since `at` (wall clock)."""

    __slots__ = ("at",)

    def __init__(self, id: int, at: float) -> None:
        self.id = id
        self.at = at


class Output(Post):
    """It wrote bytes, to stream 1 (standard output) or 2 (standard error)."""

    __slots__ = ("stream", "data")

    def __init__(self, id: int, stream: int, data: bytes) -> None:
        self.id = id
        self.stream = stream
        self.data = data


class End(Post):
    """Its last post. `at` is when (wall clock); the rest is what only a process can have."""

    __slots__ = ("at",)
    at: float
    code: int | None = None
    duration: float | None = None
    user: float | None = None
    system: float | None = None


class Exited(End):
    """It ended with an exit code (128+n after signal n), from a real wait status, after `duration` seconds.

    The duration ends with the process that was started; what it left may have taken longer to be stopped.
    user, system: seconds of processor time that it took, with all of its own that it waited for; None if unknown.
    """

    __slots__ = ("code", "duration", "user", "system")
    code: int
    duration: float

    def __init__(
        self, id: int, at: float, code: int, duration: float, user: float | None = None, system: float | None = None
    ) -> None:
        self.id = id
        self.at = at
        self.code = code
        self.duration = duration
        self.user = user
        self.system = system


class NotStarted(End):
    """Nothing ran, and why; `busy` if it may work once others have ended."""

    __slots__ = ("reason", "busy")

    def __init__(self, id: int, at: float, reason: str, busy: bool = False) -> None:
        self.id = id
        self.at = at
        self.reason = reason
        self.busy = busy


class Lost(End):
    """It may have run; nobody knows how it ended."""

    __slots__ = ("reason",)

    def __init__(self, id: int, at: float, reason: str) -> None:
        self.id = id
        self.at = at
        self.reason = reason
