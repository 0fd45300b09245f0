"""What `use` opens, and what of it is shown: files that somebody else's job names, whatever they are."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from factc.cli import main
from factc.diagnostic import CompileError
from factc.files import TooLarge, read_regular
from factc.lsp.analysis import analysed
from factc.lsp.completion import proposals
from factc.lsp.hover import hover
from factc.lsp.index import USE
from factc.lsp.library import Library
from factc.shell_completion import jobs
from factc.source import Source
from factc.syntax import is_job
from factc.syntax.source_file import read_source
from tests.conftest import ROOT, Ran, environment
from tests.jobs import FACTC, factfile

Factc = Callable[..., Ran]
SECRET = "hunter2"

# Files with a secret on every line: what a job that somebody else wrote may name.
FOREIGN = {
    "key": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n-----END {SECRET}\n",
    "env": f"{SECRET}={SECRET}\nexport {SECRET}\n",
    "netrc": f"machine {SECRET} login {SECRET}\n",
    "passwd": f"{SECRET}:x:0:0:{SECRET}:/:\n",
    "yaml": f"{SECRET}: {SECRET}\n  {SECRET}\nb: {SECRET}\n",
    "ini": f"# {SECRET}\n[default {SECRET}]\nkey = {SECRET}\n",
    "environ": f"A={SECRET}\0B={SECRET}\0",
    "one line": SECRET,
    "log": f"job 1234 started {SECRET}\njob {SECRET}: done\n",
    "word": f"job: {SECRET}\njob {SECRET}\n",
    "late": f"{SECRET}\njob late\n",
    "jobs": f"jobs {SECRET}\n",
    "bracket": f'[env A="{SECRET}"\njob a\n',
    "description": f"## {SECRET}\n## {SECRET} \\\n{SECRET}\n",
    "json": json.dumps({"password": SECRET}),
    "deep.json": f'{{"auths": {{"x": {{"auth": "{SECRET}"}}}}, "{SECRET}": 1,}}',
    "schema.json": json.dumps({"schema": f"iglu:{SECRET}/factfile", "data": {"name": SECRET}}),
    "text.json": f"{SECRET}",
    "list.json": f'["{SECRET}"]',
    "latin": f"{SECRET}\u00e9".encode("latin-1") + SECRET.encode(),
    "binary": b"\x7fELF\xff\0" + SECRET.encode() + b"\n",
    "escape": f"\x1b[31m{SECRET}\n",
}


def said(*words: str) -> str:
    """Both streams of a verb."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        main(list(words))
    return "".join(one.buffer.getvalue().decode() for one in (out, err))  # type: ignore[attr-defined]


def in_json(path: str) -> str:
    return factfile({"name": "u", "use": path}, {"name": "t", "command": "true"}, schema=FACTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", FOREIGN)
def test_nothing_of_what_is_no_job_is_shown(folder: Path, kind: str) -> None:
    """By no verb, no form of diagnostics, not while a word is completed and not in an editor."""
    content = FOREIGN[kind]
    (folder / kind).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "sub").mkdir()
    (folder / "sub" / "way.fact").write_text(f'job way\nuse "../{kind}" as u\nt: u\n    true\n')
    texts = {"job.fact": f'job j\nuse "{kind}" as u\nt: u\n    true\n', "job.json": in_json(kind),
             "two.fact": 'job two\nuse "sub/way.fact" as w\nt: w\n    true\n'}  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text)
        told = said("validate", name)
        assert "E601" in told and "does not read as a job" in told and SECRET not in told, told
        for words in (["--format", "json"], ["--format", "github"], ["--strict"]):
            assert SECRET not in said("validate", name, *words)
    for verb in ("plan", "list", "run", "compile", "dot"):
        assert SECRET not in said(verb, "job.fact"), verb
    assert SECRET not in said("complete", "run", "job.fact", "--to", "")
    assert "u/" not in said("complete", "run", "job.fact", "--to", "")
    library = Library()
    file = library.open(str(folder / "job.fact"), texts["job.fact"] + "x: ")
    assert not any(SECRET in p.label + p.detail for p in proposals(library, file, len(file.index.text) - 1))
    (use,) = file.index.names(USE)
    assert library.used(file, use) is None and use.file
    assert SECRET not in str(hover(library, file, use.file.start + 2))
    found = analysed(file.source).diagnostics
    assert not [d for d in found if d.span and d.span.source is not file.source] and SECRET not in str(found)


def test_a_job_with_mistakes_in_it_is_shown(folder: Path) -> None:
    """Where the line is drawn: a file that says at its beginning that it is a job is read as one."""
    inner = {
        "a.fact": "# with a comment\n\n[env A=1  # ] here\n]\njob a # this\nt: nope\n  [x\n",
        "b.fact": '\ufeffjob "b c"\r\nt:\r\n    {{x}}\r\n',
        "c.json": factfile({"name": "t", "comand": "x"}, schema=FACTC),
        "d.fact": "## About.\njob \\\n  d\nt:\n  {{y}}\n",
    }
    for name, text in inner.items():
        (folder / name).write_text(text, newline="")
        (folder / "job.fact").write_text(f'job j\nuse "{name}" as u\n')
        assert is_job(read_source(name))
        told = said("validate", "job.fact")
        assert f"{name}:" in told and "used here as `u`" in told and "does not read" not in told, told


def test_a_beginning_of_any_kind_is_looked_at_in_linear_time() -> None:
    for text in ("[", '["', "[ #\n", "# \n", "[a]\n", '["\\', "job ", "job \\\n"):
        assert not is_job(Source("x", text * 100_000))


def test_nothing_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    kinds = ["fifo", "/dev/zero", "/dev/tty", "/proc/self/environ", "/proc/kmsg", "/dev/stdin", "."]
    kinds = [kind for kind in kinds if kind == "fifo" or os.path.exists(kind)]
    code = f"""
from factc.cli import main
from factc.lsp.completion import proposals
from factc.lsp.library import Library
from tests.test_use import in_json
library = Library()
for kind in {kinds!r}:
    text = f'job j\\nuse "{{kind}}" as u\\nt:\\n    true\\n'
    for name, text in ("job.fact", text), ("job.json", in_json(kind)):
        open(name, "w").write(text)
        main(["validate", name])
        main(["complete", "run", name, "--to", ""])
    main(["complete", "run", kind, "--to", ""])
    file = library.open({str(tmp_path / "job.fact")!r}, open("job.fact").read() + "x: ")
    proposals(library, file, len(file.index.text) - 1)
"""
    read, write = os.pipe()  # standard input that never ends
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=read, capture_output=True, text=True, timeout=30, cwd=tmp_path,
            env=environment(PYTHONPATH=str(ROOT)),
        )  # fmt: skip
    finally:
        os.close(read)
        os.close(write)
    assert done.returncode == 0 and done.stderr.count("error[E601]") == 2 * len(kinds), done
    assert done.stdout.count("\nt\t") >= 2 * len(kinds), done


def test_a_device_is_not_even_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("opened"))
    for path in ("/dev/null", "."):
        with pytest.raises(OSError, match=r"regular|directory"):
            read_regular(path, 10)


def test_no_more_is_read_than_may_be(folder: Path) -> None:
    (folder / "file").write_bytes(b"12345")
    assert read_regular("file", 5) == b"12345"
    with pytest.raises(TooLarge):
        read_regular("file", 4)
    with open("file", "r+b") as file:
        file.truncate(1 << 40)
    (folder / "job.fact").write_text('job j\nuse "file" as u\nt:\n    true\n')
    assert "E603" in said("validate", "job.fact")
    assert "t\t" in said("complete", "run", "job.fact", "--to", "")
    assert "more than 64 MB" in said("run", "job.fact", "--env", "@/dev/zero")


def test_what_a_person_names_may_be_anything(factc: Factc, tmp_path: Path) -> None:
    text = "job j\nparam day\nsecret TOKEN\nt:\n    echo {{day}} ${#TOKEN}\n"
    (tmp_path / "job.fact").write_text(text)
    (tmp_path / "day.json").write_text('{"day": "monday"}')
    assert factc("validate", "-", input=text).code == factc("validate", "/dev/stdin", input=text).code == 0
    script = (
        'factc() { "$PYTHON" -m factc "$@"; }; factc list <(cat job.fact)'
        "; TOKEN=123456789 factc run --output raw --env @<(cat day.json) job.fact 2>&1 >out; cat out"
    )
    env = environment(PYTHON=sys.executable)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.count("echo {{day}}") == 0 and done.stdout.endswith("monday 9\n"), done
    assert done.stdout.count("TOKEN") >= 1
    os.mkfifo(tmp_path / "fifo")
    script = 'cat job.fact >fifo & "$PYTHON" -m factc validate fifo; wait'
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert "fifo is a valid" in done.stdout, done


# ---- how much


def test_five_files_that_use_each_other_often(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is read once, whoever asks, and all together have an end."""
    for i in range(5):
        uses = "".join(f'use "f{j}.fact" as u{j}_{k}\n' for k in range(18) for j in range(5) if j > i)
        (folder / f"f{i}.fact").write_text(f"job f{i}\n{uses}t:\n    true\n")
    opened: list[str] = []

    def counted(path: str, most: int) -> bytes:
        opened.append(os.path.basename(path))
        return read_regular(path, most)

    monkeypatch.setattr(jobs, "read_regular", counted)
    names = said("complete", "run", "f0.fact", "--to", "").splitlines()
    assert sorted(opened) == [f"f{i}.fact" for i in range(5)] and len(names) == 5001
    monkeypatch.setattr("factc.syntax.source_file.read_regular", counted)
    opened.clear()
    assert "E118" in said("validate", "f0.fact") and len(opened) == 4
    opened.clear()
    library = Library()
    file = library.open(str(folder / "f0.fact"), (folder / "f0.fact").read_text() + "x: ")
    found = proposals(library, file, len(file.index.text) - 1)
    assert len(opened) == 4 and len(found) < 200_000


def test_a_reach_has_an_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factc.reach.MAX_FILES", 3)
    for i in range(5):
        (folder / f"f{i}.fact").write_text(f"job f{i}\nt:\n    true\n")
    (folder / "job.fact").write_text("job j\n" + "".join(f'use "f{i}.fact" as u{i}\n' for i in range(5)))
    assert said("validate", "job.fact").count("E603") == 2
    assert said("complete", "run", "job.fact", "--to", "").count("/t\t") == 3
    library = Library()
    file = library.open(str(folder / "job.fact"), (folder / "job.fact").read_text() + "x: ")
    assert sum("/" in p.label for p in proposals(library, file, len(file.index.text) - 1)) == 3


def test_values_that_double_have_an_end_while_a_word_is_completed(folder: Path) -> None:
    text = "job j\nparam p0 = 12345678\n" + "".join(
        f'param p{i} = "{{{{p{i - 1}}}}}{{{{p{i - 1}}}}}"\n' for i in range(1, 60)
    )
    (folder / "job.fact").write_text(text + '"x{{p59}}":\n    true\nt:\n    true\n')
    assert said("complete", "run", "job.fact", "--to", "t") == ":words\nt\t\n"
    (folder / "job.fact").write_text(text + f"[each a in {'x ' * 3}, each b in " + "y " * 9 + "]\nt:\n    true\n")
    assert said("complete", "run", "job.fact", "--to", "t").count("\n") == 29


def test_a_missing_file_is_guessed_among_jobs_only(folder: Path) -> None:
    (folder / "id_rsa").write_text("x")
    (folder / "job.fact").write_text('job j\nuse "id_rs" as u\n')
    assert "id_rsa" not in said("validate", "job.fact")
    with pytest.raises(CompileError) as caught:
        read_source("id_rs")
    assert caught.value.diagnostics[0].hint == "did you mean id_rsa?"
