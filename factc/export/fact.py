"""A job as text, in the words that a person would have chosen.

Knows the language's layout; knows no plan. What comes out says the same job: names, dependencies, rules
and, to the byte, the same shell text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from factc.diagnostic import RequestError
from factc.export.fact_templates import Retold
from factc.model.job import DEFAULT_SHELL, Again, Command, Declaration, Each, Job, Task, Use

WIDTH = 100  # where a line is broken, if it can be
INDENT = "    "

_WORD = re.compile(r"\w[\w.\-]*")
_PART = r"\w[\w.\-]*(?:\[(?:\{\{[^{}\n]*\}\}|[^\s\[\]{}\"])+\])?"
_DEPENDENCY = re.compile(rf"{_PART}(?:/{_PART})*")
_VALUE = re.compile(r"(?:[\w./:@%+~$-]|\{\{[\w.:-]*\}\})(?:[\w./:@%+~$=#-]|\{\{[\w.:-]*\}\})*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def fact_text(job: Job, path_of: Callable[[Use], str | None] = lambda use: use.file) -> str:
    """The text of a job.

    A used job is named by its path, which `path_of` tells. Raises RequestError for the few things that the language
    does not say: a value put into shell text raw, `{{` of another tool outside recipes and arguments, a job inside
    another that has no path.
    """
    retold = Retold(job)
    tasks = [_use(e, path_of(e), retold) if isinstance(e, Use) else _task(e, retold) for e in job.elements]
    head = _head(job, retold)
    declarations = [_parameter(p, retold) for p in job.parameters]
    added = [f"param {name} = {_value(default)}\n" for name, default in retold.added]
    more = [f"secret {name}\n" for name in job.secrets] + [f"pool {name} = {slots}\n" for name, slots in job.pools]
    return "\n".join(part for part in (head, "".join(added + declarations + more), *tasks) if part)


def _head(job: Job, retold: Retold) -> str:
    attributes = [] if job.shell == DEFAULT_SHELL else [f"shell {job.shell}"]
    attributes += _surroundings(job.directory, job.environment, retold)
    if job.timeout is not None:
        attributes.append(f"timeout {_value(retold.text(job.timeout))}")
    name = f"job {_name(retold.text(job.name))}\n"
    return _description(job.description) + _brackets(attributes) + name


def _parameter(parameter: Declaration, retold: Retold) -> str:
    line = f"param {parameter.name}"
    if parameter.allowed is not None:
        line += " in " + " ".join(map(_value, parameter.allowed))
    if parameter.default is not None:
        line += " = " + _value(retold.text(parameter.default))
    return _description(parameter.description) + line + "\n"


def _task(task: Task, retold: Retold) -> str:
    name, each = _name(retold.text(task.name)), _each(task.each, retold)
    retold = retold.inside(each.name for each in task.each)
    recipe, attributes = _body(task, retold)
    shell = [f"shell {task.shell}"] if task.shell else []
    above = each + _rules(task) + _limits(task, retold) + shell
    above += _surroundings(task.directory, task.environment, retold) + attributes
    dependencies = [_dependency(retold.text(d)) for d in task.dependencies]
    return _description(task.description) + _brackets(above) + _wrapped(f"{name}:", dependencies) + recipe


def _use(use: Use, path: str | None, retold: Retold) -> str:
    if path is None:
        words = f"the job `{use.name}` stands inside this one, and in text each job has a file of its own"
        raise RequestError(words, f"-o NAME.fact writes it beside that, as NAME.{use.name}.fact")
    above = _each(use.each, retold)
    retold = retold.inside(each.name for each in use.each)
    above += _surroundings(use.directory, use.environment, retold)
    dependencies = [_dependency(retold.text(d)) for d in use.dependencies]
    line = f"use {_text(path)} as {use.name}"
    header = _wrapped(f"{line}:", dependencies) if dependencies else f"{line}\n"
    values = "".join(f"{INDENT}{name} = {_value(retold.text(value))}\n" for name, value in use.values)
    return _description(use.description) + _brackets(above) + header + values


# ---- what stands above


def _description(text: str) -> str:
    return "".join(f"## {line}".rstrip() + "\n" for line in text.splitlines()) if text.strip() else ""


def _brackets(attributes: list[str]) -> str:
    """One bracket if it fits on a line, else one for each attribute."""
    line = f"[{', '.join(attributes)}]\n"
    if len(line) <= WIDTH or len(attributes) == 1:
        return line if attributes else ""
    return "".join(f"[{attribute}]\n" for attribute in attributes)


def _rules(task: Task) -> list[str]:
    ok = " ".join(map(str, task.ok))
    noop = " ".join(map(str, task.noop))
    return ([f"ok {ok}"] if task.ok != (0,) else []) + ([f"noop {noop}"] if noop else [])


def _limits(task: Task, retold: Retold) -> list[str]:
    said = [_retry(task.retry, retold)] if task.retry else []
    if task.timeout is not None:
        said.append(f"timeout {_value(retold.text(task.timeout))}")
    said += ["finally"] if task.final else []
    said += [f"pool {_value(retold.text(name))}" for name in task.pools]
    return said + ([f"secret {' '.join(task.secrets)}"] if task.secrets else [])


def _retry(again: Again, retold: Retold) -> str:
    words = [f"retry {again.times}"]
    if again.every is not None:
        words.append(f"every {_value(retold.text(again.every))}")
    if again.backoff is not None:
        words.append(f"backoff {again.backoff}")
    if again.on is not None:
        words.append("on " + " ".join(map(str, again.on)))
    return " ".join(words)


def _each(variables: tuple[Each, ...], retold: Retold) -> list[str]:
    """One attribute a variable. A list is one bare tag, a single value that is one stands in quotes."""
    said = []
    for each in variables:
        if isinstance(each.values, str):
            values = retold.text(each.values)
        else:
            words = [retold.text(value) for value in each.values]
            alone = len(words) == 1 and "{{" in words[0]
            values = _text(words[0]) if alone else " ".join(map(_value, words))
        said.append(f"each {each.name} in {values}")
    return said


def _surroundings(directory: str | None, environment: tuple[tuple[str, str], ...], retold: Retold) -> list[str]:
    cd = [] if directory is None else [f"cd {_value(retold.text(directory))}"]
    variables = [f"{_variable(name)}={_value(retold.text(value))}" for name, value in environment]
    return cd + (["env " + " ".join(variables)] if variables else [])


# ---- recipes


def _body(task: Task, retold: Retold) -> tuple[str, list[str]]:
    """The recipe of a task, and the attributes that it needs or that stand in its place."""
    if task.body is None:
        return "", []
    direct = ["exec"] if task.executor == "exec" else []
    if isinstance(task.body, Command):
        body = task.body
        if direct or body.arguments or not _is_line(body.command):
            return "", [*direct, _command(body, retold.text if direct else retold.argument)]
        text, verbatim = body.command, "{{" in body.command
    else:
        text, verbatim = (task.body.text, True) if task.verbatim else retold.script(task.body.text)
    attributes = (["verbatim"] if verbatim else []) + direct
    if _is_recipe(text):
        return _indented(text), attributes
    return "", [*attributes, f"script {_text(text)}"]


def _command(body: Command, argument: Callable[[str], str]) -> str:
    return " ".join(["command", _text(body.command), *(_text(argument(a)) for a in body.arguments)])


def _is_recipe(text: str) -> bool:
    """Whether indented lines say a text exactly."""
    lines = text.split("\n")
    visible = all(line.replace("\t", " ").isprintable() for line in lines)
    return visible and lines[0][:1] not in ("", " ", "\t") and bool(lines[-1].strip())


def _is_line(command: str) -> bool:
    """Whether one recipe line says a literal command, in a way that no editor spoils."""
    return "\n" not in command and _is_recipe(command) and command[-1] not in " \t\\"


def _indented(text: str) -> str:
    return "".join((INDENT + line if line else line) + "\n" for line in text.split("\n"))


# ---- words


def _wrapped(line: str, words: list[str]) -> str:
    """A line that goes on, indented, behind a backslash where it would be too long."""
    lines = [line]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > WIDTH and lines[-1] != line:
            lines.append(INDENT)
        lines[-1] += word if lines[-1] == INDENT else " " + word
    return " \\\n".join(lines) + "\n"


def _name(text: str) -> str:
    return text if _WORD.fullmatch(text) else _text(text)


def _dependency(text: str) -> str:
    return text if _DEPENDENCY.fullmatch(text) else _text(text)


def _value(text: str) -> str:
    return text if _VALUE.fullmatch(text) else _text(text)


def _variable(name: str) -> str:
    return name if _VARIABLE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """A quoted text; what one would not see in it is escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isprintable():
        return quoted
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in quoted)
