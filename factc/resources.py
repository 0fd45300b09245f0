"""Files that come with the package, named as in a checkout: the grammar with its tables, and the schemas.

In an installed package they lie inside it, in a checkout beside it.
"""

from __future__ import annotations

import os

GRAMMAR = "grammar/fact.lark"
TABLES = "grammar/fact.tables.json"  # of that grammar

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def path(name: str) -> str:
    """Where such a file stands."""
    inside = os.path.join(_PACKAGE, name)
    return inside if os.path.exists(inside) else os.path.join(os.path.dirname(_PACKAGE), name)


def text(name: str) -> str:
    """The text of such a file."""
    with open(path(name), encoding="utf-8") as file:
        return file.read()
