"""A canary: a secret whose tasks try to give it away is found in no byte that factc writes anywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from factc.secrets.forms import PARTED
from tests.conftest import Ran
from tests.receiver import Receiver

Factc = Callable[..., Ran]

CANARY = 'kanari+vogel/7&x"y'
KEY = "-----first line of it\nsecond line: 4711\n"
HEADER = "bearer-of-bad-news"
SIGNING = "whsec_" + base64.b64encode(b"the webhook's own secret").decode()

JOB = """\
job canary

raw:
    printf '%s\\n' "$CANARY"; printf '%s\\n' "$CANARY" >&2; echo "$MORE"

pieces:
    printf %.9s "$CANARY"; sleep 0.05; printf '%s\\n' "${CANARY#?????????}"

coded:
    python3 -c 'import base64, json, os, urllib.parse as u
    s = os.environ["CANARY"]; b = s.encode()
    print(json.dumps(dict(a=s)), u.quote(s), u.quote_plus(s, safe="/"), b.hex(), b.hex().upper())
    for front in (b"", b"x", b"xy"): print(base64.b64encode(front + b + b"tail!"), base64.urlsafe_b64encode(front + b))'

parted:
    printf '%s\\n' "$CANARY" | grep --color=always vogel
    printf '%s' "$CANARY" | sed 's/./&\\x00/g'; echo
    printf '%s' "user:$CANARY and quite a bit of it behind, so that the line is long" | base64; echo

env:
    env

failing:
    echo "cannot log in with $CANARY" >&2; exit 1
"""


def spellings(value: str) -> list[bytes]:
    raw = value.encode()
    core = base64.b64encode(raw)[: len(raw) * 4 // 3 - 3]
    return [raw, json.dumps(value)[1:-1].encode(), raw.hex().encode(), core]


@pytest.mark.parametrize("output", ["stream", "raw", "group"])
def test_no_byte_of_it_anywhere(factc: Factc, tmp_path: Path, output: str) -> None:
    (tmp_path / "job.fact").write_text(JOB.replace("coded:\n    python3", "[verbatim]\ncoded:\n    python3"))
    (tmp_path / "key").write_text(KEY)
    env = {"CANARY": CANARY, "HOOK": SIGNING, "AUTH": f"Authorization: Bearer {HEADER}"}
    options = ["--secret", "CANARY", "--secret-file", "MORE=../key", "--output", output, "--heartbeat-interval", "0.05"]
    with Receiver() as receiver:
        hook = ["--webhook", receiver.url, "--webhook-secret-env", "HOOK", "--webhook-header-env", "AUTH"]
        (tmp_path / "run").mkdir()
        (tmp_path / "job.fact").rename(tmp_path / "run/job.fact")
        where = tmp_path / "run"
        ran = factc("run", "job.fact", *options, *hook, env=env, cwd=where)
        assert ran.code == 2 and "cannot log in with ***" in ran.err, ran
        assert all(request.headers["authorization"] == f"Bearer {HEADER}" for request in receiver.requests)
        events = [json.loads(request.body)["data"] for request in receiver.requests]
    written = {str(path): path.read_bytes() for path in where.rglob("*") if path.is_file()}
    written |= {"without what no screen shows": PARTED.sub(b"", b"\n".join(written.values()))}
    written |= {"stdout": ran.raw_out, "stderr": ran.raw_err, "events": json.dumps(events, ensure_ascii=False).encode()}
    written |= {f"factfile {n}": base64.b64decode(data["factfile"]) for n, data in enumerate(events)}
    for verb in (["events", "last"], ["show", "last"], ["show", "last", "env"], ["plan", "job.fact", "--script"],
                 ["run", "job.fact", "--dry-run", "--secret", "CANARY"], ["runs", "--format", "json"]):  # fmt: skip
        told = factc(*verb, env=env, cwd=where)
        written[" ".join(verb)] = told.raw_out + told.raw_err
    sought = [
        *spellings(CANARY),
        *spellings(KEY.splitlines()[1]),
        HEADER.encode(),
        SIGNING.encode(),
        CANARY[6:].encode(),
    ]
    for place, data in written.items():
        for one in sought:
            assert one not in data, (place, one)
    assert written["stdout"].count(b"***") >= 15


@pytest.mark.parametrize(
    ("job", "options", "place"),
    [
        ("job j\n\na:\n    curl -u me:hushhush1 host\n", [], "job.fact:4:16"),
        ('job "hushhush1"\n\na:\n    true\n', [], "job.fact:1:6"),
        ("job j\n\nparam p = x\n\na:\n    echo {{p}}\n", ["--set", "p=a hushhush1"], "the value of the parameter 'p'"),
        ("job j\n\na:\n    true\n", ["--tag", "t,hushhush1"], "the tag 't'"),
    ],
)
def test_a_run_that_would_show_a_secret_is_refused(
    factc: Factc, tmp_path: Path, job: str, options: list[str], place: str
) -> None:
    (tmp_path / "job.fact").write_text(job)
    ran = factc("run", "job.fact", "--secret", "PASSWORD", *options, env={"PASSWORD": "hushhush1"})
    assert ran.code == 3 and place in ran.err and "PASSWORD" in ran.err and "hushhush1" not in ran.err, ran
    assert not (tmp_path / ".factc").exists()


def test_a_resumed_run_wants_its_secrets_again(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(
        'job j\n\na:\n    test "$PASSWORD" = hush-hush -a -e mended\n'.replace("hush-hush", "$(cat right)")
    )
    (tmp_path / "right").write_text("hushhush1\n")
    env = {"PASSWORD": "hushhush1"}
    failed = factc("run", "job.fact", "--secret", "PASSWORD", env=env)
    assert failed.code == 2 and failed.err.splitlines()[-1].endswith(" --secret PASSWORD")
    (tmp_path / "mended").touch()
    assert "add --secret PASSWORD" in factc("resume", env=env).err
    assert factc("resume", "--secret", "PASSWORD", env=env).code == 0


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (["--secret", "NONE"], {}, "NONE"),
        (["--secret", "P"], {"P": "abc"}, "P"),
        (["--secret-file", "P=nowhere"], {}, "P"),
        (["--webhook", "http://127.0.0.1:1/", "--webhook-secret-env", "P"], {"P": "plain"}, "no secret that can sign"),
        (["--webhook", "http://127.0.0.1:1/", "--webhook-header-env", "P"], {"P": "plain"}, "holds no header"),
        (["--webhook", "http://127.0.0.1:1/", "--webhook-header-env", "P"], {}, "is not set, or empty"),
        (["--webhook-secret-env", "P"], {"P": SIGNING}, "there is no webhook"),
    ],
)
def test_what_is_no_secret(factc: Factc, tmp_path: Path, words: list[str], env: dict[str, str], said: str) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    touch ran\n")
    ran = factc("run", "job.fact", *words, env=env)
    assert ran.code == 3 and said in ran.err and not (tmp_path / "ran").exists(), ran
    assert all(value not in ran.err for value in env.values())


def test_a_short_secret_is_warned_of(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text('job j\n\na:\n    echo "it is $PIN"\n')
    ran = factc("run", "job.fact", "--secret", "PIN", env={"PIN": "31415"})
    assert (ran.code, ran.out) == (0, "[a] it is ***\n") and "PIN" in ran.err and "31415" not in ran.err


def test_a_secret_in_a_command_line_is_hidden_or_refused(factc: Factc, tmp_path: Path) -> None:
    env = {"TOKEN": "s3cr3t-token"}
    (tmp_path / "job.fact").write_text('job j\n\na:\n    sh -c "sleep 1; : $TOKEN" >/dev/null 2>&1 &\n')
    ran = factc("run", "job.fact", "--secret", "TOKEN", env=env)
    assert ran.code == 0 and "s3cr3t" not in ran.err and ("left" not in ran.err or "***" in ran.err), ran
    for words in (["--env", '{"unused": "s3cr3t-token"}'], ["--exclusive=s3cr3t-token"]):
        ran = factc("run", "job.fact", "--secret", "TOKEN", *words, env=env)
        assert ran.code == 3 and "the command line holds the value of the secret TOKEN" in ran.err


def test_parts_of_webhook_credentials_are_hidden(factc: Factc, tmp_path: Path) -> None:
    basic = base64.b64encode(b"me:pass-word").decode()
    env = {"HOOK": SIGNING, "COPY": SIGNING, "AUTH": f"Authorization: Basic {basic}"}
    (tmp_path / "job.fact").write_text('job j\n\na:\n    echo "${COPY#whsec_} pass-word of-the-url"\n')
    with Receiver() as receiver:
        url = receiver.url.replace("://", "://me:of-the-url@")
        ran = factc(
            "run", "job.fact", "--webhook", url, "--webhook-secret-env", "HOOK", "--webhook-header-env", "AUTH", env=env
        )
    assert (ran.code, ran.out) == (0, "[a] *** *** ***\n"), ran
