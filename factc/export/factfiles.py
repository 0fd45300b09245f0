"""A job as text in files: its own, and one beside it for each job that stands inside it whole.

Knows names of files and the text form; opens and writes none.
"""

from __future__ import annotations

import os

from factc.compiler.uses import folder
from factc.export.fact import fact_text
from factc.model.job import Job, Use


def fact_files(job: Job, path: str) -> dict[str, str]:
    """Texts by path, that of the whole job first. Paths in them count from the files that they are written to.

    `daily.fact` with a job `report` inside gets `daily.report.fact`. Raises RequestError (see `fact_text`).
    """
    files = _Files(path)
    files.texts[path] = ""  # its place is the first
    files.texts[path] = files.text(job, path)
    return files.texts


class _Files:
    def __init__(self, path: str) -> None:
        self.texts: dict[str, str] = {}
        self._folder = os.path.dirname(path)
        self._here = os.path.realpath(self._folder or ".")

    def text(self, job: Job, path: str) -> str:
        return fact_text(job, lambda use: self._path(use, job, path))

    def _path(self, use: Use, job: Job, path: str) -> str:
        """What a `use` in a file of this path names."""
        if use.file is not None:
            there = os.path.realpath(folder(job.document) or ".")
            if os.path.isabs(use.file) or there == self._here:
                return use.file
            return os.path.relpath(os.path.join(there, use.file), self._here)
        assert use.job is not None
        stem, ending = os.path.splitext(path)
        name = f"{stem}.{use.name}{ending or '.fact'}"
        while name in self.texts:  # `a` in `b`, and `b.a`
            name = f"{os.path.splitext(name)[0]}_{ending or '.fact'}"
        self.texts[name] = ""
        text = self.texts[name] = self.text(use.job, name)
        same = next(other for other in self.texts if self.texts[other] == text)
        if same != name:  # it is used twice
            del self.texts[name]
        return os.path.basename(same)
