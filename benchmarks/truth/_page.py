"""docs/reference/checks.md: what each check asks, and what it was seen to find."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from _faults import STALE
from _rates import is_sound, most, percent, sure

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "checks.md"

HEAD = """# Checks

<!-- Made by `make truth`: change the docstrings or the studies in benchmarks/truth, not this page. -->

What each check of the gates asks, how, and what it does not see; then what it was seen to find. How a gate
judges is told in [gates](gates.md).

Each table is a study on generated data: a fault is planted and the check judges with its default limits,
once for every seed. *found* is the share of seeds at which it failed; where the fault is *none*, that is its
rate of false alarms. *sure* is what the seeds prove, 95 % sure: a false alarm is *at most*, and a finding *at
least* that frequent (Clopper and Pearson's bounds). What else it said stands under *other*. The tables are
made by `make truth`; one that was made with other code of its check fails a test.
"""

FIRST = ("check", "fault", "size", "found", "sure", "seeds")


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The page. results: by study: its `digest` and `rows`, and `code`: the files of its check."""
    offered = constructors()
    left = dict(results)
    parts = [HEAD, *_summary(results)]
    for module, functions in offered.items():
        file = f"src/comporta/checks/{module}/check.py"
        mine = [
            name
            for name, held in results.items()
            if (name == module if name in offered else file in held["code"])
        ]
        parts.append(f"## {module.replace('_', ' ').capitalize()}")
        parts += [_told(function) for function in functions]
        parts += [_table(left.pop(name)) for name in mine if name in left]
    for name, held in left.items():
        parts += [f"## {name.replace('_', ' ').capitalize()}", _table(held)]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def constructors() -> dict[str, list[Callable[..., Any]]]:
    """The functions that make checks, by the module of `comporta.checks` they are written in."""
    checks = importlib.import_module("comporta.checks")
    found: dict[str, list[Callable[..., Any]]] = {}
    for name in sorted(checks.__all__):
        each = getattr(checks, name)
        if inspect.isfunction(each) and each.__module__ != f"{checks.__name__}.judge" and _makes_checks(each):
            found.setdefault(each.__module__.split(".")[2], []).append(each)
    return dict(sorted(found.items()))


def _makes_checks(function: Callable[..., Any]) -> bool:
    """Whether what it promises to return can judge, or is many that can."""
    module = importlib.import_module(function.__module__)
    name = str(function.__annotations__.get("return", ""))
    return hasattr(getattr(module, name, None), "judge") or (name.startswith("tuple[") and "Check" in name)


def _told(function: Callable[..., Any]) -> str:
    words = inspect.signature(function)
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in words.parameters.values()]
    takes = words.replace(parameters=bare, return_annotation=inspect.Signature.empty)
    return f"### `{function.__name__}{takes}`\n\n{_paragraphs(inspect.getdoc(function) or '')}\n"


def _paragraphs(text: str) -> str:
    """A docstring as Markdown; an example becomes a block of code that no test runs."""
    out: list[str] = []
    for block in text.split("\n\n"):
        example = block.lstrip().startswith(">>>")
        out.append(f"```pycon\n{block}\n```" if example else block)
    return "\n\n".join(out)


def _summary(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [row for held in results.values() for row in held["rows"]]
    if not rows:
        return []
    lines = ["## Which check finds which fault", "", "| check | false alarms | finds |", "|---|---|---|"]
    for check in dict.fromkeys(row["check"] for row in rows):
        mine = [row for row in rows if row["check"] == check]
        quiet = [row for row in mine if is_sound(row["fault"])]
        faults = [row["fault"] for row in mine if not is_sound(row["fault"])]
        finds = "; ".join(f"{_cell(fault)}: {_range(mine, fault)}" for fault in dict.fromkeys(faults))
        lines.append(f"| {_cell(check)} | {_alarms(quiet)} | {finds} |")
    return ["\n".join(lines)]


def _alarms(rows: list[Mapping[str, Any]]) -> str:
    """Of all sound tables together, and what that proves."""
    seeds = sum(row["seeds"] for row in rows)
    times = sum(round(row["found"] * row["seeds"]) for row in rows)
    return f"{times:,} of {seeds:,}: at most {percent(most(times, seeds))}" if rows else ""


def _range(rows: list[Mapping[str, Any]], fault: str) -> str:
    """The shares found, of the least to the most favourable table."""
    found = sorted(
        {percent(row["found"]): row["found"] for row in rows if row["fault"] == fault}.items(), key=_second
    )
    return found[0][0] if len(found) == 1 else f"{found[0][0]} to {found[-1][0]}"


def _second(pair: tuple[str, float]) -> float:
    return pair[1]


def _table(held: Mapping[str, Any]) -> str:
    rows = [{**row, "found": percent(row["found"]), "sure": sure(row)} for row in held["rows"]]
    names = list(dict.fromkeys([*FIRST, *(name for row in rows for name in row)]))
    names = [name for name in names if any(row.get(name, "") != "" for row in rows)]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row.get(name, "")) for name in names) + " |" for row in rows]
    code = ", ".join(f"`{Path(name).relative_to('src/comporta')}`" for name in held["code"] if "src/" in name)
    measured = f"Measured on {code}: code digest `{held['digest']}`."
    return "\n".join([*lines, "", STALE if held.get("stale") else measured])


def _cell(value: Any) -> str:
    return (f"{value:.4g}" if isinstance(value, float) else str(value)).replace("|", "\\|")
