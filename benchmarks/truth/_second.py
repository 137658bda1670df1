"""Of a setting that is over its line a second count, with four times as many other seeds, which stands.

Of some 650 settings, each with two rates that are held to two standard errors, fifteen or more would be over
their line by chance, were each rate exactly what it should be. So it was laid down before any was counted
that these are asked once more, and that the page shows both counts.
"""

from __future__ import annotations

from typing import Any

from _grid import Judgement, Setting, counted, excess, mark

SEEDS, FIRST = 4_000, 1_000_000
"""How many seeds the second count has, and the first of them, which no first count reaches."""
RATES = ("passes", "fails")


def is_over(row: dict[str, Any]) -> bool:
    """Whether its first count has a rate above its nominal one by more than two standard errors."""
    return any(excess(row[what], row[f"nominal_{what}"], row["seeds"]) for what in RATES)


def lacks_second(row: dict[str, Any]) -> bool:
    """Whether the row is over its line and was not asked again yet."""
    return is_over(row) and "second" not in row


def with_second(row: dict[str, Any], judgement: Judgement, setting: Setting) -> dict[str, Any]:
    """The row, and beside its first count the second one."""
    found = counted(judgement, setting, range(FIRST, FIRST + SEEDS))
    return {**row, "second": {name: found[name] for name in (*RATES, "inconclusive", "seeds")}}


def standing(row: dict[str, Any]) -> dict[str, Any]:
    """The row with the count that stands."""
    return {**row, **row.get("second", {})}


def mark_of(row: dict[str, Any]) -> str:
    """The mark of the count that stands, see `mark`."""
    return mark(standing(row))
