"""The quick look at a document's shape says the same as the schema library, and leaves it what it does not know."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from factc.compiler.uses import SCHEMAS
from factc.model.schema_fast import fitting
from factc.syntax import read_document
from factc.syntax.source_file import read_source
from tests.conftest import ROOT, environment
from tests.draws import draws

JOBS = sorted([*ROOT.glob("samples/**/*.fact"), *ROOT.glob("samples/*.factfile")])
WORDS = ["", "a", "b", "sh", "a\n", "{{x}}"]
NUMBERS = [-1, 0, 1, 2, 1000, 32_768, 10**30, 0.5, 1.0, 1e300]


def known(schema: dict[str, Any]) -> Any:
    fits = fitting(schema)
    assert fits is not None, schema
    return fits


# ---- any schema of these keywords, any value

plain = st.sampled_from([*WORDS, *NUMBERS, True, False, None])
values: st.SearchStrategy[Any] = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)


def said(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


def schemas(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True)
    by_name = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    bounds = said(minimum=st.sampled_from([0, 1, 0.5]), maximum=st.sampled_from([1, 1000]))
    texts = said(pattern=st.sampled_from(["a", "^a$", r"^\w*(?!\n)$"]), description=st.just("words"))
    lists = said(items=inner, minItems=st.integers(0, 2))
    objects = said(
        properties=by_name, required=names, additionalProperties=st.booleans().filter(lambda b: not b) | inner,
        dependencies=st.dictionaries(st.sampled_from("abc"), names, max_size=2),
    )  # fmt: skip
    by_kind = {"string": texts, "integer": bounds, "number": bounds, "array": lists, "object": objects,
               "boolean": st.just({})}  # fmt: skip

    def of(kinds: list[str]) -> st.SearchStrategy[dict[str, Any]]:
        parts = st.tuples(*(by_kind[kind] for kind in kinds))
        return parts.map(lambda found: {"type": kinds if len(kinds) > 1 else kinds[0]} | merged(found))

    return st.lists(st.sampled_from(sorted(by_kind)), min_size=1, max_size=2, unique=True).flatmap(of)


def merged(parts: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


some_schemas = st.recursive(st.sampled_from([{"enum": ["a", "b"]}, {}]), schemas, max_leaves=6)


@settings(max_examples=draws(600), deadline=None)
@given(some_schemas.filter(bool), st.lists(values, min_size=1, max_size=12))
def test_a_schema_means_what_the_library_says(schema: dict[str, Any], candidates: list[Any]) -> None:
    fits, library = known(schema), Draft4Validator(schema)
    assert [fits(value) for value in candidates] == [library.is_valid(value) for value in candidates]


# ---- our schemas, documents that almost fit


def sample(uri: str) -> dict[str, Any]:
    """A document that has every member there is."""
    rules = {"continueJob": [0, 2], "terminateJobWithSuccess": [3]}
    task = {"name": "a", "executor": "shell", "command": "b", "arguments": ["c"], "dependsOn": [], "onResult": rules}
    data: dict[str, Any] = {"name": "j", "tasks": [task]}
    if "factotum" not in uri:
        retry = {"times": 2, "every": "1s", "backoff": 1.5, "on": [75, "signal"]}
        more = {
            "name": "b", "description": "d", "executor": "exec", "shell": "sh", "script": "true", "verbatim": True,
            "directory": "x", "environment": {"A": "1"}, "retry": retry, "timeout": "1h", "finally": False,
            "pools": ["p"], "secrets": ["OWN"], "each": [{"name": "r", "values": ["eu"]}, {"name": "s", "values": "{{l}}"}],
        }  # fmt: skip
        used = {"name": "c", "use": "x.fact", "values": {"day": "1"}}
        parameter = {"name": "l", "default": "a", "values": ["a"], "description": "d"}
        data |= {
            "description": "d", "shell": "bash", "directory": "x", "environment": {"B": "2"}, "timeout": "1h",
            "parameters": [parameter], "secrets": ["KEY"], "pools": {"p": 2}, "tasks": [task, more, used],
        }  # fmt: skip
    return {"schema": uri, "data": data}


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a value with each of its keys."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


@pytest.mark.parametrize("uri", SCHEMAS)
def test_a_job_with_everything_fits(uri: str) -> None:
    schema = json.loads((ROOT / SCHEMAS[uri]).read_text())
    assert known(schema)(sample(uri)) and Draft4Validator(schema).is_valid(sample(uri))


@pytest.mark.parametrize("uri", SCHEMAS)
@settings(max_examples=draws(500), deadline=None)
@given(st.data())
def test_our_schemas_mean_what_the_library_says(uri: str, data: st.DataObject) -> None:
    schema = json.loads((ROOT / SCHEMAS[uri]).read_text())
    document = copy.deepcopy(sample(uri))
    for _ in range(data.draw(st.integers(1, 2))):
        container, key = data.draw(st.sampled_from(places(document)))
        what = data.draw(st.sampled_from(["replace", "remove", "add"]))
        if what == "remove":
            del container[key]
        elif what == "replace":
            container[key] = data.draw(values)
        elif isinstance(container, list):
            container.append(data.draw(values))
        else:
            container[data.draw(st.sampled_from(["more", "use", "values", "script", "a b"]))] = data.draw(values)
    assert known(schema)(document) == Draft4Validator(schema).is_valid(document)


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.name)
def test_good_jobs_need_no_library(path: Path) -> None:
    document = read_document(read_source(str(path)))
    schema = json.loads((ROOT / SCHEMAS[document.value["schema"]]).read_text())
    assert known(schema)(document.value)


def test_the_library_is_not_even_loaded_for_a_good_job(tmp_path: Path) -> None:
    code = (
        "import sys; from factc.cli import main;"
        "assert main(['compile', sys.argv[1], '-o', 'plan']) == 0; print('jsonschema' in sys.modules)"
    )
    job = ROOT / "samples" / "backup.factfile"
    done = subprocess.run(
        [sys.executable, "-c", code, job], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 1},
        {"type": "object", "patternProperties": {"a": {"type": "string"}}},
        {"type": "object", "dependencies": {"a": {"type": "object"}}},
        {"type": "array", "items": [{"type": "string"}]},
        {"type": "string", "minimum": 1},
        {"type": "null"},
        {"enum": [1]},
        {"$ref": "#/definitions/a"},
        {"type": "array", "items": {"not": {"type": "string"}}},
        {},
    ],
    ids=json.dumps,
)
def test_what_is_not_known_is_left_to_the_library(schema: dict[str, Any]) -> None:
    assert fitting(schema) is None
