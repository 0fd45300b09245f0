"""What a run is put together from: its header, record, screen, webhooks and engine, round one runner.

Knows every part by its face, and what the caller wishes of it; starts nothing.
"""

from __future__ import annotations

import os

from factc.diagnostic import RequestError, of_system
from factc.durations import given, plain
from factc.engine.local.engine import Local
from factc.entered import variable
from factc.events import RunCreated
from factc.jitter import chance
from factc.plan.values import alike, tag_variable
from factc.record import PROGRAM, STATE_DIR
from factc.record.commands import path
from factc.record.writer import Record
from factc.runner.runner import Runner
from factc.runner.scratch import Scratch
from factc.runner.settings import Rules
from factc.screen.terminal import Terminal
from factc.session import own_program
from factc.session.header import run_header
from factc.session.nested import GRACE, RECORD, SECRETS, ended
from factc.session.options import QUIET
from factc.session.secrets import Confidential
from factc.spelling import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from factc.engine import Engine
    from factc.events import Step
    from factc.loop import Loop
    from factc.plan import Plan
    from factc.record.exclusive import Exclusive
    from factc.record.resume import Resumption
    from factc.report.time_spent import Courses
    from factc.runner.jobserver import Share
    from factc.session.options import Wishes
    from factc.source import Source
    from factc.webhooks.worker import Webhook


class Parts:
    """The parts of one run. Raises RequestError for wishes that this plan cannot fulfil.

    header, record (or None), lock (or None), screen, webhooks, engine and runner are there after `make`. share: with
    whom the run shares its slots, if it does; jobs: at most so many tasks at once, None for no limit. courses: the
    times of all attempts, if figures are wanted at the end.
    """

    def __init__(
        self, plan: Plan, wishes: Wishes, text: str | None, resumption: Resumption | None, source: Source | None
    ) -> None:
        self.plan = plan
        self.wishes = wishes
        self.record: Record | None = None
        self.lock: Exclusive | None = None
        self.share: Share | None = None
        self.courses: Courses | None = None
        self._scratch = Scratch()
        self.pools = _pools(plan, wishes)
        self._resumption = resumption
        self._confidential = Confidential(plan, wishes, source, resumption.carried if resumption else ())
        self._warnings = [*self._confidential.warnings, *alike(plan.tags)]
        self._called = own_program.called() if wishes.alone else ""
        self._recording = wishes.state_dir is not None and not wishes.rehearse
        self._text = (text or _plan_text(plan)) if self._recording else ""
        self._groups = self._levels() if wishes.levels else None

    def make(self, loop: Loop) -> None:
        """Makes them, in the order in which they need each other. Raises RequestError if the run cannot be recorded.

        What there is of them is to be let go of in any case.
        """
        self.loop = loop
        self.share = self._share()
        self.jobs = self.wishes.jobs or (self.share.most if self.share else None)
        self.header = run_header(
            self.plan, self.wishes, self._text, at=self.loop.wall(), groups=self._groups, continues=self._continues(),
            jobs=self.jobs or 0, secrets=[secret.name for secret in self._confidential.secrets],
        )  # fmt: skip
        self.screen = self._screen()
        self._hold_lock()
        carried = self._resumption.facts(self.header.at) if self._resumption else ()
        self._opening: Step = (RunCreated(self.header.at), *carried)
        self._open_record()
        self.webhooks = self._webhooks()
        self.runner = self._runner()

    def say(self, words: str) -> None:
        """A line for the screen, without what nobody is to see, wherever it comes from."""
        mask = self._confidential.mask
        self.screen.say(mask.text(words) if mask else words, self.loop.wall())

    def say_from_anywhere(self, words: str) -> None:
        """A line for the screen from another thread."""
        self.loop.call(lambda: self.say(words))

    def say_warnings(self) -> None:
        """What was noticed while they were made."""
        for words in self._warnings:
            self.say(words)

    def pasted(self, command: Callable[..., str], *options: str) -> str:
        """A command that goes on with this run, "" where it leaves no record."""
        if self.record is None:
            return ""
        return command(self.header.run[:8], *options, self.wishes.state_dir)

    def let_go(self) -> None:
        """Of the record and of the lock; also where the run could not be made or broke off."""
        if self.share:
            self.share.close()
        if self.record:
            self.record.close()
        self._scratch.close()
        if self.lock:
            self.lock.close()
            self.lock = None

    # ---- one after the other

    def _continues(self) -> str | None:
        return self._resumption.run if self._resumption else None

    def _share(self) -> Share | None:
        """The slots that the run shares with others, if it does."""
        wishes = self.wishes
        if wishes.rehearse:
            return None
        if not wishes.jobserver and not any(word in os.environ.get("MAKEFLAGS", "") for word in ("--jobserver", "-j1")):
            return None
        from factc.runner.jobserver import share

        made = share(self.loop, os.environ, wishes.jobs, wishes.jobserver, _cpus)
        if made.words and wishes.output != QUIET:
            self._warnings.append(made.words)
        return made

    def _hold_lock(self) -> None:
        """So that no other run of the job goes on; this one begins when it has got it."""
        if not (self._recording and self.wishes.exclusive):
            return
        from factc.record.exclusive import Exclusive

        header, wishes = self.header, self.wishes
        key = header.reference if wishes.exclusive is True else f"key:{wishes.exclusive}"
        self.lock = Exclusive(
            wishes.home,
            key,
            run=header.run,
            host=header.host,
            clock=self.loop.wall,
            wait=wishes.wait or 0.0,
            waiting=self.say,
        )
        header.at = self.lock.at
        if not self.lock.locked:
            self._warnings.append("this file system has no locks: --exclusive keeps no second run away")

    def _open_record(self) -> None:
        if not self._recording:
            return
        program = b"" if self._called else own_program.text()
        self.record = Record(self.wishes.home, self.header, self._text, self._opening, program)
        if not self.record.locked:
            self._warnings.append("this file system has no locks: nobody can see that this run is alive")

    def _screen(self) -> Terminal:
        return Terminal(
            self.plan,
            output=QUIET if self.wishes.rehearse else self.wishes.output,
            silent=self.wishes.silent,
            colour=self.wishes.colour,
            now=self.header.at,
            log_path=self._log if self._recording else None,
            onward=self._onward if self._recording else None,
        )

    def _log(self, task: int, stream: int, attempt: int) -> str:
        return path(self.record.log(task, stream, attempt)) if self.record else ""

    def delivering(self, numbers: list[int]) -> str:
        """The command that sends these webhooks later what they lack."""
        from factc.record.onward import deliver

        return deliver(self.header, self.wishes.state_dir or STATE_DIR, numbers)

    def _onward(self) -> str:
        """Looked for at the end: the job's file may be mended while the run still goes on."""
        from factc.record.onward import onward

        return onward(self.header, self.wishes.state_dir or STATE_DIR)

    def _webhooks(self) -> list[Webhook]:
        if not self.wishes.webhooks:
            return []
        from factc.webhooks.replay import wire_header
        from factc.webhooks.worker import Webhook

        header = wire_header(self.header)
        if header.factfile_dropped:
            self._warnings.append("the Factfile is too long for events: they carry none")
        return [
            Webhook(
                url, header, len(self.plan.tasks), self.say_from_anywhere, host=self.header.host, on_end=self.loop.wake,
                account=self.record.ledger(number) if self.record else None, credentials=self._confidential.credentials,
            )
            for number, url in enumerate(self.wishes.webhooks, 1)
        ]  # fmt: skip

    def _runner(self) -> Runner:
        plan, wishes = self.plan, self.wishes
        keeping = [self.record] if self.record else []
        self.engine = self._engine()
        return Runner(
            plan,
            self.engine,
            self.loop,
            [*keeping, self.screen, *self.webhooks, *self._watching()],
            [*keeping, self.screen],
            Rules(
                jobs=self.jobs,
                levels=self._groups,
                fail_fast=wishes.fail_fast,
                tail=wishes.tail,
                grace=_grace(wishes),
                pools=self.pools,
            ),
            secrets={s.name: s.value for s in self._confidential.secrets if s.name in plan.secrets},
            say=self.say,
            mask=self._confidential.mask,
            opening=self._opening,
            chance=chance,
            known=self._known if self._recording else None,
            keep=self.record.keep if self.record else None,
            tokens=self.share.tokens if self.share else None,
            cpus=_cpus if self.jobs is None and not wishes.rehearse and wishes.output != QUIET else None,
        )

    def _engine(self) -> Engine:
        if not self.wishes.rehearse:
            share, tokens = self.share, self.share.tokens if self.share else None
            made = Local(
                self.header.run, withheld=self._withheld(), variables=self._variables(), alone=self.wishes.alone,
                changed=share.variables if share else None, lender=tokens.write if tokens else -1,
            )  # fmt: skip
            if tokens:
                tokens.told = made.owe
            return made
        from factc.engine.dry_run import Rehearsal

        return Rehearsal(lambda i: self.plan.tasks[i].ok[0])

    def _withheld(self) -> list[str]:
        """What no task inherits: the job's secrets, which each gets as it may, those of webhooks, an outer run's."""
        wishes = self.wishes
        return [
            *ended(os.environ),
            *self.plan.secrets,
            *wishes.webhook_headers,
            *([wishes.webhook_secret] if wishes.webhook_secret else []),
        ]

    def _levels(self) -> list[list[int]]:
        from factc.plan.levels import levels

        return levels(self.plan)

    def _known(self) -> list[float] | None:
        """How long each task took in earlier runs."""
        from factc.record.durations import known_seconds

        names = [task.name for task in self.plan.tasks]
        return known_seconds(self.wishes.home, self.plan.name, names, but=self.header.run)

    def _watching(self) -> list[Courses]:
        """Who keeps the times of all attempts, if figures are wanted at the end."""
        if not self.wishes.stats:
            return []
        from factc.report.time_spent import Courses

        self.courses = Courses(len(self.plan.tasks))
        return [self.courses]

    def _variables(self) -> dict[str, str]:
        """What every task sees, whatever it sets itself."""
        grace = plain(_grace(self.wishes))
        fixed = {"FACTC_RUN": self.header.run, GRACE: grace, **self._program()}
        if self._confidential.secrets:
            fixed[SECRETS] = " ".join(s.name for s in self._confidential.secrets)
        for key, value in self.plan.tags.items():
            fixed[tag_variable(key)] = value
        return fixed | {s.name: s.value for s in self._confidential.secrets if s.name not in self.plan.secrets}

    def _program(self) -> dict[str, str]:
        """How tasks call this factc, and where the record of the run lies."""
        found = {RECORD: self._recorded(self.record.directory)} if self.record else {}
        if self._called:
            found[own_program.PROGRAM] = self._called
        elif self.record:
            found[own_program.PROGRAM] = os.path.join(found[RECORD], PROGRAM)
        elif own_program.is_named(self.plan):
            try:
                found[own_program.PROGRAM] = self._scratch.program(own_program.text())
            except OSError as problem:
                self._warnings.append(f"tasks get no {own_program.PROGRAM}: {of_system(problem)}")
        return found

    def _recorded(self, folder: str) -> str:
        """The path of the record's folder by which all find it, also who follows no link without being told to."""
        follows = os.path.islink(self.wishes.state_dir or STATE_DIR)
        return os.path.realpath(folder) if follows else _absolute(folder)


def _absolute(folder: str) -> str:
    try:
        return os.path.abspath(folder)
    except OSError:  # the working directory is gone
        return folder


def _grace(wishes: Wishes) -> float:
    """Inside a task of another run, what the outer one grants, less the time to stop in good order."""
    text = variable(GRACE)
    if text is None:
        return wishes.grace
    outer = given(text)
    if outer is None:
        raise RequestError(f"FACTC_GRACE={text} is no duration", "such as 10, 90s or 1h30m; or unset it")
    return max(0.0, min(wishes.grace, outer - 2.0))


def _cpus() -> int:
    from factc.session.cpus import available

    return available()


def _pools(plan: Plan, wishes: Wishes) -> dict[str, int]:
    """The plan's pools, with the slots that the caller gives them. Raises RequestError for an unknown one."""
    for name in wishes.pools:
        if name not in plan.pools:
            meant = nearest(name, plan.pools)
            known = "it has: " + ", ".join(plan.pools) if plan.pools else "it declares none"
            raise RequestError(f"the job has no pool `{name}`", f"did you mean `{meant}`?" if meant else known)
    return {**plan.pools, **wishes.pools}


def _plan_text(plan: Plan) -> str:
    from factc.syntax.planfile.writer import plan_text

    return plan_text(plan)
