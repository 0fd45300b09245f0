"""The mask: bytes as they come, with every secret in them replaced by `***`.

Knows the usual spellings of a value; knows no task, file, screen or network, and forgets what has gone through.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from bisect import bisect_right
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STARS = b"***"
LEAST = 4  # bytes of a form, and characters of a line: what is shorter stands in innocent text everywhere

# Looking for forms one after the other would take longer with each secret and each line of a key. So the text is cut
# into blocks and these are looked up: a form of `_LONG` bytes or more covers a whole block wherever it stands, and the
# first such block begins in one of the form's first `_BLOCK` bytes.
_BLOCK = 8
_LONG = 2 * _BLOCK - 1


class Mask:
    """The forms of some secrets. False if there are none: then nothing needs to be masked.

    A secret that is printed again within itself, or into which another one runs, is covered to its very end: what is
    replaced is each stretch in which forms overlap.
    """

    __slots__ = ("_forms", "_blocks", "_short", "_inner")

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._forms = sorted({form for secret in secrets for form in forms(secret)})
        self._short = _families(form for form in self._forms if len(form) < _LONG)
        self._inner = frozenset(byte for form in self._forms for byte in form[: min(len(form), _LONG) - 1])
        self._blocks: dict[int, tuple[int, ...]] = {}
        for number, form in enumerate(self._forms):
            if len(form) >= _LONG:
                self._add(number, form)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def stream(self) -> Masker:
        """For one stream of bytes; each needs its own."""
        return Masker(self)

    def text(self, text: str) -> str:
        """A whole text, masked."""
        masker = self.stream()
        data = text.encode("utf-8", "surrogatepass")
        return (masker.feed(data) + masker.rest()).decode("utf-8", "surrogatepass")

    def find(self, data: bytes, more: bool) -> tuple[list[tuple[int, int]], int]:
        """Where forms stand, in order, and from where on the end may be the beginning of one, if more comes."""
        found, held = self._find_long(data, more)
        for family in self._short:
            if family[0] in data:
                for form in family:
                    found += _places(form, data)
        found.sort()
        return found, min(held, self._tail(data)) if more else len(data)

    def _add(self, number: int, form: bytes) -> None:
        for offset in range(_BLOCK):
            (block,) = memoryview(form[offset : offset + _BLOCK]).cast("Q")
            self._blocks[block] = (*self._blocks.get(block, ()), number * _BLOCK + offset)

    def _find_long(self, data: bytes, more: bool) -> tuple[list[tuple[int, int]], int]:
        found: list[tuple[int, int]] = []
        held = size = len(data)
        blocks = memoryview(data)[: size - size % _BLOCK].cast("Q")
        if self._blocks.keys().isdisjoint(blocks):  # as nearly always
            return found, held
        for at, block in enumerate(blocks):
            for code in self._blocks.get(block, ()):
                form, start = self._forms[code // _BLOCK], at * _BLOCK - code % _BLOCK
                if start < 0:
                    continue
                if data.startswith(form, start):
                    found.append((start, start + len(form)))
                elif more and start < held and start + len(form) > size and form.startswith(data[start:]):
                    held = start
        return found, held

    def _tail(self, data: bytes) -> int:
        """As `held`, but for the last bytes, which may be too few to cover a block."""
        size = len(data)
        if not data or data[-1] not in self._inner:
            return size
        for at in range(max(0, size - _LONG + 1), size):
            piece = data[at:]
            after = bisect_right(self._forms, piece)  # the first one behind it, in order: any that goes on comes here
            if after < len(self._forms) and self._forms[after].startswith(piece):
                return at
        return size


def _families(short: Iterable[bytes]) -> list[list[bytes]]:
    """Forms in groups, each with all that hold its first one: where that is not, none of them is."""
    families: list[list[bytes]] = []
    for form in sorted(short, key=len):
        family = next((family for family in families if family[0] in form), None)
        if family is None:
            families.append([form])
        else:
            family.append(form)
    return families


def _places(form: bytes, data: bytes) -> Iterator[tuple[int, int]]:
    at = data.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = data.find(form, at + 1)


class Masker:
    """One stream on its way through a mask.

    What may be the beginning of a form is held back until more comes, or until `rest`.
    """

    __slots__ = ("_mask", "_held", "_covered")

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = b""
        self._covered = 0  # so many of the bytes held are part of what was replaced last

    def feed(self, data: bytes) -> bytes:
        """What may go on, now that more has come."""
        return self._passed(self._held + data, True)

    def rest(self) -> bytes:
        """What is still held back, at the end of the stream."""
        return self._passed(self._held, False)

    def _passed(self, data: bytes, more: bool) -> bytes:
        found, held = self._mask.find(data, more)
        pieces: list[bytes] = []
        done = self._covered
        for start, end in found:
            if start >= held:
                break
            if start >= done:
                pieces += (data[done:start], STARS)
                done = end
            elif end > done:
                done = end
        pieces.append(data[done:held])
        self._held = data[held:]
        self._covered = max(0, done - held)
        return b"".join(pieces)


def forms(secret: bytes) -> set[bytes]:
    """All spellings of a value that are masked, those of its lines too."""
    value = secret.rstrip(b"\r\n")
    lines = value.replace(b"\r\n", b"\n").split(b"\n")
    # Without the blanks around them: else a line of blanks, or one such as `    }`, would mask half of all texts.
    bare = [line.strip() for line in lines]
    bodies = {value, b"\n".join(lines), b"\r\n".join(lines), *(line for line in bare if _characters(line) >= LEAST)}
    bodies = {body for body in bodies if len(body) >= LEAST and body.strip()}
    return {form for body in bodies for form in _spelled(body) if len(form) >= LEAST}


def _characters(data: bytes) -> int:
    return len(data.decode("utf-8", "replace"))


def _spelled(body: bytes) -> Iterator[bytes]:
    yield body
    yield body.replace(b"'", b"'\\''")  # as `set -x` shows it in bash
    yield body.replace(b"'", b"'\"'\"'")  # and in dash
    yield from _json(body)
    yield from _url(body)
    yield body.hex().encode()
    yield body.hex().upper().encode()
    yield from _base64(body)


def _json(body: bytes) -> Iterator[bytes]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return
    for ascii_only in (True, False):
        plain = json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()
        yield plain
        yield plain.replace(b"/", b"\\/")
        yield plain.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")  # as Go writes it


_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")


@cache
def _escapes() -> list[list[bytes]]:
    """What each byte becomes: with and without `/`, as a form field, and as JavaScript's encodeURIComponent does it."""
    tables = []
    for safe, blank in ((b"", b"%20"), (b"/", b"%20"), (b"", b"+"), (b"!'()*", b"%20")):
        kept = _UNRESERVED.union(safe)
        for digits in (b"%%%02X", b"%%%02x"):
            tables.append([bytes((byte,)) if byte in kept else digits % byte for byte in range(256)])
            tables[-1][0x20] = blank
    return tables


def _url(body: bytes) -> Iterator[bytes]:
    if not _UNRESERVED.issuperset(body):
        for table in _escapes():
            yield b"".join([table[byte] for byte in body])


_TO_URL = bytes.maketrans(b"+/", b"-_")


def _base64(body: bytes) -> Iterator[bytes]:
    """What base64 makes of a value, whatever stands before it; with its last character where nothing comes behind."""
    for before in range(3):
        text = b2a_base64(b"\0" * before + body, newline=False)
        bits = 8 * (before + len(body))
        own = text[-(-8 * before // 6) : bits // 6]  # the characters that hold bits of the value alone
        last = text[bits // 6 :]
        for form in (own, own + last.rstrip(b"="), own + last):
            yield form
            yield form.translate(_TO_URL)
