"""Good jobs with one mistake each: every mistake is found where it was made, and said in the user's words.

A mutation knows its line, and for a misspelt name the name that was meant. Those that leave a job valid
do not count. The figures are printed (`pytest -s`), and the goals asserted.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from factc import diagnostic_render
from factc.compiler.pipeline import compile_source
from factc.diagnostic import CompileError, Diagnostic, RequestError
from factc.plan.values import Given
from factc.source import Source
from tests.conftest import ROOT
from tests.test_cases import JARGON

COUNT = 300
SAMPLES = ("backup", "inventory", "nightly", "release")
GOOD_TEXT = """# A job with a little of everything.
[shell bash, env TZ=UTC]
job "nightly enrich"

param bucket = "s3://acme-events"
param day = 2026-01-31
param stage in dev staging prod = dev
param out = "enriched/{{stage}}/{{day}}"
param regions = "europe america"
secret warehouse_password
pool warehouse = 2

## Copies yesterday's events here.
[noop 3]
collect:
    mkdir -p raw
    aws s3 sync {{bucket}}/{{day}} raw/

[retry 2 every 30s, timeout 2h]
enrich: collect
    for part in raw/*; do
        ./enrich.sh "$part" {{out}}
    done

[each region in {{regions}}, pool warehouse]
load: enrich
    ./load.sh {{region}} {{out}}

[cd "data files", env NAME="the report", ok 0 2]
"check everything": load
    ./check.sh {{day}} | tee check.txt

publish: load "check everything"
    ./publish.sh {{bucket}}

[finally]
tell:
    ./tell.sh "nightly {{day}}"
"""


GOOD_JSON = """{
  "schema": "iglu:factc/factfile/jsonschema/1-0-0",
  "data": {
    "name": "nightly enrich",
    "parameters": [{"name": "bucket", "default": "s3://acme-events"}, {"name": "stage", "values": ["dev", "prod"]}],
    "pools": {"warehouse": 2},
    "tasks": [
      {"name": "collect", "script": "mkdir -p raw\\naws s3 sync {{bucket}}/{{stage}} raw/", "shell": "bash"},
      {"name": "enrich", "script": "./enrich.sh {{bucket}}", "dependsOn": ["collect"],
       "retry": {"times": 2, "every": "30s", "on": [75, "signal"]}, "timeout": "2h"},
      {"name": "load", "command": "./load.sh", "arguments": ["raw", "enriched"], "dependsOn": ["collect", "enrich"],
       "pools": ["warehouse"], "onResult": {"continueJob": [0, 2], "terminateJobWithSuccess": [3]}},
      {"name": "publish", "script": "./publish.sh {{stage}}", "dependsOn": ["load"], "environment": {"TZ": "UTC"}},
      {"name": "tell", "script": "./tell.sh", "finally": true}
    ]
  }
}
"""


class Mutation(NamedTuple):
    name: str  # of the file
    text: str
    at: int  # where the mistake was made
    meant: str = ""  # the name that was misspelt
    wrong: str = ""  # how it was misspelt


Maker = Callable[[str, str, random.Random], "Mutation | None"]


def jobs() -> list[tuple[str, str]]:
    files = [ROOT / "samples" / f"{name}.{kind}" for name in SAMPLES for kind in ("fact", "factfile")]
    good = [("good.fact", GOOD_TEXT), ("wide.factfile", GOOD_JSON), ("long.factfile", indented_json(GOOD_JSON))]
    return good + [(file.name, file.read_text(encoding="utf-8")) for file in files]


def indented_json(text: str) -> str:
    return json.dumps(json.loads(text), indent=2) + "\n"


# ---- accidents: each is done to a text somewhere, by chance


def replaced(name: str, text: str, start: int, end: int, new: str, meant: str = "", wrong: str = "") -> Mutation:
    return Mutation(name, text[:start] + new + text[end:], start, meant, wrong)


def spots(pattern: str, text: str) -> list[re.Match[str]]:
    return list(re.finditer(pattern, text, re.MULTILINE))


def misspelt(word: str, choose: random.Random) -> str:
    """A word with one letter dropped, doubled or swapped with its neighbour."""
    at = choose.randrange(1, len(word) - 1)
    kind = choose.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1 or word[at] == word[at + 1]:
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def misspelt_name(name: str, text: str, choose: random.Random) -> Mutation | None:
    """A keyword, an attribute, a property, a dependency, or a parameter where it is used."""
    if name.endswith(".fact"):
        places = spots(r"^(job|param|secret|pool|use)(?= )", text)
        places += spots(r"(?<=[\[,])(?<![\w\"]) ?(shell|env|noop|retry|timeout|each|pool|finally)\b(?=[^\n]*\]$)", text)
        places += spots(r"(?<=\{\{)(\w{3,})(?=\}\})", text)
        places += [m for m in spots(r"(?<=: )(\w{4,})(?=( [\w\"]|$))", text) if re.search(rf"^{m[1]}:", text, re.M)]
    else:
        places = spots(r"(?<=\")(\w{4,})(?=\":)", text) + spots(r"(?<=\{\{)(\w{3,})(?=\}\})", text)
        places += [m for m in spots(r"(?<=\")(\w{4,})(?=\"[,\]])", text) if f'"name": "{m[1]}"' in text]
        places = [m for m in places if not re.search(r'"name": "$', text[: m.start()])]
    if not places:
        return None
    spot = choose.choice(places)
    meant = spot[1]
    wrong = misspelt(meant, choose)
    return replaced(name, text, spot.start(1), spot.end(1), wrong, meant, wrong) if wrong != meant else None


def dropped(name: str, text: str, choose: random.Random) -> Mutation | None:
    """One character that gives the text its shape, or a quote."""
    if name.endswith(".fact"):
        places = spots(r'(?<=\w):(?=[ \n])|^\[|\]$|(?<= )=(?= )|[{}](?=[^\n]*$)|"', text)
        places = [m for m in places if m.group() not in "[]=:" or text[: m.start()].rpartition("\n")[2][:1] != " "]
    else:
        places = spots(r'[{}\[\],:"]', text)
    spot = choose.choice(places)
    made = replaced(name, text, spot.start(), spot.end(), "")
    return made._replace(at=opening(text, spot.start())) if spot.group() in "}]" and name[-5:] != ".fact" else made


def opening(text: str, at: int) -> int:
    """The bracket that the one at `at` closes: where a reader would look, as it is the one left open."""
    opened: list[int] = []
    for piece in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', text[: at + 1]):
        if piece.group() in ("{", "["):
            opened.append(piece.start())
        elif piece.group() in ("}", "]"):
            found = opened.pop()
    return found


def unclosed(name: str, text: str, choose: random.Random) -> Mutation | None:
    places = spots(r'(?<!\\)"(?=[^"\n]*$)' if name.endswith(".fact") else r'(?<!\\)"', text)
    places = [m for m in places if not text[: m.start()].rpartition("\n")[2].startswith(" ") or name[-5:] != ".fact"]
    spot = choose.choice(places) if places else None
    return replaced(name, text, spot.start(), spot.end(), "") if spot else None


def indented(name: str, text: str, choose: random.Random) -> Mutation | None:
    """A line of a recipe that begins too far left, or with a tab, or a declaration that does not begin at the left."""
    if not name.endswith(".fact"):
        return None
    first = spots(r"^ +(?=\S)", text)
    later = [m for m in first if text[: m.start() - 1].rpartition("\n")[2].startswith(" ")]
    kind = choose.randrange(4)
    if kind == 0 and later:
        spot = choose.choice(later)
        return replaced(name, text, spot.start(), spot.end(), "  ")
    if kind == 1 and later:
        spot = choose.choice(later)
        return replaced(name, text, spot.start(), spot.end(), "\t")
    if kind == 2:
        spot = choose.choice(first)
        return replaced(name, text, spot.start(), spot.end(), "")
    spot = choose.choice(spots(r"^(?=(job|param|secret|pool) )", text))
    return replaced(name, text, spot.start(), spot.end(), "  ")


def swapped(name: str, text: str, choose: random.Random) -> Mutation | None:
    """Two neighbours of a header, a declaration, an attribute or an object, in the wrong order."""
    if name.endswith(".fact"):
        places = spots(r'^(\w+|"[^"\n]*")( ?)(:|=|in\b|"[^"\n]*"|\w+)(?= |$)', text)
        places += spots(r"(?<=[\[ ])(retry|timeout|each|ok|noop|every|cd|pool)( )([\w{}]+)(?=[ ,\]])", text)
    else:
        places = spots(r'("[^"\n]*")(: ?)("[^"\n]*"|\{|\[|\d+)', text) + spots(r'("[^"\n]*")(: |, )(?=)(\S)', text)
    spot = choose.choice(places)
    return replaced(name, text, spot.start(), spot.end(), spot[3] + (spot[2] or " ") + spot[1])


def other_kind(name: str, text: str, choose: random.Random) -> Mutation | None:
    """A word for a number, a number for a text, a text for a list."""
    if name.endswith(".fact"):
        places = spots(r"(?:(?<=retry )|(?<=noop )|(?<=ok )|(?<=warehouse = ))\d+", text)
        places += spots(r"(?<=timeout )\w+|(?<=every )\w+|(?<=shell )\w+", text)
        new = choose.choice(("two", "-1", "1.5", '"many"'))
    else:
        places = spots(r"(?<=\": )(\"[^\"\n]*\"|\[[^\[\]\n]*\]|\{[^{}\n]*\})", text)
        new = choose.choice(("7", "true", "null", '{"a": 1}', "[[]]", "1.5"))
    if not places:
        return None
    spot = choose.choice(places)
    return replaced(name, text, spot.start(), spot.end(), new)


MAKERS: tuple[Maker, ...] = (misspelt_name, dropped, unclosed, indented, swapped, other_kind)


def mutations(seed: int) -> Iterator[tuple[str, Mutation]]:
    """Without an end, each kind in its turn, each text once."""
    choose = random.Random(seed)
    good = jobs()
    seen: set[str] = set()
    while True:
        for make in MAKERS:
            made = make(*choose.choice(good), choose)
            if made and made.text not in seen:
                seen.add(made.text)
                yield make.__name__, made


# ---- what is said of them


def mistakes(mutation: Mutation) -> list[Diagnostic]:
    try:
        compile_source(Source(mutation.name, mutation.text), Given())
    except CompileError as error:
        return [d for d in error.diagnostics if d.severity == "error"]
    except RequestError:
        pass
    return []


def in_place(mutation: Mutation, found: list[Diagnostic]) -> bool:
    """Whether the line is among the first two: one accident can be two mistakes."""
    line = mutation.text.count("\n", 0, mutation.at) + 1
    return line in [d.span.source.place(d.span.start)[0] for d in found[:2] if d.span]


def suggested(mutation: Mutation, found: list[Diagnostic]) -> bool:
    quoted = (f"`{mutation.meant}`", f"`{mutation.wrong}`")
    return any(word in d.hint for d in found for word in quoted)


def measure(count: int, seed: int) -> tuple[list[str], list[str], int]:
    """What was not said in its place, which names were not suggested, and how many names were misspelt."""
    astray, unsuggested, names, total = [], [], 0, 0
    for kind, mutation in mutations(seed):
        found = mistakes(mutation)
        if not found:
            continue
        total += 1
        shown = diagnostic_render.text(found)
        for d in found:
            words = " ".join((d.message, d.label, d.hint, *(words for _, words in d.related)))
            assert not JARGON.search(words), shown
        if not in_place(mutation, found):
            astray.append(f"{kind}, line {mutation.text.count(chr(10), 0, mutation.at) + 1}:\n{shown}")
        if mutation.meant:
            names += 1
            unsuggested += [] if suggested(mutation, found) else [f"{mutation.meant}:\n{shown}"]
        if total == count:
            return astray, unsuggested, names
    raise AssertionError


def judged(count: int, seed: int) -> None:
    astray, unsuggested, names = measure(count, seed)
    placed, right = count - len(astray), names - len(unsuggested)
    print(f"\n{count} mistakes: {placed} in their line; {right} of {names} misspelt names with the right suggestion")
    assert len(astray) <= count * 0.02, "\n".join(astray)
    assert names > count / 10 and len(unsuggested) <= names * 0.1, "\n".join(unsuggested)


def test_mistakes_are_found_where_they_were_made() -> None:
    judged(COUNT, 1)


@pytest.mark.large
def test_more_mistakes_are_found_where_they_were_made() -> None:
    judged(1500, 2)


def test_five_mistakes_are_five_diagnostics() -> None:
    text = GOOD_TEXT
    for good, bad in (
        ("[noop 3]", "[nop 3]"),
        ("enrich: collect", "enrich: collect,"),
        ("timeout 2h", "timeout 30"),
        ('[cd "data files"', "[cd 'data files'"),
        ("publish: load", "publish load"),
    ):
        assert text.count(good) == 1
        text = text.replace(good, bad)
    found = mistakes(Mutation("job.fact", text, 0))
    lines = [d.span.source.place(d.span.start)[0] for d in found if d.span]
    assert len(found) == 5 and lines == [14, 19, 20, 29, 33], diagnostic_render.text(found)


def test_five_names_that_do_not_exist_are_five_diagnostics() -> None:
    text = GOOD_TEXT
    for good, bad in (
        ("{{bucket}}/{{day}}", "{{buket}}/{{day}}"),
        ("enrich: collect", "enrich: colect"),
        ("pool warehouse]", "pool warehose]"),
        ("./load.sh {{region}}", "./load.sh {{regio}}"),
        ('load "check everything"', 'load "chek everything"'),
    ):
        assert text.count(good) == 1
        text = text.replace(good, bad)
    found = mistakes(Mutation("job.fact", text, 0))
    assert len(found) == 5, diagnostic_render.text(found)
    assert all("did you mean" in d.hint for d in found), diagnostic_render.text(found)
