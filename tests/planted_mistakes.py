"""Mistakes of every kind, to be planted into a sound job: each independent of all others.

A line of a kind that is wrong ends with `⟪CODE⟫` (or several codes); `written` takes the marks out and says where the
mistakes are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Places = list[tuple[int, str]]  # line and code of each mistake, in order

_MARK = re.compile(r"⟪([^⟫]*)⟫")

# ---- text: what a kind puts among the declarations, and what among the rules

TEXT_TOP = """job j

param day = 1
param env in dev prod = dev
pool disk = 2
"""
TEXT_RULES = """
[each r in eu us]
load: first
    echo {{r}} {{day}}

first:
    true

last: load[eu] load
    echo {{env}}
"""
DECLARATIONS = {
    "misspelt keyword": "parm k1 = 1⟪E301⟫",
    "an assignment": "k2 := 1⟪E301⟫",
    "a default that is not allowed": "param k3 in a b = c⟪E206⟫",
    "a parameter twice": "param day = 2⟪E205⟫",
    "single quotes": "param k4 = 'x y'⟪E309⟫",
    "a default with blanks": "param k5 = x y⟪E310⟫",
    "a default behind a colon": "param k6: x⟪E310⟫",
    "an unknown parameter in a default": "param k7 = {{k7b}}⟪E202⟫",
    "a secret with a value": "secret K8 = x⟪E310⟫",
    "a secret called like a parameter": "secret env⟪E117⟫",
    "a pool without slots": "pool k9 = 0⟪E310⟫",
    "a job twice": "job k10⟪E305⟫",
    "an escape": 'param k11 = "a\\d"⟪E307⟫',
    "indented below a parameter": "param k12 = 1\n    echo⟪E303⟫",
    "a line that is nothing": "k13 and so on⟪E301⟫",
}
RULES = {
    "a missing file": 'use "nothere.fact" as k20⟪E601⟫\nk20b: k20/x k20',
    "a used job with mistakes": 'use "used.fact" as k21\n    colour = 1⟪E604⟫\nk21b: k21/known',
    "a misspelt value of a used job": 'use "right.fact" as k55\n    neded = 1⟪E604⟫\nk55b: k55/t',
    "a value of a used job is missing": 'use "right.fact" as k56⟪E605⟫\nk56b: k56/t k56/x⟪E102⟫',
    "an open bracket": "[ok 0⟪E302⟫\nk22:\n    true",
    "an unknown attribute": "[retires 2]⟪E304⟫\nk23:\n    true",
    "a misspelt attribute that declares": "[eahc q24 in a b]⟪E304⟫\nk24:\n    echo {{q24}}",
    "an each without in": "[each q25 a b]⟪E304⟫\nk25:\n    echo {{q25}}\nk25b: k25[a]",
    "values with commas": "[each q26 in a, b, c]⟪E304⟫\nk26:\n    echo {{q26}}\nk26b: k26[c]",
    "values twice": "[each q27 in a a]⟪E116⟫\nk27:\n    echo {{q27}}",
    "an each called like a parameter": "[each day in a b]⟪E117⟫\nk28:\n    true",
    "a variable with a comma": "[env A=1, B=2]⟪E304⟫\nk29:\n    true",
    "a duration of two words": "[timeout 1 hour]⟪E304⟫\nk54:\n    true",
    "a duration": "[timeout 5min]⟪E304⟫\nk30:\n    true",
    "a code in both lists": "[ok 0 2, noop 2]⟪E105⟫\nk31:\n    true",
    "an unknown pool": "[pool dsk]⟪E111⟫\nk32:\n    true",
    "a retry on what is fine": "[retry 2 on 0]⟪E114⟫\nk33:\n    true",
    "a retry of nothing": "[retry 2]\nk34: first⟪E304⟫",
    "attributes above nothing": "[finally] k35: first⟪E304⟫\n    true",
    "a comma between dependencies": "k36: first, load⟪E311⟫\n    true",
    "a recipe behind the name": "[timeout 5m]\nk37: first; true⟪E311⟫",
    "a name with blanks": "k 38: first⟪E312⟫\n    true",
    "no blank behind the colon": "k39:first⟪E301⟫\n    true",
    "a quote is not closed": 'k40: "first⟪E302⟫\n    true',
    "a blank that is none": "k41:\u00a0first⟪E308⟫\n    true",
    "a task twice": "first:⟪E101⟫\n    true",
    "an unknown task": "k42: nowhere⟪E102⟫\n    true",
    "an unknown value of an each": "k43: load[uk]⟪E102⟫\n    true",
    "a circle": "k44: k44b⟪E103⟫\nk44b: k44",
    "waits for a final task": "[finally]\nk45:\n    true\nk45b: k45⟪E113⟫\n    true",
    "a value in $(…)": "k46:\n    echo $(date {{day}})⟪E204⟫",
    "an unknown parameter": "k47:\n    echo {{nope}}⟪E202⟫",
    "a section": "k48:\n    echo {{#day}}⟪E201⟫",
    "exec with two lines": "[exec]\nk49:\n    a⟪E207⟫\n    b",
    "indented less": "k50:\n      a\n   b⟪E303⟫",
    "a value that is needed": "[cd {{k51}}]⟪E501⟫\nk51b:\n    true",
    "a recipe and a command": '[command "a"]\nk52:\n    true⟪E304⟫',
    "several in one line": "[timeout 10, ok x, pool dsk]⟪E304 E304 E111⟫\nk53: first, nowhere⟪E311 E102⟫\n    true",
}
EXTRA = {"a value that is needed": "param k51"}  # what a kind needs besides, right

USED = """job used

[pool disk]
known: unknown
    echo {{u}} $(date {{v}})

parm v = 1
"""
USED_PLACES: Places = [(4, "E102"), (5, "E202"), (5, "E204"), (7, "E301")]

# ---- JSON: what a kind puts into the object of the job, and what among the tasks

HEAD = '{\n  "schema": "iglu:factc/factfile/jsonschema/1-0-0",\n  "data": {\n    "name": "j",\n'
SOUND_TASKS = [
    '{"name": "load", "each": [{"name": "r", "values": ["eu", "us"]}], "script": "echo {{r}}", "dependsOn": ["first"]}',
    '{"name": "first", "script": "true", "pools": ["disk"]}',
    '{"name": "last", "command": "echo", "arguments": ["{{env}}"], "dependsOn": ["load[eu]", "load"]}',
]
MEMBERS = {
    "a number for a text": '"description": 1⟪E021⟫',
    "an unknown property": '"descripton": "x"⟪E023⟫',
    "misspelt pools": '"pool": {"k": 2}⟪E023⟫',
    "a key twice": '"name": "k"⟪E011⟫',
    "an unknown shell": '"shell": "fish"⟪E024⟫',
    "a secret called like a parameter": '"secrets": ["env"]⟪E117⟫',
    "a duration of the run": '"timeout": "5min"⟪E110⟫',
    "an object for an object of texts": '"environment": {"A": {"b": 1}}⟪E021⟫',
}
TASKS = {
    "a comma is missing": '{"name": "k1", "script": "true" "dependsOn": ["first"]}⟪E010⟫',
    "a comma too many": '{"name": "k2", "script": "true",}⟪E010⟫',
    "single quotes": "{'name': 'k3', 'script': 'true'}⟪E010⟫",
    "Python": '{"name": "k4", "script": "true", "finally": True}⟪E010⟫',
    "a comment": '{"name": "k5", "script": "true"/* a comment */}⟪E010⟫',
    "a quote is missing": '{"name": "k6, "script": "true", "dependsOn": ["first"]}⟪E010⟫',
    "a quote is missing at the end": '{"name": "k7", "script": "true}⟪E010⟫',
    "a colon is missing": '{"name" "k8", "script": "true"}⟪E010⟫',
    "an escape": '{"name": "k9", "script": "a\\d"}⟪E010⟫',
    "a key without quotes": '{name: "k10", "script": "true"}⟪E010⟫',
    "a value without quotes": '{"name": "k11", "script": "true", "timeout": 30s}⟪E010⟫',
    "a script twice": '{"name": "k12", "script": "a", "script": "b"}⟪E011⟫',
    "half a character": '{"name": "k13", "script": "\\ud800"}⟪E015⟫',
    "a list without brackets": '{"name": "k14", "script": "true", "dependsOn": "first", "last"]}⟪E010⟫',
    "a list is not closed": '{"name": "k15", "dependsOn": ["first", "script": "true"}⟪E010⟫',
    "an object is not closed": '{"name": "k16", "script": "true"⟪E010⟫',
    "a number for a duration": '{"name": "k17", "script": "true", "timeout": 30}⟪E021⟫',
    "a text for a list": '{"name": "k18", "script": "true", "dependsOn": "first"}⟪E021⟫',
    "a misspelt dependsOn": '{"name": "k19", "script": "true", "dependson": ["b"]}⟪E023⟫',
    "a misspelt name": '{"nmae": "k20", "script": "true"}⟪E023⟫,\n{"name": "k20b", "dependsOn": ["k20"]}',
    "a misspelt script": '{"name": "k21", "scirpt": "true", "timeout": "5m"}⟪E023⟫',
    "no name": '{"script": "true"}⟪E022⟫',
    "an object for an each": '{"name": "k22", "each": {"q": ["a"]}, "script": "echo {{q}}"}⟪E021⟫,\n'
    '{"name": "k22b", "dependsOn": ["k22[a]"]}',
    "a number for a retry": '{"name": "k23", "script": "true", "retry": 3}⟪E021⟫',
    "a code as a text": '{"name": "k24", "script": "a", "onResult": {"continueJob": ["1"], "terminateJobWithSuccess": [0]}}⟪E021⟫',
    "both a command and a script": '{"name": "k25", "script": "true", "command": "true"}⟪E108⟫',
    "an unknown executor": '{"name": "k26", "script": "true", "executor": "ssh"}⟪E106⟫',
    "a task twice": '{"name": "first", "script": "true"}⟪E101⟫',
    "an unknown task": '{"name": "k27", "script": "true", "dependsOn": ["nowhere"]}⟪E102⟫',
    "waits for itself": '{"name": "k28", "script": "true", "dependsOn": ["k28"]}⟪E103⟫',
    "an unknown pool": '{"name": "k29", "script": "true", "pools": ["dsk"]}⟪E111⟫',
    "a value in $(…)": '{"name": "k30", "script": "echo $(date {{env}})"}⟪E204⟫',
    "a section": '{"name": "k31", "script": "echo {{#env}}"}⟪E201⟫',
    "a code in both lists": '{"name": "k32", "script": "a", "onResult": {"continueJob": [0, 3], "terminateJobWithSuccess": [3]}}⟪E105⟫',
    "a missing file": '{"name": "k33", "use": "nothere.fact"}⟪E601⟫,\n{"name": "k33b", "dependsOn": ["k33/x"]}',
    "a text for a list of codes": '{"name": "k38", "script": "a", "onResult": {"continueJob": "0"}}⟪E021⟫',
    "a used job and a script": '{"name": "k39", "use": "right.fact", "script": "a"}⟪E601 E605⟫',
    "values that are no object": '{"name": "k34", "use": "right.fact", "values": "x"}⟪E021⟫',
    "a comma and the name behind it": '{"name": "k36", "dependsOn": ["first" "nowhere"]}⟪E010 E102⟫',
    "a comma and the name before it": '{"name": "k37", "dependsOn": ["nowhere"⟪E010 E102⟫\n"first"]}',
    "several in one line": '{"name": "k35", "script": \'a\', "timeout": "5min", "pools": ["dsk"], "dependsOn": ["nowhere"],}⟪E010 E110 E111 E102 E010⟫',
}  # fmt: skip
# Kinds that different stages find: how it is written, its shape, names, graph, templates, commands.
STAGES = {
    "text": {
        "misspelt keyword", "a comma between dependencies", "an open bracket", "an unknown attribute", "indented less",
        "a missing file", "a used job with mistakes", "a default that is not allowed", "values twice", "an unknown pool",
        "an unknown task", "a circle", "an unknown parameter", "a section", "a value in $(…)", "exec with two lines",
    },
    "JSON": {
        "a comma is missing", "a quote is missing", "an object is not closed", "half a character", "a number for a text",
        "an unknown property", "a misspelt name", "no name", "a missing file", "an unknown executor", "an unknown task",
        "waits for itself", "an unknown pool", "a section", "a value in $(…)", "several in one line",
    },
}  # fmt: skip
RIGHT = "job right\nparam needed\nt:\n    echo {{needed}}\n"


def written(text: str) -> tuple[str, Places]:
    """A text without its marks, and where they stood."""
    places = [
        (number, code)
        for number, line in enumerate(text.split("\n"), 1)
        for found in _MARK.findall(line)
        for code in found.split()
    ]
    return _MARK.sub("", text), sorted(places)


def text_job(kinds: Iterable[str]) -> tuple[str, Places]:
    """A text job with these mistakes in it, those of its own file."""
    kinds = list(kinds)
    top = [EXTRA[kind] for kind in kinds if kind in EXTRA] + [DECLARATIONS[k] for k in kinds if k in DECLARATIONS]
    rules = [RULES[kind] for kind in kinds if kind in RULES]
    return written(
        TEXT_TOP + "".join(one + "\n" for one in top) + TEXT_RULES + "".join("\n" + one + "\n" for one in rules)
    )


def json_job(kinds: Iterable[str]) -> tuple[str, Places]:
    """A JSON Factfile with these mistakes in it: a task a line."""
    kinds = list(kinds)
    members = ['"parameters": [{"name": "env", "default": "dev"}]', '"pools": {"disk": 2}']
    members += [MEMBERS[kind] for kind in kinds if kind in MEMBERS]
    tasks = SOUND_TASKS + [TASKS[kind] for kind in kinds if kind in TASKS]
    text = HEAD + "".join(f"    {one},\n" for one in members) + '    "tasks": [\n'
    return written(text + ",\n".join("      " + one for one in tasks) + "\n    ]\n  }\n}\n")
