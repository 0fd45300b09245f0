"""Stopping: attempts with all that they started are asked to end, then killed, until nothing of them is left.

Knows groups, marks and times; reaps nothing and reads no pipe. One look at all processes serves all attempts
that are being stopped at that moment. A short attempt that failed and left nothing costs no such look: what it could
have left is younger than its leader, so only the numbers given since are looked at.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from factc.engine.local import procfs
from factc.engine.local.marks import scan, send
from factc.engine.local.process import ASKED, KILLED, LINGER, LINGERS, RUNS
from factc.engine.local.process_groups import living
from factc.engine.local.waitid import is_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from factc.engine.local.marks import Marked
    from factc.engine.local.process import Process
    from factc.engine.local.spare_fds import Spare
    from factc.loop import Loop, Timer

SOON, POLL = 0.002, 0.05  # seconds between two looks: the first, and the longest
PATIENCE = 1.0  # seconds of looks that do not see everything


class Stopping:
    """`gone` hears of each process whose shell has ended and of which nothing is left.

    leaders: the numbers of all attempts' shells: none of them is what another one left.
    """

    def __init__(
        self, brand: str, loop: Loop, spare: Spare, leaders: Container[int], gone: Callable[[Process], None]
    ) -> None:
        self._brand = brand
        self._loop = loop
        self._spare = spare
        self._leaders = leaders
        self._gone = gone
        self._lap = procfs.lap()
        self._members: dict[int, Process] = {}  # by attempt; none of them is reaped by us
        self._asked: set[int] = set()  # those whose strays have not been asked yet
        self._timer: Timer | None = None
        self._pause = SOON
        self._doubt: float | None = None  # since when no look has seen everything

    def ask(self, process: Process, grace: float) -> None:
        """Asks it to end within `grace` seconds; one that was asked before gets less time, never more."""
        self._members[process.id] = process
        self._ask(process, grace)
        self._look_in(0)

    def clear(self, process: Process) -> None:
        """Its shell has ended: whatever is left of it shall end too."""
        if process.stage == RUNS and self._left_nothing(process):
            self._gone(process)
            return
        self._members[process.id] = process
        self._pause = SOON
        self._look_in(0)

    def kill(self, processes: Iterable[Process]) -> None:
        """Kills them all here and now, as far as that goes within a moment."""
        self._members = {process.id: process for process in processes}
        for _ in range(20):
            if not self._members:
                return
            for process in self._members.values():
                _signal_group(process, signal.SIGKILL)
            with self._spare:
                strays, _ = self._strays()
            for process in self._members.values():
                self._kill(process, strays.get(process.id, []))
            alive = living({p.pid for p in self._members.values() if not p.lost}) or ()
            self._members = {p.id: p for p in self._members.values() if p.pid in alive or p.id in strays}
            time.sleep(0.005)

    def _left_nothing(self, process: Process) -> bool:
        """Whether a look at what is younger than its leader shows that. If not, all processes are looked at."""
        if process.lost or not self._is_short(process):
            return False
        group = {process.pid}
        try:
            for pid in procfs.younger(process.pid):
                if pid in self._leaders:
                    continue
                if living(group, (pid,)) != set():
                    return False
                strays, whole = self._strays((pid,))
                if process.id in strays or not whole:
                    return False
        except LookupError:
            return False
        return self._is_short(process)

    def _is_short(self, process: Process) -> bool:
        return self._loop.now() - process.started < self._lap

    # ---- one look at all of them

    def _look(self) -> None:
        self._timer = None
        began = self._loop.now()
        with self._spare:
            strays, whole = self._strays()
            alive = living({p.pid for p in self._members.values() if p.over and not p.lost})
        whole = self._believed(whole and alive is not None)
        blind = whole and alive is None
        now = self._loop.now()
        for process in list(self._members.values()):
            mine = strays.get(process.id, [])
            left = process.stage < KILLED if alive is None else process.pid in alive
            if process.over and whole and not mine and (process.lost or not left):
                del self._members[process.id]
                self._asked.discard(process.id)
                self._gone(process)
            else:
                self._step(process, mine, now, blind)
        self._again(now - began)

    def _step(self, process: Process, mine: list[Marked], now: float, blind: bool) -> None:
        if process.stage == RUNS:
            process.stage = LINGERS
            process.deadline = process.ended + LINGER
        if process.stage == LINGERS and now >= process.deadline:
            self._ask(process, process.grace)
        if process.stage == ASKED and process.over and blind:  # nothing will show that it has gone by itself
            process.deadline = min(process.deadline, process.ended + 2 * LINGER)
        if process.id in self._asked:
            self._asked.remove(process.id)
            self._ask_strays(process, mine)
        if process.stage == ASKED and now >= process.deadline:
            process.stage = KILLED
            self._pause = SOON
        if process.stage == KILLED:
            self._kill(process, mine)

    def _again(self, cost: float) -> None:
        """The next look: when the next grace is over, or soon if something ought to have gone by now."""
        if not self._members:
            self._pause = SOON
            return
        pause = max(self._pause, 2 * cost)
        self._pause = min(2 * self._pause, POLL)
        self._look_in(min(self._wait(process, pause) for process in self._members.values()))

    def _wait(self, process: Process, pause: float) -> float:
        left = max(0.0, process.deadline - self._loop.now())
        if not process.over and process.stage == ASKED:
            return left  # its shell's end will be heard
        return pause if process.stage == KILLED else min(left, pause)

    def _look_in(self, seconds: float) -> None:
        if self._timer:
            if self._timer.due <= self._loop.now() + seconds:
                return
            self._timer.cancel()
        self._timer = self._loop.later(seconds, self._look)

    def _believed(self, whole: bool) -> bool:
        """Whether to go by a look: one that could not see everything is repeated, but not for ever."""
        if whole:
            self._doubt = None
            return True
        now = self._loop.now()
        self._doubt = now if self._doubt is None else self._doubt
        return now - self._doubt > PATIENCE

    def _strays(self, among: Iterable[int] | None = None) -> tuple[dict[int, list[Marked]], bool]:
        """What carries a mark, by attempt, and whether that is all. among: of these alone."""
        found: dict[int, list[Marked]] = {}
        if not self._brand:
            return found, True
        marked, whole = scan(self._brand, among)
        for process in marked:
            found.setdefault(process.id, []).append(process)
        return found, whole

    # ---- signals

    def _ask(self, process: Process, grace: float) -> None:
        due = self._loop.now() + grace
        process.deadline = min(process.deadline, due) if process.stage >= ASKED else due
        self._pause = SOON
        if grace <= 0:
            process.stage = KILLED
            _signal_group(process, signal.SIGKILL)
        elif process.stage < ASKED:
            process.stage = ASKED
            self._asked.add(process.id)
            _signal_group(process, signal.SIGTERM)
            _signal_group(process, signal.SIGCONT)

    def _ask_strays(self, process: Process, mine: list[Marked]) -> None:
        """Asks what has left the group, all of it if that is lost; a run inside the task is asked, and asks its own."""
        with self._spare:
            for stray in mine:
                if stray.innermost and (process.lost or not _in_group(stray.pid, process.pid)):
                    send(stray, self._brand, signal.SIGTERM)
                    send(stray, self._brand, signal.SIGCONT)

    def _kill(self, process: Process, mine: list[Marked]) -> None:
        _signal_group(process, signal.SIGKILL)
        with self._spare:
            for stray in mine:
                send(stray, self._brand, signal.SIGKILL)


def _signal_group(process: Process, number: int) -> None:
    if process.lost or not is_child(process.pid):  # another thread has reaped it: the number may be anybody's
        return
    with suppress(ProcessLookupError, PermissionError):  # gone; only a zombie is left (macOS's word for it)
        os.killpg(process.pid, number)


def _in_group(pid: int, group: int) -> bool:
    try:
        return os.getpgid(pid) == group
    except ProcessLookupError:
        return False
