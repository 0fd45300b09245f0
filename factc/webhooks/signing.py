"""What proves to a receiver who sends: secrets that sign (the home of `standardwebhooks`), and headers.

Knows variables of the environment; knows no network. Values are never shown and never stored.
"""

from __future__ import annotations

from base64 import b64decode
from urllib.parse import unquote, urlsplit

from factc.diagnostic import RequestError
from factc.urls import tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Signer = Callable[[str, int, bytes], str]


_HINT = "--webhook-secret-env and --webhook-header-env take the names of environment variables"


class Credentials:
    """secrets: each `whsec_…`; several while they are changed. headers: such as Authorization."""

    __slots__ = ("secrets", "headers")

    def __init__(self, secrets: Sequence[str] = (), headers: Mapping[str, str] | None = None) -> None:
        self.secrets = tuple(secrets)
        self.headers = dict(headers or {})

    def values(self) -> list[str]:
        """What must not be seen anywhere: the secrets, with their prefix and without, the headers' values, what
        stands last in these, and what that is if it is a name and a password."""
        keys = [secret.removeprefix("whsec_") for secret in self.secrets]
        ends = [value.split()[-1] for value in self.headers.values() if value.split()]
        return [*self.secrets, *keys, *self.headers.values(), *ends, *(word for end in ends for word in _basic(end))]


def _basic(end: str) -> list[str]:
    """The name and the password that a `Basic` header holds, together and the password alone."""
    try:
        text = b64decode(end, validate=True).decode()
    except ValueError:
        return []
    return [text, text.partition(":")[2]] if ":" in text and text.isprintable() else []


def url_passwords(urls: Sequence[str]) -> list[str]:
    """The credentials that stand in URLs, and what else there lets in who knows it; as written and as meant."""
    found = []
    for url in urls:
        user = urlsplit(url).netloc.rpartition("@")[0]
        found += [user, user.partition(":")[2]] if user else []
        found += tokens(url)
    return [*filter(None, found), *(unquote(word) for word in found if "%" in word)]


def read_credentials(secret: str | None, headers: Sequence[str], environ: Mapping[str, str]) -> Credentials:
    """Credentials from variables. Raises RequestError for one that is missing, or of no use."""
    secrets = _variable(secret, environ).split() if secret else []
    if secret:
        _check_secrets(secrets, secret)
    return Credentials(secrets, dict(_header(name, _variable(name, environ)) for name in headers))


def signers(secrets: Sequence[str]) -> list[Signer]:
    """What signs an event (its id, the time in seconds since the epoch, its body), as Standard Webhooks says."""
    if not secrets:
        return []
    from datetime import UTC, datetime

    from standardwebhooks.webhooks import Webhook

    def signer(webhook: Webhook) -> Signer:
        return lambda id, at, body: webhook.sign(id, datetime.fromtimestamp(at, UTC), body.decode())

    return [signer(Webhook(secret)) for secret in secrets]


def _variable(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if not value:
        # Only what can hardly be the value, given by mistake, is said.
        plain = len(name) <= 40 and name.isascii() and name.isupper() and name.replace("_", "").isalnum()
        shown = f"the variable {name}" if plain else "a variable with webhook credentials"
        raise RequestError(f"{shown} is not set, or empty", _HINT)
    return value


def _check_secrets(secrets: Sequence[str], name: str) -> None:
    try:
        signers(secrets)
    except Exception:  # each kind of mistake has its own: no base64, too short, empty
        hint = "a secret is `whsec_` and base64; two of them, parted by a blank, while it is changed"
        raise RequestError(f"the variable {name} holds no secret that can sign webhooks", hint) from None


def _header(name: str, text: str) -> tuple[str, str]:
    header, colon, value = text.partition(":")
    header, value = header.strip(), value.strip()
    plain = all(c.isascii() and (c.isalnum() or c in "!#$%&'*+-.^_`|~") for c in header)
    if not (colon and header and value and plain and value.isprintable() and value.isascii()):
        raise RequestError(f"the variable {name} holds no header", "it looks like `Authorization: Bearer …`")
    return header, value
