"""What the caller gives a job: values by name, and tags.

Knows no job: whether a name is known or a value allowed is judged elsewhere.
"""

from __future__ import annotations

from bisect import bisect_left

from factc.diagnostic import RequestError
from factc.entered import text, texts
from factc.plan import MAX_TEXT
from factc.spelling import nearest, some

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TAG = "tag:"


class Given:
    """Values and tags from the command line.

    values: any JSON object (`--env`, and over it `--set`, whose dotted names walk into it).
    named:  the names that were given one by one (`--set`): unknown ones among them are mistakes.
    tags:   key to value; `{{tag:KEY}}` in a template.
    soft:   names (`tag:KEY` for a tag) whose values come from an earlier run: what a plan has settled goes before them.
    """

    __slots__ = ("values", "named", "tags", "soft", "_own")

    def __init__(
        self,
        values: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
        sets: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.values: dict[str, object] = dict(values or {})
        self.tags = dict(tags or {})
        self.named: list[str] = []
        self.soft: frozenset[str] = frozenset()
        self._own: set[int] = set()  # the objects that are no longer the caller's
        texts("value", self.values)
        texts("tag", self.tags)
        for key, tag in self.tags.items():
            if len((key + tag).encode(errors="replace")) > MAX_TEXT - 20:  # the name of its variable stands before it
                words = f"the tag `{key[:80]}` is longer than a variable can be"
                raise RequestError(words, f"at most {MAX_TEXT - 20:,} bytes with its key")
        for name, value in sets:
            self._set(name, value)

    def text(self, name: str) -> str | None:
        """The value of a name as text, or None if none was given (null is none too).

        Raises RequestError for a list or an object, and for a text that holds NUL.
        """
        value = self._value(name)
        if value is None:
            return None
        if isinstance(value, (dict, list)):
            kind = "a list" if isinstance(value, list) else "an object"
            raise RequestError(f"the value of `{name}` is {kind}, not a text", "give a text, a number, true or false")
        if isinstance(value, bool):
            return "true" if value else "false"
        words = text(f"the value `{name}`", str(value))
        if "\0" in words:
            raise RequestError(f"the value of `{name}` holds a NUL character", "no command can take one")
        return words

    def after(self, values: Mapping[str, str], tags: Mapping[str, str]) -> Given:
        """These values and tags, and where they say nothing, those of an earlier run."""
        values = {name: value for name, value in values.items() if self.text(name) is None}
        tags = {key: tag for key, tag in tags.items() if key not in self.tags}
        both = Given({**self.values, **values}, {**self.tags, **tags})
        both.named = self.named
        both.soft = frozenset([*values, *(TAG + key for key in tags)])
        return both

    def _value(self, name: str) -> object:
        if name.startswith(TAG) and name[len(TAG) :] in self.tags:
            return self.tags[name[len(TAG) :]]
        if name in self.values:
            return self.values[name]
        value: object = self.values
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def _set(self, name: str, value: str) -> None:
        texts("value", {name: value})
        self.named.append(name)
        *outer, last = name.split(".")
        inside = self.values
        for part in outer:
            inner = inside.get(part)
            if not isinstance(inner, dict) or id(inner) not in self._own:
                inside[part] = inner = dict(inner) if isinstance(inner, dict) else {}
                self._own.add(id(inner))
            inside = inner
        inside[last] = value


def tag_variable(key: str) -> str:
    """The variable in which tasks find a tag."""
    return "FACTC_TAG_" + "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in key)


def alike(tags: Iterable[str]) -> list[str]:
    """What is to be said of tags that tasks find in one and the same variable: it holds the last of them."""
    keys: dict[str, list[str]] = {}
    for key in tags:
        keys.setdefault(tag_variable(key), []).append(key)
    said = []
    for name, same in keys.items():
        if len(same) > 1:
            names = some([f"`{key}`" for key in same], " and ")
            said.append(f"the tags {names} are one variable to tasks: {name} holds that of `{same[-1]}`")
    return said


def allowed(name: str, value: str, values: tuple[str, ...] | None) -> str:
    """The value, if it is one of the allowed ones. Raises RequestError."""
    if values is None or value in values:
        return value
    meant = nearest(value, values)
    hint = "allowed are: " + some(values) + (f"; did you mean `{meant}`?" if meant else "")
    raise RequestError(f"`{value}` is not allowed for the parameter `{name}`", hint)


def check_names(named: Iterable[str], known: list[str]) -> None:
    """Raises RequestError for a name given by `--set` that nothing is called, and nothing inside it."""
    listed = sorted(known)
    for name in named:
        if not any(_begins(listed, whole) for whole in (name, name + ".")):
            raise unknown(name, known)


def _begins(listed: list[str], beginning: str) -> bool:
    """Whether a name is among those in order, or, with a dot at its end, begins one of them."""
    at = bisect_left(listed, beginning)
    found = listed[at : at + 1]
    return found == [beginning] or (beginning[-1:] == "." and bool(found) and found[0].startswith(beginning))


def unknown(name: str, known: list[str]) -> RequestError:
    meant = nearest(name, known)
    names = some(list(dict.fromkeys(known)))
    hint = f"did you mean `{meant}`?" if meant else f"it has: {names}" if known else "it declares none"
    return RequestError(f"the job has no parameter `{name}`", hint)


def how_to_give(names: Iterable[str]) -> str:
    """The options that give values to names."""
    options = [f"--tag {n[len(TAG) :]}=…" if n.startswith(TAG) else f"--set {n}=…" for n in names]
    return "give " + some(options, " ")
