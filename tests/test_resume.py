"""Going on where a run failed: what is carried over, what runs again and why, and what the record remembers."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran, environment
from tests.forked import Process
from tests.patience import until_there
from tests.receiver import Receiver

Factc = Callable[..., Ran]

JOB = """\
job demo

param day = mon

stage:
    echo stage {{day}} >> ran

load: stage
    echo load >> ran; test -e mended

check: load
    echo check >> ran

other:
    echo other >> ran

early: other
    echo early >> ran; exit 3
"""


def write(folder: Path, text: str = JOB) -> str:
    (folder / "job.fact").write_text(text.replace("early:", "[noop 3]\nearly:"))
    return "job.fact"


def ran(folder: Path) -> list[str]:
    """What has run since this was asked last."""
    path = folder / "ran"
    words = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return sorted(words)


def account(text: str) -> dict[str, str]:
    """Each task's reason, from the lines that a resumed run begins with."""
    found: dict[str, str] = {}
    for verb, names, reason in re.findall(r"(?m)^  (carried over|runs):\s+(.*?)(?:  \((.*)\))?$", text):
        found |= dict.fromkeys(names.split(", "), reason or verb)
    return found


def test_what_failed_runs_again_and_what_succeeded_does_not(factc: Factc, tmp_path: Path) -> None:
    assert factc("run", write(tmp_path)).code == 2
    assert ran(tmp_path) == ["early", "load", "other", "stage mon"]
    (tmp_path / "mended").touch()
    planned = factc("plan", "job.fact", "--resume", "last")
    assert (planned.code, planned.err) == (0, "")
    assert re.findall(r"(?m)^# carried over: (\w+)", planned.out) == ["stage", "other"]
    assert re.findall(r"(?m)^# (\w+) · .* · (.*)", planned.out) == [
        ("load", "failed last time"), ("check", "did not run last time"), ("early", "was a no-op last time"),
    ]  # fmt: skip
    rehearsed = factc("resume", "--dry-run")
    assert rehearsed.code == 0 and "echo check" in rehearsed.out and "echo stage" not in rehearsed.out
    assert ran(tmp_path) == []
    resumed = factc("resume")
    assert resumed.code == 0 and ran(tmp_path) == ["check", "early", "load"]
    assert account(resumed.err) == {
        "stage": "carried over", "other": "carried over", "load": "failed last time",
        "check": "did not run last time", "early": "was a no-op last time",
    }  # fmt: skip
    assert "4 succeeded, 1 no-op (2 carried over)" in resumed.err


def test_the_line_at_the_end_of_a_failed_run_can_be_pasted(factc: Factc, tmp_path: Path) -> None:
    failed = factc(
        "run",
        write(tmp_path),
        "--set",
        "day=tue",
        "-j",
        "2",
        "--grace",
        "1500ms",
        "--exclusive=a b",
        "--state-dir",
        "my state",
    )
    line = failed.err.splitlines()[-1]
    assert re.fullmatch(
        r"to go on: factc resume [0-9a-f]{8} -j 2 --grace 1500ms --exclusive='a b' --state-dir 'my state'", line
    )
    (tmp_path / "mended").touch()
    (tmp_path / "job.fact").unlink()
    ran(tmp_path)
    pasted = line.partition(": factc ")[2]
    done = subprocess.run(
        f"{sys.executable} -m factc {pasted}", shell=True, cwd=tmp_path, env=environment(), capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert ran(tmp_path) == ["check", "early", "load"]


def test_a_changed_task_and_all_below_it_run_again(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "mended").touch()
    factc("run", write(tmp_path))
    text = JOB.replace("echo load >> ran", "echo newload >> ran").replace("other:", "[env A=1]\nother:", 1)
    write(tmp_path, text + "\nfresh:\n    echo fresh >> ran\n")
    ran(tmp_path)
    resumed = factc("run", "job.fact", "--resume", "last")
    assert account(resumed.err) == {
        "stage": "carried over", "load": "command changed", "check": "after 'load'", "other": "environment changed",
        "early": "was a no-op last time", "fresh": "new in this job",
    }  # fmt: skip
    assert ran(tmp_path) == ["check", "early", "fresh", "newload", "other"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[noop 3]\nearly: other", "[noop 4]\nearly: other", "exit-code rules changed"),
        ("[noop 3]\nearly: other", "[noop 3]\nearly: stage", "dependencies changed"),
        ("[noop 3]\nearly: other", "[noop 3, cd .]\nearly: other", "directory changed"),
    ],
)
def test_what_a_fingerprint_holds(factc: Factc, tmp_path: Path, old: str, new: str, reason: str) -> None:
    text = JOB.replace("exit 3", "exit 0")
    (tmp_path / "mended").touch()
    assert factc("run", write(tmp_path, text)).code == 0
    path = tmp_path / "job.fact"
    path.write_text(path.read_text().replace(old, new))
    assert account(factc("run", "job.fact", "--resume", "last").err)["early"] == reason


def test_values_come_from_the_old_run_unless_given(factc: Factc, tmp_path: Path) -> None:
    factc("run", write(tmp_path), "--set", "day=tue", "--tag", "a,b")
    ran(tmp_path)
    again = factc("run", "job.fact", "--resume", "last")
    assert account(again.err)["stage"] == "carried over" and ran(tmp_path) == ["early", "load"]
    other = factc("resume", "--set", "day=wed")
    assert account(other.err)["stage"] == "command changed" and "stage wed" in ran(tmp_path)
    told = [json.loads(line) for line in factc("runs", "--format", "json").out.splitlines()]
    assert [one["continues"] for one in told] == [told[1]["run"], told[2]["run"], None]
    assert factc("resume", "--set", "dya=x").code == 3


def test_a_compiled_plan_is_resumed_too(factc: Factc, tmp_path: Path) -> None:
    factc("compile", write(tmp_path), "--set", "day=tue", "-o", "job.factotum")
    assert factc("run", "job.factotum").code == 2
    ran(tmp_path)
    assert factc("run", "job.factotum", "--resume", "last").code == 2
    assert ran(tmp_path) == ["early", "load"]
    factc("compile", "job.fact", "--set", "day=wed", "-o", "job.factotum")
    again = factc("run", "job.factotum", "--resume", "last")
    assert account(again.err)["stage"] == "command changed"


def test_a_part_of_a_job_stays_a_part(factc: Factc, tmp_path: Path) -> None:
    factc("run", write(tmp_path), "--to", "check")
    assert ran(tmp_path) == ["load", "stage mon"]
    (tmp_path / "mended").touch()
    assert factc("resume", "--set", "day=mon").code == 0
    assert ran(tmp_path) == ["check", "load"]


def test_resuming_a_resumed_run(factc: Factc, tmp_path: Path) -> None:
    factc("run", write(tmp_path))
    factc("resume")
    ran(tmp_path)
    (tmp_path / "mended").touch()
    done = factc("resume")
    assert done.code == 0 and ran(tmp_path) == ["check", "early", "load"]
    assert factc("resume").code == 5
    last = factc("resume", "last")
    assert last.code == 0 and ran(tmp_path) == ["early"], "it finished early"


def test_events_show_carried_tasks_as_they_were(factc: Factc, tmp_path: Path) -> None:
    factc("run", write(tmp_path))
    old = [json.loads(line)["data"] for line in factc("events", "last").out.splitlines()]
    factc("resume")
    new = [json.loads(line)["data"] for line in factc("events", "last").out.splitlines()]
    then = {task["taskName"]: task for task in old[-1]["taskStates"]}
    first = {task["taskName"]: task for task in new[0]["taskStates"]}
    assert new[0]["runReference"] != old[0]["runReference"] and new[0]["jobReference"] == old[0]["jobReference"]
    assert (
        first["stage"] == {key: then["stage"][key] for key in first["stage"]} and first["stage"]["state"] == "SUCCEEDED"
    )
    assert first["load"] == {"taskName": "load", "state": "WAITING"}
    moved = {change["taskName"] for data in new for change in data.get("taskTransitions", [])}
    assert moved == {"load", "check", "early"}


def test_a_process_of_the_dead_run_that_still_lives_is_no_basis(factc: Factc, tmp_path: Path) -> None:
    if not Path("/proc/self/environ").exists():
        pytest.skip("processes are told by their marks in /proc")
    (tmp_path / "job.fact").write_text("job stuck\n\na:\n    touch ready; exec sleep 47.3\n")
    process = Process(["run", "job.fact"], cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)  # fmt: skip
    until_there(tmp_path / "ready")
    guards = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
    sleeper = next(pid for pid in guards if Path(f"/proc/{pid}/comm").read_text().strip() == "sleep")
    for pid in guards:  # nobody is left to clear up
        if pid != sleeper:
            subprocess.run(["kill", "-9", pid], check=True)
    process.kill()
    process.wait()
    try:
        refused = factc("resume")
        assert refused.code == 3 and f"pid {sleeper} of the task 'a'" in refused.err
        assert f"kill {sleeper}" in refused.err
    finally:
        subprocess.run(["kill", "-9", sleeper], check=True)


def test_webhooks_are_remembered_but_not_their_secrets(factc: Factc, tmp_path: Path) -> None:
    with Receiver() as receiver:
        url = f"{receiver.url}hook?token=hushhush"
        write(tmp_path)
        assert factc("run", "job.fact", "--webhook", url, "--webhook", receiver.url + "plain").code == 2
        record = b"".join(path.read_bytes() for path in (tmp_path / ".factc").rglob("*") if path.is_file())
        assert b"hushhush" not in record and b"/hook" in record
        refused = factc("resume")
        assert refused.code == 3 and "add --webhook URL with the same URL as before" in refused.err
        assert factc("resume", "--webhook", url + "x").code == 3
        before = len(receiver.requests)
        assert factc("resume", "--webhook", url).code == 2
        assert {request.path for request in receiver.requests[before:]} == {"/hook?token=hushhush", "/plain"}


def test_a_resumed_run_that_dies_young_keeps_what_was_carried_over(factc: Factc, tmp_path: Path) -> None:
    """The journal begins with what is carried over, in one piece with its header."""
    assert factc("run", write(tmp_path)).code == 2
    (tmp_path / "mended").touch()
    assert factc("resume").code == 0
    path = max(tmp_path.glob(".factc/runs/*/events.ndjson"), key=lambda path: path.stat().st_mtime_ns)
    lines = path.read_bytes().splitlines(keepends=True)
    assert [json.loads(line).get("fact") for line in lines[:4]] == [None, "RunCreated", "TaskCarried", "TaskCarried"]
    path.write_bytes(b"".join(lines[:4]))
    ran(tmp_path)
    assert factc("resume").code == 0 and ran(tmp_path) == ["check", "early", "load"]


def test_only_one_continues_a_run(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    echo a >> ran; test -e mended && touch ready && sleep 1\n")
    assert factc("run", "job.fact").code == 2
    (tmp_path / "mended").touch()
    word = json.loads(factc("runs", "--format", "json").out)["run"]
    first = Process(["resume", word], cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)  # fmt: skip
    until_there(tmp_path / "ready")
    second = factc("resume", word)
    assert second.code == 5 and "has been continued already, by the run" in second.err
    assert first.wait() == 0 and ran(tmp_path) == ["a", "a"]


def test_the_pasted_line_leaves_out_what_only_run_knows(factc: Factc, tmp_path: Path) -> None:
    failed = factc("run", write(tmp_path), "--constraint", "host,*", "--output", "quiet")
    assert re.fullmatch(r"to go on: factc resume [0-9a-f]{8} --output quiet", failed.err.splitlines()[-1])


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ('[ "$FACTC_OUTCOME" = succeeded ] || "$FACTC" show "$FACTC_RUN" | mail -s x ops', True),
        ("if [ -n \"$X\" ]; then curl -fsS -d @x http://h; else logger -t job failed; fi", True), ("echo done >status", True),
        ("send() { curl x; }; send", False), ("mail ops; rm -rf tmp", False), ("x=$(rm -rf a); echo $x", False), ("echo `rm x`", False),
        ("mail o <<E\n$(rm x)\nE", False), ("curl -X DELETE http://h", False), ("./clean.sh", False), ("$CLEAN", False), ("echo x | sh", False),
        ("sed -i s/a/b/ x", False), ("find . -delete", False), ('"$FACTC" run other.fact', False), ("kill 1; mail o", False), ("docker compose down", False),
    ],
)  # fmt: skip
def test_which_final_tasks_only_tell(text: str, tells: bool) -> None:
    from factc.plan import PlanTask
    from factc.shell.informing import only_tells

    assert only_tells(PlanTask("m", (), ("sh", "-c", text))) is tells


def test_a_mail_takes_nothing_away(factc: Factc, tmp_path: Path) -> None:
    end = '[finally]\nend:\n    [ "$FACTC_OUTCOME" = failed ] && {}\n'
    for command, warned in (("echo mail >>mails", False), ("rm -f stage.out", True)):
        (tmp_path / "job.fact").write_text(f"job j\na:\n    true\nb: a\n    test -e mended\n{end.format(command)}")
        assert factc("run", "job.fact").code == 2
        assert ("may be gone" in factc("resume", "last", "--dry-run").err) is warned


def test_a_final_task_that_has_cleaned_up_is_warned_of() -> None:
    from factc.events import TaskEnded, TaskSkipped
    from factc.events.state import FAILED, SUCCEEDED, RunState
    from factc.plan import Plan, PlanTask
    from factc.record.resume import Resumption

    tasks = [PlanTask("a", (), ("x",)), PlanTask("b", (0,), ("x",)), PlanTask("clean", (1,), ("x",), final=True)]
    state = RunState(3)
    state.apply(TaskEnded(1.0, 0, SUCCEEDED, 0, 1.0))
    state.apply(TaskEnded(1.0, 1, FAILED, 1, 1.0))
    state.apply(TaskEnded(1.0, 2, SUCCEEDED, 0, 1.0))
    found = Resumption("r", Plan("j", tasks), Plan("j", tasks), state)
    assert found.doubts == ["'clean' has run already: what 'a' left may be gone"]
    state.apply(TaskSkipped(1.0, 2, "stopped"))
    assert Resumption("r", Plan("j", tasks), Plan("j", tasks), state).doubts == []


def test_what_has_been_continued_is_no_open_failure(factc: Factc, tmp_path: Path) -> None:
    """Else `resume last-failed`, twice in a crontab, would do the work twice."""
    assert factc("run", write(tmp_path)).code == 2
    (tmp_path / "mended").touch()
    assert factc("resume", "last-failed").code == 0
    ran(tmp_path)
    again = factc("resume", "last-failed")
    assert again.code == 5 and "no run in .factc/runs has failed" in again.err and ran(tmp_path) == []
    rows = factc("runs").out.splitlines()
    assert f"failed, continued by {rows[1][:8]}" in rows[2]
    shown = factc("show", rows[2][:8]).out
    assert f"continued by {rows[1][:8]}" in shown and "to go on" not in shown


def test_a_run_of_another_job_is_not_continued(factc: Factc, tmp_path: Path) -> None:
    assert factc("run", write(tmp_path)).code == 2
    (tmp_path / "other.fact").write_text("job other\n\nstage:\n    true\n")
    refused = factc("run", "other.fact", "--resume", "last")
    assert refused.code == 3 and "is one of the job 'demo', not of 'other'" in refused.err


def test_a_part_stays_a_part_with_the_job_file_too(factc: Factc, tmp_path: Path) -> None:
    assert factc("run", write(tmp_path), "--to", "check").code == 2
    ran(tmp_path)
    (tmp_path / "mended").touch()
    assert factc("run", "job.fact", "--resume", "last").code == 0 and ran(tmp_path) == ["check", "load"]


def test_logs_of_what_was_carried_over_stay_with_the_run(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "job.fact").write_text("job j\n\na:\n    echo said\n\nb: a\n    test -e mended\n")
    factc("run", "job.fact")
    (tmp_path / "mended").touch()
    assert factc("resume", "--keep", "1").code == 0
    assert len(factc("runs").out.splitlines()) == 3 and factc("prune", "--keep", "1").out == "0 runs removed\n"


def test_where_nobody_sits_at_a_terminal_the_line_has_the_whole_path(factc: Factc, tmp_path: Path) -> None:
    failed = factc("run", write(tmp_path), env={"TERM": ""})
    assert failed.err.splitlines()[-1].endswith(f"--state-dir {tmp_path}/.factc")


def test_names_of_each_and_use_can_be_resumed_shown_and_started(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "report.fact").write_text("job report\n\n[each part in a b]\nmake:\n    echo made-{{part}} >> ran\n")
    (tmp_path / "job.fact").write_text(
        "job j\n\n[each region in eu us]\nload:\n    echo load-{{region}} >> ran; test {{region}} = eu -o -e mended\n\n"
        'use "report.fact" as report: load\n'
    )
    assert factc("run", "job.fact").code == 2 and ran(tmp_path) == ["load-eu", "load-us"]
    (tmp_path / "mended").touch()
    (tmp_path / "report.fact").rename(tmp_path / "elsewhere.fact")  # the record holds all of it
    resumed = factc("resume")
    assert resumed.code == 0 and ran(tmp_path) == ["load-us", "made-a", "made-b"]
    assert account(resumed.err)["load[eu]"] == "carried over"
    assert factc("show", "last", "report/make[a]").code == 0
    (tmp_path / "elsewhere.fact").rename(tmp_path / "report.fact")
    assert factc("run", "job.fact", "--to", "load[eu]").code == 0 and ran(tmp_path) == ["load-eu"]
    assert factc("run", "job.fact", "--start", "report/make[a]").code == 0 and ran(tmp_path) == ["made-a"]
    assert factc("resume", "last", "--set", "x=1").code == 3, "unknown names are said from the record too"


def test_a_job_file_that_has_changed_since_is_told_of(factc: Factc, tmp_path: Path) -> None:
    """At the beginning and in the last line, with the command that takes the file as it is now; also of a used file."""
    folder = tmp_path / "-p q"
    folder.mkdir()
    (folder / "in.fact").write_text("job inner\nx:\n    true\n")
    job = folder / "it's.fact"
    job.write_text('job p\nuse "in.fact" as u\na: u\n    echo a >>ran; false\n')
    failed = factc("run", "./-p q/it's.fact", "-j", "2", "--webhook", "http://127.0.0.1:1/", "--webhook-drain", "0")
    assert "\nto go on: factc resume " in failed.err, failed
    (folder / "in.fact").write_text("job inner\nx:\n    touch inner\n")
    job.write_text('job p\nuse "in.fact" as u\na: u\n    echo mended >>ran\n')
    again = factc("resume", "--webhook-drain", "0")
    pattern = (
        r"-p q/it's.fact, -p q/in.fact have changed since: (factc run './-p q/it'.''s.fact' --resume [0-9a-f]{8} .*)"
    )
    first, last = (re.fullmatch(pattern, line) for line in again.err.splitlines() if "changed since" in line)
    assert again.code == 2 and first and last and first[1] != last[1], again
    assert "-j 2 " in first[1] and " --webhook http://127.0.0.1:1/ --state-dir " in last[1]
    assert last[0].partition(" --state-dir")[0] in factc("show", "last").out
    shown = factc("show", "last", "--state-dir", tmp_path / ".factc", cwd=folder).out
    assert f"factc run -C {tmp_path} './-p q/it'\\''s.fact' --resume" in shown, shown
    assert f"--state-dir {tmp_path}/.factc" in shown
    ran(tmp_path)
    mended = factc(*shlex.split(last[1])[1:])
    assert mended.code == 0 and ran(tmp_path) == ["mended"] and (tmp_path / "inner").exists(), mended


def test_a_plan_and_a_file_that_changes_while_it_runs(factc: Factc, tmp_path: Path) -> None:
    (tmp_path / "p.fact").write_text("job p\na:\n    false\n")
    assert factc("compile", "p.fact", "-o", "p.factotum").code == 0
    first = factc("run", "p.factotum").err.splitlines()[-1]
    assert first.startswith("to go on: factc resume ")
    (tmp_path / "p.fact").write_text("job p\na:\n    echo '# x' >>p.fact; false\n")
    last = factc("run", "p.fact").err.splitlines()[-1]
    assert last.startswith("p.fact has changed since: factc run p.fact --resume ")
    (tmp_path / "p.factotum").unlink()
    assert factc("resume", first.split()[5]).err.splitlines()[-1].startswith("to go on: ")


def test_which_run_is_gone_on_with(factc: Factc, tmp_path: Path) -> None:
    """The newest that waits: not continued, not made good by a later whole run with the same values and tags."""
    text = "job {}\nparam day = mon\na:\n    test -e {}-good && echo {{{{day}}}} >>ran\nb:\n    true\n"
    for name in ("one", "two"):
        (tmp_path / f"{name}.fact").write_text(text.format(name, name))
    nothing = factc("resume")
    assert nothing.code == 5 and "no run in" in nothing.err, nothing
    for words in (["one.fact"], ["one.fact", "--set", "day=tue"], ["one.fact", "--tag", "k=v"], ["two.fact"]):
        assert factc("run", *words).code == 2
    (tmp_path / "two-good").touch()
    told = factc("resume", "--dry-run").err
    assert re.match(r"goes on with [0-9a-f]{8} of 'two', the newest; 3 others wait, too: factc runs --failed\n", told)
    assert factc("resume").code == 0, "two is continued"
    last = factc("resume", "last")
    assert last.code == 5 and "of 'two' succeeded: nothing to go on with" in last.err
    (tmp_path / "one-good").touch()
    (tmp_path / "one.fact").write_text(text.format("one", "one") + "# mended\n")
    assert factc("run", "one.fact", "--to", "b").code == 0, "that is not the whole job"
    assert "2 others wait" in factc("resume", "--dry-run").err
    assert factc("run", "one.fact", "--set", "day=tue").code == 0
    assert "one other waits" in factc("resume", "--dry-run").err
    ran(tmp_path)
    assert factc("run", "one.fact").code == factc("resume").code == 0 and ran(tmp_path) == ["mon", "mon"]
    for word in ("last-failed", "last-died"):
        assert factc("resume", word).code == 5
    assert factc("run", "one.fact", "--resume", "last").code == 0, "a mended file may change what succeeded"


def test_a_secret_is_demanded_where_a_task_may_see_it(factc: Factc, tmp_path: Path) -> None:
    """Not of milestones, of what was not chosen, nor of what is carried over; one that is set is hidden all the same."""
    (tmp_path / "up.fact").write_text('job up\nsecret TOKEN\nx:\n    test -e mended -a -n "$TOKEN"\n')
    job = (
        'job ci\nuse "up.fact" as up: lint\nlint:\n    echo "${TOKEN-none}" >>ran; printf hush%s hush\n'
        "all: lint up\nend: up\n    test -e ready\n"
    )
    (tmp_path / "ci.fact").write_text(job)
    assert factc("run", "ci.fact", "--to", "lint").code == 0 and ran(tmp_path) == ["none"]
    told = factc("run", "ci.fact", "--to", "lint", env={"TOKEN": "hushhush"})
    assert told.code == 0 and "hushhush" not in told.out and ran(tmp_path) == ["none"]
    needed = factc("run", "ci.fact")
    assert needed.code == 3 and "the job needs the secret TOKEN" in needed.err and ran(tmp_path) == []
    (tmp_path / "mended").touch()
    assert factc("run", "ci.fact", env={"TOKEN": "hushhush"}).code == 2
    (tmp_path / "ready").touch()
    assert factc("resume").code == 0, "what needed it is carried over"
