"""The whole number that a text says: what comes from outside may be of any length, and digits of any script.

Knows digits alone.
"""

from __future__ import annotations

MOST = 18  # digits: more are no number of anything here, and Python refuses to read thousands


def number(text: str) -> int | None:
    """Of ASCII digits and nothing else; None for all other text, and for too many of them."""
    return int(text) if len(text) <= MOST and text.isascii() and text.isdigit() else None
