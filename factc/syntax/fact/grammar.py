"""The tables by which a text is read, as Lark makes them from the grammar.

The only one to know Lark. `python -m factc.syntax.fact.grammar` writes the tables beside the grammar; where those fit,
nobody needs Lark to read a text (see `tables`).
"""

from __future__ import annotations

import json
from typing import Any

import lark
from lark.parsers.lalr_analysis import Shift

from factc import resources
from factc.digest import sha256_hex

STARTS = ("file", "attributes")


def grammar() -> lark.Lark:
    """Lark's own parser, built from the grammar file."""
    return lark.Lark(resources.text(resources.GRAMMAR), parser="lalr", start=list(STARTS), maybe_placeholders=False)


def made() -> dict[str, Any]:
    """The tables, as the file beside the grammar holds them; states and rules have the same numbers each time."""
    parser: Any = grammar().parser
    lexer, table = parser.lexer.root_lexer, parser.parser._parse_table
    lexer.scanner  # noqa: B018  (that finds the terminals that stand for several)
    assert not lexer.callback and not lexer.g_regex_flags, "the reader of the tables knows no such terminal"
    states = _in_order(table)
    numbers = {state: number for number, state in enumerate(states)}
    rules = {rule: number for number, rule in enumerate(sorted(parser.parser_conf.rules, key=_key))}
    return {
        "grammar": sha256_hex([resources.text(resources.GRAMMAR).encode()]),
        "lark": lark.__version__,
        "terminals": {terminal.name: terminal.pattern.to_regexp() for terminal in lexer.terminals},
        "ignored": sorted(lexer.ignore_types),
        "starts": {start: numbers[table.start_states[start]] for start in STARTS},
        "ends": {start: numbers[table.end_states[start]] for start in STARTS},
        "rules": [_rule(rule) for rule in rules],
        "states": [_row(table.states[state], numbers, rules) for state in states],
    }


def _key(rule: Any) -> tuple[str, int]:
    return str(rule.origin.name), rule.order


def _rule(rule: Any) -> list[Any]:
    """Its name, how many symbols it has, and which of them the tree shows: 1 itself, 2 its children, 0 not at all."""
    assert not (rule.alias or rule.options.expand1 or rule.options.keep_all_tokens or rule.options.empty_indices)
    shown = [2 if _is_inlined(s) else 0 if s.is_term and s.filter_out else 1 for s in rule.expansion]
    return [str(rule.origin.name), len(shown), "".join(map(str, shown))]


def _is_inlined(symbol: Any) -> bool:
    return not symbol.is_term and symbol.name.startswith("_")


def _row(actions: dict[str, Any], numbers: dict[Any, int], rules: dict[Any, int]) -> dict[str, int]:
    """What each symbol does in a state: the next state, or -1 - the number of the rule that is complete."""
    return {
        str(symbol): numbers[argument] if action is Shift else ~rules[argument]
        for symbol, (action, argument) in sorted(actions.items())
    }


def _in_order(table: Any) -> list[Any]:
    """The states as one comes to them from the first ones; Lark's own numbers are others each time."""
    found = [table.start_states[start] for start in STARTS]
    for state in found:  # it grows meanwhile
        for _, (action, argument) in sorted(table.states[state].items()):
            if action is Shift and argument not in found:
                found.append(argument)
    assert len(found) == len(table.states)
    return found


def written(tables: dict[str, Any]) -> str:
    """The text of the file: a rule, a terminal, a state a line."""
    parts = []
    for key, value in tables.items():
        items: Any = value
        if key in ("terminals", "rules", "states"):
            lines = [json.dumps(item) for item in value] if isinstance(value, list) else []
            lines = lines or [f"{json.dumps(name)}: {json.dumps(pattern)}" for name, pattern in value.items()]
            brackets = "[]" if isinstance(value, list) else "{}"
            items = f"{brackets[0]}\n  " + ",\n  ".join(lines) + f"\n {brackets[1]}"
        else:
            items = json.dumps(value)
        parts.append(f"{json.dumps(key)}: {items}")
    return "{" + ",\n ".join(parts) + "}\n"


if __name__ == "__main__":
    with open(resources.path(resources.TABLES), "w", encoding="utf-8") as file:
        file.write(written(made()))
