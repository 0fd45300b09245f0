"""The documentation as something that can be run: its files, and its commands with what they print.

A fenced block with `file=NAME` behind its language is a file that the commands below it find. In a `console`
block, lines that begin with `$ ` are commands, and the lines below each are what it prints, both streams
together, with a last line `exit code N` unless that is 0. Clock times and durations may differ.

`python -m tests.pages` writes the answers anew where they differ, to be read as a difference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests import forked
from tests.conftest import ROOT, environment

PAGES = [ROOT / "README.md", ROOT / "samples" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```(?P<language>\w*)(?: file=(?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_TIMES = re.compile(r"\b\d\d:\d\d:\d\d\b")
_DURATIONS = re.compile(r"(?:<\s*)?\b\d+(?:\.\d+)?\s?(?:ms|s)\b")
_SHORT = re.compile(r"\b(resume|run|deliver|show) [0-9a-f]{8}\b")
_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


class Block:
    """One fenced block: its language, the file it is or "", its text and where that stands in the page."""

    def __init__(self, match: re.Match[str]) -> None:
        self.language = match["language"]
        self.file = match["file"] or ""
        self.text = match["text"]
        self.start, self.end = match.span("text")


def blocks(page: Path) -> list[Block]:
    return [Block(match) for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """(command, answer) of a console block."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, answer = part.partition("\n")
        yield command, answer


def answer(command: str, folder: Path) -> str:
    """What a command prints, both streams together, and its exit code if that is not 0."""
    if (words := forked.words_of(command)) is not None:
        with forked.Process(
            words,
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            return _told(process.communicate(timeout=60)[0], process.returncode)
    tools = folder / ".tools"
    if not tools.exists():
        tools.mkdir()
        (tools / "factc").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m factc "$@"\n')
        (tools / "factc").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", f"{{ {command}\n}} 2>&1"], cwd=folder, env=environment(PATH=path), capture_output=True, timeout=60
    )
    return _told(done.stdout, done.returncode)


def _told(out: bytes, code: int) -> str:
    return out.decode() + (f"exit code {code}\n" if code else "")


def alike(text: str) -> str:
    """An answer without what differs from run to run."""
    text = _RUN.sub("20260131T020000Z-0123abcd", _TIMES.sub("02:00:00", text))
    text = _SHORT.sub(r"\1 0123abcd", text)
    return _DURATIONS.sub("2ms", text)


def answered(page: Path, folder: Path) -> str:
    """The page with the answers that its commands give now, where they differ from what it says."""
    text = page.read_text(encoding="utf-8")
    new, done = "", 0
    for block in blocks(page):
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        if block.language == "console":
            new += text[done : block.start] + "".join(_said(*pair, folder) for pair in commands(block.text))
            done = block.end
    return new + text[done:]


def _said(command: str, told: str, folder: Path) -> str:
    now = answer(command, folder)
    return f"$ {command}\n{told if alike(now) == alike(told) else alike(now)}"


if __name__ == "__main__":
    for page in PAGES:
        with tempfile.TemporaryDirectory() as name:
            page.write_text(answered(page, Path(name)), encoding="utf-8")
