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
    from factc.engine.local.direct import Direct
    from factc.engine.local.shells import Shells
    from factc.engine.local.spare_fds import Spare

BUSY = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)

PWD, OLDPWD = b"PWD", b"OLDPWD"

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
    direct: Direct,
) -> tuple[int, bool]:
    """Starts it in a session of its own, with these as its streams 0, 1 and 2, and gives its number.

    And whether it stands in the place of a shell that would say which signal ended it. Raises OSError, or ValueError
    for a NUL.
    """
    if attempt.directory is None:
        return _spawn(attempt, environment, streams, shells, direct)
    here = spare.open(".")
    try:
        os.chdir(encoded(attempt.directory))  # posix_spawn has no way to change it in the child alone
        moved = {OLDPWD: environment[PWD]} if PWD in environment else {}
        own = attempt.environment.keys()
        moved = {name: value for name, value in {**moved, PWD: os.getcwdb()}.items() if name.decode() not in own}
        return _spawn(attempt, {**environment, **moved}, streams, shells, direct)
    finally:
        os.fchdir(here)
        spare.give_back(here)


def _spawn(
    attempt: Attempt,
    environment: Mapping[bytes, bytes],
    streams: tuple[int, int, int],
    shells: Shells,
    direct: Direct,
) -> tuple[int, bool]:
    null, out, err = streams
    actions = ((os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2))
    argv = [encoded(word) for word in attempt.argv]
    default = to_default()

    def started(path: bytes, argv: list[bytes], environment: Mapping[bytes, bytes] = environment) -> int:
        return os.posix_spawn(
            path, argv, environment, file_actions=actions, setsid=True, setsigmask=(), setsigdef=default
        )

    path = shells.find(argv[0], environment.get(b"PATH"))
    if command := direct.command(argv, path, environment, attempt.environment):
        try:
            return started(command.path, command.words, command.environment), command.speaks
        except OSError as problem:
            if problem.errno in BUSY:
                raise  # whatever else it is, the shell says it
    try:
        return started(path, argv), False
    except OSError as problem:
        if problem.errno in BUSY or problem.errno == errno.E2BIG:
            raise
        if problem.errno == errno.ENOEXEC and _is_text(path):  # a script that does not say what reads it
            return started(b"/bin/sh", [b"/bin/sh", path, *argv[1:]]), False
        if not shells.forget(path):
            raise
    return started(shells.find(argv[0], environment.get(b"PATH")), argv), False  # it has moved


def _is_text(path: bytes) -> bool:
    """Whether a file can be a script: there is no NUL in its beginning."""
    with open(path, "rb") as file:
        return b"\0" not in file.read(80)


def here(inherited: bytes | None) -> bytes | None:
    """The working directory as tasks find it in PWD: by the name that it goes by, if that is right."""
    try:
        if inherited and os.path.isabs(inherited) and os.path.samestat(os.stat(inherited), os.stat(".")):
            return inherited
        return os.getcwdb()
    except OSError:
        return inherited


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
