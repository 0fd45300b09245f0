"""Durations as people read them: `4ms`, `1.2s`, `59.9s`, `1m 02s`, `10h 01m 03s`.

Knows seconds; knows no clock.
"""

from __future__ import annotations


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
