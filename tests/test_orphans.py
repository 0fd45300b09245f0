"""Nothing is left behind: strays, daemons, bombs, and what happens when the engine's own process is killed.

The witness is a file into which everything that is started writes its own number.
"""

from __future__ import annotations

import os
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from factc.engine import Attempt, Exited, NotStarted, Started
from factc.engine.dry_run import Rehearsal
from factc.engine.local import guard, marks, procfs
from factc.engine.local.engine import Local
from factc.loop import Loop
from tests.conftest import environment
from tests.patience import PATIENCE, until
from tests.test_engine import Bench, code

pytestmark = pytest.mark.skipif(
    not (sys.platform == "linux" and shutil.which("setsid")), reason="marks are read from /proc"
)

# What tasks start. Each writes down its number first; $D is the test's folder.
SCRIPTS = {
    "stay": "exec sleep 60",
    "deaf": "trap '' TERM HUP INT; exec sleep 60",
    "polite": 'trap \'echo $$ >> "$D/asked"; exit\' TERM; touch "$D/ready"; while :; do sleep 0.02; done',
    "rises": "trap 'setsid \"$D/rises\" & exit' TERM; while :; do sleep 0.02; done",
    "hops": "trap '' TERM; sleep 0.01; setsid \"$D/hops\" & exit",
    "brood": 'trap "" TERM; n=0; while [ $n -lt 20 ]; do n=$((n+1)); setsid "$D/deaf" & done; wait',
}
WAYS = {
    "child": '"$D/stay" &',
    "deaf child": '"$D/deaf" &',
    "double fork": '("$D/deaf" &) &',
    "session": 'setsid "$D/stay" &',
    "deaf session": '(setsid "$D/deaf" &);',
    "no pipes": '(setsid "$D/deaf" </dev/null >/dev/null 2>&1 &);',
}


ALL = range(1000)  # numbers of attempts


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ignores(pid: int, number: int) -> bool:
    words = Path(f"/proc/{pid}/status").read_text().partition("SigIgn:")[2].split()
    return bool(int(words[0], 16) >> (number - 1) & 1)


def kill_all(brand: str) -> None:
    while found := marks.marked(brand, ALL):
        for process in found:
            marks.send(process, brand, signal.SIGKILL)


class Folder:
    """Where the scripts lie, and the numbers of what they started."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.brand = secrets.token_hex(16)
        for name, text in SCRIPTS.items():
            (path / name).write_text(f'#!/bin/sh\necho $$ >> "$D/pids"\n{text}\n')
            (path / name).chmod(0o755)

    def numbers(self, name: str = "pids") -> list[int]:
        file = self.path / name
        return [int(word) for word in file.read_text().split()] if file.exists() else []

    def alive(self) -> list[int]:
        return [pid for pid in self.numbers() if runs(pid)]


class Den(Bench):
    """An engine with a brand."""

    def __init__(self, loop: Loop, folder: Folder) -> None:
        self.loop = loop
        self.folder = folder
        self.posts = []
        self.engine = Local(folder.brand)
        self.engine.open(self.posts.append, loop)

    def run(self, id: int, text: str, grace: float = 10.0, **variables: str) -> None:
        self.engine.submit(Attempt(id, ("sh", "-c", text), {"D": str(self.folder.path), **variables}, grace=grace))

    def started(self, count: int) -> None:
        self.until(lambda: len(self.folder.numbers()) >= count)

    def turn(self, seconds: float) -> None:
        """Lets the loop go on for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.loop.wait(left)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    kill_all(made.brand)
    until(lambda: not made.alive())


@pytest.fixture
def den(folder: Folder) -> Iterator[Den]:
    with Loop() as loop:
        made = Den(loop, folder)
        yield made
        made.engine.close()


# ---- a cancel


@pytest.mark.parametrize("way", WAYS)
def test_a_cancel_finds_what_went_away(den: Den, way: str) -> None:
    den.run(1, f"{WAYS[way]} wait; sleep 60")
    den.started(1)
    began = time.monotonic()
    den.engine.cancel(1, 0.3)
    den.end(1)
    assert not den.folder.alive()
    assert time.monotonic() - began < PATIENCE


def test_a_cancel_finds_all_of_it_at_once(den: Den) -> None:
    for id in range(5):
        den.run(id, f"trap '' TERM; {' '.join(WAYS.values())} while :; do sleep 60; done")
    den.started(5 * len(WAYS))
    began = time.monotonic()
    for id in range(5):
        den.engine.cancel(id, 0.3)
    assert {code(den.end(id)) for id in range(5)} == {137}
    assert not den.folder.alive()
    assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("bomb", ["rises", "hops", "brood"])
def test_a_cancel_gets_the_better_of_a_bomb(den: Den, bomb: str) -> None:
    den.run(1, f'"$D/{bomb}" & "$D/{bomb}" & wait; sleep 60')
    den.started(5 if bomb != "rises" else 2)
    began = time.monotonic()
    den.engine.cancel(1, 0.3)
    den.end(1)
    took, count = time.monotonic() - began, len(den.folder.numbers())
    time.sleep(0.1)
    assert not den.folder.alive()
    assert len(den.folder.numbers()) == count and took < PATIENCE


def test_what_is_polite_is_asked_once_and_gets_its_time(den: Den) -> None:
    den.run(1, 'setsid "$D/polite" & "$D/polite" & wait')
    den.started(2)
    den.until((den.folder.path / "ready").exists)
    time.sleep(0.05)
    began = time.monotonic()
    den.engine.cancel(1, 90)
    den.end(1)
    assert sorted(den.folder.numbers("asked")) == sorted(den.folder.numbers())
    assert time.monotonic() - began < PATIENCE


def test_a_second_cancel_with_less_grace(den: Den) -> None:
    den.run(1, '"$D/deaf" & setsid "$D/deaf" & wait')
    den.started(2)
    den.engine.cancel(1, 60)
    den.turn(0.1)
    assert len(den.folder.alive()) == 2
    den.engine.cancel(1, 90)  # more is not given
    began = time.monotonic()
    den.engine.cancel(1, 0)
    den.end(1)
    assert time.monotonic() - began < PATIENCE and not den.folder.alive()


def test_a_cancel_after_the_shell_has_ended_but_not_its_output(den: Den) -> None:
    den.run(1, 'setsid "$D/stay" &')
    den.started(1)
    den.until(lambda: bool(den.engine._by_id[1].linger))
    den.engine.cancel(1, 10)
    assert den.engine.has_ended(1)
    assert den.end(1).code == 0 and den.folder.alive()  # as it would have been a moment later


def test_a_run_inside_a_task_is_asked_and_its_tasks_are_not(den: Den) -> None:
    inner = f'FACTC_MARK="$FACTC_MARK {secrets.token_hex(8)}:0"'
    den.run(1, f'{inner} setsid "$D/polite" & setsid "$D/polite" & wait; sleep 60')
    den.started(2)
    den.until((den.folder.path / "ready").exists)
    time.sleep(0.1)
    found = {process.pid: process.innermost for process in marks.marked(den.folder.brand, ALL)}
    outer = [pid for pid in den.folder.numbers() if found[pid]]
    den.engine.cancel(1, 0.3)
    den.turn(0.15)
    assert den.folder.numbers("asked") == outer and len(den.folder.alive()) == 1
    den.end(1)
    assert den.folder.numbers("asked") == outer and not den.folder.alive()


def test_close_kills_what_runs(folder: Folder) -> None:
    with Loop() as loop:
        den = Den(loop, folder)
        den.run(1, " ".join(WAYS.values()) + " wait; sleep 60")
        den.started(len(WAYS))
        den.engine.close()
        assert not folder.alive()


# ---- an end by itself


@pytest.fixture(params=[0.0, 1e9], ids=["all are looked at", "the younger are"])
def looking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which processes are looked at when an attempt has failed."""
    monkeypatch.setattr(procfs, "lap", lambda: request.param)


@pytest.mark.parametrize("way", WAYS)
def test_what_a_failed_attempt_left_is_stopped(looking: None, den: Den, way: str) -> None:
    began = time.monotonic()
    den.run(1, f'{WAYS[way]} until [ -s "$D/pids" ]; do sleep 0.01; done; exit 3', grace=0.2)
    end = den.end(1)
    took = time.monotonic() - began
    assert code(end) == 3 and not den.folder.alive()
    waited = 0.2 if "deaf" in WAYS[way] else 0.0  # what is deaf is given its grace
    assert isinstance(end, Exited) and end.duration <= took - waited  # it ended before what it left was stopped
    assert den.engine.leftovers() == []


def test_what_a_succeeded_attempt_left_is_let_be_and_listed(den: Den) -> None:
    den.run(1, '"$D/stay" & until [ -s "$D/pids" ]; do sleep 0.01; done')
    den.end(1)
    den.run(2, 'setsid "$D/stay" >/dev/null 2>&1 & setsid "$D/stay" >/dev/null 2>&1 &')
    den.run(3, "true")
    den.run(4, "sleep 60")
    den.started(3)
    den.end(2)
    den.end(3)
    first, *others = den.folder.numbers()
    one, two = den.engine.leftovers()
    assert (one.id, one.pids, one.command, one.holds_output) == (1, [first], "sleep 60", True)
    assert (two.id, two.pids, two.holds_output) == (2, sorted(others), False)
    os.kill(first, signal.SIGKILL)
    until(lambda: not runs(first))
    assert [left.id for left in den.engine.leftovers()] == [2]


def test_the_codes_to_leave_after_are_the_attempts_own(den: Den) -> None:
    text = ("sh", "-c", '"$D/stay" >/dev/null 2>&1 & until [ -s "$D/pids" ]; do sleep 0.01; done; exit 3')
    den.engine.submit(Attempt(1, text, {"D": str(den.folder.path)}, leave=(0, 3)))
    assert code(den.end(1)) == 3
    assert [left.id for left in den.engine.leftovers()] == [1] and len(den.folder.alive()) == 1


@pytest.mark.skipif(not shutil.which("bash"), reason="this is what bash does")
@pytest.mark.parametrize("number", [0, 1])
def test_late_output_of_a_process_substitution_is_kept(den: Den, number: int) -> None:
    late = "sleep 0.05; while read -r line; do echo $line; done"
    den.engine.submit(Attempt(1, ("bash", "-c", f"exec > >({late}); echo late; exit {number}"), {}))
    assert code(den.end(1)) == number
    assert den.output(1) == b"late\n"


@pytest.mark.parametrize("bomb", ["rises", "hops", "brood"])
def test_what_breeds_when_its_attempt_fails_is_stopped(looking: None, den: Den, bomb: str) -> None:
    den.run(1, f'"$D/{bomb}" & until [ -s "$D/pids" ]; do :; done; exit 3', grace=0.2)
    assert code(den.end(1)) == 3
    assert not den.folder.alive()


def test_an_end_that_is_left_alone_looks_at_no_process(den: Den, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "pids", lambda: pytest.fail("the processes are listed"))
    monkeypatch.setattr(procfs, "younger", lambda pid: pytest.fail("the younger ones are looked for"))
    den.run(1, "true")
    den.end(1)


@pytest.mark.skipif(not Path("/proc/sys/kernel/ns_last_pid").exists(), reason="the kernel does not say the last number")
def test_short_failures_cost_nothing_for_each_process_of_the_machine(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procfs, "lap", lambda: 1e9)
    others = [subprocess.Popen(["sleep", "60"]) for _ in range(20)]
    lists, read, pids, environ = [], [], procfs.pids, procfs.environ
    monkeypatch.setattr(procfs, "pids", lambda: lists.append(1) or pids())  # type: ignore[func-returns-value]
    monkeypatch.setattr(procfs, "environ", lambda pid: read.append(pid) or environ(pid))  # type: ignore[func-returns-value]
    failures = 10
    try:
        with Loop() as loop:
            den = Den(loop, folder)
            for id in range(failures):
                den.run(id, "exit 1")
                den.end(id)
            den.engine.close()
    finally:
        for process in others:
            process.kill()
            process.wait()
    spoilt = 2  # once or twice the numbers may begin again, or others may take many
    assert len(lists) <= spoilt * 2
    assert sum(pid in {process.pid for process in others} for pid in read) <= spoilt * len(others)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (["7"], []),
        (["9", "9"], [8, 9]),
        (["9", "10", "10"], [8, 9, 10]),  # one more came while those were looked at
        ([str(7 + procfs.MOST)] * 2, list(range(8, 8 + procfs.MOST))),
        ([str(8 + procfs.MOST)], None),  # too many
        (["6"], None),  # they have begun again
        (["9", "8"], None),  # somebody set it by hand
        ([str(8 + n) for n in range(99)], None),  # it never ends
        (["none"], None),
        ([], None),  # the kernel does not say it
    ],
)
def test_the_younger_are_those_that_got_their_numbers_since(
    told: list[str], found: list[int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: object) -> bytes:
        if not told:
            raise FileNotFoundError
        return told.pop(0).encode() + b"\n"

    monkeypatch.setattr(procfs, "_read", read)
    if found is None:
        with pytest.raises(LookupError):
            list(procfs.younger(7))
    else:
        assert list(procfs.younger(7)) == found


@pytest.mark.parametrize(("limit", "seconds"), [("250000\n", 1), ("32768", 0.131072), ("", 0), (None, 0)])
def test_how_long_the_numbers_take_to_come_round(
    limit: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: object) -> bytes:
        if limit is None:
            raise PermissionError
        return limit.encode()

    monkeypatch.setattr(procfs, "_read", read)
    assert procfs.lap() == seconds


# ---- marks


def test_only_whole_tokens_of_the_variable_count(folder: Folder) -> None:
    brand = folder.brand
    not_ours = {"OTHER": f"{brand}:1", "FACTC_MARK": f"x{brand}:2 {brand}:x {brand}"}
    ours = {"A": "a" * 100_000, "FACTC_MARK": f"other:7 {brand}:3"}
    started = [subprocess.Popen(["sleep", "60"], env=variables) for variables in (not_ours, ours)]
    try:
        (found,) = marks.marked(brand, ALL)
        assert (found.pid, found.id, found.innermost, found.command) == (started[1].pid, 3, True, "sleep 60")
        marks.send(found, brand, signal.SIGKILL)
        assert started[1].wait() == -9
        marks.send(found, brand, signal.SIGKILL)  # it has gone: nothing happens
        assert marks.marked(brand, ALL) == []
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_marks_add_up(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTC_MARK", "outer:4")
    with Loop() as loop:
        den = Den(loop, folder)
        den.run(1, 'echo "$FACTC_MARK"', FACTC_MARK="not for a task to say")
        den.end(1)
        den.engine.close()
        assert den.output(1).decode() == f"outer:4 {folder.brand}:1\n"


def test_a_scan_does_not_miss_a_process_in_the_middle_of_an_exec(folder: Folder) -> None:
    text = 'if [ $((N += 1)) -lt 400 ]; then export N; exec sh -c "$0" "$0"; fi; exec sleep 60'
    variables = {**os.environ, "N": "0", "FACTC_MARK": f"{folder.brand}:1"}
    process = subprocess.Popen(["sh", "-c", text, text], env=variables)
    try:
        until(lambda: marks.marked(folder.brand, ALL))
        assert all(len(marks.marked(folder.brand, ALL)) == 1 for _ in range(200))
    finally:
        process.kill()
        process.wait()


# ---- the guard

RUN = """
import sys
from factc.engine import Attempt
from factc.engine.local.engine import Local
from factc.loop import Loop

brand, folder, text, end = sys.argv[1:]
with Loop() as loop:
    posts = []
    engine = Local(brand)
    engine.open(posts.append, loop)
    print(engine._guard.pid, flush=True)
    engine.submit(Attempt(1, ("sh", "-c", text), {"D": folder}))
    while not any(type(post).__name__ == "Exited" for post in posts) or end == "never":
        loop.wait()
    engine.close()
"""


class Other:
    """A process of its own that runs an engine."""

    def __init__(self, folder: Folder, text: str, end: str, **options: object) -> None:
        words = [sys.executable, "-c", RUN, folder.brand, str(folder.path), text, end]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment(), **options)  # type: ignore[call-overload]
        assert self.process.stdout
        self.guard = int(self.process.stdout.readline())

    def __enter__(self) -> Other:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def test_after_a_kill_of_the_engine_nothing_is_left(folder: Folder) -> None:
    text = " ".join(WAYS.values()) + ' "$D/hops" & trap "" TERM; while :; do sleep 60; done'
    with Other(folder, text, "never") as other:
        until(lambda: len(folder.numbers()) > len(WAYS))
        assert len(folder.alive()) >= len(WAYS)
        other.process.kill()
        other.process.wait()
        until(lambda: not folder.alive() and not marks.marked(folder.brand, ALL))
        until(lambda: not runs(other.guard))
    assert not folder.alive()


def test_after_a_kill_of_the_engine_what_was_let_be_goes_too(folder: Folder) -> None:
    with Other(folder, '"$D/stay" & setsid "$D/deaf" & exit 0', "never") as other:
        until(lambda: len(folder.numbers()) == 2)
        time.sleep(0.3)  # the attempt has ended
        other.process.kill()
        until(lambda: not folder.alive())


def test_a_plain_end_leaves_no_guard_and_lets_the_daemon_be(folder: Folder) -> None:
    with Other(
        folder, 'setsid "$D/stay" >/dev/null 2>&1 & until [ -s "$D/pids" ]; do sleep 0.01; done', "soon"
    ) as other:
        assert other.process.wait(PATIENCE) == 0
        assert not Path(f"/proc/{other.guard}").exists()
        time.sleep(0.1)
        assert len(folder.alive()) == 1


def test_the_guard_holds_and_carries_next_to_nothing(folder: Folder) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        with Other(folder, 'exec "$D/stay"', "never", pass_fds=(write,)) as other:
            at = Path(f"/proc/{other.guard}")
            until(lambda: ignores(other.guard, signal.SIGTERM))  # its script has begun
            held = {entry.name: os.readlink(entry) for entry in (at / "fd").iterdir()}
            assert set(held) == {"0", "1", "2"} and held["0"].startswith("pipe:")
            assert held["1"] == held["2"] == "/dev/null"
            assert [v.partition(b"=")[0] for v in (at / "environ").read_bytes().split(b"\0") if v] == [b"PATH"]
            assert b"factc" not in (at / "cmdline").read_bytes()
            assert os.getsid(other.guard) == other.guard
            # Nor does a task hold the end of the pipe that the guard listens at.
            until(folder.numbers)
            until(lambda: [found.command for found in marks.marked(folder.brand, ALL)] == ["sleep 60"])
            links = [os.readlink(entry) for entry in Path(f"/proc/{folder.numbers()[0]}/fd").iterdir()]
            assert held["0"] not in links
    finally:
        os.close(read)
        os.close(write)


def test_what_was_handed_down_above_a_lowered_limit_is_no_hindrance(tmp_path: Path) -> None:
    """As a CI server does it: a descriptor with a high number, and few of them allowed."""
    (tmp_path / "job.fact").write_text("job low\n\na:\n    test -e /proc/self/fd/200 && echo 200\n")
    lowered = f"exec bash -c 'exec 200>/dev/null; ulimit -n 64; exec {sys.executable} -m factc run job.fact'"
    done = subprocess.run(
        ["bash", "-c", lowered], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "guard" not in done.stderr, done.stderr
    assert "[a] 200" in done.stdout  # a task gets it as before


def test_the_guard_hears_no_signals_that_ask(den: Den) -> None:
    assert den.engine._guard
    pid = den.engine._guard.pid
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        until(lambda n=number: ignores(pid, n))  # type: ignore[misc]


def test_a_guard_that_was_killed_is_buried_and_missed(den: Den) -> None:
    assert den.engine._guard and not den.engine.unguarded
    pid = den.engine._guard.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not runs(pid))
    den.run(1, "true")
    assert code(den.end(1)) == 0
    assert not Path(f"/proc/{pid}").exists()
    assert "137" in den.engine.unguarded


def test_without_a_guard_the_engine_goes_on(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SHELL", "/nowhere/sh")
    with Loop() as loop:
        den = Den(loop, folder)
        assert "No such file" in den.engine.unguarded
        den.run(1, "true")
        assert code(den.end(1)) == 0
        den.engine.close()


# ---- on hold


def test_on_hold_nothing_is_read_and_ends_are_told(den: Den) -> None:
    den.run(1, 'head -c 300000 /dev/zero; touch "$D/done"')
    den.until(lambda: any(isinstance(post, Started) for post in den.posts))
    den.engine.hold(True)
    den.engine.hold(True)
    den.run(2, "echo words; exit 4")
    den.run(3, "echo first; (sleep 0.05; echo late) &")
    assert code(den.end(2)) == 4 and code(den.end(3)) == 0
    assert (den.output(2), den.output(3)) == (b"words\n", b"first\nlate\n")
    assert not (den.folder.path / "done").exists()
    den.engine.hold(False)
    den.end(1)
    assert len(den.output(1)) == 300_000


def test_on_hold_what_was_left_does_not_wait(den: Den) -> None:
    den.run(1, "(sleep 0.4; head -c 300000 /dev/zero; touch $D/done) &")
    den.end(1)
    den.engine.hold(True)
    den.until((den.folder.path / "done").exists)
    den.engine.hold(False)


# ---- no descriptors left


def test_a_cancel_without_descriptors(den: Den) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    taken: list[int] = []
    try:
        for id in range(3):
            den.run(id, " ".join(WAYS.values()) + " wait; sleep 60")
        den.started(3 * len(WAYS))
        try:
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        den.run(9, "true")
        end = den.end(9)
        assert isinstance(end, NotStarted) and end.busy
        assert marks.scan(den.folder.brand) == ([], False)  # it says that it could not look
        assert den.engine.leftovers() == []
        for id in range(3):
            den.engine.cancel(id, 0.3)
        for id in range(3):
            den.end(id)
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert not den.folder.alive()


def test_with_the_last_descriptors_a_directory_can_be_changed_to(den: Den) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        while taken[-1] < 63:
            taken.append(os.open(os.devnull, os.O_RDONLY))
        for descriptor in taken[-4:]:  # the four ends of two pipes, no more
            os.close(descriptor)
        del taken[-4:]
        den.engine.submit(Attempt(1, ("sh", "-c", "pwd -P"), {}, str(den.folder.path)))
        assert code(den.end(1)) == 0
        assert den.output(1).decode().strip() == str(den.folder.path.resolve())
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_rehearsal_leaves_nothing() -> None:
    rehearsal = Rehearsal(lambda id: 0)
    rehearsal.hold(True)
    assert rehearsal.leftovers() == []
