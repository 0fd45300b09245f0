"""Durations as people read them (`4ms`, `1.2s`, `59.9s`, `1m 02s`, `10h 01m 03s`) and write them (`90s`, `1h30m`).

Knows seconds; knows no clock.
"""

from __future__ import annotations

LONGEST = 3650 * 86_400.0  # seconds; ten years: a longer one is a slip


def shown(seconds: float) -> str:
    """Seconds in words; never `1000ms` or `60.0s`."""
    milliseconds = int(max(seconds, 0.0) * 1000 + 0.5)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    tenths = int(seconds * 10 + 0.5)
    if tenths < 600:
        return f"{tenths // 10}.{tenths % 10}s"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m {rest:02d}s"


def written(seconds: float) -> str:
    """Seconds as `parsed` takes them: `2h`, `1h30m`, `1500ms`."""
    left = int(seconds * 1000 + 0.5)
    if left % 1000:
        return f"{left}ms"
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(_UNITS[unit] * 1000))
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def plain(seconds: float) -> str:
    """Seconds as a plain number, for programs: `90`, `0.5`."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".")


def given(value: object) -> float | None:
    """The seconds that an option, a variable or an argument of the API says: as `parsed`, or a plain number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:  # a whole number can be larger than any other
            return None
    if not isinstance(value, str) or len(value) > 100:
        return None
    number, point, fraction = value.partition(".")
    if value.isascii() and number.isdigit() and (fraction.isdigit() or not point):
        return float(value)
    return parsed(value)


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def parsed(text: str) -> float | None:
    """The seconds that a text says: whole numbers with ms, s, m, h or d, the largest first; None if it says none."""
    seconds, smallest = 0.0, float("inf")
    rest = text
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        count, rest = rest[:digits], rest[digits:]
        unit = "ms" if rest.startswith("ms") else rest[:1]
        if not count or unit not in _UNITS or _UNITS[unit] >= smallest:
            return None
        smallest = _UNITS[unit]
        seconds += float(count) * smallest
        rest = rest[len(unit) :]
    return seconds if text else None
