"""The whole number that a text says, or a size: what comes from outside may be of any length, digits of any script.

Knows digits alone.
"""

from __future__ import annotations

MOST = 18  # digits: more are no number of anything here, and Python refuses to read thousands


def number(text: str) -> int | None:
    """Of ASCII digits and nothing else; None for all other text, and for too many of them."""
    return int(text) if len(text) <= MOST and text.isascii() and text.isdigit() else None


def size(text: str) -> int | None:
    """Bytes: `2G`, `500M`, `64K` (by 1,024), `1.5G`, or a plain number; None for all other text."""
    power = "KMGT".find(text[-1:].upper()) + 1 if text[-1:] else 0
    whole, point, part = (text[:-1] if power else text).partition(".")
    before, after = number(whole), number(part) if point else 0
    if before is None or after is None or (point and not power):
        return None
    return (before << 10 * power) + ((after << 10 * power) // 10 ** len(part) if part else 0)


def bytes_written(count: int) -> str:
    """As `size` reads it, in the largest unit of which it is a whole number."""
    power = 0
    while count and count % 1024 == 0 and power < 4:
        count, power = count // 1024, power + 1
    return f"{count}{'KMGT'[power - 1 : power]}" if power else str(count)
