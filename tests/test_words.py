"""Words for people: masked as a whole before anything is cut, and no order for a terminal in them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factc.engine import Left
from factc.record.commands import word
from factc.runner.messages import left_behind
from factc.secrets.mask import Mask
from factc.urls import recorded, shown_url, tokens, whole_urls
from tests.conftest import ROOT, Ran
from tests.draws import draws

Factc = Callable[..., Ran]

SECRET = "correct horse  battery\tstaple of some length 4711"


@pytest.mark.parametrize("before", [0, 1, 20, 40, 55, 59])
@pytest.mark.parametrize("blank", [" ", "  ", "\t", "\n"])
def test_a_command_is_masked_before_it_is_cut_and_joined(before: int, blank: str) -> None:
    mask = Mask([SECRET.encode()])
    words = left_behind("t", Left(0, [1], "x" * before + blank + SECRET + blank + "y" * 90, False), mask.text)
    assert not any(SECRET[:size] in words for size in range(4, len(SECRET)))
    assert not any(SECRET.split()[at] in words for at in (0, 1, 2, 3))


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="what is left behind is found in /proc")
def test_what_a_task_leaves_running_shows_no_secret(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "left.fact").write_text(
        'job left\n\nback:\n    sh -c \'sleep 3; : "$1"\' sh "$TOKEN" </dev/null >/dev/null 2>&1 &\n'
    )
    ran = factc("run", "left.fact", "--secret", "TOKEN", "--no-record", env={"TOKEN": SECRET})
    assert ran.code == 0 and "the task 'back' left sh -c" in ran.err
    assert "***" in ran.err and "correct" not in ran.err and "horse" not in ran.err


def test_what_webhooks_prove_themselves_with_no_task_inherits(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "env.fact").write_text("job env\n\nall:\n    env | grep -e ^HOOK -e ^AUTH -e ^OTHER || true\n")
    env = {
        "HOOK": "whsec_" + "c2VjcmV0IG9mIGEgaG9vaw" + "==",
        "AUTH": "Authorization: Bearer abcdef123",
        "OTHER": "it is",
    }
    hook = ["--webhook", "http://127.0.0.1:1/", "--webhook-secret-env", "HOOK", "--webhook-header-env", "AUTH"]
    ran = factc("run", "env.fact", "--no-record", "--webhook-drain", "0", *hook, env=env)
    assert ran.code == 0 and ran.out == "[all] OTHER=it is\n", ran


DRAWN = "https://hooks.example.com/services/T0AB12CD3/B000/XXXXabcdXXXXabcdXXXXabcd"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:p@host/events?token=abcdefgh#x", "http://host/events"),
        (DRAWN, "https://hooks.example.com/services/T0AB12CD3/B000/***"),
        ("https://host/hooks/nightly/load", "https://host/hooks/nightly/load"),
        ("https://host/e/0b7e9d5a-5e5f-4f0c-9b0e-1a2b3c4d5e6f/in", "https://host/e/***/in"),
        ("not a url/XXXXabcdXXXXabcdXXXXabcd?x", "not a url/***"),
    ],
)
def test_of_a_url_nothing_is_shown_that_lets_anybody_in(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert whole_urls([recorded(url)], [url]) == [url]


def test_a_webhooks_url_is_masked_in_what_tasks_write(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "tell.fact").write_text(
        'job tell\n\na:\n    echo "$A"; echo "key ${A##*/}"\nb:\n    echo "$B" "${B#*token=}"\n'
    )
    env = {
        "A": DRAWN.replace("https://hooks.example.com", "http://127.0.0.1:1"),
        "B": "http://127.0.0.1:1/e?token=abc+def/ghi",
    }
    ran = factc("run", "tell.fact", "--webhook-drain", "0", "--webhook", env["A"], "--webhook", env["B"], env=env)
    assert ran.code == 0 and "[a] http://127.0.0.1:1***\n[a] key ***\n" in ran.out and "/e?*** ***\n" in ran.out, ran
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".fact")
    for data in (written, ran.raw_err):
        assert b"abcdXXXX" not in data and b"def/ghi" not in data
    assert tokens("http://host/events?debug=true") == ["debug=true"]


# ---- no order to a terminal

ODD = "a\x1b[31m\nb\x9b1m\u202ec\x07\r\u2028d"
HOSTILE = f"odd {ODD}"

FACT = r"""job "a \u001b[31m\nb\u009b1m"
desc "of \u001b[2J\u202e it"
param "day \u001b" = "x\u001b[1m"

"first \u001b]0;t\u0007\nname": "none \u001b[1m"
    true
"""


def job(**more: object) -> str:
    """A job whose every text is hostile, in JSON."""
    task = {"name": HOSTILE, "executor": "shell", "command": "false", "arguments": [HOSTILE],
            "dependsOn": [], "onResult": {"terminateJobWithSuccess": [], "continueJob": [0]}}  # fmt: skip
    data = {"name": HOSTILE, "tags": {HOSTILE: HOSTILE}, "tasks": [task | more]}
    schema = "iglu:com.snowplowanalytics.factotum/factfile/jsonschema/1-0-0"
    return json.dumps({"schema": schema, "data": data})


VERBS: list[list[str]] = [
    [HOSTILE], ["validate", HOSTILE], ["validate", "bad.fact"], ["validate", "bad.json"], ["validate", "bad.json", "--format", "json"],
    ["validate", "bad.json", "--format", "github"], ["validate", "ok.json", HOSTILE], ["list", "ok.json"], ["list", "ok.json", "--format", "json"],
    ["run", "ok.json", "--start", HOSTILE + "x"], ["run", "ok.json", "--to", HOSTILE + "x"], ["run", "ok.json", "--tag", ODD], ["run", "ok.json", "--tag", f",{ODD}"],
    ["run", "ok.json", "--pool", f"{ODD}=3"], ["run", "ok.json", "--pool", ODD], ["run", "ok.json", "--set", ODD], ["run", "ok.json", "--set", f"{ODD}=1"],
    ["run", "ok.json", "--env", ODD], ["run", "ok.json", "--env", "@" + ODD], ["run", "ok.json", f"--{ODD}"], ["run", "ok.json", ODD], ["run", "ok.json", "-j", ODD],
    ["run", "ok.json", "--timeout", ODD], ["run", "ok.json", "--output", ODD], ["run", "ok.json", "--webhook", f"http://{ODD}/"], ["run", "ok.json", "--webhook", ODD],
    ["run", "ok.json", "--secret", ODD], ["run", "ok.json", "--secret-file", f"A={ODD}"], ["run", "ok.json", "--webhook", "http://x/", "--webhook-secret-env", ODD],
    ["run", "ok.json", "--state-dir", f"ok.json/{ODD}"], ["run", "ok.json", "-C", ODD], ["run", ODD], ["run", "ok.json", "--constraint", ODD], ["run", "ok.json"],
    ["run", "ok.json", "--dry-run"], ["run", "ok.json", "--stats"], ["resume", ODD], ["show", ODD], ["show", "last", ODD], ["show", "last"], ["show", "last", HOSTILE],
    ["show", "last", "--format", "json"], ["show", "last", "--stats"], ["show", ODD, ODD, "--stats"], ["runs"], ["runs", "--format", "json"], ["runs", "--state-dir", ODD],
    ["resume", "last"], ["resume", "last", "--dry-run"], ["events", ODD], ["deliver", ODD], ["prune", "--keep", ODD], ["prune", "--keep", "0", "--dry-run"],
    ["compile", "ok.json", "-o", f"no/{ODD}"], ["compile", ODD], ["fmt", ODD], ["dot", ODD], ["dot", "ok.json", "-o", f"no/{ODD}"], ["plan", ODD], ["completion", ODD],
    ["plan", "ok.json"], ["complete", "run", "ok.json", "--start", ""], ["complete", "show", "last", ""], ["list", "odd.fact"], ["validate", "odd.fact"],
]  # fmt: skip


def test_no_message_holds_an_order_to_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from factc.cli import main

    (tmp_path / "ok.json").write_text(job())
    (tmp_path / "bad.json").write_text(job(dependsOn=[ODD], executor=ODD))
    (tmp_path / "bad.fact").write_text(f"job j\n\na: {ODD}\n    true {ODD}\n")
    (tmp_path / "odd.fact").write_text(FACT)
    monkeypatch.chdir(tmp_path)
    found = []
    for words in VERBS:
        with contextlib.suppress(SystemExit):
            main(list(words))
        monkeypatch.chdir(tmp_path)
        captured = capfdbinary.readouterr()
        for stream, data in (("out", captured.out), ("err", captured.err)):
            text = data.decode("utf-8")
            if any(not c.isprintable() and c not in "\n\t" for c in text) or any(
                line.startswith("b\\x9b") for line in text.splitlines()
            ):
                found.append((words, stream, text))
    assert not found, found


def test_nothing_but_the_gates_writes_to_the_standard_streams() -> None:
    """What is written elsewhere would pass no gate."""
    gates = {
        "cli/shared/errors.py",
        "cli/shared/output.py",
        "cli/commands/complete.py",
        "cli/commands/show.py",
        "cli/commands/dot.py",
        "cli/__init__.py",
    }
    writes = re.compile(r"^[^\"#]*\bprint\(|sys\.std(?:out|err)\.(?:write|buffer)", re.MULTILINE)
    found = {
        path.relative_to(ROOT / "factc").as_posix()
        for path in (ROOT / "factc").rglob("*.py")
        if writes.search(path.read_text())
    }
    assert found - {"lsp/server.py", "__init__.py"} <= gates


# ---- commands to be pasted

PASTED = ["plain", "", "two words", "a'; touch x; '", '"$(touch x)"', "`touch x`", "\\", "a\\", "\\\\'", "it's", "!!", "=ls", "~", "~root", "*", "{a,b}", "$HOME",
          "a\nb", "\x1b[31m", "a\tb", "%d %s", "\x07\\n'%", "ä ö", "\udcff\udcfe", "-n", "#", "a;b", "(x)", "<x", "&", "|", "\x9b1m", "\u202e", "^a^b", "%self"]  # fmt: skip


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "fish", "ksh"])
def test_a_word_to_be_pasted_is_that_word_in_every_shell(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not on this machine")
    line = "printf '%s\\0' " + " ".join(map(word, PASTED))
    assert line.isprintable()
    done = subprocess.run([shell, "-c", line], cwd=tmp_path, capture_output=True, timeout=30)
    assert done.stdout.split(b"\0")[:-1] == [text.encode("utf-8", "surrogateescape") for text in PASTED], done
    assert not list(tmp_path.iterdir())


@settings(max_examples=draws(100), deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8") | st.sampled_from("'\"\\$`!\n\x1b%=~"), max_size=12), min_size=1, max_size=20))  # fmt: skip
def test_whatever_it_holds(texts: list[str]) -> None:
    texts = [text.rstrip("\n") for text in texts]
    for shell in ("sh", "fish") if shutil.which("fish") else ("sh",):
        line = "printf '%s\\0' " + " ".join(map(word, texts))
        done = subprocess.run([shell, "-c", line], capture_output=True, timeout=30)
        assert done.stdout.split(b"\0")[:-1] == [text.encode() for text in texts], (line, done)
