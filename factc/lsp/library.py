"""The job files that an editor has open, and those that they use: each read once as long as it stays the same.

Knows files and what is open; does not know the protocol.
"""

from __future__ import annotations

import os

from factc.diagnostic import CompileError
from factc.lsp.analysis import Analysis, analysed
from factc.lsp.index import USE, Index, Statement
from factc.lsp.lines import UTF16, Lines
from factc.reach import MAX_BYTES, MAX_FILES
from factc.source import Source
from factc.syntax import is_job
from factc.syntax.source_file import read_used


class File:
    """A text with its names; `good` is the last analysis in which nothing was wrong."""

    __slots__ = ("path", "source", "index", "lines", "good", "_analysis")

    def __init__(self, path: str, source: Source, encoding: str, good: Analysis | None = None) -> None:
        self.path = path
        self.source = source
        self.index = Index(source)
        self.lines = Lines(self.index.text, encoding)
        self.good = good
        self._analysis: Analysis | None = None

    @property
    def analysis(self) -> Analysis:
        if self._analysis is None:
            self._analysis = analysed(self.source)
            if self._analysis.compiled:
                self.good = self._analysis
        return self._analysis

    def forget(self) -> None:
        """Another file may have changed: what this one compiles to is to be worked out anew."""
        self._analysis = None


class Library:
    """`opened` has the files that the editor holds, as it holds them; all others are as they lie on the disk."""

    def __init__(self, encoding: str = UTF16) -> None:
        self.encoding = encoding
        self.opened: dict[str, File] = {}
        self._read: dict[str, tuple[tuple[int, int], File | None]] = {}

    def open(self, path: str, text: str) -> File:
        """A file as the editor has it now."""
        before = self.opened.get(path)
        if before and before.source.factfile == text:
            return before
        good = before.good if before else None
        self.opened[path] = file = File(path, Source(path, text), self.encoding, good)
        return file

    def close(self, path: str) -> None:
        self.opened.pop(path, None)

    def file(self, path: str) -> File | None:
        """A file by its path; None if it cannot be read, or is not open and does not say that it is a job."""
        if path in self.opened:
            return self.opened[path]
        try:
            found = os.stat(path)
            stamp = (found.st_mtime_ns, found.st_size)
            if path not in self._read or self._read[path][0] != stamp:
                source = read_used(path, MAX_BYTES)
                self._read[path] = (stamp, File(path, source, self.encoding) if is_job(source) else None)
        except (OSError, ValueError, CompileError):
            return None
        return self._read[path][1]

    def used(self, file: File, use: Statement) -> File | None:
        """The file that a `use` names: each by one path, however many links lead to it."""
        if use.kind != USE or not use.file:
            return None
        path = os.path.normpath(os.path.join(os.path.dirname(file.path), use.file.text))
        return self.file(path if path in self.opened else os.path.realpath(path))

    def known(self) -> list[File]:
        """The open files and all that they use, as far as one job may reach."""
        found = {file.path: file for file in self.opened.values()}
        most = len(found) + MAX_FILES
        waiting = list(found.values())
        while waiting:
            file = waiting.pop()
            for use in file.index.names(USE):
                other = self.used(file, use)
                if other and other.path not in found and len(found) < most:
                    found[other.path] = other
                    waiting.append(other)
        return list(found.values())
