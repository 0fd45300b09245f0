"""The guard: a tiny shell beside a run that kills all that carries its mark, should the run itself be killed.

Then it gives back what the run had borrowed. Knows a brand and a pipe. The end of the pipe without a word means that
nobody is there any more. Linux only.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from factc import forks
from factc.engine.local.spawn import to_default

PATIENCE = 0.5  # seconds that a dismissed guard is waited for; it needs about one thousandth
SHELL = "/bin/sh"
PATH = "/usr/bin:/bin"

# The program's own name must not stand in here: `pkill -9 -f` with that name shall not take the guard along. Nor must
# the brand in any argv, which every user can read: who knew it could have his own processes taken for ours.
# Several quiet rounds, because a process in the middle of an exec has no environment to be read.
# Where no process can be started (that may be why factc was killed), the shell ends, and its last act is `alone`.
SCRIPT = """\
trap '' HUP INT QUIT TERM
owed=
cd /proc && read -r brand && [ -n "$brand" ] || exit 3
while read -r word; do
  case $word in
    go) exit 0 ;;
    *) owed=$word ;;
  esac
done

user() { # PID: its real user
  user=
  while read -r key user rest && [ "$key" != Uid: ]; do :; done <"$1/status"
}
end() { # PID... kills those that are of our user
  for pid do
    user "$pid"
    [ "$user" = "$me" ] && kill -9 "$pid" && quiet=0
  done
}
found() { # PID: whether its environment holds a mark, found without another process
  while line='' && read -r line || [ -n "$line" ]; do
    case $line in *"$brand:"*) return 0 ;; esac
  done <"$1/environ"
  return 1
}
alone() {
  round=0 quiet=0
  while [ $round -lt 50 ] && [ $quiet -lt 3 ]; do
    round=$((round + 1)) quiet=$((quiet + 1))
    for path in [0-9]*; do
      found "$path" && end "$path"
    done
  done
}
give() {
  [ "${owed#owed}" = "$owed" ] || printf %b "${owed#owed}" >&3
}
user self
me=$user
trap 'alone; give' EXIT
command -v grep >/dev/null || exit 0
round=0 quiet=0
while [ $round -lt 50 ] && [ $quiet -lt 3 ]; do
  round=$((round + 1)) quiet=$((quiet + 1))
  for path in $(grep -lsF -f - [0-9]*/environ <<END
$brand:
END
  ); do end "${path%/environ}"; done
  sleep 0.02
done
trap give EXIT
"""
MOST_OWED = (
    800  # bytes that it knows of: what is said of them (five characters each) is a write that is whole or not at all
)


class Guard:
    """Stands from its making until `dismiss`; making it raises OSError if it cannot be started.

    lender: the descriptor into which it writes what is owed, -1 for none.
    """

    __slots__ = ("pid", "_pipe")

    def __init__(self, brand: str, lender: int = -1) -> None:
        read, self._pipe = os.pipe()  # neither is inherited by anything that is started
        forks.held(self._pipe)
        try:
            os.write(self._pipe, f"{brand}\n".encode())
            self.pid = _start(read, lender)
        except BaseException:
            forks.close(self._pipe)
            raise
        finally:
            os.close(read)

    def owe(self, what: bytes) -> None:
        """From now on these bytes are to be given back. A guard that does not listen is not waited for."""
        digits = "".join([f"\\0{byte:03o}" for byte in what[:MOST_OWED]])
        os.set_blocking(self._pipe, False)
        with suppress(OSError):
            os.write(self._pipe, f"owed{digits}\n".encode())
        os.set_blocking(self._pipe, True)

    def dismiss(self) -> None:
        """Tells it to go, and reaps it."""
        with suppress(OSError):  # it may be gone; Python ignores SIGPIPE
            os.write(self._pipe, b"go\n")
        forks.close(self._pipe)
        deadline = time.monotonic() + PATIENCE
        with suppress(ChildProcessError):
            while os.waitpid(self.pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
                time.sleep(0.0005)

    def bury(self) -> None:
        """It was seen to have ended early: reaps it."""
        forks.close(self._pipe)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)


def _start(read: int, lender: int) -> int:
    actions = [
        (os.POSIX_SPAWN_DUP2, read, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    if lender >= 0:
        actions.append((os.POSIX_SPAWN_DUP2, lender, 3))
    path = os.pathsep.join(filter(None, (PATH, os.environ.get("PATH"))))
    argv, handed_down = ("sh", "-c", SCRIPT), _inheritable()
    try:  # not by closing them in the child: the system refuses that for a number above a limit that was lowered since
        for descriptor in handed_down:
            os.set_inheritable(descriptor, False)
        return os.posix_spawn(
            SHELL, argv, {"PATH": path}, file_actions=actions, setsid=True, setsigmask=(), setsigdef=to_default()
        )
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
