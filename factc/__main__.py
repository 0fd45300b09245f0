"""The `factc` command: `python -m factc` and the installed script both begin here."""

from __future__ import annotations

import _signal  # `signal` itself makes enumerations
import os
import sys

from factc import cli


def main() -> int:
    """Runs the command with the program's arguments and returns its exit code, which no later Ctrl-C changes.

    Does not return while other threads still wait for somebody else (a webhook, a name server): an interpreter
    that is taken down under them can crash. What had to be written was written by the verb.
    """
    try:
        code = cli.main()
        _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    except KeyboardInterrupt:  # once more, while the first one was answered
        _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
        code = 130
    threading = sys.modules.get("threading")
    if threading and threading.active_count() > 1:
        _flush()
        os._exit(code)
    return code


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # nobody can be told


if __name__ == "__main__":
    sys.exit(main())
