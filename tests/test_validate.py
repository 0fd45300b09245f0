"""`factc validate`: the verdict on standard output, every mistake with its place on standard error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factc.cli import VERBS
from tests.conftest import ROOT, Ran
from tests.jobs import FACTC, factfile, task

Factc = Callable[..., Ran]


def check(factc: Factc, tmp_path: Path, text: str, *options: str, name: str = "job.factfile") -> Ran:
    (tmp_path / name).write_text(text)
    return factc("validate", name, *options)


def found(factc: Factc, tmp_path: Path, text: str, *options: str) -> list[dict[str, Any]]:
    ran = check(factc, tmp_path, text, "--format", "json", *options)
    diagnostics: list[dict[str, Any]] = json.loads(ran.out)
    return diagnostics


def codes(factc: Factc, tmp_path: Path, text: str, *options: str) -> list[str]:
    return [d["code"] for d in found(factc, tmp_path, text, *options)]


def test_a_good_job(factc: Factc, tmp_path: Path) -> None:
    ran = check(factc, tmp_path, factfile(task("a", "true"), task("b", "echo", "a", arguments=["x"])))
    assert (ran.code, ran.out, ran.err) == (0, "job.factfile is a valid Factotum Factfile!\n", "")


def test_standard_input(factc: Factc) -> None:
    ran = factc("validate", "-", input=factfile(task("a")))
    assert (ran.code, ran.out) == (0, "<stdin> is a valid Factotum Factfile!\n")


def test_several_jobs(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "good.fact").write_text("job g\na:\n    true\n")
    (tmp_path / "bad.fact").write_text("job b\na: c\n    true\n")
    ran = factc("validate", "bad.fact", "good.fact")
    assert ran.code == 1 and ran.out.splitlines() == [
        "bad.fact is not a valid Factotum Factfile: task `a` depends on `c`, which does not exist",
        "good.fact is a valid Factotum Factfile!",
    ]
    ran = factc("validate", "--format", "json", "good.fact", "bad.fact", "none.fact")
    assert ran.code == 1 and [(d["file"], d["code"]) for d in json.loads(ran.out)] == [
        ("bad.fact", "E102"),
        (None, "E001"),
    ]
    assert factc("validate", "good.fact", "good.fact").code == 0


def test_annotations_for_github(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "a,b").mkdir()
    (tmp_path / "a,b" / "50%.fact").write_text('job j\n\nparam x\na: "c,d:\\r\\n%"\n    true\n')
    ran = factc("-C", "a,b", "validate", "50%.fact", "--format", "github")
    assert (ran.code, ran.err) == (1, "")
    (line,) = ran.out.splitlines()
    assert line == (
        "::error file=a%2Cb/50%25.fact,line=4,col=4,title=E102::"
        "task `a` depends on `c,d:\\r\\n%25`, which does not exist"
    )
    (tmp_path / "good.fact").write_text("job j\nparam day\na:\n    true\n")
    ran = factc("validate", "good.fact", "--format", "github")
    assert ran.code == 0 and ran.out == (
        "::warning file=good.fact,line=2,col=7,title=W406::the parameter `day` is never used"
        "%0Ahelp: write {{day}} where it is meant, or remove it\n"
    )
    assert factc("validate", "good.fact", "--format", "github", "--strict").out.startswith("::error file=good.fact")
    ran = factc("validate", "none.fact", "--format", "github")
    assert ran.code == 1 and ran.out.startswith("::error title=E001::none.fact cannot be read")
    (tmp_path / "good.fact").write_text("job j\na:\n    true\n")
    assert factc("validate", "good.fact", "--format", "github").out == ""


def test_the_hooks_of_pre_commit(factc: Factc, tmp_path: Path) -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text()
    hooks = dict(zip(re.findall(r"- id: (\S+)", text), re.findall(r"entry: factc (\S+)\n", text), strict=True))
    assert hooks == {"factc-validate": "validate", "factc-fmt": "fmt"}
    assert re.findall(r"files: (.*)", text) == [r"\.fact$"] * 2 and set(hooks.values()) <= set(VERBS)
    for name in ("a.fact", "b.fact"):
        (tmp_path / name).write_text("job j\n\na:\n    true\n")
    for verb in hooks.values():
        assert factc(verb, "a.fact", "b.fact").code == 0


def test_invalid_json(factc: Factc, tmp_path: Path) -> None:
    ran = check(factc, tmp_path, "fasdf\nthis is not valid json")
    assert (ran.code, ran.out) == (
        1, "job.factfile is not a valid Factotum Factfile: Invalid JSON at line 1 column 1\n",
    )  # fmt: skip
    assert "job.factfile:1:1" in ran.err and "^^^^^" in ran.err


def test_all_mistakes_at_once_in_source_order(factc: Factc, tmp_path: Path) -> None:
    text = factfile(
        task("a", ok=[]), task("b", "true", "zzz", "a"), task("b"), task("c", noop=[0]), task("", executor="shel")
    )
    ran = check(factc, tmp_path, text)
    assert ran.code == 1
    assert [line.split(":")[0] for line in ran.err.splitlines() if line.startswith("error")] == [
        "error[E104]", "error[E102]", "error[E101]", "error[E105]", "error[E107]", "error[E106]",
    ]  # fmt: skip
    assert ran.err.endswith("6 errors\n") and ran.out.endswith("(and 5 more)\n")


def test_a_cycle_is_a_path_with_the_place_of_each_step(factc: Factc, tmp_path: Path) -> None:
    text = factfile(task("a", "true", "c"), task("b", "true", "a"), task("c", "true", "b"), task("d", "true", "d"))
    ran = check(factc, tmp_path, text)
    assert "tasks wait for each other: `a` → `c` → `b` → `a`" in ran.err
    assert "- `c` waits for `b`" in ran.err and "- `b` waits for `a`" in ran.err
    assert "task `d` depends on itself" in ran.err


def test_a_task_behind_a_cycle_is_not_blamed(factc: Factc, tmp_path: Path) -> None:
    text = factfile(task("a", "true", "b"), task("b", "true", "a"), task("c", "true", "b"))
    assert codes(factc, tmp_path, text) == ["E103"]


def test_json_output_has_places_and_hints(factc: Factc, tmp_path: Path) -> None:
    (d,) = found(factc, tmp_path, factfile(task("stage"), task("load", "true", "stag")))
    assert d["severity"] == "error" and d["code"] == "E102" and d["hint"] == "did you mean `stage`?"
    line = (tmp_path / "job.factfile").read_text().splitlines()[d["line"] - 1]
    assert d["file"] == "job.factfile" and line[d["column"] - 1 : d["endColumn"] - 1] == '"stag"'
    assert d["line"] == d["endLine"]


def test_a_missing_command_is_a_warning_and_with_strict_an_error(factc: Factc, tmp_path: Path) -> None:
    text = factfile(task("a", "no-such-command --now | cat"))
    ran = check(factc, tmp_path, text)
    assert ran.code == 0 and "warning[W401]" in ran.err and "no-such-command" in ran.err
    ran = check(factc, tmp_path, text, "--strict")
    assert ran.code == 1 and "error[W401]" in ran.err


def test_templates_must_be_well_formed(factc: Factc, tmp_path: Path) -> None:
    arguments = ["{{ open", "{{}}", "{{#a}}x{{/a}}", "{{> part}}", "{{.Names}}", "{{ fine }}", "{{! note }}"]
    text = factfile(task("a", "echo", arguments=arguments))
    assert codes(factc, tmp_path, text) == ["E201", "E201", "E201", "E201", "E201", "W201"]


def test_a_variable_without_value(factc: Factc, tmp_path: Path) -> None:
    text = factfile(task("a", "echo", arguments=["{{ x }}"]))
    assert codes(factc, tmp_path, text) == ["W202"]
    assert codes(factc, tmp_path, text, "--set", "x=1") == []
    assert check(factc, tmp_path, text, "--strict").code == 1
    named = factfile(task("a {{ x }}"))
    assert codes(factc, tmp_path, named) == ["W202"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"schema": "iglu:com.acme/job/jsonschema/1-0-0"}, "E020", "not known"),
        ({"schema": "iglu:factc/factfile/jsonschema/1-0-1"}, "E020", "not known"),
        ({"schema": "iglu:../../etc/passwd/jsonschema/1-0-0"}, "E020", "not known"),
        ({"schema": 5}, "E020", "not known"),
        ({"schema": None}, "E020", "missing"),
        ({"more": 1}, "E023", "`more` is not known"),
        ({"data": []}, "E021", "must be an object"),
    ],
)
def test_the_frame(factc: Factc, tmp_path: Path, change: dict[str, Any], code: str, words: str) -> None:
    value = json.loads(factfile(task("a"))) | change
    text = json.dumps({k: v for k, v in value.items() if v is not None}, indent=1)
    (d,) = found(factc, tmp_path, text)
    assert d["code"] == code and words in d["message"] and 1 <= d["line"] <= text.count("\n") + 1


def test_a_misspelt_property_names_the_one_meant(factc: Factc, tmp_path: Path) -> None:
    bad = task("a")
    bad["dependson"] = bad.pop("dependsOn")
    (unknown,) = found(factc, tmp_path, factfile(bad))
    assert unknown["code"] == "E023" and unknown["hint"] == "did you mean `dependsOn`?"


def test_wrong_types_say_what_was_found(factc: Factc, tmp_path: Path) -> None:
    bad = task("a") | {"arguments": "x", "onResult": {"continueJob": ["0"], "terminateJobWithSuccess": [1.5, 40000]}}
    messages = [d["message"] for d in found(factc, tmp_path, factfile(bad))]
    assert messages == [
        '`arguments` of task 1 must be a list `[…]`, not the text "x"',
        '`onResult.continueJob[0]` of task 1 must be a whole number, not the text "0"',
        "`onResult.terminateJobWithSuccess[0]` of task 1 must be a whole number, not the number 1.5",
        "`onResult.terminateJobWithSuccess[1]` of task 1 must be at most 32767",
    ]


def test_exec_belongs_to_our_own_schema(factc: Factc, tmp_path: Path) -> None:
    direct = task("a", "echo", executor="exec")
    (d,) = found(factc, tmp_path, factfile(direct))
    assert d["code"] == "E106" and "iglu:factc/factfile/jsonschema/1-0-0" in d["hint"]
    assert codes(factc, tmp_path, factfile(direct, schema=FACTC)) == []


def test_a_shell_text_that_no_kernel_takes(factc: Factc, tmp_path: Path) -> None:
    (d,) = found(factc, tmp_path, factfile(task("a", "echo " + "x" * 131_067)))
    assert d["code"] == "E208" and "file" in d["hint"]
    assert codes(factc, tmp_path, factfile(task("a", "echo " + "x" * 131_066))) == []


def test_a_variable_where_no_quoting_is_safe(factc: Factc, tmp_path: Path) -> None:
    (d, *_) = found(factc, tmp_path, factfile(task("a", "echo", arguments=["$(cat {{ x }})"])), "--set", "x=1")
    assert d["code"] == "E204" and '"environment"' in d["hint"]


@pytest.mark.parametrize("kind", ["error", "warning"])
def test_of_a_file_twenty_of_a_kind_are_shown(factc: Factc, tmp_path: Path, kind: str) -> None:
    """All are counted, and programs get all."""
    line = "a{n}: nobody{n}\n    true\n" if kind == "error" else "a{n}:\n    nosuchcommand{n}\n"
    for name, count in (("many.fact", 25), ("other.fact", 21), ("few.fact", 20)):
        (tmp_path / name).write_text("job j\n" + "".join(line.format(n=n) for n in range(count)))
    for name, more in (("many.fact", "5 more {}s"), ("other.fact", "1 more {}"), ("few.fact", "")):
        ran = factc("validate", name)
        assert ran.err.count(f"{kind}[") == 20, ran
        assert (f"and {more.format(kind)} in {name}\n" in ran.err) if more else ("\nand " not in ran.err), ran
    assert f"25 {kind}s\n" in factc("validate", "many.fact").err
    assert len(json.loads(factc("validate", "many.fact", "--format", "json").out)) == 25
