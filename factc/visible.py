"""Text as a person may see it: control characters and line separators as escapes.

Knows characters; knows no terminal.
"""

from __future__ import annotations

_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def visible(words: str) -> str:
    """The text in one line that no terminal takes for an order."""
    if words.isprintable():
        return words
    return "".join(c if c.isprintable() or c == "\u3000" else _escape(c) for c in words)


def visible_json(text: str) -> str:
    """The same JSON, but no terminal takes anything in it for an order: such characters are escaped, as JSON can."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else _json_escape(ord(c)) for c in text)


def _json_escape(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def _escape(character: str) -> str:
    code = ord(character)
    escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return _SHORT.get(character, escape)
