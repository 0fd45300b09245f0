"""Files that come with the package: the grammar and the schemas.

In an installed package they lie inside it, in a checkout beside it.
"""

from __future__ import annotations

import os

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def text(name: str) -> str:
    """The text of a file such as `grammar/fact.lark`."""
    inside = os.path.join(_PACKAGE, name)
    path = inside if os.path.exists(inside) else os.path.join(os.path.dirname(_PACKAGE), name)
    with open(path, encoding="utf-8") as file:
        return file.read()
