"""Durations as a job writes them: what is wrong with one, in words, with a way out.

Knows `durations`' form; does not know which attribute or member the duration stands in.
"""

from __future__ import annotations

import re

from factc.durations import LONGEST, parsed

_UNITS = {"sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m",
          "minutes": "m", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "msec": "ms",
          "millis": "ms"}  # fmt: skip


def refusal(text: str, *, zero: bool = False) -> tuple[str, str] | None:
    """Why a text is no duration that can be used, and a way out; None if it is one. `zero`: 0 is one too."""
    if text.isdecimal() and text.isascii() and not (zero and not int(text[:20])):
        return f"missing unit: `{text[:20]}`", f"write {text[:20]}s, {text[:20]}m or {text[:20]}h"
    seconds = parsed(text) if len(text) < 100 else None
    if seconds is None:
        return f"`{text[:60]}` is no duration", _meant(text)
    if not seconds and not zero:
        return f"`{text}` is no time at all", "leave it out where there is no limit"
    if seconds > LONGEST:
        return f"`{text}` is longer than ten years", "such as 90s, 20m or 1h30m"
    return None


def _meant(text: str) -> str:
    match = re.fullmatch(r"([0-9]+)[ _-]?([A-Za-z]+)", text)
    if match and (unit := _UNITS.get(match[2].lower(), match[2].lower() if match[2].lower() in "msdh" else "")):
        return f"write {match[1]}{unit}"
    if re.fullmatch(r"[0-9]*[.,][0-9]+[a-z]+", text):
        return "only whole numbers: write 1h30m for an hour and a half"
    return "whole numbers with ms, s, m, h or d, the largest first, such as 90s or 1h30m"
