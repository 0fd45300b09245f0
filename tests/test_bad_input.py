"""Texts that are no job: a clear error with a place, exit code 1, never a traceback."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran
from tests.jobs import factfile, task

Factc = Callable[..., Ran]

BYTES = {
    "not utf-8": b'{"schema": "\xff\xfe"}',
    "empty": b"",
    "only blanks": b"  \n\t\n",
    "only a mark": b"\xef\xbb\xbf",
    "truncated": factfile(task("a")).encode()[:-10],
    "trailing comma": b'{"schema": "x",}',
    "duplicate key": b'{"schema": "x", "schema": "y"}',
    "not a number": b'{"schema": NaN}',
    "infinity": b'{"schema": -Infinity}',
    "deep": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep text": b"a: b\n [" + b"[" * 100_000,
    "digits": b'{"a": ' + b"9" * 5000 + b"}",
    "surrogate": factfile(task("a\ud800x")).encode(),
    "nul": factfile(task("a", "echo \0")).encode(),
    "empty name": factfile(task("")).encode(),
    "no schema": b'{"data": {}}',
    "list": b"[]",
    "nul in text": b'job "a"\n\nb:\n    echo \0\n',
}


@pytest.mark.parametrize("what", BYTES)
@pytest.mark.parametrize("name", ["job.factfile", "job.fact"])
def test_refused_with_a_place(factc: Factc, tmp_path: Path, what: str, name: str) -> None:
    (tmp_path / name).write_bytes(BYTES[what])
    for verb in ("validate", "run", "compile"):
        ran = factc(verb, name)
        assert ran.code == 1, ran
        assert "Traceback" not in ran.err and "error[E" in ran.err and f"{name}:" in ran.err, ran


def test_files_that_cannot_be_read(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "folder.fact").mkdir()
    (tmp_path / "nightly.fact").write_text("x")
    assert "Is a directory" in factc("run", "folder.fact").err
    ran = factc("validate", "nightyl.fact")
    assert ran.code == 1 and "No such file" in ran.err and "did you mean nightly.fact?" in ran.err
    if os.getuid():
        (tmp_path / "nightly.fact").chmod(0)
        assert "Permission denied" in factc("run", "nightly.fact").err


def test_a_file_that_is_too_large_is_not_read_whole(factc: Factc, tmp_path: Path) -> None:
    with open(tmp_path / "big.factfile", "wb") as file:
        file.truncate(257 * 1024 * 1024)
    ran = factc("validate", "big.factfile")
    assert ran.code == 1 and "more than 256 MB" in ran.err


def test_a_byte_order_mark_is_accepted(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.factfile").write_bytes(b"\xef\xbb\xbf" + factfile(task("a", "echo hi")).encode())
    (tmp_path / "job.fact").write_bytes(b'\xef\xbb\xbfjob "x"\r\n\r\na:\r\n    echo hi\r\n')
    for name in ("job.factfile", "job.fact"):
        ran = factc("run", name)
        assert (ran.code, ran.out) == (0, "[a] hi\n")


def test_names_of_all_kinds_break_nothing(factc: Factc, tmp_path: Path) -> None:
    names = [
        '"quoted"',
        "new\nline",
        "🎉 émoji",
        "x" * 4_096,
        "../../up",
        "-rf",
        "$(touch oops)",
        "a:b",
        "<b>",
        "\x1b[31m",
    ]
    tasks = [task(name, "echo ok", *names[:i][-1:]) for i, name in enumerate(names)]
    (tmp_path / "job.factfile").write_text(factfile(*tasks, name='a "job"\n\x1b[0m'))
    for verb in (["validate"], ["compile"], ["plan"], ["plan", "--script"], ["dot"], ["run", "--dry-run"], ["run"]):
        ran = factc(*verb, "job.factfile")
        assert ran.code == 0, ran
        if verb[0] != "compile":
            assert "\x1b" not in ran.out + ran.err, verb
    assert ran.out.count("ok\n") == len(names)
    assert not (tmp_path / "oops").exists()
    (logs,) = tmp_path.glob(".factc/runs/*/logs")
    assert len(list(logs.iterdir())) == len(names)


def mutated(text: str, choose: random.Random) -> str:
    """A text with one to three small accidents."""
    for _ in range(choose.randint(1, 3)):
        at, to = sorted((choose.randrange(len(text) + 1), choose.randrange(len(text) + 1)))
        to = min(to, at + choose.randint(0, 8))
        insert = choose.choice(["", "", '"', "{{", "}}", "[", "]", "\\", "\0", "\n", ":", "💥", "é", "\t", " ", "job"])
        text = text[:at] + insert + text[to:]
    return text


GOOD_TEXT = """# a job
job "nightly {{env}}"

param env in dev prod = dev
param day = "2026-01-31"

## Fetches.
[ok 0 2, noop 3]
fetch:
    curl "https://example.com/{{day}}" | tee 'x {{env}}' # {{day}}

"load it": fetch
    set -x
    echo {{day}} \\
        more
    cat <<EOF
    text
    EOF

[command "echo" "{{day}} \\"x\\"", verbatim]
tell: "load it" fetch
"""


def fuzz(count: int, seed: int, tmp: Path) -> None:
    """Compiles mutated jobs in one process; what is refused is refused properly."""
    from factc import diagnostic_render
    from factc.compiler.pipeline import compile_source
    from factc.diagnostic import CompileError, RequestError
    from factc.plan.values import Given
    from factc.source import Source

    good = factfile(
        task("a {{x}}", "echo", arguments=["{{y}} $HOME", '"q"']), task("b", "exit 3", "a {{x}}", noop=[3]), name="n"
    )
    choose = random.Random(seed)
    refused = 0
    for i in range(count):
        text, name = (mutated(good, choose), "f.factfile") if i % 2 else (mutated(GOOD_TEXT, choose), "f.fact")
        try:
            compile_source(Source(name, text), Given({"x": "1"}))
        except RequestError:
            continue
        except CompileError as error:
            refused += 1
            assert error.diagnostics
            shown = diagnostic_render.text(error.diagnostics)
            records = json.loads(diagnostic_render.as_json(error.diagnostics))
            lines = text.removeprefix("\ufeff").count("\n") + 1
            for record in records:
                assert record["file"] == name and 1 <= record["line"] <= lines + 1, (text, record)
                assert record["message"] and "Token" not in record["message"], record
            assert "Traceback" not in shown and "\0" not in shown
    assert refused > count / 5


def test_fuzzed_texts_are_refused_with_a_place(tmp_path: Path) -> None:
    fuzz(300, 1, tmp_path)


@pytest.mark.large
def test_a_thousand_fuzzed_texts(tmp_path: Path) -> None:
    fuzz(1000, 2, tmp_path)
