"""Lines that are meant to be pasted, pasted into interactive shells: with hostile names, from another folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from factc.record import commands
from tests import forked
from tests.conftest import ROOT, Ran, environment

Factc = Callable[..., Ran]

SHELLS = {
    "sh": ["sh", "-i"],
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "dash": ["dash", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
HOSTILE = [
    "it's $HOME `touch x`", "-dash", "!!", "new\nline !b", "\udcff", "a;touch x #", "ä *?[a]{b,c}", "~", "\\back\\'", "%self",
    "=ls", '"q"', "\x1b[2J\u202e", "$(touch x)", "e n d\n", "--help", "^a^b", "(x) <y >z & | %d \\n",
]  # fmt: skip
NEST = Path("it's $HOME `touch x` !! -n", "new\nline !b%s", "\udcff;touch x #\\")


class Shell:
    """Pastes lines into an interactive shell in which `factc`, `cat`, `chmod` and `chown` only tell what they got."""

    def __init__(self, folder: Path, name: str, tell: Sequence[str] = ("factc", "cat", "chmod", "chown")) -> None:
        if not shutil.which(name):
            pytest.skip(f"{name} is not on this machine")
        self.words = SHELLS[name]
        self.place = folder / f"shell-{name}"
        self.bin = self.place / "bin"
        self.told = self.place / "told"
        self.bin.mkdir(parents=True)
        for one in tell:
            (self.bin / one).write_text(f"#!/bin/sh\nprintf '%s\\0' {one} \"$@\" '' >>'{self.told}'\n")
            (self.bin / one).chmod(0o755)

    def paste(self, *lines: str) -> list[list[str]]:
        """What was called, word for word, when the lines were pasted one after the other, elsewhere than in their folder."""
        assert all(line.isprintable() for line in lines), "what is pasted is one line, and no order to a terminal"
        self.told.write_bytes(b"")
        env = environment(PATH=f"{self.bin}:{os.environ['PATH']}", HOME=str(self.place), PS1="", HISTFILE="")
        subprocess.run(
            self.words, input="".join(f"{line}\n" for line in lines).encode(), cwd=self.place, env=env,
            capture_output=True, timeout=60, start_new_session=True,
        )  # fmt: skip
        assert not {"x", "y", "z"} & set(os.listdir(self.place)), "a name was executed"
        calls: list[list[str]] = [[]]
        for word in os.fsdecode(self.told.read_bytes()).split("\0")[:-1]:
            calls[-1].append(word) if word else calls.append([])
        return calls[:-1]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_with_hostile_names(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Shell(tmp_path, shell)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.chdir(tmp_path)
    here = os.getcwd()
    lines, wanted = [], []
    for name in HOSTILE:
        folder = name + "/" if name.endswith("\n") else name
        place_words = [f"--state-dir={folder}"] if name.startswith("-") else ["--state-dir", folder]
        key = name.rstrip("\n")
        again = commands.requoted(f" -j 2 --exclusive={commands.plain(key)} --secret-file={commands.plain(key)}")
        some = ["-j", "2", f"--exclusive={key}", f"--secret-file={key}"]
        lines.append(commands.resume_command("0123abcd", again, name))
        wanted.append(["resume", "0123abcd", *some, *place_words])
        lines.append(commands.deliver_command("0123abcd", name))
        wanted.append(["deliver", "0123abcd", *place_words])
        lines.append(commands.runs_command("--failed", name))
        wanted.append(["runs", "--failed", *place_words])
        lines.append(commands.show_command("0123abcd", commands.task_word(key), name))
        wanted.append(["show", *place_words, "0123abcd", *(["--"] if key.startswith("-") else []), key])
        lines.append(commands.run_command(key, "0123abcd", again, name, f"/{name}"))
        absolute = os.path.join(here, name) + ("/" if name.endswith("\n") else "")
        wanted.append(["run", "-C", f"/{folder}", key, "--resume", "0123abcd", *some, "--state-dir", absolute])
    assert place.paste(*lines) == [["factc", *words] for words in wanted]
    logs = [f"cat {commands.path(name.rstrip())}" for name in HOSTILE]
    assert place.paste(*logs) == [
        ["cat", f"./{name.rstrip()}" if name.startswith("-") else name.rstrip()] for name in HOSTILE
    ]


@pytest.fixture
def failed(tmp_path: Path) -> dict[str, str]:
    """The lines of a failed run in a hostile folder, by what stands before them; its mail is read elsewhere."""
    folder = tmp_path / NEST
    folder.mkdir(parents=True)
    (folder / "-job!.fact").write_text("job j\n\na:\n    echo why >&2; test -e mended\n")
    (folder / "token").write_text("s3cret-value")
    env = environment()
    del env["TERM"]
    words = ["run", "./-job!.fact", "-j2", "--exclusive=it's!", "--secret-file", "TOKEN=./token", "--webhook",
             "http://127.0.0.1:9/", "--webhook-drain", "0"]  # fmt: skip
    done = forked.run(words, b"", folder, env)
    assert done.returncode == 2, done
    said = done.stderr.decode() + forked.run(["show", "last"], b"", folder, env).stdout.decode()
    with open(folder / "-job!.fact", "a") as job:
        job.write("\nb:\n    true\n")
    said += forked.run(["show", "last"], b"", folder, env).stdout.decode()
    found = {}
    for what in ("log: ", "to go on: ", "later: ", "missing events: ", "changed since: "):
        (found[what], *_) = re.findall(f"{what}(.*)", said)
    return found


def test_lines_of_a_run_in_a_hostile_folder(failed: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / NEST
    state = str(folder / ".factc")
    run = os.listdir(os.path.join(state, "runs"))[0][-8:]
    some = ["-j", "2", "--secret-file", "TOKEN=./token", "--exclusive=it's!", "--webhook-drain", "0s"]
    wanted = {
        "log: ": ["cat", os.path.join(state, "runs", os.listdir(os.path.join(state, "runs"))[0], "logs", "0001-a.err")],
        "to go on: ": ["factc", "resume", run, *some, "--state-dir", state],
        "later: ": ["factc", "deliver", run, "--state-dir", state],
        "missing events: ": ["factc", "deliver", run, "--state-dir", state],
        "changed since: ": ["factc", "run", "-C", str(folder), "./-job!.fact", "--resume", run, *some, "--webhook",
                            "http://127.0.0.1:9/", "--state-dir", state],
    }  # fmt: skip
    for name in SHELLS:
        if shutil.which(name):
            lines = [("cat " if what == "log: " else "") + line for what, line in failed.items()]
            calls = Shell(tmp_path, name).paste(*lines)
            assert [sorted(call) for call in calls] == [sorted(wanted[what]) for what in failed], name


def test_the_line_goes_on_from_anywhere(failed: dict[str, str], tmp_path: Path) -> None:
    """Pasted in earnest, in the root folder, by a shell that knows nothing but where factc is."""
    (tmp_path / NEST / "mended").touch()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "factc"
    program.write_text(f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m factc \"$@\"\n")
    program.chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    log = subprocess.run(["sh", "-c", f"cat {failed['log: ']}"], cwd="/", env=env, capture_output=True, check=True)
    assert log.stdout == b"why\n"
    done = subprocess.run(["sh", "-c", failed["to go on: "]], cwd="/", env=env, capture_output=True)
    assert done.returncode == 0 and b"continues the run" in done.stderr, done


def test_after_a_change_of_folder_the_line_has_whole_paths(factc: Factc, tmp_path: Path) -> None:
    """`-C`: the shell into which it is pasted stands where it stood."""
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "job.fact").write_text("job j\n\na:\n    echo why; test -e mended\n")
    ran = factc("run", "-C", "a b", "job.fact")
    state = f"{tmp_path.resolve()}/a b/.factc"
    *_, last = ran.err.splitlines()
    assert re.fullmatch(rf"to go on: factc resume [0-9a-f]{{8}} --state-dir '{re.escape(state)}'", last)
    assert f"        log: '{state}/runs/" in ran.err
    (tmp_path / "a b" / "mended").touch()
    done = subprocess.run(
        last.replace("to go on: factc", f"'{sys.executable}' -m factc"), shell=True, cwd=tmp_path, env=environment(),
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done


def test_the_program_is_named_so_that_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two words"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "factc").write_text("#!/bin/sh\n")
        (tmp_path / name / "factc").chmod(0o755)
    ours = str(tmp_path / "two words" / "factc")
    cases = [
        (ours, f"{tmp_path}/two words", "factc"), (ours, "/nowhere", f"'{ours}'"), (ours, str(tmp_path / "one"), f"'{ours}'"),
        ("/x/factc/__main__.py", "/nowhere", "factc"), ("/usr/bin/pytest", "", "factc"), (f"{tmp_path}/factc", "", "factc"),
    ]  # fmt: skip
    for called, path, wanted in cases:
        monkeypatch.setattr(sys, "argv", [called])
        monkeypatch.setenv("PATH", path)
        monkeypatch.setenv("TERM", "vt100")
        assert commands.program() == wanted
        monkeypatch.delenv("TERM")
        assert commands.program() == (f"'{ours}'" if called == ours else wanted), "who reads the mail has another PATH"


def test_options_come_back_as_they_were_given(factc: Factc, tmp_path: Path) -> None:
    """Through the record: twice continued, they are still the same."""
    (tmp_path / "job.fact").write_text("job j\n\na:\n    false\n")
    key = "it's\n!\udcff"
    factc("run", "job.fact", f"--exclusive={key}", "--output", "quiet")
    assert factc("resume", "last", f"--exclusive={key}", "--output", "quiet").code == 2
    journals = [folder / "events.ndjson" for folder in (tmp_path / ".factc/runs").iterdir()]
    headers = [json.loads(journal.read_bytes().partition(b"\n")[0]) for journal in journals]
    (header,) = (header for header in headers if header.get("continues"))
    line = f"factc resume{commands.requoted(header['again'])}"
    done = subprocess.run(["sh", "-c", line.replace("factc", "printf '%s\\0'")], capture_output=True)
    assert os.fsdecode(done.stdout).split("\0")[1:-1] == ["--output", "quiet", f"--exclusive={key}"]
