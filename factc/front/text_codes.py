"""The codes of the mistakes that a job's text can hold, and a title for each.

Knows no text.
"""

from __future__ import annotations

TITLES = {
    "E301": "a line that is neither a rule nor anything else",
    "E302": "a quote or a bracket that is never closed",
    "E303": "wrong indentation",
    "E304": "a mistake in the attributes of a task",
    "E305": "the `job` line is missing, stands twice or in the wrong place",
    "E306": "not supported by this version",
    "E307": "a wrong escape or a raw control character in a quoted text",
    "E308": "a character that cannot stand in a job",
    "E309": "a text in single quotes",
    "E310": "a declaration that is not complete",
    "E311": "dependencies written in a wrong way",
    "E312": "a name that needs quotes",
    "W301": "a recipe that begins with names of tasks",
    "W302": "a recipe that holds what looks like a rule",
}
