"""What must not be seen of a run: its tasks' secrets, its webhooks' credentials, and the mask that hides both.

Knows the environment; loads what it needs only where there is something to hide.
"""

from __future__ import annotations

import os

from factc.diagnostic import RequestError
from factc.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from factc.plan import Plan
    from factc.secrets.mask import Mask
    from factc.session.declared_secrets import Secret
    from factc.session.options import Wishes
    from factc.source import Source
    from factc.webhooks.signing import Credentials


FEW = 3  # tasks that are named


class Confidential:
    """secrets: of the tasks. credentials: of the webhooks. mask: hides them all. warnings: for the user.

    carried: the tasks that do not run. Raises RequestError for a secret that is missing where a task may see it,
    that is none, or that the job holds.
    """

    __slots__ = ("secrets", "credentials", "mask", "warnings")

    def __init__(self, plan: Plan, wishes: Wishes, source: Source | None, carried: Collection[int] = ()) -> None:
        self.warnings: list[str] = []
        self.secrets = self._secrets(plan, wishes, source, carried)
        self.credentials = _credentials(wishes)
        self.mask = _mask(self.secrets, self.credentials, wishes.webhooks)

    def _secrets(self, plan: Plan, wishes: Wishes, source: Source | None, carried: Collection[int]) -> list[Secret]:
        given = {*wishes.secrets, *(pair.partition("=")[0] for pair in wishes.secret_files)}
        demanded = _demanded(plan, carried)
        declared = [
            name for name in plan.secrets
            if name not in given and not wishes.rehearse and (name in demanded or os.environ.get(name))
        ]  # fmt: skip
        if not given and not declared:
            return []
        from factc.session.declared_secrets import read_secrets, refuse_exposed

        missing = [name for name in declared if not os.environ.get(name)]
        if missing:
            named = ", ".join(f"{name}{_for(plan, name, carried)}" for name in missing)
            words = f"the job needs the secret{'s' * (len(missing) > 1)} {named}: not set in the environment"
            raise RequestError(
                words, f"export {missing[0]}=…, or --secret-file {missing[0]}=PATH{_narrower(plan, missing)}"
            )
        secrets, warnings = read_secrets([*wishes.secrets, *declared], wishes.secret_files, os.environ)
        refuse_exposed(plan, secrets, source)
        _refuse_arguments(wishes.arguments, secrets)
        self.warnings += warnings
        return secrets


def _for(plan: Plan, name: str, carried: Collection[int]) -> str:
    """The tasks for which a secret is demanded, where these are few and not all."""
    runs = [i for i, task in enumerate(plan.tasks) if task.argv and i not in carried]
    seeing = [plan.tasks[i].name for i in runs if name in plan.tasks[i].secrets]
    if len(seeing) == len(runs) or len(seeing) > FEW:
        return ""
    return " (for " + ", ".join(f"'{visible(name)}'" for name in seeing) + ")"


def _narrower(plan: Plan, missing: list[str]) -> str:
    """How not to be asked for a secret that all tasks see; "" where that is so already."""
    runs = [task for task in plan.tasks if task.argv]
    for name in missing:
        if len(runs) > 1 and all(name in task.secrets for task in runs):
            return f"; if not all tasks need it: [secret {name}] above those that do"
    return ""


def _demanded(plan: Plan, carried: Collection[int]) -> set[str]:
    """The secrets that a task which starts something may see. One that is set is hidden in any case."""
    if not plan.secrets:
        return set()
    tasks = (task for i, task in enumerate(plan.tasks) if task.argv and i not in carried)
    return {name for task in tasks for name in task.secrets}


def _refuse_arguments(arguments: list[str], secrets: list[Secret]) -> None:
    """The record holds the command line, and everybody can see it while the run goes on."""
    from factc.session.declared_secrets import stands_in

    for secret in secrets:
        if any(stands_in(word, secret) for word in arguments):
            raise RequestError(
                f"the command line holds the value of the secret {secret.name}", "everybody on this machine can see it"
            )


def _credentials(wishes: Wishes) -> Credentials | None:
    if wishes.webhook_secret is None and not wishes.webhook_headers:
        return None
    from factc.webhooks.signing import read_credentials

    return read_credentials(wishes.webhook_secret, wishes.webhook_headers, os.environ)


def _mask(secrets: list[Secret], credentials: Credentials | None, urls: list[str]) -> Mask | None:
    values = [secret.data for secret in secrets]
    others = credentials.values() if credentials else []
    if urls:
        from factc.webhooks.signing import url_passwords

        others += url_passwords(urls)
    values += [value.encode("utf-8", "surrogateescape") for value in others]
    if not values:
        return None
    from factc.secrets.mask import Mask

    return Mask(values)
