"""A verb called in this process, on a terminal that is none: its exit code and what it wrote."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from factc.cli import main


class _Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


class Inside:
    """`call("runs", …)` in a folder: the exit code; `out` and `err` are what was written, as a terminal gets it."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str] | None = None
    ) -> None:
        """capfd: where a run's own screen is to be seen."""
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._capfd = capfd
        monkeypatch.setenv("NO_COLOR", "1")
        for name in [name for name in os.environ if name.startswith("FACTC")]:
            monkeypatch.delenv(name)
        self.out = self.err = ""

    def call(self, *words: str) -> int:
        out, err = io.TextIOWrapper(_Terminal(), "utf-8"), io.TextIOWrapper(_Terminal(), "utf-8")
        with self._monkeypatch.context() as patch:
            patch.chdir(self._folder)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main(words)
            out.flush()
            err.flush()
        self.out, self.err = (stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err))  # type: ignore[attr-defined]
        if self._capfd:
            shown = self._capfd.readouterr()
            self.out, self.err = self.out + shown.out, self.err + shown.err
        return code
