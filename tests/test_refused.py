"""What a run needs may be refused at any time: threads, processes, descriptors, room to wait. It goes on with less.

Each refusal is tried at the first call of its kind, at the second, and so on until a run has no more of them.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import factc
from factc import cli
from factc.engine.local import engine, termination
from factc.record import journal_file
from factc.session import components
from factc.webhooks import client, delivery, worker
from tests.conftest import environment
from tests.receiver import Receiver

JOB = "job refused\n\na:\n    echo from a\n\nb: a\n    echo from b; (sleep 9 &); exit 3\n\nc:\n    echo from c >&2\n\nd: c\n    cd /\n"


FIRST = 2  # needs of a kind
MOST = 12  # in large numbers: all of those that a run has at its start, and some of a task's


class Refuses:
    """Calls a function, but for one call or all from that one on, which it refuses."""

    def __init__(self, real: Callable[..., Any], problem: Callable[[], Exception], number: int, always: bool) -> None:
        self.real = real
        self.problem = problem
        self.number = number
        self.always = always
        self.calls = 0
        self.refused = 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == self.number or (self.always and self.calls > self.number):
            self.refused += 1
            raise self.problem()
        return self.real(*arguments, **options)


def _os(number: int) -> Callable[[], Exception]:
    return lambda: OSError(number, os.strerror(number))


KINDS: dict[str, tuple[Any, str, Callable[[], Exception]]] = {
    "threads": (threading.Thread, "start", lambda: RuntimeError("can't start new thread")),
    "memory of threads": (threading.Thread, "start", MemoryError),
    "processes": (os, "posix_spawn", _os(errno.EAGAIN)),
    "memory of processes": (os, "posix_spawn", _os(errno.ENOMEM)),
    "pipes": (os, "pipe", _os(errno.EMFILE)),
    "files": (os, "open", _os(errno.EMFILE)),
    "files of all": (os, "open", _os(errno.ENFILE)),
    "folders": (os, "listdir", _os(errno.EMFILE)),
    "handles": (os, "pidfd_open", _os(errno.EMFILE)),
    "signals": (signal, "pidfd_send_signal", _os(errno.EPERM)),
    "syncs": (journal_file, "_sync", _os(errno.EINVAL)),
}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> factc.Plan:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine, "ROUND", 0.05)
    monkeypatch.setattr(termination, "PATIENCE", 0.02)
    (tmp_path / "job.fact").write_text(JOB)
    return factc.compile("job.fact")


def attempts(
    plan: factc.Plan, monkeypatch: pytest.MonkeyPatch, kind: str, always: bool, most: int
) -> Iterator[tuple[int, factc.Result | factc.RequestError]]:
    """What becomes of runs of which the first, the second … need of that kind is refused."""
    where, name, problem = KINDS[kind]
    if not hasattr(where, name):
        pytest.skip(f"there is no {name} here")
    for number in range(1, most + 1):
        refuses = Refuses(getattr(where, name), problem, number, always)
        with monkeypatch.context() as patch:
            # A method is called with its object; a plain function takes the place of each.
            patch.setattr(where, name, lambda *a, _refuses=refuses, **k: _refuses(*a, **k))
            try:
                result: factc.Result | factc.RequestError = factc.run(plan, state_dir=f"s{number}", grace=0.1)
            except factc.RequestError as error:
                result = error
        if not refuses.refused:
            return
        yield number, result


@pytest.mark.parametrize("most", [FIRST, pytest.param(MOST, marks=pytest.mark.large)])
@pytest.mark.parametrize("always", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_goes_on_with_less(
    plan: factc.Plan,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    kind: str,
    always: bool,
    most: int,
) -> None:
    for number, result in attempts(plan, monkeypatch, kind, always, most):
        said = capfd.readouterr().err
        place = f"{kind} {number}: {said}"
        if isinstance(result, factc.RequestError):
            assert result.message, place
            assert always or not list(Path(f"s{number}").glob("runs/*/events.ndjson")), place
            continue
        for name, task in result.tasks.items():
            if task.state == "FAILED" and name != "b":
                assert task.reason and task.reason.startswith("could not start"), place
        assert "refused: " in said, place  # the account at the end


def test_what_a_run_does_without_is_said_once(
    plan: factc.Plan, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from factc.record import beside

    _, name, problem = KINDS["threads"]
    with Receiver() as receiver, monkeypatch.context() as patch:
        real = threading.Thread.start
        ours = ("record", "webhook")

        def start(thread: threading.Thread) -> None:
            if thread.name.startswith(ours) and not os.path.exists("went"):
                raise problem()
            real(thread)

        patch.setattr(threading.Thread, name, start)
        Path("job.fact").write_text("job j\n\na:\n    sleep 1.2; touch went\n")  # long enough for the second's sync
        result = factc.run(factc.compile("job.fact"), webhooks=[receiver.url], output="stream")
        assert result.ok and receiver.requests[-1].data["jobTransition"]["currentState"] == "SUCCEEDED"
    said = capfd.readouterr().err
    assert said.count(beside.ALONE) == 1 and said.count("no thread could be started for it") == 1, said


@pytest.mark.parametrize("problem", [_os(errno.EMFILE), MemoryError, ImportError], ids=["files", "memory", "modules"])
def test_what_sends_events_is_loaded_later(
    plan: factc.Plan,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    problem: Callable[[], Exception],
) -> None:
    refuses = Refuses(delivery.Delivery, problem, 1, False)
    monkeypatch.setattr(delivery, "Delivery", refuses)
    monkeypatch.setattr(worker, "AGAIN", 0.01)
    with Receiver() as receiver:
        factc.run(plan, webhooks=[receiver.url])
        assert receiver.requests[-1].data["jobTransition"]["currentState"] == "FAILED"
    said = capfd.readouterr().err
    assert said.count("what sends events cannot be loaded: ") == 1 and "not delivered" not in said, said


@pytest.mark.parametrize("name", ["_proxy", "_request"])
def test_what_a_try_needs_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(client.Post, name, Refuses(client.Post._proxy, _os(errno.EMFILE), 1, True))
    answer = client.Post("http://127.0.0.1:1/", 1.0).send(b"", {}, 1.0)
    assert (answer.status, answer.words) == (None, "too many open files")


def test_a_part_that_cannot_be_loaded(
    plan: factc.Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(components.Parts, "_webhooks", Refuses(list, _os(errno.EMFILE), 1, True))
    with pytest.raises(factc.RequestError, match="a run cannot begin: Too many open files"):
        factc.run(plan)
    monkeypatch.setattr(cli, "_verb", Refuses(lambda: 0, _os(errno.EMFILE), 1, True))
    assert cli.main(["runs"]) == 3 and "it cannot go on: Too many open files" in capsys.readouterr().err


def test_a_poller_that_refuses(plan: factc.Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither epoll's own descriptor nor room to watch one more: there are other ways to wait."""
    import select

    from factc import loop, poller

    if not hasattr(select, "epoll"):
        pytest.skip("there is no epoll here")

    class Full:
        """Watches nothing."""

        def register(self, descriptor: int, what: int) -> None:
            raise OSError(errno.ENOSPC, "no room")

        def poll(self, timeout: float | None) -> list[tuple[int, int]]:
            assert timeout is not None and timeout <= loop.TURN
            return []

        def close(self) -> None: ...

    monkeypatch.setattr(loop, "poller", Full)
    assert factc.run(plan, state_dir="full").exit_code == 2
    here = Path.cwd()
    monkeypatch.undo()
    monkeypatch.chdir(here)
    monkeypatch.setattr(select, "epoll", Refuses(select.epoll, _os(errno.EMFILE), 1, True))
    monkeypatch.setattr(loop, "poller", poller.poller)
    assert isinstance(poller.poller(), poller.Polled) and factc.run(plan, state_dir="polled").exit_code == 2


NPROC = """
import os, resource, sys
os.setgroups([]); os.setgid(61235); os.setuid(61235)
resource.setrlimit(resource.RLIMIT_NPROC, (int(sys.argv[1]),) * 2)
os.execv(sys.executable, [sys.executable, "-m", "factc", *sys.argv[2:]])
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("most", [2, 4, 6])
def test_a_user_who_may_have_no_more_processes(most: int) -> None:
    """The limit is reached by the tasks themselves; threads count too."""
    if sys.platform != "linux":
        pytest.skip("what counts differs")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        Path(folder, "job.fact").write_text("job j\n\n" + "".join(f"t{i}:\n    exec sleep 0.3\n\n" for i in range(8)))
        done = subprocess.run([sys.executable, "-c", NPROC, str(most), "run", "job.fact"], cwd=folder, env=environment(),
                              capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    if "No module named" in done.stderr or "Permission denied" in done.stderr:
        pytest.skip("another user cannot read this checkout")
    assert "Traceback" not in done.stderr and "j: " in done.stderr, done.stderr
    assert done.returncode == 0 or "could not start" in done.stderr, done.stderr
    assert done.returncode in (0, 2), done.stderr
