"""Words for people: masked as a whole before anything is cut, and no order for a terminal in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.engine import Left
from factc.runner.remarks import left_behind
from factc.secrets.mask import Mask
from factc.sink.address import recorded, shown_url, tokens, whole_urls
from tests.conftest import Ran

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
