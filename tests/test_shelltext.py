"""Where a tag stands in shell text, and that a value is the same word there whatever it holds."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factc.model.template import Tag, parse
from factc.plan import BARE, DOUBLE, SINGLE, quoted
from factc.shell.scanner import (  # fmt: skip
    ANSI,
    ARITHMETIC,
    BACKSLASH,
    BACKTICK,
    COMMENT,
    DOLLAR,
    EXPANSION,
    HERE_DOCUMENT,
    SUBSCRIPT,
    SUBSTITUTION,
    UNSAFE,
    places,
)
from tests.conftest import Ran
from tests.draws import draws

Factc = Callable[..., Ran]


def at(text: str) -> list[str]:
    return places(parse(text)[0])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("echo {{x}}", BARE), ("{{x}}", BARE), ("a={{x}}", BARE), ("echo a{{x}}b", BARE), ("cat < {{x}} > b", BARE),
        ("(cd {{x}})", BARE), ("{ cd {{x}}; }", BARE), ("a; b {{x}}", BARE), ("if [ {{x}} = a ]; then b; fi", BARE),
        ("case {{x}} in a) ;; esac", BARE), ("case a in {{x}}) ;; esac", BARE), ("for i in {{x}}; do a; done", BARE),
        ("echo a#{{x}}", BARE), ("echo \\\\{{x}}", BARE), ("echo \\'{{x}}", BARE), ('echo "a" {{x}}', BARE),
        ("echo 'a'{{x}}", BARE), ("echo $a{{x}}", BARE), ("echo $$ {{x}}", BARE), ("echo ${a} {{x}}", BARE),
        ("echo $(a) {{x}}", BARE), ("echo $((1+1)) {{x}}", BARE), ("echo `a` {{x}}", BARE), ("[[ a =~ {{x}} ]]", BARE),
        ("cat <<E\na\nE\necho {{x}}", BARE), ("cat <<-E\n\ta\n\tE\necho {{x}}", BARE), ("cat <<'E E'\na\nE E\n{{x}}", BARE),
        ("cat <<A <<B\na\nA\nb\nB\n{{x}}", BARE), ("cat <<< {{x}}", BARE), ("diff <(a) {{x}}", BARE), ("a \\\n {{x}}", BARE),
        ("echo $'a' {{x}}", BARE), ("echo \\$ {{x}}", BARE), ("echo $\\{ {{x}}", BARE),
        ('echo "{{x}}"', DOUBLE), ('echo "a b{{x}}"', DOUBLE), ('echo "it\'s {{x}}"', DOUBLE), ('echo "\\"{{x}}"', DOUBLE),
        ('echo "$(a)" "{{x}}"', DOUBLE), ('echo "${a}{{x}}"', DOUBLE), ('echo "# {{x}}"', DOUBLE), ('echo "a\n{{x}}"', DOUBLE),
        ("echo \"$a'{{x}}'\"", DOUBLE), ('a="{{x}}"', DOUBLE), ('echo "`a`{{x}}"', DOUBLE), ('echo "$$ {{x}}"', DOUBLE),
        ('echo "\\${{x}}"', DOUBLE), ('echo "$${{x}}"', DOUBLE),
        ("echo '{{x}}'", SINGLE), ("echo 'a \"{{x}}\"'", SINGLE), ("echo '$({{x}})'", SINGLE), ("echo 'a\\'{{x}}", BARE),
        ("echo '# {{x}}'", SINGLE), ("echo 'a\n{{x}}'", SINGLE), ("echo a'b'{{x}}'c'", BARE),
        ("# {{x}}", COMMENT), ("echo a # {{x}}\nb", COMMENT), ("a;# {{x}}", COMMENT), ("(a) # '{{x}}", COMMENT),
        ("echo $({{x}})", SUBSTITUTION), ('echo "$(a {{x}})"', SUBSTITUTION), ("echo $(a 'b' \"{{x}}\")", SUBSTITUTION),
        ("echo $(case a in b) {{x}};; esac)", SUBSTITUTION), ("echo $( (a) {{x}} )", SUBSTITUTION), ("a=$(b '{{x}}')", SUBSTITUTION),
        ("echo $(a # it's\n{{x}})", SUBSTITUTION), ("echo \"$(echo \")\" {{x}})\"", SUBSTITUTION),
        ("echo $((1 + {{x}}))", ARITHMETIC), ("echo \"$(( (1) + {{x}} ))\"", ARITHMETIC), ("(( i = {{x}} ))", ARITHMETIC),
        ("echo ${a:-{{x}}}", EXPANSION), ('echo "${a:-{{x}}}"', EXPANSION), ("echo ${a:-'{{x}}'}", EXPANSION),
        ("echo ${a#\"{{x}}\"}", EXPANSION), ("echo ${a:-${b:-{{x}}}}", EXPANSION),
        ("echo `a {{x}}`", BACKTICK), ('echo "`a {{x}}`"', BACKTICK), ("echo `a '{{x}}'`", BACKTICK), ("echo `a \\`{{x}}\\``", BACKTICK),
        ("cat <<E\n{{x}}\nE", HERE_DOCUMENT), ("cat <<'E'\n{{x}}\nE", HERE_DOCUMENT), ("cat <<-E\n\t{{x}}\n\tE", HERE_DOCUMENT),
        ("cat <<{{x}}\na", HERE_DOCUMENT), ("a | cat << \"E\" && b\n{{x}}\nE", HERE_DOCUMENT),
        ("echo ${{x}}", DOLLAR), ('echo "${{x}}"', DOLLAR), ("echo a$$${{x}}", DOLLAR), ("echo \\\\${{x}}", DOLLAR),
        ("echo \\{{x}}", BACKSLASH), ('echo "\\{{x}}"', BACKSLASH),
        ("echo $'{{x}}'", ANSI), ("echo $'it\\'s' {{x}}", ANSI), ("a[{{x}}]=b", SUBSCRIPT),
    ],
)  # fmt: skip
def test_where_a_tag_stands(text: str, place: str) -> None:
    assert at(text) == [place]


def test_several_tags() -> None:
    assert at("a {{x}} \"{{y}}\" '{{z}}' $({{x}}) # {{y}}\n{{z}}") == [
        BARE,
        DOUBLE,
        SINGLE,
        SUBSTITUTION,
        COMMENT,
        BARE,
    ]


@settings(max_examples=draws(300), deadline=None)
@given(st.lists(st.sampled_from([*"ab $\"'`\\(){}[]<>&|;#\n\t!=", "{{x}}", "$(", "${", "$((", "<<E", "\nE\n", "case ", " in ", " esac", "$'"]),
                max_size=25).map("".join))  # fmt: skip
def test_whatever_the_text_every_tag_has_a_place(text: str) -> None:
    pieces, _ = parse(text)
    found = places(pieces)
    assert len(found) == sum(isinstance(piece, Tag) for piece in pieces)
    assert set(found) <= {BARE, DOUBLE, SINGLE, COMMENT, *UNSAFE}


# ---- values

NASTY = [
    "plain", "", " ", "two words", "it's", '"', "\\", "\\\\", "trailing\\", "$HOME", "$(touch oops)", "`touch oops`", "a;touch oops",
    "a && touch oops | b > oops", "*", "~", "-n", "%s", "!x", "line one\nline two", "\n", "tab\there", "'; touch oops; '", '"; touch oops; "',
    "\x1b[31m", "é 🎉", "#x", "{{x}}", "${x}", "'\\''", "\r", "&", "(", "}", "a=b", "\x7f",
]  # fmt: skip
PLACES = {BARE: "printf %s {{x}}", DOUBLE: 'printf %s "{{x}}"', SINGLE: "printf %s '{{x}}'"}
SHELLS = ["dash", "bash", "zsh", "ksh", "busybox"]


def printed(shell: str, text: str, folder: Path) -> str:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    command = [shell, "sh", "-c", text] if shell == "busybox" else [shell, "-c", text]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout.decode()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_arrives_as_it_is(shell: str, tmp_path: Path) -> None:
    """All values in all places, also between other characters, in one text."""
    lines, wanted = [], []
    for value in NASTY:
        for place, text in PLACES.items():
            for around in ("{}", "a{}b", "{}{}", "'q'{}" if place == BARE else "q{}"):
                lines.append(text.replace("{{x}}", around.replace("{}", quoted(value, place))) + "; printf '\\0'")
                wanted.append(around.replace("'q'", "q").replace("{}", value))
    assert printed(shell, "\n".join(lines), tmp_path) == "".join(f"{w}\0" for w in wanted)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=draws(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=20
    )
)
def test_any_value_arrives_as_it_is(values: list[str], tmp_path: Path) -> None:
    lines = [f"printf '%s\\0' {quoted(v, BARE)} \"{quoted(v, DOUBLE)}\" '{quoted(v, SINGLE)}'" for v in values]
    assert printed("dash", "\n".join(lines), tmp_path) == "".join(f"{v}\0" * 3 for v in values)


def test_from_the_command_line_to_the_task(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text(
        "job j\nparam x\na:\n    printf '%s|' {{x}} \"<{{x}}>\" '[{{x}}]' a{{x}}b # {{x}}\n[exec]\nb: a\n    printf %s| {{x}}\n"
        '[env V={{x}}]\nc: b\n    printf %s "$V"\n'
    )
    factc("compile", "job.fact", "-o", "job.factotum")
    for value in NASTY:
        ran = factc("run", "job.factotum", "--set", f"x={value}", "--output", "raw", "--no-record")
        assert ran.raw_out.decode() == f"{value}|<{value}>|[{value}]|a{value}b|{value}|{value}", ran
    assert not (tmp_path / "oops").exists()
