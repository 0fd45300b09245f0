"""What no screen shows of a text: control characters and sequences, and characters that turn a line round.

Knows bytes in UTF-8. The screen removes it, and the mask looks as if it were removed: both by what stands here, so no
secret comes together on the screen that the mask has not seen.
"""

from __future__ import annotations

import re

BODY = 4096  # bytes of a string (a title, a link) behind its introducer: what is longer is text, for screen and mask
PARAMETERS = 256  # bytes of parameters in a sequence

# All but tab and line feed; C1; U+2028 and U+2029; what turns the direction of writing: U+202A to U+202E, U+2066 to
# U+2069.
_ONE = (
    rb"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]|\xc2[\x80-\x8f\x91-\x97\x99\x9a\x9c]"
    rb"|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]"
)
_INTRODUCED = (
    rb"(?:\x1b\[|\xc2\x9b)[0-?]{0,%(p)d}[ -/]{0,%(p)d}[@-~]?"  # CSI
    rb"|(?:\x1b[\]PX^_]|\xc2[\x9d\x90\x98\x9e\x9f])"  # OSC, DCS, SOS, PM, APC …
    rb"(?:[^\x07\n\x1b\xc2]|\xc2(?!\x9c)){0,%(b)d}(?:\x07|\x1b\\|\xc2\x9c)?"  # … with their end, or that of the line
    rb"|\x1b[ -/]{0,%(p)d}[0-~]?"
) % {b"p": PARAMETERS, b"b": BODY}

REMOVED = rb"(?:" + _ONE + rb")+|(?P<sequence>" + _INTRODUCED + rb")"
COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")

# What may go on with more bytes: the beginning of a sequence or of a character.
_OPEN = (
    rb"(?:(?:\x1b\[|\xc2\x9b)[0-?]{0,%(p)d}[ -/]{0,%(p)d}"
    rb"|(?:\x1b[\]PX^_]|\xc2[\x9d\x90\x98\x9e\x9f])(?:[^\x07\n\x1b\xc2]|\xc2(?!\x9c)){0,%(b)d}\x1b?"
    rb"|\x1b[ -/]{0,%(p)d}|\xc2|\xe2[\x80\x81]?)\Z" % {b"p": PARAMETERS, b"b": BODY}
)
REACH = BODY + 8  # bytes before a place that tell whether a sequence is cut there
_SINGLE = bytes(sorted({*range(0x20), 0x7F} - {0x09, 0x0A}))


def of_removed() -> re.Pattern[bytes]:
    """`REMOVED`, made when there is something to look for: making it is felt at the start of a run."""
    return re.compile(REMOVED)


def plain(data: bytes) -> bool:
    """Whether nothing has to be removed; may be False for text beyond ASCII without need."""
    return len(data.translate(None, _SINGLE)) == len(data) and (
        data.isascii() or not (b"\xc2" in data or b"\xe2\x80" in data or b"\xe2\x81" in data or data.endswith(b"\xe2"))
    )


def removed(data: bytes) -> bytes:
    """The bytes without what no screen shows."""
    return data if plain(data) else of_removed().sub(b"", data)


def latest(line: bytes) -> bytes:
    """Of a line that was written over from its beginning (a progress bar), what was written last; its end stays."""
    text = line.rstrip(b"\r")
    at = text.rfind(b"\r") + 1
    if at and not (text.isascii() and b"\x1b" not in text):  # one within a sequence is part of that
        at = 0
        for match in of_removed().finditer(text):
            if not match.lastgroup:
                at = max(at, text.rfind(b"\r", match.start(), match.end()) + 1)
    return line[at:]


def settled(data: bytes) -> bytes:
    """Lines as they stand in the end, each without what was written over."""
    return b"\n".join(map(latest, data.split(b"\n"))) if b"\r" in data else data


def whole(data: bytes) -> int:
    """Up to where no sequence, and no character, is cut in two."""
    size = len(data)
    tail = data[-REACH:]
    found = re.compile(_OPEN).search(tail) if not plain(tail) or not tail[-2:].isascii() else None
    at = size - len(tail) + found.start() if found else size
    return min(at, _characters(data))


def entire(data: bytes, at: int) -> int:
    """From where on, at that place or behind it, no sequence and no character has lost its beginning."""
    if at <= 0:
        return 0
    for match in of_removed().finditer(data, max(0, at - REACH)):
        if match.end() > at:
            at = match.end() if match.start() < at else at
            break
    for place in range(at, min(at + 3, len(data))):
        if data[place] & 0xC0 != 0x80:
            return place
    return min(at, len(data)) if at + 3 > len(data) else at


def _characters(data: bytes) -> int:
    """Up to where every character in UTF-8 is whole; bytes that begin none count as whole."""
    size = len(data)
    for back in range(1, min(3, size) + 1):
        byte = data[size - back]
        if byte >= 0xC0:
            needs = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF8 else 1
            return size - back if needs > back else size
        if byte < 0x80:
            break
    return size
