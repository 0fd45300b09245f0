"""Prints the interpreters that can test factc, one of each version, oldest first: `python3 -m tests.pythons [--ends] [PATH…]`.

Looks at the PATHs that are named, or else where interpreters usually lie. `--ends`: only the oldest and the newest, and
not the version that prints this.
"""

from __future__ import annotations

import glob
import os
import subprocess
import sys
from collections.abc import Iterable

FOLDERS = (
    "~/.pyenv/versions/*/bin",
    "~/.local/share/uv/python/*/bin",
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/bin",
)
# Without these there can be no virtual environment. What is not final yet is nobody's promise.
ASKED = "import sys, venv, ensurepip; print(*sys.version_info[: 3 if sys.version_info[3] == 'final' else 0])"


def candidates() -> Iterable[str]:
    for folder in (*os.environ.get("PATH", "").split(os.pathsep), *FOLDERS):
        for name in ("python3", "python3.1[1-9]", "python3.[2-9][0-9]"):
            yield from sorted(glob.glob(os.path.join(os.path.expanduser(folder), name)))


def version(path: str) -> tuple[int, ...] | None:
    """The version of an interpreter that can make a virtual environment."""
    try:
        done = subprocess.run([path, "-c", ASKED], capture_output=True, text=True, timeout=30)
        return tuple(map(int, done.stdout.split())) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def found(paths: Iterable[str]) -> list[str]:
    """One interpreter of each version that factc promises, oldest first."""
    known: dict[tuple[int, ...], str] = {}
    for path in dict.fromkeys(paths):
        number = version(path)
        if number and number >= (3, 11):
            known.setdefault(number, path)
    return [known[number] for number in sorted(known)]


def main(args: list[str]) -> None:
    interpreters = found([arg for arg in args if arg != "--ends"] or candidates())
    if "--ends" in args:
        ends = dict.fromkeys((*interpreters[:1], *interpreters[-1:]))
        interpreters = [path for path in ends if version(path) != sys.version_info[:3]]
    print(*interpreters, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
