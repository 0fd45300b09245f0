"""The `factc` that is measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.measure import environment


def factc() -> list[str]:
    """The installed command beside this Python, or the checkout."""
    installed = Path(sys.executable).with_name("factc")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "factc"]


def compiled(folder: Path, job: str, plan: str = "job.factotum") -> str:
    """Compiles a file of a folder; the plan's name."""
    command = [*factc(), "compile", job, "-o", plan]
    subprocess.run(command, cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)
    return plan
