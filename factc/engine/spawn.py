"""Starting a process: argv, variables, directory and pipes as an attempt wants them, and the words when it fails.

Knows attempts; knows nothing of what becomes of the process.
"""

from __future__ import annotations

import errno
import os
import signal

from factc.diagnostic import of_system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from factc.engine import Attempt
    from factc.engine.shells import Shells
    from factc.engine.spare import Spare

BUSY = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)

_ALL = [int(number) for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]
_BUT_HANGUP = [number for number in _ALL if number != signal.SIGHUP]


def to_default() -> Sequence[int]:
    """The signals that a process is to begin with as if nobody had ignored them; it is to have none blocked either.

    Not SIGHUP where it is ignored: that is what nohup is for.
    """
    return _BUT_HANGUP if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else _ALL


def spawn(
    attempt: Attempt,
    environment: Mapping[bytes, bytes],
    streams: tuple[int, int, int],
    spare: Spare,
    shells: Shells,
) -> int:
    """Starts it in a session of its own, with these as its streams 0, 1 and 2, and gives its number.

    Raises OSError, or ValueError for a NUL.
    """
    if attempt.directory is None:
        return _spawn(attempt, environment, streams, shells)
    here = spare.open(".")
    try:
        os.chdir(encoded(attempt.directory))  # posix_spawn has no way to change it in the child alone
        return _spawn(attempt, environment, streams, shells)
    finally:
        os.fchdir(here)
        spare.give_back(here)


def _spawn(attempt: Attempt, environment: Mapping[bytes, bytes], streams: tuple[int, int, int], shells: Shells) -> int:
    null, out, err = streams
    actions = ((os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2))
    argv = [encoded(word) for word in attempt.argv]
    default = to_default()
    if path := shells.find(argv[0]):
        try:
            return os.posix_spawn(
                path, argv, environment, file_actions=actions, setsid=True, setsigmask=(), setsigdef=default
            )
        except OSError as problem:
            if problem.errno in BUSY or problem.errno == errno.E2BIG:
                raise
            shells.forget(argv[0])  # it is no longer where it was, or no longer to be executed
    return os.posix_spawnp(
        argv[0], argv, environment, file_actions=actions, setsid=True, setsigmask=(), setsigdef=default
    )


def words(problem: OSError | ValueError, attempt: Attempt) -> str:
    """Why it could not start, for people."""
    if isinstance(problem, ValueError):
        return "could not start: a word or a variable of it holds a character that no process can be given"
    text = of_system(problem)
    if problem.errno in BUSY or problem.errno == errno.E2BIG:
        return f"could not start: {text}"
    if attempt.directory is not None and problem.filename == encoded(attempt.directory):
        return f"could not start in the directory {attempt.directory}: {text}"
    return f"could not start {attempt.argv[0]}: {text}"


def encoded(text: str) -> bytes:
    """UTF-8 whatever the locale; bytes of an option that were none come back as they were."""
    return text.encode("utf-8", "surrogateescape")
