"""What being watched costs a run: the live screen, heartbeats and a webhook, beside a run that tells nobody.

Knows the `factc` command and the receiver of the tests; the terminal is a pseudo terminal that somebody reads.
`python -m bench.screen` measures it.
"""

from __future__ import annotations

import os
import pty
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

from bench.goals import row
from bench.measure import Candidate, environment, take_turns
from bench.render import terminal
from bench.rows import Row, Section
from bench.where import compiled, factc

RUNS = 7
SIZE = (40, 120)  # lines and columns of the terminal
_ROOT = Path(__file__).parent.parent
_RECEIVE = """
import sys
from tests.receiver import Receiver
with Receiver() as receiver:
    print(receiver.url, flush=True)
    sys.stdin.read()
"""


class OnTerminal(Candidate):
    """A candidate whose standard streams are a terminal."""

    def run(self) -> float:
        if self.before:
            self.before()
        master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        reader = threading.Thread(target=_read_out, args=(master,))
        reader.start()
        env = environment() | {"TERM": "xterm-256color"}
        try:
            start = time.perf_counter()
            process = subprocess.Popen(
                self.command, cwd=self.folder, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
        finally:
            os.close(slave)
            reader.join()
            os.close(master)
        process.returncode = os.waitstatus_to_exitcode(status)
        self._processor = usage.ru_utime + usage.ru_stime
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, self.command)
        return seconds


def screen(folder: Path, most: int) -> list[Section]:
    """One section. most: at most so many runs of each."""
    runs = min(RUNS, most)
    with _receiver() as url:
        rows = [
            *_watched(folder, url, "1,000 tasks of 50 ms, -j 8", "sleep 0.05", 8, runs),
            *_watched(folder, url, "1,000 tasks that do nothing, -j 2", ":", 2, runs),
        ]
    how = (
        "1,000 tasks with `--output quiet`, no terminal and no webhook, beside the same with what watches it: a "
        "live screen on a pseudo terminal that is read, and heartbeats every second with a webhook whose receiver is a "
        f"process of its own. Whole processes; medians of {runs} runs in turn."
    )
    return [Section("Being watched", how, rows)]


def _watched(folder: Path, url: str, what: str, command: str, at_once: int, runs: int) -> list[Row]:
    (folder / "job.fact").write_text("job watched\n\n" + "".join(f"t{i}:\n    {command}\n\n" for i in range(1_000)))
    run = [*factc(), "run", compiled(folder, "job.fact"), "-j", str(at_once)]
    quiet = [*run, "--output", "quiet"]
    hooked = ["--webhook", url, "--heartbeat-interval", "1"]

    def forget() -> None:
        shutil.rmtree(folder / ".factc", ignore_errors=True)

    alone = Candidate(what, quiet, folder, before=forget)
    candidates = [
        OnTerminal("with the live screen", run, folder, before=forget),
        Candidate("with heartbeats and a webhook", [*quiet, *hooked], folder, before=forget),
        OnTerminal("with all of it", [*run, *hooked], folder, before=forget),
    ]
    take_turns([alone, *candidates], runs)
    rows = [row(what, alone.median, "s")]
    for one in candidates:
        rows.append(row(f"{what}, {one.title}", one.ratio(alone), "× the time", one.spread(alone)))
    more = statistics.median(candidates[-1].processor) - statistics.median(alone.processor)
    return [*rows, row(f"{what}, processor time of all of it", 1000 * more, "ms")]


@contextmanager
def _receiver() -> Iterator[str]:
    """The URL of a receiver in a process of its own."""
    command = [sys.executable, "-c", _RECEIVE]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def _read_out(master: int) -> None:
    try:
        while os.read(master, 65_536):
            pass
    except OSError:  # Linux: the other side was closed
        return


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="factc-bench-") as place:
        for section in screen(Path(place), RUNS):
            print(terminal(section))
