"""What a verb says before a run begins: at once, or, where the run is silent, only if that comes to no good end.

Knows words; starts nothing.
"""

from __future__ import annotations

from factc.cli.shared import errors
from factc.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from factc.diagnostic import Diagnostic


class Aside:
    """silent: what is said is `kept`, for whoever shows the run, or for an error that comes before it."""

    def __init__(self, silent: bool) -> None:
        self.silent = silent
        self.kept = ""

    def __enter__(self) -> Aside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            errors.write(self.kept)

    def say(self, words: str) -> None:
        self._write(visible(words) + "\n")

    def report(self, diagnostics: Sequence[Diagnostic], colour: bool | None) -> None:
        self._write(errors.reported(diagnostics, colour))

    def _write(self, text: str) -> None:
        if self.silent:
            self.kept += text
        else:
            errors.write(text)
