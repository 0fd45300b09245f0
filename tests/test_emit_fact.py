"""Jobs written as text: what a person would have written, and the same job when it is read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from factc.compiler.pipeline import compile_job, read
from factc.diagnostic import CompileError, RequestError
from factc.export.fact import fact_text
from factc.model.job import Command, Job, Script
from factc.plan import Plan
from factc.plan.bind import complete
from factc.plan.values import Given
from factc.source import Source
from factc.syntax import read_document
from tests.draws import draws
from tests.jobs import FACTC, FACTOTUM, factfile, task

TAGS = Given(tags={"k": "K", "env": "E", "dynamic": "D"})


def job(text: str) -> Job:
    return read(read_document(Source("job", text)))


def plan(job: Job) -> Plan:
    """The plan of a job with nothing left open. (A tag without a value is empty in JSON, a mistake in text.)"""
    return complete(compile_job(job, TAGS).plan)[0]


def told(plan: Plan) -> list[Any]:
    """All that decides what a plan does."""
    tasks = [
        (t.name, t.dependencies, t.argv, t.ok, t.noop, t.directory, t.environment, t.declared, t.timeout, t.final,
         t.pools, t.secrets, t.retry and (t.retry.times, t.retry.every, t.retry.backoff, t.retry.on))
        for t in plan.tasks
    ]  # fmt: skip
    return [plan.name, plan.pools, plan.secrets, plan.timeout, *tasks]


def written(*tasks: dict[str, Any], **more: Any) -> str:
    return fact_text(job(factfile(*tasks, **more)))


# ---- what it looks like


def test_a_small_job_is_what_a_person_would_have_written() -> None:
    text = written(
        task("alpha", "echo alpha"),
        task("echo beta", "echo", "alpha", arguments=["beta", "$HOME"]),
        task("omega", "echo omega", "echo beta", "alpha", ok=[0, 2], noop=[3]),
        name="echo order",
    )
    assert text == (
        'job "echo order"\n'
        "\n"
        "alpha:\n"
        "    echo alpha\n"
        "\n"
        '[command "echo" "beta" "$HOME"]\n'
        '"echo beta": alpha\n'
        "\n"
        "[ok 0 2, noop 3]\n"
        'omega: "echo beta" alpha\n'
        "    echo omega\n"
    )


def test_everything_that_the_superset_says() -> None:
    value = {
        "name": "nightly",
        "description": "All of it.\n\nEvery night.",
        "shell": "bash",
        "directory": "data",
        "environment": {"TZ": "UTC"},
        "parameters": [
            {"name": "day", "description": "Which day."},
            {"name": "env", "values": ["dev", "the prod"], "default": "dev"},
            {"name": "out", "default": "to/{{env}}/{{day}}"},
        ],
        "tasks": [
            {
                "name": "a",
                "description": "First.",
                "script": "cd x\n\necho {{day}} #c",
                "shell": "sh",
                "directory": "a b",
            },
            {"name": "b", "script": "docker ps --format {{.Names}}", "verbatim": True, "environment": {"A": "x y"}},
            {"name": "c", "script": "ls 'x y'", "executor": "exec", "dependsOn": ["a", "b"]},
            {"name": "all", "dependsOn": ["c"]},
        ],
    }
    text = fact_text(job(json.dumps({"schema": FACTC, "data": value})))
    assert text == (
        "## All of it.\n##\n## Every night.\n"
        "[shell bash, cd data, env TZ=UTC]\n"
        "job nightly\n"
        "\n"
        "## Which day.\n"
        "param day\n"
        'param env in dev "the prod" = dev\n'
        "param out = to/{{env}}/{{day}}\n"
        "\n"
        "## First.\n"
        '[shell sh, cd "a b"]\n'
        "a:\n    cd x\n\n    echo {{day}} #c\n"
        "\n"
        '[env A="x y", verbatim]\n'
        "b:\n    docker ps --format {{.Names}}\n"
        "\n"
        "[exec]\n"
        "c: a b\n    ls 'x y'\n"
        "\n"
        "all: c\n"
    )
    again = job(text)
    body = again.tasks[0].body
    assert isinstance(body, Script) and body.text == value["tasks"][0]["script"]
    assert again.description == "All of it.\n\nEvery night."


def test_long_lists_go_on_behind_a_backslash() -> None:
    names = [f"a-task-with-a-long-name-{i}" for i in range(6)]
    text = written(*(task(n) for n in names), task("last", "true", *names))
    assert "last: a-task-with-a-long-name-0 a-task-with-a-long-name-1 a-task-with-a-long-name-2 \\\n    a-task" in text
    assert job(text).tasks[-1].dependencies == tuple(names)


@pytest.mark.parametrize(
    "command",
    [
        "",
        " true",
        "true ",
        "a\nb",
        "a\n",
        "echo \\",
        "a\rb",
        "a\tb\x1b",
        "\u00a0x",
        "echo {{.Names}}\n",
        "\n",
        "\ttrue",
    ],
)
def test_commands_that_a_recipe_might_spoil_stay_commands(command: str) -> None:
    text = written(task("a", command))
    assert text.startswith('job "a job"\n\n[command "')
    body = job(text).tasks[0].body
    assert isinstance(body, Command) and body.command == command


def test_a_command_with_braces_is_verbatim() -> None:
    text = written(task("a", "docker ps --format '{{.Names}}'"))
    assert "[verbatim]\na:\n    docker ps --format '{{.Names}}'\n" in text


def test_undeclared_variables_are_declared() -> None:
    text = written(task("say {{ who }}", "echo", arguments=["{{ who }}", "{{a.b}} {{tag:env}}", "{{ my key }}"]))
    assert 'param who = ""\nparam a.b = ""\nparam my_key = ""\n' in text
    assert '[command "echo" "{{ who }}" "{{a.b}} {{tag:env}}" "{{my_key}}"]\n"say {{ who }}":\n' in text


def test_what_is_no_variable_stays_as_it_stands_in_arguments() -> None:
    source = factfile(task("a", "docker", arguments=["{{.Names}}", "{{{.x}}}{{y}}{{! no }}z", "{{my day}} {{{x.}}"]))
    text = fact_text(job(source))
    assert text.endswith('[command "docker" "{{.Names}}" "{{{.x}}}{{y}}z" "{{my_day}} {{{x.}}"]\na:\n')
    (first,), (again,) = plan(job(source)).tasks, plan(job(text)).tasks
    assert first.argv[2] == again.argv[2] == 'docker "{{.Names}}" "{{{.x}}}z" " {{{x.}}"'


@pytest.mark.parametrize(
    "item",
    [
        {"name": "{{.Names}}", "command": "true"},
        {"name": "a", "command": "echo", "arguments": ["{{{ x }}}"]},
        {"name": "a", "script": "echo {{.Names}} {{x}}"},
        {"name": "a", "script": "true", "directory": "{{.Names}}"},
    ],
)
def test_what_the_language_cannot_say_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="has no words for `"):
        fact_text(job(json.dumps({"schema": FACTC, "data": {"name": "j", "tasks": [item]}})))


def test_in_a_name_raw_or_not_is_the_same() -> None:
    assert '"say {{x}}":' in written(task("say {{{x}}}"))


# ---- the same job when it is read again

PIECES = [
    "a",
    "b c",
    "é",
    "{{x}}",
    "{{ y }}",
    "{{tag:k}}",
    "{{.z}}",
    "{",
    "}",
    "$V",
    '"',
    "'",
    "\\",
    "\n",
    "\t",
    "#",
    ":",
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
NAME = st.one_of(st.from_regex(r"\w[\w.\-]{0,8}", fullmatch=True), TEXT.filter(bool))
CODES = st.lists(st.integers(0, 255), max_size=3, unique=True)


@st.composite
def factfiles(draw: st.DrawFn) -> str:
    names = draw(st.lists(NAME, min_size=1, max_size=5, unique=True))
    tasks = []
    for i, name in enumerate(names):
        needs = draw(st.lists(st.sampled_from(names[:i]), max_size=3)) if i else []
        arguments = draw(st.lists(TEXT, max_size=3))
        ok, noop = draw(CODES), draw(CODES)
        ok = ok or [0]
        tasks.append(task(name, draw(TEXT), *needs, arguments=arguments, ok=ok, noop=[c for c in noop if c not in ok]))
    return factfile(*tasks, name=draw(TEXT))


VALUES = ["a", "b c", "é", "{{limit}}", "$V", '"', "a,b", "#", "in", "'", "]"]
RETRY = st.fixed_dictionaries(
    {"times": st.integers(1, 5)},
    optional={
        "every": st.sampled_from(["0s", "30s", "{{limit}}"]),
        "backoff": st.sampled_from([1, 2, 1.5]),
        "on": st.lists(st.sampled_from(["signal", "timeout", "lost"]), min_size=1, max_size=3),
    },
)
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "retry": RETRY,
        "timeout": st.sampled_from(["1ms", "1h30m", "{{limit}}"]),
        "pools": st.lists(st.sampled_from(["disk", "net"]), unique=True, max_size=2),
        "secrets": st.lists(st.sampled_from(["OWN", "my_own"]), unique=True, max_size=2),
    },
)


@st.composite
def supersets(draw: st.DrawFn) -> str:
    value = json.loads(draw(factfiles()))
    data = value["data"]
    value["schema"] = FACTC
    environment = st.dictionaries(st.sampled_from(["A", "B_1", "my var"]), TEXT, max_size=2)
    data |= {"shell": draw(st.sampled_from(["sh", "bash"])), "environment": draw(environment)}
    data["parameters"] = [{"name": "y", "default": "b c", "values": ["", "b c"]}, {"name": "x", "default": "d {{y}}"}]
    if draw(st.booleans()):
        data["parameters"] = []
    data["parameters"].append({"name": "limit", "default": "90s"})
    data |= draw(st.sampled_from([{}, {"timeout": "1h"}, {"secrets": ["KEY"]}]))
    data["pools"] = {"disk": 2, "net": 1}
    for item in data["tasks"]:
        item |= draw(LIMITS)
        item["finally"] = not any(item["name"] in other["dependsOn"] for other in data["tasks"]) and draw(st.booleans())
        if draw(st.integers(0, 3)) == 0:
            values = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3, unique=True))
            item["each"] = [{"name": "r", "values": values}]
        item["executor"] = draw(st.sampled_from(["shell", "shell", "exec"]))
        item |= draw(st.sampled_from([{}, {"shell": "zsh"}, {"directory": "a {{x}}"}, {"description": "Does it."}]))
        item["environment"] = draw(environment)
        if draw(st.booleans()):
            del item["command"], item["arguments"]
            item |= {"script": draw(TEXT)} | draw(st.sampled_from([{}, {"verbatim": True}]))
    return json.dumps(value)


@settings(max_examples=draws(100), deadline=None)
@given(factfiles())
def test_factfiles_survive(source: str) -> None:
    survives(source)


@settings(max_examples=draws(100), deadline=None, suppress_health_check=[HealthCheck.filter_too_much])  # two in three
@given(supersets())
def test_supersets_survive(source: str) -> None:
    survives(source)


def survives(source: str) -> None:
    before = job(source)
    try:
        expected = plan(before)
    except (CompileError, RequestError):
        assume(False)
    try:
        text = fact_text(before)
    except RequestError:
        assume(False)
    after = job(text)
    assert told(plan(after)) == told(expected), text
    assert fact_text(after) == text


def test_real_factfiles_survive(shared: Path) -> None:
    files = sorted([*(shared / "factfiles" / "real").glob("*"), *(shared / "factfiles" / "upstream").glob("*")])
    assert len(files) > 20
    for file in files:
        before = job(file.read_text(encoding="utf-8"))
        assert before.document.value["schema"] == FACTOTUM
        text = fact_text(before)
        assert told(plan(job(text))) == told(plan(before)), file.name
        assert fact_text(job(text)) == text
