"""Secrets: read from the environment and from files, and found where they must not be: in the job itself.

Knows options, variables and plans; what is masked and how is the mask's business. No message from here holds a value.
"""

from __future__ import annotations

import json

from factc.diagnostic import RequestError
from factc.escape import visible
from factc.files import TooLarge, read_given
from factc.plan import DOUBLE, MAX_TEXT, SINGLE, quoted, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from factc.plan import Plan
    from factc.source import Source

LEAST = 4  # characters: to mask what is shorter would hide half of what tasks write
SHORT = 8  # what is shorter than this is likely to stand in innocent text now and then
_OWN = (
    "FACTC", "FACTC_RUN", "FACTC_RECORD", "FACTC_TASK", "FACTC_ATTEMPT", "FACTC_MARK", "FACTC_GRACE", "FACTC_SLOT",
    "FACTC_SECRETS", "FACTC_OUTCOME", "FACTC_FAILED", "FACTC_FAILED_COUNT", "FACTC_FAILED_FILE",
)  # fmt: skip
_IN_FILE = "or put the value into a file and give --secret-file NAME=PATH"


class Secret:
    """A secret: the variable under which tasks find it, and its value."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    @property
    def data(self) -> bytes:
        """The value as a mask takes it."""
        return self.value.encode()

    def __repr__(self) -> str:
        return f"Secret({self.name!r}, ***)"


def read_secrets(
    names: Sequence[str], files: Sequence[str], environ: Mapping[str, str]
) -> tuple[list[Secret], list[str]]:
    """The secrets of `--secret NAME` and `--secret-file NAME=PATH`, and warnings. Raises RequestError."""
    secrets = [Secret(_name(name, "--secret"), _of_variable(name, environ)) for name in names]
    secrets += [_of_file(pair) for pair in files]
    said: set[str] = set()
    for secret in secrets:
        if secret.name in said:
            raise RequestError(f"the secret `{secret.name}` is given twice", "one place for each secret is enough")
        said.add(secret.name)
        _check(secret)
    return secrets, [_doubt(secret) for secret in secrets if len(_core(secret)) < SHORT]


def find_secret(plan: Plan, secrets: Sequence[Secret], source: Source | None = None) -> RequestError | None:
    """Why a plan cannot be run with these secrets: the value of one stands in it or in the text it came from."""
    if not secrets:
        return None
    places = list(_places(plan))
    whole = "\0".join(text for _, _, text in places)
    for secret in secrets:
        written = _spellings(_core(secret))
        at = _in_source(written, source)
        if at is not None:
            return _exposed(secret, "{}:{}:{}".format(_covered(at[0], secrets), *at[1:]))
        if any(spelling in whole for spelling in written):
            words, names, _ = next(place for place in places if any(spelling in place[2] for spelling in written))
            return _exposed(secret, words.format(*(_covered(name, secrets) for name in names)))
    return None


def _exposed(secret: Secret, place: str) -> RequestError:
    words = f"the value of the secret `{secret.name}` stands in the job: {place}"
    return RequestError(words, f'write "${secret.name}" in the command: tasks see it in their environment')


def refuse_exposed(plan: Plan, secrets: Sequence[Secret], source: Source | None = None) -> None:
    """Raises the RequestError that `find_secret` finds."""
    error = find_secret(plan, secrets, source)
    if error is not None:
        raise error


def _name(name: str, option: str) -> str:
    """The name, if it is one. What is none may be a value, so no message shows it."""
    before, equals, _ = name.partition("=")
    if equals and _is_name(before):
        words = f"{option} {before}=…: it takes the name of a variable, not its value"
        raise RequestError(words, f"set the variable and give {option} {before}, {_IN_FILE}")
    if not _is_name(name):
        words = f"{option}: a secret's name is that of a variable: letters, digits and _, and no digit first"
        raise RequestError(words, f"set a variable and give {option} NAME, {_IN_FILE}")
    if name in _OWN or name.startswith("FACTC_TAG_"):
        raise RequestError(f"{option} {name}: factc itself gives this variable to tasks", "choose another name")
    return name


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()


def _of_variable(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name)
    if not value:
        words = f"--secret {name}: the variable is " + ("not set" if value is None else "empty")
        raise RequestError(words, f"set and export {name}, {_IN_FILE}".replace("NAME", name))
    try:
        value.encode()
    except UnicodeEncodeError:
        raise RequestError(f"--secret {name}: the value is not UTF-8", "encode it, as base64 for instance") from None
    return value


def _of_file(pair: str) -> Secret:
    name, equals, path = pair.partition("=")
    if not equals or not path:
        raise RequestError("--secret-file: it looks like NAME=PATH", "behind the = stands the path of a file")
    return Secret(_name(name, "--secret-file"), _read(name, path))


def _read(name: str, path: str) -> str:
    """The text of a file without one line feed at its end. The path may be a value by mistake: nobody shows it."""
    option = f"--secret-file {name}=…"
    try:
        data = read_given(path, MAX_TEXT)
    except TooLarge:
        raise _too_long(name) from None
    except (OSError, ValueError) as problem:
        words = (problem.strerror if isinstance(problem, OSError) else None) or "no file has such a name"
        raise RequestError(f"{option}: cannot read it: {words}", "behind the = stands the path of a file") from None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise RequestError(f"{option}: the file is not UTF-8", "encode it, as base64 for instance") from None
    if "\0" in text:
        raise RequestError(f"{option}: the file holds a NUL character", "no variable can hold one")
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


def _core(secret: Secret) -> str:
    """The value without line ends behind it: the shell drops them as soon as it touches it."""
    return secret.value.rstrip("\r\n")


def _check(secret: Secret) -> None:
    core = _core(secret)
    if not core.strip():
        raise RequestError(f"the secret `{secret.name}` is empty", "8 characters and more can be masked well")
    if len(core) < LEAST:
        words = f"the secret `{secret.name}` is shorter than {LEAST} characters"
        raise RequestError(words, "masking it would hide half of what tasks write: choose a longer value")
    if len(secret.name) + 1 + len(secret.data) > MAX_TEXT:
        raise _too_long(secret.name)


def _too_long(name: str) -> RequestError:
    words = f"the secret `{name}` is longer than a variable can be ({MAX_TEXT:,} bytes with its name)"
    return RequestError(words, "let the task read it from its file")


def _doubt(secret: Secret) -> str:
    return (
        f"the secret `{secret.name}` is shorter than {SHORT} characters: "
        "other text that happens to hold it is masked too, and it is easily guessed"
    )


def stands_in(text: str, secret: Secret) -> bool:
    """Whether a text holds the value of a secret, in one of the spellings that a job has for it."""
    return any(spelling in text for spelling in _spellings(_core(secret)))


def _places(plan: Plan) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """All texts that a run shows or hands on, with words for each and the names that go into them."""
    yield "the name of the job", (), plan.name
    for key, value in plan.tags.items():
        yield "the name of the tag '{}'", (key,), key
        yield "the tag '{}'", (key,), value
    for name, value in plan.values.items():
        yield "the value of the parameter '{}'", (name,), value
    for parameter in plan.parameters:
        if parameter.default is not None:
            yield "the default of the parameter '{}'", (parameter.name,), shown(parameter.default)
    for task in plan.tasks:
        yield "the name of the task '{}'", (task.name,), task.name
        for piece in task.argv:
            yield "the command of the task '{}'", (task.name,), shown(piece)
        for variable, text in task.environment:
            yield "the variable '{}' of the task '{}'", (variable, task.name), shown(text)
        if task.directory is not None:
            yield "the directory of the task '{}'", (task.name,), shown(task.directory)
    yield "the text of the Factfile, as events carry it", (), plan.factfile


def _spellings(value: str) -> list[str]:
    """The value as a job may say it: bare, in the quotes of a shell, and each of these in JSON."""
    found = [value, quoted(value, DOUBLE), quoted(value, SINGLE)]
    for text in tuple(found):
        for ascii_only in (True, False):
            inside = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
            found += [inside, inside.replace("/", "\\/")]
    return sorted(set(found), key=len)


def _in_source(written: Iterable[str], source: Source | None) -> tuple[str, int, int] | None:
    """The first place in the source's text: name, line and column."""
    found = [at for at in (source.text.find(spelling) for spelling in written) if at >= 0] if source else []
    return (source.name, *source.place(min(found))) if source and found else None


def _covered(name: str, secrets: Sequence[Secret]) -> str:
    """A name for the user: it may hold a secret as well."""
    for spelling in sorted((s for secret in secrets for s in _spellings(_core(secret))), key=len, reverse=True):
        name = name.replace(spelling, "***")
    return visible(name)
