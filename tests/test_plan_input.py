"""A compiled plan is input: whatever somebody makes of one, checksum and all, is run, or refused in words."""

from __future__ import annotations

import copy
import gc
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from factc.cli import main
from factc.compiler.pipeline import compile_source
from factc.diagnostic import CompileError
from factc.digest import sha256_hex
from factc.plan.values import Given
from factc.source import Source
from factc.syntax.planfile.reader import read_plan
from factc.syntax.planfile.writer import plan_text
from tests.conftest import ROOT
from tests.draws import draws
from tests.pages import blocks

Factc = Callable[..., Any]

JOB = """[env TZ="UTC x"]
job "every thing"

param day = 2026-01-31
param stage in dev prod = dev
param out = "enriched/{{stage}}/{{day}}"
secret TOKEN
pool db = 2

## Copies it.
[ok 0 2, noop 3, retry 2 every 30s backoff 2 on 7 timeout, timeout 2h, cd "data files", env OUT="{{out}} x"]
collect:
    cp {{day}} "{{out}}" '{{stage}}'

[exec, pool db]
load: collect
    ./load {{day}} --to x

[each part in a b, pool db]
"check/all": collect load
    echo {{part}}

all: "check/all"

[finally]
tell:
    ./tell "$FACTC_OUTCOME"
"""

# What no task, name or number is made for.
HOSTILE = [
    None, True, False, -1, 0, 1, 2, 3, 255, 32_768, 10**30, 10**400, -0.5, 0.1, 1e300, float("inf"), float("nan"), "",
    "x", "x\x1b[31mred", "\x9b31m", "nul\0", "half \ud800", "two\nlines", "\u202egnp", "../../etc", "a=b", "-x", "'\"$(x)`",
    "day", "db", "TOKEN", "collect", "/" * 3000, "é" * 70_000, [], [[]], {}, [None], [0], [99], [0, 0], ["sh"], [{}],
    {"parameter": "nobody", "quote": "bare"}, [{"parameter": "day", "quote": "odd"}], [{"parameter": "day", "quote": []}],
    {"a": "b"}, {"": ""}, {"A=B": "x"}, {"\x1b": "\x1b"}, [["deep"] * 3] * 3,
]  # fmt: skip


def sealed(text: str) -> str:
    """A text with the checksum that fits it, if it has a place for one."""
    head, mark, rest = text.partition('"digest":"')
    if not mark or rest[64:65] != '"':
        return text
    parts = (part.encode("utf-8", "surrogatepass") for part in (head + mark, rest[64:]))
    return head + mark + sha256_hex(parts) + rest[64:]


def compiled(job: str = JOB) -> str:
    return plan_text(compile_source(Source("job.fact", job), Given()).plan)


def written(value: Any) -> str:
    """JSON as factc writes it, with room for a checksum at its beginning."""
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        data = {"digest": "0" * 64, **{k: v for k, v in value["data"].items() if k != "digest"}}
        value = {**value, "data": data}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("\ud800", "\\ud800")


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a value: the container and the key."""
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, inner in items:
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def altered(plan: str, dice: random.Random) -> str:
    """A plan in which something else stands, with a checksum that fits."""
    if dice.random() < 0.15:
        return sealed(_damaged(plan, dice))
    value = json.loads(plan)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        everywhere = list(places(value))
        where, key = dice.choice(everywhere)
        other_where, other_key = dice.choice(everywhere)
        kind = dice.randrange(7)
        if kind == 0:
            del where[key]
        elif kind == 1:
            where[key] = copy.deepcopy(other_where[other_key])
        elif kind == 2 and isinstance(where, list):
            dice.shuffle(where)
        elif kind == 3 and isinstance(where, list):
            where.append(copy.deepcopy(where[key]))
        elif kind == 3:
            where[dice.choice(("timeout", "finally", "pools", "secrets", "retry", "x\x1b[0m"))] = copy.deepcopy(
                where[key]
            )
        elif kind == 4:
            for _ in range(dice.choice((1, 2, 30))):
                where[key] = [where[key]]
        else:
            where[key] = copy.deepcopy(dice.choice(HOSTILE))
        if not value:
            break
    return sealed(written(value))


def _damaged(plan: str, dice: random.Random) -> str:
    """The text of a plan as no writer of JSON would leave it."""
    at = dice.randrange(len(plan))
    kind = dice.randrange(6)
    if kind == 0:
        return plan[:at]
    if kind == 1:
        flipped = bytearray(plan.encode())
        for _ in range(dice.choice((1, 1, 4))):
            flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(7)
        return flipped.decode("utf-8", "replace")
    if kind == 2:
        return plan[:at] + plan[at + dice.randrange(1, 40) :]
    if kind == 3:
        return plan[:at] + dice.choice('"{}[],:\\0\x1b') + plan[at:]
    if kind == 4:
        return re.sub(r"\d+", lambda m: m[0] if dice.random() < 0.9 else "9" * 5000, plan[200:]).join((plan[:200], ""))
    deep = dice.choice((400, 900, 5000, 100_000))
    return plan.replace('"argv":[', '"argv":' + "[" * deep, 1)


# ---- what is checked

SCHEMA = Draft4Validator(json.loads((ROOT / "schemas" / "factc" / "plan" / "jsonschema" / "1-0-0").read_text()))


def said(text: str) -> str:
    """What is said of a plan that is refused."""
    with pytest.raises(CompileError) as refused:
        read_plan(Source("p.factotum", text))
    return str(refused.value.diagnostics[0].code + " " + refused.value.diagnostics[0].message)


@pytest.mark.parametrize("path, value, words", [
    ("tasks.0.ok", [0, True], "`tasks[0].ok` has to be a list of exit codes from 0 to 32,767"),
    ("tasks.0.ok", [], "with one at least"),
    ("tasks.0.ok", [0, 2.0], "`tasks[0].ok` has to be"),
    ("tasks.0.noop", [0], "`tasks[0].noop` holds an exit code that is in `ok`, too"),
    ("tasks.0.name", "", "`tasks[0].name` has to be a name"),
    ("tasks.1.name", "collect", "`tasks[1].name` is the name of another task, too"),
    ("tasks.1.dependsOn", [1], "`tasks[1].dependsOn` holds a task that does not stand above this one"),
    ("tasks.1.dependsOn", [-1], "`tasks[1].dependsOn` has to be"),
    ("tasks.1.argv", ["x", 1], "`tasks[1].argv` has to be a list of texts"),
    ("tasks.1.argv", [[{"parameter": "nobody", "quote": "bare"}]], "needs `nobody`, which is no open parameter"),
    ("tasks.1.pools", ["other"], "`tasks[1].pools` holds a pool that the plan does not have"),
    ("tasks.1.pools", ["db", "db"], "`tasks[1].pools` has to be different names"),
    ("tasks.1.secrets", ["OTHER"], "`tasks[1].secrets` holds a secret that the plan does not declare"),
    ("secrets", ["x; touch y"], "`secrets` has to be different names of environment variables"),
    ("tasks.0.environment", {"A=B": "x"}, "`tasks[0].environment` has to be texts"),
    ("tasks.0.timeout", 0, "`tasks[0].timeout` has to be seconds"),
    ("tasks.0.timeout", float("nan"), "NaN"),
    ("tasks.0.timeout", 1e300, "`tasks[0].timeout` has to be seconds"),
    ("tasks.0.retry.backoff", 1e300, "`tasks[0].retry.backoff` has to be a number from 1 to 1,000"),
    ("tasks.0.retry.on", [[]], "`tasks[0].retry.on` has to be"),
    ("tasks.0.directory", ["x"], "`tasks[0].directory` has to be a text"),
    ("tasks.0.shiny", True, "`tasks[0].shiny` is nothing that this version of factc knows"),
    ("parameters.1.default", [{"parameter": "out", "quote": "verbatim"}], "needs `out`, which is no open parameter"),
    ("values", {"x": 1}, "`values` has to be texts by name"),
    ("tags", [], "`tags` has to be texts by name"),
    ("pools", {"db": 0}, "`pools` has to be numbers from 1 to 1,000,000"),
    ("tasks", {}, "`tasks` has to be a list"),
    ("name", "nul\0", "a NUL character"),
    ("name", "half \ud800", "half a character"),
    ("factfile", None, "`factfile` has to be a text"),
])  # fmt: skip
def test_what_is_wrong_with_a_plan(path: str, value: Any, words: str) -> None:
    plan = json.loads(compiled())
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    where = plan["data"]
    for step in way:
        where = where[step]
    where[last] = value
    assert words in said(sealed(written(plan)))


def test_a_missing_member_and_what_is_no_json() -> None:
    plan = json.loads(compiled())
    del plan["data"]["tasks"][2]["argv"]
    assert said(sealed(written(plan))) == "E031 this plan cannot be used: `tasks[2]` has no `argv`"
    assert said(sealed(compiled()[:-3])).startswith("E010 invalid JSON")
    assert said(sealed(compiled().replace('"argv":[', '"argv":' + "[" * 100_000, 1))).startswith("E013")
    assert said(compiled().replace("collect", "collected", 1)).startswith("E030")


def test_the_place_is_shown(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "p.factotum").write_text(sealed(compiled().replace('"noop":[3]', '"noop":[3,"x\\u001b[31m"]')))
    ran = factc("run", "p.factotum")
    assert ran.code == 1 and "error[E031]" in ran.err and "help: compile the job again" in ran.err, ran
    assert "^" in ran.err and '"noop":[3,' in ran.err and "\x1b" not in ran.err, ran


@pytest.mark.parametrize("job", sorted((ROOT / "samples").glob("*.fact")), ids=lambda path: path.stem)
def test_what_is_compiled_is_accepted(job: Path) -> None:
    text = plan_text(compile_source(Source(str(job), job.read_text()), Given()).plan)
    assert plan_text(read_plan(Source("p.factotum", text))) == text
    SCHEMA.validate(json.loads(text))


def test_what_is_accepted_fits_the_schema() -> None:
    plan, dice, accepted = compiled(), random.Random(3), 0
    for _ in range(draws(1000)):
        text = altered(plan, dice)
        try:
            read_plan(Source("p.factotum", text))
        except CompileError:
            continue
        accepted += 1
        SCHEMA.validate(json.loads(text))
    assert accepted > 5


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not here")
def test_a_plan_is_signed_as_the_readme_says(tmp_path: Path) -> None:
    readme = next(b.text for b in blocks(ROOT / "README.md") if "ssh-keygen -Y" in b.text)
    sign, verify = readme.replace("~/.ssh/id_ed25519", "key").replace("\\\n", "").split("\n", 1)

    def sh(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    (tmp_path / "hello.factotum").write_text(compiled("job x\n\na:\n    true\n"))
    made = sh(
        "ssh-keygen -q -t ed25519 -N '' -f key && printf 'release@example.com %s\n' \"$(cat key.pub)\" >allowed_signers"
    )
    assert made.returncode == 0 and sh(sign).returncode == 0, made
    verify = verify.replace("factc run", f"{sys.executable} -m factc validate")
    assert "is a valid" in sh(f"PYTHONPATH={ROOT} {verify}").stdout
    plan = (tmp_path / "hello.factotum").read_text()
    (tmp_path / "hello.factotum").write_text(sealed(plan.replace("true", "false")))
    refused = sh(f"PYTHONPATH={ROOT} {verify}")
    assert refused.returncode != 0 and "is a valid" not in refused.stdout


# ---- what is made of it


VERBS: list[list[str]] = [
    ["validate"], ["plan"], ["plan", "--script"], ["dot"], ["list"], ["list", "--json"], ["compile"], ["compile", "--set", "day=x"],
    ["compile", "--format", "factfile"], ["compile", "--format", "fact"], ["run", "--dry-run"],
    ["run", "--dry-run", "--levels"], ["complete", "bash", "run"],
]  # fmt: skip


def tried(
    count: int, seed: int, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> int:
    """Hands altered plans to the verbs, in this process, and answers how many were good enough to be used."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("TOKEN", "a secret of some length")
    dice = random.Random(seed)
    plan = compiled()
    path = tmp_path / "p.factotum"
    used = 0
    for i in range(count):
        path.write_text(altered(plan, dice), encoding="utf-8", errors="surrogatepass")
        verb, *options = VERBS[i % len(VERBS)]
        try:
            code = main([verb, *([options.pop(0)] if verb == "complete" else []), *options, "p.factotum"])
        except BaseException as error:
            raise AssertionError(f"round {i}: factc {verb} {options} {path}: {error!r}") from error
        gc.unfreeze()
        out, err = capfd.readouterr()
        said = err if verb == "compile" else out + err  # what is compiled is a file, and JSON has escapes of its own
        odd = {c for c in said if not c.isprintable() and c not in "\n\t"} - {"\u3000"}
        assert not odd, (i, verb, options, odd, said)
        assert "Traceback" not in said and code in (0, 1, 2, 3), (i, verb, options, said)
        assert code != 1 or "error[E" in err, (i, verb, options, said)
        used += code == 0
    return used


def test_altered_plans_are_used_or_refused_in_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried(150, 1, tmp_path, capfd, monkeypatch) > 5


@pytest.mark.large
@pytest.mark.parametrize("seed", range(10))
def test_many_altered_plans(
    seed: int, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried(2000, 100 + seed, tmp_path, capfd, monkeypatch) > 50
