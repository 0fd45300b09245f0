"""Text as a person may see it: control characters and line separators as escapes.

Knows characters; knows no terminal.
"""

from __future__ import annotations

_FIRST = frozenset(" \u3000:#")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


_COMMANDS = ("::", "##[")  # as a line begins that the log of a workflow of GitHub takes for an order, behind any blanks


def visible(words: str) -> str:
    """The text in one line that neither a terminal nor the log of a workflow takes for an order."""
    if not words.isprintable():
        words = "".join(c if c.isprintable() or c == "\u3000" else _escape(c) for c in words)
    if words[:1] in _FIRST and (text := words.lstrip()).startswith(_COMMANDS):
        return words[: len(words) - len(text)] + _escape(text[0]) + text[1:]
    return words


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
