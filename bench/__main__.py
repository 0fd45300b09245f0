"""Measures what factc costs, and writes docs/performance.md.

python -m bench                   all parts, then the page
python -m bench PART…             these parts, kept for the next page
python -m bench page              the page, of what is kept
python -m bench --runs N [PART…]  at most N runs of each, to have a look: nothing is kept

Parts: startup, compile, growth, run, work, large, failing, shares, schedule, screen, delivery, record.
"""

from __future__ import annotations

import datetime
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import page, results
from bench.compiling import compiling
from bench.delivery import delivery
from bench.failing import failing
from bench.growth import growth
from bench.machine import load, machine
from bench.record import record
from bench.render import missed, reasons, terminal
from bench.rows import Section
from bench.running import large, running
from bench.schedule import schedule
from bench.screen import screen
from bench.shares import shares
from bench.startup import startup
from bench.working import working

PARTS: dict[str, Callable[[Path, int], list[Section]]] = {
    "startup": startup,
    "compile": compiling,
    "growth": growth,
    "run": running,
    "work": working,
    "large": large,
    "failing": failing,
    "shares": shares,
    "schedule": schedule,
    "screen": screen,
    "delivery": delivery,
    "record": record,
}
MANY = 1_000  # more runs than any part does


def main(words: list[str]) -> int:
    """The exit code: 0, 1 if the page could not be written, 2 for a command line that says something else."""
    if set(words) & {"-h", "--help"}:
        print(__doc__)
        return 0
    most = MANY
    if words[:1] == ["--runs"] and words[1:2] and words[1].isdigit() and int(words[1]):
        most, words = int(words[1]), words[2:]
    if words == ["page"]:
        return _page()
    if not set(words) <= PARTS.keys():
        print(__doc__, file=sys.stderr)
        return 2
    _head()
    for name in words or PARTS:
        _measure(name, most)
    return 0 if words or most < MANY else _page()


def _head() -> None:
    for name, value in machine().items():
        print(f"{name:12} {value}")
    print(flush=True)


def _measure(name: str, most: int) -> None:
    """Measures one part, prints it and, unless it is but a look, keeps it."""
    print(f"measuring: {name} …\n", flush=True)
    day, busy, began = datetime.date.today().isoformat(), load(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="factc-bench-") as folder:
        sections = PARTS[name](Path(folder), most)
    for section in sections:
        print(terminal(section))
    if behind := missed(sections):
        print(f"Missed goals:\n{reasons(behind)}\n")
    print(f"({name}: {time.monotonic() - began:.0f} s, load before: {busy})\n", flush=True)
    if most == MANY:
        results.save(name, results.Part(day, busy, machine(), sections))


def _page() -> int:
    try:
        page.write()
    except page.Missing as missing:
        print(f"the page is left as it was, for there are no results of: {missing}", file=sys.stderr)
        return 1
    print(f"{page.PAGE.relative_to(Path.cwd()) if page.PAGE.is_relative_to(Path.cwd()) else page.PAGE.name} is written")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
