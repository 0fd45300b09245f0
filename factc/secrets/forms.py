"""The spellings of a secret: all that programs make of a value when they print it.

Knows quoting and encodings; knows no stream and masks nothing.
"""

from __future__ import annotations

import json
import re
from binascii import b2a_base64

from factc.controls import REMOVED, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LEAST = 4  # bytes of a form, and characters of a line: what is shorter stands in innocent text everywhere

# The line ends that `base64`, `openssl` and `xxd -p` put into what they encode: many characters of it stand before.
_WRAPPED = rb"\n(?:(?<=[A-Za-z0-9+/=_-]{40}\n)|(?<=[A-Za-z0-9+/=_-]{40}\r\n))[ \t]{0,64}"
CONTEXT = 42  # bytes before a line end that decide about it
PARTED = re.compile(REMOVED + rb"|" + _WRAPPED)
WRAPPED = re.compile(_WRAPPED)


def seen(data: bytes) -> bytes:
    """As the mask sees it: without what no screen shows, and what encoders put in."""
    return data if plain(data) and not WRAPPED.search(data) else PARTED.sub(b"", data)


def forms(secret: bytes) -> list[bytes]:
    """All spellings of a value that are masked, those of its lines too; in the order in which they were made.

    (There may be a hundred thousand: in their order, going through them takes a quarter of the time.)
    """
    value = secret.rstrip(b"\r\n")
    lines = value.replace(b"\r\n", b"\n").split(b"\n")
    whole = [value, b"\n".join(lines), b"\r\n".join(lines)]
    whole += map(seen, tuple(whole))
    bodies = dict.fromkeys(body for body in whole if body.strip() and len(body) >= LEAST)
    # Without the blanks around them: else a line of blanks, or one such as `    }`, would mask half of all texts.
    bare = [line.strip() for line in lines]
    bare += [] if plain(value) else map(seen, tuple(bare))
    bodies.update(dict.fromkeys(line for line in bare if _characters(line) >= LEAST))
    odd = [body for body in bodies if body.translate(None, _UNRESERVED)]
    found = [*bodies, *_json(odd)]
    for body in odd:
        found += _wide(body)
        if b"\n" in body:
            found += (*_traced(body), *_url(body))
    if single := [body for body in odd if b"\n" not in body]:
        text = b"\n".join(single)
        for written in _traced(text):
            found += written.split(b"\n")
        for written in _url(text):
            found += written.replace(b"%0a", b"%0A").split(b"%0A")
    _add_hex(list(bodies), found.append)
    _add_base64(list(bodies), found.append)
    return list(dict.fromkeys(found))  # none of them is shorter than its body


_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"


def _characters(data: bytes) -> int:
    return len(data) if data.isascii() else len(data.decode("utf-8", "replace"))


def _traced(body: bytes) -> Iterator[bytes]:
    """As `set -x` shows it in bash, and in dash."""
    yield body.replace(b"'", b"'\\''")
    yield body.replace(b"'", b"'\"'\"'")


def _json(bodies: Sequence[bytes]) -> Iterator[bytes]:
    """All at once: no line end stands within a string of JSON."""
    texts = [text for text in map(_text, bodies) if text]
    for ascii_only in (True, False) if texts else ():
        inner = json.dumps(texts, ensure_ascii=ascii_only, separators=("\n", ":"))[2:-2].encode()
        for text in {
            inner,
            inner.replace(b"/", b"\\/"),
            inner.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026"),  # as Go writes it
        }:
            yield from text.split(b'"\n"')


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return ""


def _url(body: bytes) -> Iterator[bytes]:
    """With and without `/`, as a form field, and as JavaScript's encodeURIComponent does it."""
    others = {*body}.difference(_UNRESERVED, b"% ")
    for kept, blank in ((b"", b"%20"), (b"/", b"%20"), (b"", b"+"), (b"!'()*", b"%20")):
        for digits in (b"%%%02X", b"%%%02x"):
            text = body.replace(b"%", b"%25")
            for byte in others.difference(kept):
                text = text.replace(bytes((byte,)), digits % byte)
            yield text.replace(b" ", blank)


def _wide(body: bytes) -> Iterator[bytes]:
    """In UTF-16 and UTF-32, as the mask sees it: what is ASCII looks there as it always does."""
    if body.isascii():
        return
    for encoding in ("utf-16-le", "utf-16-be"):
        form = seen(_text(body).encode(encoding))
        if len(form) >= LEAST:
            yield form


_TO_URL = bytes.maketrans(b"+/", b"-_")


def _add_hex(bodies: Sequence[bytes], add: Callable[[bytes], None]) -> None:
    """All at once: a secret may have thousands of lines."""
    text = b"".join(bodies).hex().encode()
    upper = text.upper()
    start = 0
    for body in bodies:
        end = start + 2 * len(body)
        add(text[start:end])
        add(upper[start:end])
        start = end


def _add_base64(bodies: Sequence[bytes], add: Callable[[bytes], None]) -> None:
    """What base64 makes of values, whatever stands before; with the last character where nothing comes behind."""
    for before, blank in enumerate((b"", b"\0", b"\0\0")):
        padded = [blank + body + b"\0\0"[: -(before + len(body)) % 3] for body in bodies]
        standard = b2a_base64(b"".join(padded), newline=False)
        first = -(-8 * before // 6)  # the characters from there on hold bits of the value alone
        for text in {standard, standard.translate(_TO_URL)}:
            start = 0
            for body, filled in zip(bodies, padded, strict=True):
                bits = 8 * (before + len(body))
                end = start + bits // 6
                add(text[start + first : end])
                if bits % 6:
                    form = text[start + first : end + 1]
                    add(form)
                    add(form + (b"=" if bits % 24 == 16 else b"=="))
                start += len(filled) // 3 * 4
