"""Examples of the verbs, as `factc VERB --help` ends with them; imported for that alone.

Each is a line for a shell, and what it is for. The tests run them.
"""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "compile": (
        ("factc compile job.fact -o job.factotum", "a plan, to be run anywhere"),
        ("factc compile job.fact --set day=2026-01-31", "with a value that is settled"),
        ("factc compile job.fact --format factfile", "the job as JSON"),
    ),
    "validate": (
        ("factc validate job.fact", ""),
        ("factc validate *.fact --strict --format github", "in a workflow of GitHub"),
    ),
    "fmt": (
        ("factc fmt job.fact", ""),
        ("factc fmt --check *.fact", "changes nothing; exit code 1 if it would"),
    ),
    "list": (
        ("factc list job.fact", ""),
        ("factc list job.fact --to load --format json", "load and all it needs, for a program"),
    ),
    "plan": (
        ("factc plan job.fact --set day=2026-01-31", ""),
        ("factc plan job.fact --set day=1 --script > job.sh", "a script that needs no factc"),
    ),
    "dot": (
        ("factc dot job.fact", ""),
        ("factc dot job.fact --to load -o job.dot", "a part of it, in a file"),
    ),
    "run": (
        ("factc run job.fact --set day=2026-01-31 -j 4", "at most four tasks at once"),
        ("factc run job.fact --set day=1 --to load", "load and all it needs"),
        ("factc run job.fact --set day=1 --dry-run", "what it would do"),
        ("factc run job.fact --set day=1 --exclusive --keep 30 --output quiet", "from cron"),
    ),
    "resume": (
        ("factc resume", "what failed last"),
        ("factc resume last-failed -j 2 --dry-run", "what would run, and why"),
    ),
    "runs": (
        ("factc runs", ""),
        ("factc runs --job job --failed --last 5 --format json", "for a program"),
    ),
    "show": (
        ("factc show last", ""),
        ("factc show last load", "what the task load wrote"),
        ("factc show last --stats", "where the time went"),
    ),
    "events": (
        ("factc events last", ""),
        ("factc events last --follow | grep FAILED", "while it runs"),
    ),
    "deliver": (
        ("factc deliver last", ""),
        ("factc deliver --all", "of every run that has undelivered events"),
    ),
    "prune": (
        ("factc prune --keep 30 --dry-run", "which would go"),
        ("factc prune --keep 30 --older 90d", ""),
    ),
    "lsp": (("factc lsp", "as an editor starts it"),),
    "completion": (
        ('eval "$(factc completion bash)"', "bash, zsh"),
        ("factc completion fish | source", "fish"),
    ),
}


def examples(verb: str) -> str:
    """The examples of a verb, in columns where they fit."""
    lines = [f"  {command:<46}  {words}".rstrip() for command, words in EXAMPLES[verb]]
    if any(len(line) > 79 for line in lines):
        lines = [f"  {command}" + f"\n      {words}" * bool(words) for command, words in EXAMPLES[verb]]
    return "examples:\n" + "\n".join(lines)
