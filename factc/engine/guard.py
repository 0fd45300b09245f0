"""The guard: a tiny shell beside a run that kills all that carries its mark, should the run itself be killed.

Knows a brand and a pipe. The end of the pipe without a word means that nobody is there any more. Linux only.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

PATIENCE = 0.5  # seconds that a dismissed guard is waited for; it needs about one thousandth
SHELL = "/bin/sh"
PATH = "/usr/bin:/bin"

# The program's own name must not stand in here: `pkill -9 -f` with that name shall not take the guard along.
# Several quiet rounds, because a process in the middle of an exec has no environment to be read.
SCRIPT = """\
trap '' HUP INT QUIT TERM
cd /proc && command -v grep >/dev/null || exit 3
while read -r word; do
  [ "$word" = go ] && exit 0
done
round=0 quiet=0
while [ $round -lt 50 ] && [ $quiet -lt 3 ]; do
  found=$(grep -lsF -e "$1:" [0-9]*/environ)
  for path in $found; do kill -9 "${path%/environ}"; done
  round=$((round + 1)) quiet=$((quiet + 1))
  [ -z "$found" ] || quiet=0
  sleep 0.02
done
"""


class Guard:
    """Stands from its making until `dismiss`; making it raises OSError if it cannot be started."""

    __slots__ = ("pid", "_pipe")

    def __init__(self, brand: str) -> None:
        read, self._pipe = os.pipe()  # neither is inherited by anything that is started
        try:
            self.pid = _start(read, brand)
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(read)

    def dismiss(self) -> None:
        """Tells it to go, and reaps it."""
        with suppress(OSError):  # it may be gone; Python ignores SIGPIPE
            os.write(self._pipe, b"go\n")
        os.close(self._pipe)
        deadline = time.monotonic() + PATIENCE
        with suppress(ChildProcessError):
            while os.waitpid(self.pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
                time.sleep(0.0005)

    def bury(self) -> None:
        """It was seen to have ended early: reaps it."""
        os.close(self._pipe)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)


def _start(read: int, brand: str) -> int:
    actions = [
        (os.POSIX_SPAWN_DUP2, read, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    path = os.pathsep.join(filter(None, (PATH, os.environ.get("PATH"))))
    argv, handed_down = ("sh", "-c", SCRIPT, "sh", brand), _inheritable()
    try:  # not by closing them in the child: the system refuses that for a number above a limit that was lowered since
        for descriptor in handed_down:
            os.set_inheritable(descriptor, False)
        return os.posix_spawn(SHELL, argv, {"PATH": path}, file_actions=actions, setsid=True)
    finally:
        for descriptor in handed_down:
            os.set_inheritable(descriptor, True)


def _inheritable() -> list[int]:
    """What whoever started this program handed down to it: a lock, a log, the pipe of a CI server."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one that lists them
            if int(name) > 2 and os.get_inheritable(int(name)):
                found.append(int(name))
    return found
