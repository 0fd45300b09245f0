"""Completion of hostile names: in the real shells, behind each kind of open quote, what is offered is a word and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.cli.commands.completion import SHELLS
from factc.record.journal import RunHeader, header_line
from factc.shell_completion.quotes import BARE, DOLLAR, DOUBLE, SINGLE, read, unquoted, written
from tests.jobs import FACTC, factfile
from tests.test_completion import Terminal, offered

RUN = "touch ran"
# Each begins with two letters of its own, behind which the tabulator is pressed; {} is what must not run.
NAMES = [
    "aa$({})`{}`;{}|{}&{}>ran", "ab'\";{};'\"\\';{} \\", "ac !t !! wow! it's !\"", "ad\\$({})\\`{}`\\\\;{} #", "ae ~/=ls *?[a]{{b,c}}^(e:{}:)",
    "af$'\\047;{};'", "ag\"$({})", "ah'$({})'", "ai<({})=({})$[1]$((2))%1", "aj\u00e9 :=,@x", "ao\\'; {} #!",
    "ak\n{}\n", "al\r{}\r", "am\x03;{}", "an\t{}", "ap\x1b[201~\r{}\r",
]  # fmt: skip
NAMES = [name.format(*[RUN] * 9) for name in NAMES]
BEGUN: dict[str, Callable[[str], str]] = {
    "bare": lambda a: a, "double": lambda a: '"' + a, "single": lambda a: "'" + a, "dollar": lambda a: "$'" + a,
    "mixed": lambda a: a[0] + "\"\"''" + a[1],
    "backslash": lambda a: a + "\\",
}  # fmt: skip
OTHERS = {("fish", "dollar"), ("fish", "backslash")}  # which mean something else there
FEW = [NAMES[1]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "h.json").write_text(factfile(*({"name": name} for name in NAMES), schema=FACTC))
    return tmp_path


class Watched(Terminal):
    """A shell in which `factc` completes, and otherwise writes down the words that it was called with."""

    PROMPTS = {
        "bash": "PS1='P1''> ' PS2='P2''> '; bind 'set enable-bracketed-paste off'",
        "zsh": "PS1='P1''> ' PS2='P2''> '; unset zle_bracketed_paste; unsetopt prompt_sp",
        "fish": "function fish_prompt; printf 'P1%s ' '>'; end; function fish_greeting; end",
    }

    def __init__(self, shell: str, folder: Path) -> None:
        super().__init__(shell, folder)
        self._called = folder / "called"
        real = folder / ".tools" / "factc"
        real.rename(real.with_name("real"))
        real.write_text(
            '#!/bin/sh\n[ "$1" = complete ] && exec "${0%/*}/real" "$@"\n'
            f'printf "<%s>" "$@" >>"{self._called}"; echo >>"{self._called}"\n'
        )
        real.chmod(0o755)
        self._send(self.PROMPTS[shell] + "\r")
        self._until(rb"P1> ")

    def entered(self, typed: str) -> list[str]:
        """The words of the call when, behind the tabulator, the return key is pressed; [] if there was no call."""
        self._called.unlink(missing_ok=True)
        self._send(f"{typed}\t\r")
        if self._prompt(rb"(P[12])> ") != b"P1":  # a quote is open
            self._send("\x03")
            self._prompt(rb"(P1)> ")
        self._count += 1
        for _ in range(5):  # what is typed while an interrupted line is given up may be lost
            self._send(f"\recho MA''RK{self._count}\r")
            if self._prompt(rb"(MARK%d)(.|\n)*?P1> " % self._count):
                break
        said = self._called.read_text() if self._called.exists() else ""
        return re.findall(r"<(.*?)>(?=<|\n)", said, re.DOTALL)

    def _prompt(self, pattern: bytes) -> bytes:
        try:
            return self._until(pattern, 2)[1]
        except AssertionError:
            return b""


def hostile(shell: str, folder: Path, names: list[str], begun: list[str]) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    terminal = Watched(shell, folder)
    try:
        for kind in begun:
            for name in names:
                said = terminal.entered(f"factc run h.json --to {BEGUN[kind](name[:2])}")
                assert not (folder / "ran").exists(), (kind, name)
                if name.isprintable():
                    assert said == ["run", "h.json", "--to", name] or (shell, kind) in OTHERS, (kind, name, said)
    finally:
        terminal.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_that_is_offered_runs(folder: Path, shell: str) -> None:
    hostile(shell, folder, FEW, ["bare", "double", "single"])


@pytest.mark.large
@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_of_many_that_are_offered_runs(folder: Path, shell: str) -> None:
    hostile(shell, folder, NAMES, list(BEGUN))


@pytest.mark.parametrize("quote", [BARE, SINGLE, DOUBLE, DOLLAR])
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=12),
        max_size=30,
    )
)
@settings(max_examples=4, deadline=None)
def test_what_is_written_behind_a_quote_is_the_text(quote: str, texts: list[str]) -> None:
    """In bash itself, with the quote that readline adds at the end unless there is one."""
    texts += ["$(x)", "`x`", "a'", '"', "'\"\\", "!", "!!x!", "\\", "~", "-x", "=", "#", "{a,b}", "*", " "]
    words = []
    for text in texts:
        line = quote + written(text, quote)
        assert unquoted(line) == text and read(line)[1] in (BARE, quote)
        words.append(line + (quote[-1] if quote and (line[-1] != quote[-1] or line == quote) else ""))
    script = "set -f -H; printf '%s\\0' " + " ".join(words)
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, cwd="/", env={"LC_ALL": "C.UTF-8"})
    assert done.stdout.decode().split("\0")[:-1] == texts


def test_a_name_that_begins_like_an_option_is_no_word_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "d").mkdir()
    (folder / "d" / "--webhook=http:x").write_text("")
    (folder / "d" / "y").write_text("")
    (folder / "o.json").write_text(factfile({"name": "--no-record"}, {"name": "b"}, schema=FACTC))
    assert offered("run", "o.json", "--to", "") == ["b"]
    assert offered("run", "o.json", "--to=") == ["--to=--no-record", "--to=b"]
    assert offered("-C", "d", "run", "") == ["y"] and offered("-C", "d", "run", "--", "") == ["--webhook=http:x", "y"]


KINDS = [["run", "h.json", "--tag", ""], ["run", "h.json", "--set", ""], ["run", "h.json", "--pool", ""], ["-C", "d", "run", ""],
         ["run", "h.json", "--env", "@d/"], ["show", "last", ""], ["run", "h.json", "--secret", ""]]  # fmt: skip


@pytest.mark.parametrize("words", KINDS, ids=lambda words: " ".join(words))
def test_whatever_is_offered_is_offered_as_a_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Tags, parameters, pools, files, tasks of runs, variables of the environment: in bash, behind each quote."""
    monkeypatch.chdir(folder)
    bad = "zz$(touch ran)`touch ran`;touch ran;'!"
    run = folder / ".factc" / "runs" / "20260101T000000Z-01234567"
    header = RunHeader(run="01234567" * 8, reference="x", job="j", at=1.0, version="1", names=[bad], tags={})
    for made in (folder / "d", run):
        made.mkdir(parents=True)
    (folder / "d" / bad).write_text("")
    (run / "events.ndjson").write_bytes(header_line(header))
    job = factfile(
        {"name": "t", "command": f"{{{{tag:{bad}}}}}"}, schema=FACTC, parameters=[{"name": bad}], pools={bad: 1}
    )
    (folder / "h.json").write_text(job)
    monkeypatch.setenv(bad, "1")
    for quote in (BARE, SINGLE, DOUBLE, DOLLAR):
        typed = quote + words[-1]
        found = [line for line in offered("--bash", words[-1], *words[:-1], typed) if "zz" in line]
        assert len(found) == 1
        script = f"printf %s {quote}{found[0]}" + (quote[-1] if quote and found[0][-1] != quote[-1] else "")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=folder)
        assert bad in done.stdout and not (folder / "ran").exists()
