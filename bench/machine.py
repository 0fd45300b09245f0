"""What the machine is, and which versions of what are on it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from bench.peers import PEERS, version_of
from factc.version import __version__


def machine() -> dict[str, str]:
    """Name and value of each line of the table on the machine."""
    found = {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "factc": __version__,
    }
    for peer in PEERS:
        found[peer.title] = peer.version() or "not here"
    compiler = shutil.which("cc") or shutil.which("gcc")
    found["C compiler"] = version_of(compiler) if compiler else "not here"
    return found


def load() -> str:
    """How busy the machine was in the last minute: as many processes as this, on average."""
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
