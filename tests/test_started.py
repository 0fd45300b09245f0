"""Run, plan and script start the same program with the same words, variables and folder, whatever stands in any of them.

A small program that goes by many names writes down how it was started.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from factc.cli import main
from tests.jobs import FACTC, factfile

# What it was called, and what it is; its words; its variables; where it is. In C where that can be, for there are many.
IN_C = r"""
#include <stdio.h>
#include <unistd.h>
extern char **environ;
static void put(FILE *file, char **words) { for (; *words; words++) { fputs(*words, file); putc(0, file); } putc(0, file); }
int main(int count, char **words) {
    static char path[9999], folder[9999];
    char *rest[] = {path, folder, NULL};
    FILE *file = fopen(SAID, "a");
    if (readlink("/proc/self/exe", path, 9998) < 0 || !getcwd(folder, 9998)) return 9;
    put(file, rest); put(file, environ);
    fprintf(file, "%d", count); putc(0, file); for (int i = 0; i < count; i++) { fputs(words[i], file); putc(0, file); }
    return fclose(file);
}
"""
IN_PYTHON = (
    f"#!{sys.executable} -ISE"
    + r"""
import os, sys
path, words = os.path.realpath(sys.argv[0]), [os.path.basename(sys.argv[0]), *sys.argv[1:]]
variables = [f"{name}={value}" for name, value in os.environ.items()]
texts = [path, os.getcwd(), "", *variables, "", str(len(words)), *words, ""]
with open(SAID, "ab") as file:
    file.write(os.fsencode("\0".join(texts)))
"""
)
PLAIN = """printf '%s\\0' /plain / '' '' 1 plain >>SAID\n"""


class Said:
    """What the probe says of one start."""

    def __init__(self, texts: list[str]) -> None:
        self.program, self.folder = texts[:2]
        end = texts.index("", 3)
        variables = dict(text.split("=", 1) for text in texts[3:end])
        self.task = variables.get("FACTC_TASK")
        self.variables = {n: v for n, v in variables.items() if n not in ("_", "SHLVL") and not n.startswith("FACTC_")}
        self.words = texts[end + 2 : end + 2 + int(texts[end + 1])]
        self.rest = texts[end + 2 + int(texts[end + 1]) :]

    def same(self, other: Said) -> bool:
        return self._compared() == other._compared()

    def _compared(self) -> tuple[object, ...]:
        variables = {name: value for name, value in self.variables.items() if name not in OF_SHELLS}
        return self.program, self.folder, self.words, variables

    def __repr__(self) -> str:
        return f"{self.program} {self.words} in {self.folder} with {self.variables}"


OF_SHELLS = ("PPID", "_")  # some shells export these as they set them themselves
HOSTILE = ["-", "--", "-u", "-i", "-S", "-Stouch ran", "-n", "-c", "=", "a=b", "=a", "-a=b", "~", "~root", "*", "?", "[", "[a]", "{a,b}",
           "$(touch ran)", "`touch ran`", "${HOME}", "$A", "a b", " ", "it's", '"', "\\", "a\\", "\\n", "!", "!!", "#", "# x", ";", "&",
           "|", ">ran", "<x", "(", ")", "a\nb", "\n", "a\n", "\t", "\r", "\x1b[31m", "\x03", "\x85", "é", "🎉", "%", "%s", "%%", "+x",
           "@", ":", ".", "..", "cd", "echo", "exec", "test", "env", "nice", "if", "time", "all", "found", "limited", "skip", "do",
           "A=1", "\ufeff", "\u2028", "{a}", "}}", "-e", "+e"]  # fmt: skip
PROGRAMS = [word for word in HOSTILE if "/" not in word and word not in (".", "..", "nice", "env")]
FOLDERS = [
    "-",
    "-x",
    "a b",
    "~",
    "$(touch ran)",
    "*",
    "..x",
    "a\nb",
    "it's",
    "sub",
    "link/..",
    "link",
    "./sub/../-x",
    "=",
    "-P",
    "é!",
]
NAMES = [word for word in HOSTILE if "=" not in word] + [
    "A",
    "my var",
    "a.b",
    "UID",
    "PPID",
    "IFS",
    "PWD",
    "OLDPWD",
    "LINENO",
    "1",
    "-Sx",
]
TEXTS = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_characters="\0{", exclude_categories=("Cs",)), max_size=5)
)
SHELLS = [["sh"], ["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"], ["ksh"]]


class Place:
    """A folder with the probe under all its names, and with folders to go to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said = root / "said"
        self.bin = root / "bin"
        for folder in ("bin", "home", "work", "other/deep", "work/sub/own"):
            (root / folder).mkdir(parents=True)
        self.work = root / "work"
        (self.work / "link").symlink_to(root / "other" / "deep")
        for name in FOLDERS:
            (self.work / name).mkdir(parents=True, exist_ok=True)
        self._made = self._compiled()
        self.put(self.bin / "probe")
        for name in PROGRAMS:
            (self.bin / name).symlink_to("probe")

    def _compiled(self) -> bytes:
        compiler = shutil.which("cc")
        if compiler and sys.platform == "linux":
            (self.root / "probe.c").write_text(IN_C.replace("SAID", json.dumps(str(self.said))))
            done = subprocess.run([compiler, "-o", self.root / "made", self.root / "probe.c"], capture_output=True)
            if done.returncode == 0:
                return (self.root / "made").read_bytes()
        return IN_PYTHON.replace("SAID", repr(str(self.said))).encode()

    def put(self, path: Path) -> None:
        path.write_bytes(self._made)
        path.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        here = os.environ.get("PATH", "/bin:/usr/bin")
        return {
            "PATH": f"{self.bin}:{here}",
            "HOME": str(self.root / "home"),
            "LC_ALL": "C.UTF-8",
            "PWD": str(self.work),
        }

    def verb(self, *words: str) -> str:
        """Standard output of a verb, from that folder and environment."""
        before = os.getcwd()
        os.chdir(self.work)
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        try:
            with (
                patch.dict(os.environ, self.environment, clear=True),
                redirect_stdout(out),
                redirect_stderr(io.TextIOWrapper(io.BytesIO(), "utf-8")),
            ):
                main(list(words))
        finally:
            os.chdir(before)
        return out.buffer.getvalue().decode()  # type: ignore[attr-defined]

    def told(self) -> list[Said]:
        rest = self.said.read_bytes().decode().split("\0") if self.said.exists() else [""]
        self.said.unlink(missing_ok=True)
        assert not list(self.root.rglob("ran"))
        found = []
        while len(rest) > 1:
            found.append(Said(rest))
            rest = found[-1].rest
        return found

    def shell(self, shell: list[str], text: str) -> list[Said]:
        """What the probe says of a text that a shell reads."""
        file = self.root / "text"
        file.write_bytes(text.encode())
        subprocess.run(
            [*shell, str(file)],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        return self.told()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    root = Path(tempfile.mkdtemp()).resolve()
    yield Place(root)
    shutil.rmtree(root)


def same(place: Place, tasks: list[dict[str, Any]], shells: list[list[str]], *more: str) -> list[Said]:
    """What a run says, once plan and script were seen to say the same."""
    (place.work / "job.json").write_text(factfile(*tasks, schema=FACTC))
    place.verb("run", "job.json", "--no-record", "--output", "quiet", "-j1", *more)
    ran = place.told()
    plan, script = place.verb("plan", "job.json", *more), place.verb("plan", "--script", "job.json", *more)
    for shell in shells:
        if shutil.which(shell[0]):
            pasted = place.shell(shell, plan)
            assert len(pasted) == len(ran) and all(map(Said.same, pasted, ran)), (shell, plan, ran, pasted)
            alone = place.shell(shell, script)
            assert len(alone) == len(ran) and all(map(Said.same, alone, ran)), (shell, script, ran, alone)
            assert [one.task for one in alone] == [one.task for one in ran]
    return ran


def jobs() -> st.SearchStrategy[list[dict[str, Any]]]:
    names = st.one_of(
        st.sampled_from(NAMES),
        st.text(st.characters(exclude_characters="\0={", exclude_categories=("Cs",)), min_size=1, max_size=4),
    )
    around = {
        "environment": st.dictionaries(names, TEXTS, max_size=3),
        "directory": st.sampled_from(FOLDERS),
        "timeout": st.just("60s"),
        "description": TEXTS,
        "pools": st.just([]),
    }
    direct = st.fixed_dictionaries(
        {"command": st.sampled_from(PROGRAMS), "executor": st.just("exec"), "arguments": st.lists(TEXTS, max_size=4)},
        optional=around,
    )
    script = st.fixed_dictionaries(
        {"script": st.lists(TEXTS, max_size=3).map(lambda words: shlex.join(["probe", *words]).replace("{{", "{"))},
        optional=around,
    )
    holes = st.fixed_dictionaries({"script": st.just('probe {{v}} "{{v}}" \'{{v}}\' x{{v}} "$A"')}, optional=around)
    return st.lists(st.one_of(direct, script, holes), min_size=2, max_size=5)


def check(place: Place, tasks: list[dict[str, Any]], titles: list[str], value: str, shells: list[list[str]]) -> None:
    for i, task in enumerate(tasks):
        task["name"] = f"{i}{titles[i % len(titles)]}" if titles else f"{i}"
        if i:
            task["dependsOn"] = [tasks[i - 1]["name"]]
    ran = same(place, tasks, shells, "--env", json.dumps({"v": value}))
    assert [one.task for one in ran] == [task["name"] for task in tasks]
    for one, task in zip(ran, tasks, strict=True):
        if task.get("executor"):
            assert one.words == [task["command"], *task["arguments"]]
            wanted = {name: text for name, text in task.get("environment", {}).items() if name not in OF_SHELLS}
            assert wanted.items() <= one.variables.items()
        assert one.folder == os.path.realpath(place.work / task.get("directory", "."))
        if "PWD" not in task.get("environment", {}):
            assert one.variables["PWD"] == one.folder


@given(jobs(), st.lists(TEXTS, max_size=3), TEXTS)
@settings(max_examples=2, deadline=None, phases=(Phase.explicit, Phase.generate))
def test_run_plan_and_script_are_one(place: Place, tasks: list[dict[str, Any]], titles: list[str], value: str) -> None:
    check(place, tasks, titles, value, [["sh"], ["bash"]])


@pytest.mark.large
@given(jobs(), st.lists(TEXTS, max_size=3), TEXTS)
@settings(max_examples=100, deadline=None)
def test_run_plan_and_script_are_one_often(
    place: Place, tasks: list[dict[str, Any]], titles: list[str], value: str
) -> None:
    check(place, tasks, titles, value, SHELLS)


# ---- which program it is

WAYS: dict[str, tuple[dict[str, Any], str]] = {
    "on factc's PATH": ({"command": "probe"}, "bin/probe"),
    "on its own PATH": ({"command": "probe", "environment": {"PATH": "{root}/own"}}, "own/probe"),
    "the first of two": ({"command": "probe", "environment": {"PATH": "{root}/none:{root}/own:{root}/bin"}}, "own/probe"),
    "only on factc's PATH": ({"command": "probe", "environment": {"PATH": "{root}/none"}}, ""),
    "one that may not be executed, then one that may": ({"command": "probe", "environment": {"PATH": "{root}/flat:{root}/own"}}, "own/probe"),
    "a folder in its place": ({"command": "own", "environment": {"PATH": "{root}"}}, ""),
    "in a folder of its folder": ({"command": "probe", "environment": {"PATH": "own"}, "directory": "sub"}, "work/sub/own/probe"),
    "here, by an empty PATH": ({"command": "probe", "environment": {"PATH": ""}, "directory": "sub/own"}, "work/sub/own/probe"),
    "here, by an empty end": ({"command": "probe", "environment": {"PATH": "{root}/none:"}, "directory": "sub/own"}, "work/sub/own/probe"),
    "by a path": ({"command": "./own/probe", "directory": "sub"}, "work/sub/own/probe"),
    "by a path without a dot": ({"command": "sub/own/probe"}, "work/sub/own/probe"),
    "by a path with a sign": ({"command": "sub/own/a=b"}, "work/sub/own/a=b"),
    "by an absolute path": ({"command": "{root}/own/probe", "environment": {"PATH": "/none"}}, "own/probe"),
    "an empty name": ({"command": "", "arguments": ["x"]}, ""),
    "a script that does not say what reads it": ({"command": "plain"}, "plain"),
    "such a one by its path": ({"command": "sub/own/plain"}, "plain"),
    "such a one with a sign": ({"command": "pl=in"}, "plain"),
    "a shell on its own PATH": ({"script": "probe", "environment": {"PATH": "{root}/sh:{root}/own"}}, "own/probe"),
    "a shell that is not there": ({"script": "probe", "environment": {"PATH": "{root}/own"}}, ""),
    "a shell by exec": ({"command": "sh", "arguments": ["-c", "probe $0", "x"], "environment": {"PATH": "{root}/sh:{root}/own"}}, "own/probe"),
    "a program that is given -c": ({"command": "echo", "arguments": ["-c", "x"]}, "bin/probe"),
    "none of that name": ({"command": "nosuch"}, ""),
}  # fmt: skip


def test_each_way_to_name_a_program(place: Place) -> None:
    for folder in ("own", "flat", "sh", "none"):
        (place.root / folder).mkdir()
    for path in (place.root / "own" / "probe", place.work / "sub" / "own" / "probe", place.work / "sub" / "own" / "a=b",
                 place.root / "flat" / "probe"):  # fmt: skip
        place.put(path)
    (place.root / "flat" / "probe").chmod(0o644)
    (place.root / "sh" / "sh").symlink_to(shutil.which("sh") or "")
    for path in (place.bin / "plain", place.bin / "pl=in", place.work / "sub" / "own" / "plain"):
        path.write_text(PLAIN.replace("SAID", shlex.quote(str(place.said))))
        path.chmod(0o755)
    tasks, expected = [], {}
    for name, (way, program) in WAYS.items():
        text = json.dumps({"name": name, "executor": "exec" if "command" in way else "shell", **way})
        tasks.append(json.loads(text.replace("{root}", str(place.root))))
        expected[name] = program
    said = same(place, tasks, [["sh"], ["bash"]])
    programs = [one.program.removeprefix(f"{place.root}/").removeprefix("/") for one in said]
    assert programs == [program for program in expected.values() if program]
    (place.bin / "elf").write_bytes(b"\x7fELF\0\0")
    (place.bin / "elf").chmod(0o755)
    assert not same(place, [{"name": "elf", "executor": "exec", "command": "elf"}], [])


def test_the_folder_that_tasks_see(place: Place) -> None:
    """PWD is where they are: whatever factc inherited, behind -C, and by the name by which the caller knows the place."""
    (place.work / "job.json").write_text(factfile({"name": "t", "executor": "exec", "command": "probe"}, schema=FACTC))
    (place.root / "name").symlink_to(place.work)
    for inherited, seen in (
        ("/", "work"),
        ("relative", "work"),
        (str(place.work) + "/sub", "work"),
        (str(place.root / "name"), "name"),
    ):
        with patch.object(Place, "environment", {**place.environment, "PWD": inherited}):
            place.verb("run", "job.json", "--no-record", "--output", "quiet")
        assert place.told()[0].variables["PWD"] == str(place.root / seen)
    shutil.copy(place.work / "job.json", place.work / "sub" / "job.json")
    place.verb("run", "-C", "sub", "job.json", "--no-record", "--output", "quiet")
    assert place.told()[0].variables["PWD"] == str(place.work / "sub")


def test_a_recipe_is_never_an_option_of_its_shell(place: Place) -> None:
    for text in ("-u x", "-c 'touch ran'", "+e x", "-", "--version"):
        known = not text.startswith("--v")
        said = same(place, [{"name": "t", "script": text}], [["sh"], ["bash"]])
        assert [one.words for one in said] == ([shlex.split(text)] if known else [])


def test_comments_are_for_people(place: Place) -> None:
    names = [
        "t\u00e9l\u00e9chargement d'idf",
        "load[eu,1]",
        "a\x1b[31m\nb",
        "$(touch ran)",
        "it's $(x)",
        "a; b",
        "1/2 (or 3) > 4",
        "~ # = ^ {a}",
    ]
    (place.work / "job.json").write_text(factfile(*({"name": name} for name in names), schema=FACTC))
    said = [line[2:].partition(" · ")[0] for line in place.verb("plan", "job.json").splitlines() if line]
    assert said == ['"t\u00e9l\u00e9chargement d\'idf"', "load[eu,1]", "'a\\x1b[31m\\nb'", "'$(touch ran)'", "'it'\\''s $(x)'", '"a; b"',
                    '"1/2 (or 3) > 4"', "~ # = ^ {a}"]  # fmt: skip
