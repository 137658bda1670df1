"""docs/reference/error-rates.md: how often each kind of judgement was wrong at its limit, by setting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _faults import STALE
from _rates import percent
from _second import RATES, mark_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "error-rates.md"

HEAD = """# Error rates

<!-- Made by benchmarks/truth/grid.py: change the judgements beside it, not this page. -->

How often a verdict is wrong where it is hardest: the truth lies on the limit. A model whose truth is the
limit itself should not fail, and one that is a hair worse should not pass; a limit is one end of a 95 %
interval, so each may happen one time in forty. Everything else is inconclusive, and how often that is stands
beside: it is the right answer where nobody could tell.

*nominal*: how often a verdict may be wrong, passes / fails; of several slices each may fail by its own
interval. *mark*: `holds` where neither rate is above its nominal one by more than two standard errors of the
seeds; `cannot tell` where every verdict is inconclusive. Each line is judged by the functions that judge in
production, on generated predictions whose truth is known. *left*: settings that `benchmarks/truth/` declares
and that were not counted yet, as they take hours; which these are does not depend on what was found.

Of some 650 settings with two rates each fifteen or more would be over their line by chance, were every rate
exactly what it should be. So a setting that is over its line is asked a second time, with 4,000 other seeds:
the second count stands, and both are shown (`3.7 %, then 2.6 %`). This rule was laid down before these were
counted. *asked again*: in how many settings that was.

`no_worse` of labels and of the area under the ROC curve is asked in a covering design, not in all settings:
every value of rows, base, model, metric and kind of loss meets every other one in at least one setting. All
other judgements are asked in every setting of their axes.
"""
TITLES = ("setting", "nominal", "wrong passes", "wrong fails", "inconclusive", "seeds", "mark")


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The page. results: by file of judgements: `digest`, `stale` and `rows`."""
    parts = [HEAD, _summary(results)]
    for held in results.values():
        for name in dict.fromkeys(row["judgement"] for row in held["rows"]):
            parts += [f"## `{name}`", _table([row for row in held["rows"] if row["judgement"] == name])]
        parts.append(STALE.replace("`make truth`", "`benchmarks/truth/grid.py --stale`") if held["stale"]
                     else f"Measured on code of the digest `{held['digest']}`.")  # fmt: skip
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _summary(results: Mapping[str, Mapping[str, Any]]) -> str:
    """For each judgement in how many of its settings it holds."""
    rows = [row for held in results.values() for row in held["rows"]]
    left = [each.partition(": ")[0] for held in results.values() for each in held.get("left", ())]
    lines = [
        "| judgement | settings | hold | cannot tell | do not hold | asked again | left |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys([*(row["judgement"] for row in rows), *left]):
        marks = [mark_of(dict(row)) for row in rows if row["judgement"] == name]
        hold, none = marks.count("holds"), marks.count("cannot tell")
        beyond = len(marks) - hold - none
        again = sum("second" in row for row in rows if row["judgement"] == name)
        numbers = (len(marks), hold, none, beyond, again, left.count(name))
        lines.append(f"| `{name}` | " + " | ".join(map(str, numbers)) + " |")
    return "\n".join(lines)


def _table(rows: list[Mapping[str, Any]]) -> str:
    lines = ["| " + " | ".join(TITLES) + " |", "|" + "---|" * len(TITLES)]
    for row in rows:
        nominal = f"{_rate(row['nominal_passes'])} / {_rate(row['nominal_fails'])}"
        counts = [row, row["second"]] if "second" in row else [row]
        rates = [", then ".join(_rate(each[what]) for each in counts) for what in (*RATES, "inconclusive")]
        seeds = ", then ".join(f"{each['seeds']:,}" for each in counts)
        lines.append("| " + " | ".join([row["setting"], nominal, *rates, seeds, mark_of(dict(row))]) + " |")
    return "\n".join(lines)


def _rate(value: float | None) -> str:
    return "-" if value is None else percent(value)
