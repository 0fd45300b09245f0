"""What may not enter: an empty word is never the same as none, wherever it is given."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import factc as api
from factc.cli import main
from factc.diagnostic import RequestError
from factc.session.options import Wishes
from factc.shell_completion.table import ARGUMENTS, OPTIONS
from tests.conftest import Ran, environment
from tests.test_completion import parser_of

Factc = Callable[..., Ran]

WITH_VALUE = [
    (verb, name)
    for verb, options in OPTIONS.items()
    for names, takes, _ in options
    for name in names.split()
    if takes
]  # fmt: skip


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("FACTC_STATE_DIR", "FACTC_JOBS", "FACTC_GRACE"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "job.fact"
    path.write_text("job small\n\nhello:\n    echo hello > hello.txt\n")
    return path


def test_no_option_takes_an_empty_value(job: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert len(WITH_VALUE) > 100
    for verb, name in WITH_VALUE:
        values = [[f"{name}="]] if name.startswith("--") else [[name, ""]]
        values += [[name, ""]] if name not in ("--exclusive", "--jobserver") else []
        for words in values:
            argument = ["bash"] if verb == "completion" else ["job.fact"] if ARGUMENTS[verb] else []
            assert main([verb, *argument, *words]) == 3, (verb, words)
            said = capfd.readouterr()
            first = said.err.partition("\n")[0]
            assert said.out == "" and name in first and first.endswith(" is empty"), said.err
    assert [path.name for path in job.parent.iterdir()] == ["job.fact"], "nothing was done"


def test_no_argument_may_be_empty(job: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for verb, names in ARGUMENTS.items():
        for at in range(len(names)):
            assert main([verb, *["job.fact"] * at, ""]) == 3, verb
            assert " is empty" in capfd.readouterr().err
    assert main(["-C", "", "run", "job.fact"]) == 3


@pytest.mark.parametrize("name", ["FACTC_STATE_DIR", "FACTC_JOBS"])
def test_nor_may_a_variable(job: Path, monkeypatch: pytest.MonkeyPatch, factc: Factc, name: str) -> None:
    ran = factc("run", "job.fact", env={name: ""})
    assert ran.code == 3 and f"{name} is set, but empty" in ran.err and not (job.parent / "hello.txt").exists()
    option = ("--state-dir", "there") if name == "FACTC_STATE_DIR" else ("-j", "1")
    assert factc("run", "job.fact", *option, env={name: ""}).code == 0, "what is given goes before"


@pytest.mark.parametrize(
    "more",
    [
        {"webhook_secret_env": "", "webhooks": ["http://127.0.0.1:9/"]}, {"webhook_header_env": [""]}, {"resume": ""},
        {"exclusive": ""}, {"state_dir": ""}, {"secrets": [""]}, {"secret_files": [""]}, {"webhooks": [""]}, {"output": ""},
        {"state_dir": None, "exclusive": ""}, {"output": 3}, {"webhook_secret_env": 5}, {"resume": False},
    ],
    ids=str,
)  # fmt: skip
def test_the_api_takes_none_either(job: Path, more: dict[str, Any]) -> None:
    plan = api.compile(job)
    with pytest.raises(RequestError) as caught:
        api.run(plan, **more)
    assert "empty" in caught.value.message or "cannot be" in caught.value.message
    assert not (job.parent / "hello.txt").exists()
    for part in ({"start": ""}, {"to": ""}):
        with pytest.raises(RequestError, match="is empty"):
            api.compile(job, **part)
    with pytest.raises(RequestError, match="is empty"):
        api.compile("")


def test_a_key_of_its_own_and_none(job: Path, factc: Factc) -> None:
    ran = factc("run", "job.fact", "--exclusive=")
    assert ran.code == 3 and "--exclusive is empty" in ran.err
    assert factc("run", "job.fact", "--exclusive").code == 0
    assert factc("run", "--exclusive", "job.fact").code == 0
    assert factc("run", "job.fact", "--set", "a=").code == 3, (
        "an empty value for a parameter is one: here nothing has it"
    )


# ---- what is no text

HALF = "\ud800"
PARAM = "job small\n\nparam a = x\n\nhello:\n    echo {{a}}\n"
INSIDE = [
    {"a": HALF},
    {HALF: "x"},
    {"a": {HALF: 1}},
    {"z": {"y": [1, [{"x": HALF}]]}},
    {"a": f"ok{HALF} \udc00"},
    {"a": "\udcff"},
]


@pytest.mark.parametrize("verb", ["run", "validate", "plan", "compile", "list", "dot"])
def test_half_a_character_is_no_value(job: Path, capfd: pytest.CaptureFixture[str], verb: str) -> None:
    job.write_text(PARAM)
    for values in INSIDE:
        (job.parent / "values.json").write_text(json.dumps(values))
        for given in (json.dumps(values), "@values.json"):
            assert main([verb, "job.fact", "--env", given]) == 3
            assert re.match(r"factc: .*: `.*` is not UTF-8\n  help: ", capfd.readouterr().err), values
    for words in (["--set", "a=\udcff"], ["--set", "\udcff=a"], ["--tag", "a,\udcff"], ["--tag", "\udcff,a"]):
        assert main([verb, "job.fact", *words]) == 3
        assert "`\\udcff` is not UTF-8" in capfd.readouterr().err
    assert main([verb, "job.fact", "--env", '{"a": "\\ud83d\\ude00"}']) == 0, "two halves are one"


def test_half_a_character_is_no_argument(job: Path) -> None:
    job.write_text(PARAM)
    plan = api.compile(job)

    class Own:
        def __str__(self) -> str:
            return HALF

    for more in ({"values": {"a": Own()}}, *({"values": values} for values in INSIDE), {"tags": {"a": HALF}}, {"tags": {HALF: "a"}},
                 {"resume": HALF}, {"state_dir": HALF}, {"exclusive": HALF}, {"webhooks": [HALF]}, {"secrets": [HALF]},
                 {"secret_files": [f"A={HALF}"]}, {"webhook_secret_env": HALF}, {"output": HALF}):  # fmt: skip
        with pytest.raises(RequestError):
            api.run(plan, **more)
    for path, more in ((HALF, {}), (job, {"start": HALF}), (job, {"to": HALF}), (job, {"values": {"a": HALF}})):
        with pytest.raises(RequestError):
            api.compile(path, **more)
    with pytest.raises(RequestError):
        api.compile("a\0b")
    with pytest.raises(RequestError):
        api.run(plan, state_dir="a\0b")


# ---- durations

TIMES = [
    ("run", "--timeout", "timeout"), ("run", "--grace", "grace"), ("run", "--webhook-drain", "drain"),
    ("run", "--heartbeat-interval", "heartbeat"), ("resume", "--timeout", "timeout"), ("deliver", "--patience", ""),
    ("prune", "--older", ""),
]  # fmt: skip


def test_every_duration_is_read_in_one_way(
    job: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    listed = {
        (verb, name) for verb, options in OPTIONS.items() for name, takes, _ in options if takes in ("D", "SECONDS")
    }
    assert listed > {(verb, name) for verb, name, _ in TIMES}
    for verb, name in listed:
        for text, seconds in (("90s", 90), ("1h30m", 5400), ("3", 3), ("0.5", 0.5), ("500ms", 0.5)):
            parsed = parser_of(verb).parse_args([*(["x"] if verb == "run" else []), f"{name}={text}"])
            assert vars(parsed)[name[2:].replace("-", "_")] == seconds
        for text in ("3x", "soon", "-1", "1e3", "inf", "nan", "1_0", ".5", "9" * 5000, "\u0663", "1h 30m", "1.5h"):
            assert main([verb, *(["job.fact"] if verb == "run" else []), f"{name}={text}"]) == 3, text
            assert f"argument {name}: " in capfd.readouterr().err
        assert "a plain number is seconds" in " ".join(about for n, _, about in OPTIONS[verb] if n == name)


def test_arguments_of_the_api_are_durations_too(job: Path) -> None:
    for name in ("timeout", "grace", "drain", "heartbeat"):
        for given, seconds in (("90s", 90), ("1h30m", 5400), ("3", 3), (3, 3), (0.5, 0.5)):
            assert vars(Wishes(**{name: given}))[name] == seconds  # type: ignore[arg-type]
        for wrong in ("soon", "", True, float("nan"), float("inf"), "-1", b"3", [3]):
            with pytest.raises(RequestError, match="cannot be"):
                Wishes(**{name: wrong})  # type: ignore[arg-type]


def test_so_is_the_grace_of_an_outer_run(job: Path, factc: Factc) -> None:
    job.write_text("job small\n\nhello:\n    echo grace $FACTC_GRACE\n")
    for text, inner in (("1h", "10"), ("5s", "3"), ("4.25", "2.25"), ("1500ms", "0")):
        assert f"grace {inner}\n" in factc("run", "job.fact", env={"FACTC_GRACE": text}).out
    assert "grace 1234567.5\n" in factc("run", "job.fact", "--grace", "1234567.5").out
    for text in ("soon", "", "-1"):
        ran = factc("run", "job.fact", env={"FACTC_GRACE": text})
        assert ran.code == 3 and "FACTC_GRACE" in ran.err and "Traceback" not in ran.err


def test_what_is_pasted_says_the_same_duration(job: Path, factc: Factc) -> None:
    job.write_text("job small\n\nhello:\n    false\n")
    options = ["--grace", "0.0005", "--timeout", "5400", "--heartbeat-interval", "0.0625", "--webhook-drain", "1.5"]
    line = next(line for line in factc("run", "job.fact", *options).err.splitlines() if "to go on" in line)
    for words in ("--grace 0.0005", "--timeout 1h30m", "--heartbeat-interval 0.0625", "--webhook-drain 1500ms"):
        assert words in line


def test_a_script_does_not_round(job: Path, factc: Factc) -> None:
    job.write_text("""job small

[timeout 1500ms]
[retry 2 every 20ms backoff 1.5]
hello:
    date +%s%N >> times; exit 1

[timeout 300ms]
slow:
    sleep 5
""")
    text = factc("plan", "job.fact", "--script").out
    assert "limited 1.5 " in text and "limited 0.3 " in text and "attempts 2 20 1500 " in text
    (job.parent / "script").write_text(text)
    done = subprocess.run(["sh", "script"], cwd=job.parent, env=environment(), capture_output=True, text=True)
    assert "again in 0.020 s\n" in done.stderr and "again in 0.030 s\n" in done.stderr


# ---- two where one would win


def test_a_key_that_stands_twice_is_said(job: Path, capfd: pytest.CaptureFixture[str]) -> None:
    twice = ('{"a": 1, "a": 2}', '{"b": {"a": 1, "c": 2, "a": "x"}}', '{"b": [{"a": [], "a": {}}]}')
    for words in (*(["--env", text] for text in twice), ["--tag", "a,1", "--tag", "a=2"]):
        for verb in ("run", "validate", "plan"):
            assert main([verb, "job.fact", *words]) == 3
            assert "has two values for `a`" in capfd.readouterr().err
    assert main(["validate", "job.fact", "--env", '{"a": 1, "a": 1}', "--tag", "a,1", "--tag", "a,1"]) == 0


def test_tags_that_are_one_variable_are_said(job: Path, factc: Factc) -> None:
    job.write_text("job small\n\nhello:\n    echo $FACTC_TAG_a_b\n")
    words = "the tags `a-b` and `a_b` are one variable to tasks: FACTC_TAG_a_b holds that of `a_b`"
    ran = factc("run", "job.fact", "--tag", "a-b,1", "--tag", "a_b,2")
    assert ran.code == 0 and words in ran.err and "2\n" in ran.out
    assert words in factc("plan", "job.fact", "--script", "--tag", "a-b,1", "--tag", "a_b,2").err
    assert "one variable" not in factc("run", "job.fact", "--tag", "a-b,1", "--tag", "a.c,2").err


@pytest.mark.parametrize("option", ["--to", "--start", "--env", "--resume"])
def test_none_of_two_is_dropped(job: Path, capfd: pytest.CaptureFixture[str], option: str) -> None:
    values = ['{"a": 1}', '{"b": 1}'] if option == "--env" else ["hello", "bye"]
    assert main(["run", "job.fact", option, values[0], f"{option}={values[1]}"]) == 3
    assert capfd.readouterr().err.startswith(f"factc: {option} was given twice: {values[0]} and {values[1]}\n")
    assert not (job.parent / "hello.txt").exists()
