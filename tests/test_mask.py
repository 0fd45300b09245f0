"""The mask: no spelling of a secret gets through, nothing else is changed, and nothing is held back without need."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from factc.controls import plain
from factc.screen.lines import Lines
from factc.secrets.forms import PARTED, WRAPPED, forms
from factc.secrets.heads import Automaton, Blocks
from factc.secrets.mask import Mask
from tests.draws import draws

KEY = "\n".join(
    ["-----BEGIN PRIVATE KEY-----"]
    + [base64.b64encode(random.Random(i).randbytes(48)).decode() for i in range(45)]
    + ["-----END PRIVATE KEY-----", ""]
)

FINDERS = [Blocks, *([Automaton] if importlib.util.find_spec("ahocorasick_rs") else [])]


def masked(data: bytes, *secrets: str) -> bytes:
    masker = Mask(secret.encode() for secret in secrets).stream()
    return masker.feed(data) + masker.rest()


def in_pieces(mask: Mask, data: bytes, cuts: list[int]) -> bytes:
    masker = mask.stream()
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [masker.feed(data[start:end]) for start, end in pairwise(bounds)]
    return b"".join(pieces) + masker.rest()


def plainly(data: bytes, secrets: list[bytes]) -> bytes:
    """The same in the simplest way: where any form stands, marked byte by byte."""
    found = sorted(
        (at, at + len(form))
        for form in {form for secret in secrets for form in forms(secret)}
        for at in range(len(data))
        if data.startswith(form, at)
    )
    out, done = b"", 0
    for start, end in found:
        if start >= done:
            out += data[done:start] + b"***"
        done = max(done, end)
    return out + data[done:]


SECRET = "pä/ss \"w<o>rd' & 5%"


@pytest.mark.parametrize(
    "written",
    [
        SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1], json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        quote(SECRET), quote(SECRET, safe=""), quote_plus(SECRET), quote(SECRET, safe="!'()*~"), quote(SECRET).replace("%C3%A4", "%c3%a4").lower(),
        SECRET.encode().hex(), SECRET.encode().hex().upper(), SECRET.replace("'", "'\\''"), SECRET.replace("'", "'\"'\"'"),
        base64.b64encode(SECRET.encode()).decode(), base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)  # fmt: skip
def test_each_spelling_is_masked(written: str) -> None:
    assert masked(f"a {written} b".encode(), SECRET) == b"a *** b"
    assert Mask([SECRET.encode()]).text(f"a {written} b") == "a *** b"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "us", "user:", "user2:"])
@pytest.mark.parametrize("after", ["", "x", "xy", "@host"])
@pytest.mark.parametrize("secret", ["hunter2", "hunter22", "hunter222", "\u00ff\u00fe?>~~??"])
def test_in_base64_only_what_is_shared_with_neighbours_remains(
    encode: object, before: str, after: str, secret: str
) -> None:
    text: bytes = encode((before + secret + after).encode())  # type: ignore[operator]
    left = masked(text, secret)
    start, end = left.split(b"***")
    bits = 8 * len(before.encode()), 8 * len((before + secret).encode())
    assert start == text[: -(-bits[0] // 6)]
    assert end == (text[bits[1] // 6 :] if after else b"")


def test_lines_of_a_value_are_secrets_of_their_own() -> None:
    lines = KEY.split("\n")
    assert masked(KEY.encode(), KEY) == b"***\n"
    assert masked(KEY.replace("\n", "\r\n").encode(), KEY) == b"***\r\n"
    assert masked(" ".join(lines).encode(), KEY).replace(b"***", b"").strip() == b""
    assert masked(f"x {lines[7]} {base64.b64encode(lines[9].encode()).decode()}".encode(), KEY) == b"x *** ***"
    assert masked(json.dumps({"key": KEY}).encode(), KEY) == b'{"key": "***\\n"}'


PIECES = st.sampled_from([*"abä\"'\\/<%&,\x7f\t \u2028", "%0A", "\\n"])


@given(st.lists(st.lists(PIECES, max_size=12).map("".join), min_size=1, max_size=6))
@example(['x", ', '", "', "%0a", "'\\n'"])
def test_forms_of_many_lines_are_those_of_each(texts: list[str]) -> None:
    """However many are made at once."""
    of_each = [forms(text.strip().encode()) for text in texts if len(text.strip()) >= 4]
    assert set(forms("\n".join(texts).encode())).issuperset(chain(*of_each))


def test_a_line_of_blanks_and_brackets_is_no_secret() -> None:
    text = b'{\n    "a": [\n        1\n    ]\n  }\n      '
    assert masked(text, '{\n  "password": "hunter22",\n      \n  }\n}\n') == text


@pytest.mark.parametrize("secret", ["", "abc", "\n", "    ", "abc\n", "\n\n\n\n\n"])
def test_what_is_too_short_is_not_masked(secret: str) -> None:
    text = b"a abc     YWJj 616263\n\n\n\n\n\n"
    assert not Mask([secret.encode()])
    assert masked(text, secret) == text


def test_no_secrets_no_mask() -> None:
    assert not Mask([])
    assert Mask([b"hunter22"])
    assert not [form for form in forms("größer".encode()) if len(form) < 4]


def test_the_longest_form_wins_and_overlaps_are_covered_to_the_end() -> None:
    assert masked(b"a hunter22longer b", "hunter22", "hunter22longer") == b"a *** b"
    assert masked(b"a abcdefgh b", "abcdef", "defgh") == b"a *** b"
    assert masked(b"xabcabcabx", "abcab") == b"x***x"
    assert masked(b"hunter22hunter22", "hunter22") == b"******"


def test_only_what_may_be_the_beginning_of_a_form_is_held_back() -> None:
    masker = Mask([b"hunter22", b"hot stuff"]).stream()
    assert masker.feed(b"the end\n") == b"the end\n"
    assert masker.feed(b"a h") == b"a "
    assert masker.feed(b"unter") == b""
    assert masker.feed(b"s\n") == b"hunters\n"
    assert masker.feed(b"hunter22\nho") == b"***\n"
    assert (masker.rest(), masker.rest()) == (b"ho", b"")


def test_a_form_that_may_grow_is_told_before_it_has_ended() -> None:
    masker = Mask([b"hunter22", b"r22xyz"]).stream()
    assert masker.feed(b"hunter22") == b"***"
    assert masker.feed(b"x") == b""
    assert masker.feed(b"yz.") == b"."
    assert masker.feed(b"hunter22") == b"***"
    assert masker.feed(b"x.") == b"x."


ODD = st.sampled_from(["a", "b", "\n", "é", "/", "'", "-", " "])
UNSEEN = st.sampled_from(
    [b"\x1b[1m", b"\x1b", b"\0", b"\x1b]0;", b"\x07", b"\xc2\x9b", b"\r", b"\xe2\x80\xae", b"\x1b[K", b"[", b"\xc2"]
)
VALUES = st.lists(
    st.one_of(st.text(ODD, max_size=30), st.text(st.characters(exclude_characters="*\0", codec="utf-8"), max_size=20)),
    max_size=3,
)


@st.composite
def written(draw: st.DrawFn) -> tuple[list[bytes], bytes, list[int]]:
    """Secrets, bytes with forms of them, whole and in part, and cuts."""
    secrets = [value.encode() for value in draw(VALUES)]
    known = sorted({form for secret in secrets for form in forms(secret)}) or [b"none"]
    part = st.tuples(st.sampled_from(known), st.integers(0, 60), st.integers(0, 60)).map(lambda p: p[0][p[1] : -p[2]])
    apart = st.tuples(st.sampled_from(known), st.integers(0, 60), UNSEEN).map(
        lambda p: p[0][: p[1]] + p[2] + p[0][p[1] :]
    )
    piece = st.one_of(
        st.sampled_from(known), part, apart, UNSEEN, st.text(ODD, max_size=5).map(str.encode), st.binary(max_size=10)
    )
    data = b"".join(draw(st.lists(piece, max_size=8)))
    return secrets, data, draw(st.lists(st.integers(0, 400), max_size=12))


@settings(max_examples=draws(300), deadline=None)
@given(written())
@example(([b"aaaa"], b"aaaaaaaaaa", [3, 5, 6]))
@example(([b"a" * 20], b"a" * 70, [19, 20, 21, 60]))
def test_the_pieces_are_the_whole_and_no_form_is_left(case: tuple[list[bytes], bytes, list[int]]) -> None:
    secrets, data, cuts = case
    mask = Mask(secrets, Blocks)
    whole = in_pieces(mask, data, [])
    if plain(data) and not WRAPPED.search(data):
        assert whole == plainly(data, secrets)
    assert in_pieces(mask, data, cuts) == whole
    assert in_pieces(mask, data, list(range(len(data)))) == whole
    left = [*whole.split(b"***"), *PARTED.sub(b"", whole).split(b"***")] if b"*" not in data else []
    assert not [form for secret in secrets for form in forms(secret) for piece in left if form in piece]
    if len(FINDERS) > 1:
        native = Mask(secrets, Automaton)
        assert in_pieces(native, data, []) == in_pieces(native, data, cuts) == whole


def test_bytes_of_any_kind_pass() -> None:
    data = bytes(range(256)) * 40
    assert masked(data, "hunter22", KEY) == data
    masker = Mask([b"\xff\xfe\xfd\xfc\xfb"]).stream()
    assert masker.feed(b"\xff\xfe\xfd\xfc\xfb\xff") + masker.rest() == b"***\xff"
    assert Mask([b"hunter22"]).text("\udc80 hunter22 \ud800") == "\udc80 *** \ud800"


CANARY = "c4nary/ö+'\"$x<&> and more of it?"
COMMANDS = {
    "plain": 'printf "%s\\n" "$S"',
    "base64": 'printf "%s" "$S" | base64 -w0 2>/dev/null || printf "%s" "$S" | base64',
    "base64 of more": 'printf "user:%s@host" "$S" | base64 | tr -d "\\n"',
    "od": 'printf "%s" "$S" | od -An -v -tx1 | tr -d " \\n"',
    "xxd": 'printf "%s" "$S" | xxd -p -c 256',
    "json": f"{sys.executable} -c 'import json, os; print(json.dumps(os.environ[\"S\"]))'",
    "json unescaped": f"{sys.executable} -c 'import json, os; print(json.dumps(os.environ[\"S\"], ensure_ascii=False))'",
    "url": f"{sys.executable} -c 'import os, urllib.parse as u; print(u.quote(os.environ[\"S\"]), u.urlencode(dict(s=os.environ[\"S\"])))'",
    "trace": 'set -x; : "$S"',
    "unquoted": "echo $S",
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_a_canary_from_a_real_shell(name: str) -> None:
    if name == "xxd" and not shutil.which("xxd"):
        pytest.skip("xxd is not on this machine")
    command = ["sh", "-c", COMMANDS[name]]
    environment = {**os.environ, "S": CANARY, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    out = masked(done.stdout, CANARY)
    assert done.returncode == 0 and b"***" in out
    shown = out.replace(b"***", b"")
    assert b"nary" not in shown and len(shown) <= 25, out


GREP, BOLD, TITLE = "\x1b[01;31m\x1b[K{}\x1b[m\x1b[K", "\x1b[1m{}\x1b[0m", "{}\x1b]0;a title\x07"
SECRETS = ["hunter22-abc", "größe-żółw-22", 'tab\tand "more"', "two lines\nof a secret\n"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "part",
    [
        lambda s: s[:3] + GREP.format(s[3:5]) + s[5:], lambda s: GREP.format(s[:4]) + s[4:], lambda s: "".join(BOLD.format(c) for c in s),
        lambda s: TITLE.format(s[:4]) + s[4:], lambda s: s[:4] + "\x1b]8;;http://x\x1b\\" + s[4:], lambda s: s[:4] + "\x9b31m" + s[4:],
        lambda s: "\0".join(s), lambda s: "\x07".join(s), lambda s: s[:5] + "\u202e" + s[5:], lambda s: s[:2] + "\x1bP1$r\x1b\\" + s[2:],
        lambda s: s[:6] + "\r" + s[6:], lambda s: "\x1b]0;" + s + "\x07", lambda s: s[:4] + "\u2028\x7f\x85" + s[4:],
    ],
)  # fmt: skip
def test_what_no_screen_shows_parts_no_secret(secret: str, part: Callable[[str], str]) -> None:
    """Neither for a screen, which shows it without, nor for who searches the log."""
    data = f"it is {part(secret.rstrip())}, well\n".encode()
    for mask in (Mask([secret.encode()], make) for make in FINDERS):
        out = in_pieces(mask, data, [])
        shown = Lines("", False).add(out)
        assert shown.startswith("it is ***") and shown.endswith(", well\n") and len(shown) < 25, (out, shown)
        assert in_pieces(mask, data, list(range(len(data)))) == out
        assert not any(line.encode() in PARTED.sub(b"", out) for line in secret.splitlines())


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_characters_are_masked(secret: str, encoding: str) -> None:
    data = f"it is {secret}, well".encode(encoding)
    for mask in (Mask([secret.encode()], make) for make in FINDERS):
        out = in_pieces(mask, data, [])
        assert b"***" in out and len(PARTED.sub(b"", out)) < 30
        assert in_pieces(mask, data, list(range(len(data)))) == out


@pytest.mark.parametrize("secret", [KEY, "a token of-some-length-0123456789", "hunter22"])
@pytest.mark.parametrize(("width", "end"), [(76, "\n"), (64, "\n"), (76, "\r\n"), (60, "\n    ")])
def test_line_ends_that_an_encoder_puts_in_part_no_secret(secret: str, width: int, end: str) -> None:
    """As `base64`, `openssl` and `xxd -p` do, whatever stands before."""
    mask = Mask([secret.encode()])
    for before in range(0, 60, 1 if len(secret) < 100 else 17):
        whole = b"x" * before + secret.rstrip().encode() + b"yz" * 40
        for text in (base64.b64encode(whole).decode(), whole.hex()):
            data = end.join(text[at : at + width] for at in range(0, len(text), width)).encode()
            out = in_pieces(mask, data, [])
            kept = len(whole.replace(secret.rstrip().encode(), b"")) * len(text) / len(whole)
            assert out.count(b"***") == 1 and len(out.replace(end.encode(), b"")) <= kept + 8, (before, out)
            assert in_pieces(mask, data, list(range(0, len(data), 7 if len(data) < 300 else 577))) == out


def test_colours_of_what_is_covered_do_not_run_on() -> None:
    assert masked(b"\x1b[31mhun\x1b[0mter22 rest", "hunter22") == b"\x1b[31m***\x1b[0m rest"


def test_what_no_screen_shows_is_not_held_without_end() -> None:
    masker = Mask([b"hunter22"]).stream()
    out = masker.feed(b"hun") + b"".join(masker.feed(bytes(50_000)) for _ in range(20)) + masker.feed(b"ter22!")
    assert out + masker.rest() == b"***!"
    masker.feed(b"hun")
    for _ in range(20):
        masker.feed(bytes(50_000))
        assert len(masker._held) < 200_000


def cost(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def lines(count: int) -> bytes:
    return b"\n".join(base64.b64encode(random.Random(i).randbytes(9)) for i in range(count))


def test_making_a_mask_takes_time_in_proportion() -> None:
    """Short lines, lines that begin alike, and lines that hold each other."""
    kinds: list[Callable[[int], bytes]] = [
        lines, lambda n: b"\n".join(b"NAME_%06d=x" % i for i in range(n)), lambda n: b"\n".join(b"ab" * (i % 60 + 2) for i in range(n))
    ]  # fmt: skip
    for of in kinds:
        few, many = (min(cost(partial(Mask, [of(n)], Blocks)) for _ in range(2)) for n in (300, 1200))
        assert many < 8 * few + 0.02


@pytest.mark.parametrize("text", ["a log", "the beginnings of lines"])
def test_masking_costs_no_more_for_many_words(text: str) -> None:
    data = b"12:00:00 INFO module/some.py: copied 1234 files to s3://bucket/path in 12.3 s\n" * 800
    if text != "a log":
        data = b"NAME_00 and NAME_0 and NAME_99999999=y\n" * 1600

    def spent(count: int) -> float:
        mask = Mask([b"\n".join(b"NAME_%06d=x" % i for i in range(count))], Blocks)
        return min(cost(lambda: [stream.feed(data) for stream in [mask.stream()]]) for _ in range(3))

    assert spent(4000) < 6 * spent(250) + 0.02


def test_a_long_secret_line_by_line_is_not_looked_at_again_and_again() -> None:
    def looked_at(count: int) -> int:
        data, seen = lines(count), []

        def counting(known: Sequence[bytes]) -> Callable[[bytes], Iterable[int]]:
            find = Blocks(known)
            return lambda data: (seen.append(len(data)), find(data))[1]

        masker = Mask([data], counting).stream()
        for line in data.splitlines(True):
            masker.feed(line)
        return sum(seen)

    assert looked_at(400) < 5 * looked_at(100)


def test_a_long_value_needs_little_memory() -> None:
    Mask([b"hunter22 and more"])
    tracemalloc.start()
    mask = Mask([KEY.encode()])
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert mask and used < 1_000_000
