"""What tests share: the `factc` command as users run it, and where other people's Factfiles lie."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests import forked, inprocess
from tests.draws import ALL, draws

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"

# No deadline: how long one example takes says nothing on a busy machine. The ordinary suite draws the same examples each
# time, so that it says the same each time; `make test-large` draws new ones.
settings.register_profile("factc", max_examples=draws(100), deadline=None, derandomize=not ALL)
settings.load_profile("factc")

# A shell starts what it puts in the background with SIGINT ignored, nohup what it starts with SIGHUP, and both are inherited.
for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, default)


def pytest_configure(config: pytest.Config) -> None:
    """The suite's first line says what Python it is about, however quiet it is."""
    if not hasattr(config, "workerinput"):
        print(f"factc's tests on Python {platform.python_version()}, {sys.executable}")


class Ran:
    """A finished run of the command: exit code and both streams, decoded."""

    def __init__(self, done: subprocess.CompletedProcess[bytes]) -> None:
        self.code = done.returncode
        self.raw_out, self.raw_err = done.stdout, done.stderr
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def environment(**more: str) -> dict[str, str]:
    """A plain environment in which `python -m factc` finds this checkout."""
    others = ("FACTC", "PYTHON", "CLICOLOR", "NO_COLOR", "MAKE", "MFLAGS")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(others)}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "TERM": "dumb", **more}


@pytest.fixture
def factc(tmp_path: Path) -> Callable[..., Ran]:
    """`factc("run", "job.fact", input=b"…", env={…}, cwd=…)`: runs the command in an empty folder.

    As a program, but for the verbs that start nothing: those are called in this process.
    """

    def run(
        *args: str | Path,
        input: bytes | str = b"",
        env: dict[str, str] | None = None,
        cwd: Path = tmp_path,
        timeout: float = 60,
    ) -> Ran:
        data = input.encode() if isinstance(input, str) else input
        words, variables = [*map(str, args)], environment(**(env or {}))
        if inprocess.can(words, env or {}):
            return Ran(inprocess.run(words, data, cwd, variables))
        if forked.can(env or {}):
            return Ran(forked.run(words, data, cwd, variables, timeout))
        command = [sys.executable, "-m", "factc", *words]
        return Ran(subprocess.run(command, input=data, capture_output=True, cwd=cwd, env=variables, timeout=timeout))

    return run


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("other people's Factfiles are not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key of 127.0.0.1 and its certificate, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    path = folder / "host.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    extra = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", str(folder / "c.pem")]
    subprocess.run([*command.split(), *extra], check=True, capture_output=True)
    path.write_text(path.read_text() + (folder / "c.pem").read_text())
    return path
