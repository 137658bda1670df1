"""Whether a team's test that does not hold, or says nothing, opens the gate."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
from _tables import outcome, row

from comporta.evidence.acceptance import tried
from comporta.gates import accept
from comporta.records import Figure

HANDED = SimpleNamespace(rows=pl.DataFrame({"fare": [1.0, 2.0]}), truth=pl.Series([True, False]))


def holds(rows: pl.DataFrame) -> bool:
    return rows.height == 2


def asserts(rows: pl.DataFrame) -> bool:
    assert rows.height == 2
    return True


def fails(rows: pl.DataFrame) -> bool:
    return rows.height == 3


def assertion(rows: pl.DataFrame) -> bool:
    assert rows.height == 3, "three rows"
    return True


def raises(rows: pl.DataFrame) -> bool:
    return bool(rows["no such"].sum())


def nothing(rows: pl.DataFrame) -> None:
    rows.height  # noqa: B018


def number(rows: pl.DataFrame) -> float:
    return 0.5


def figure(rows: pl.DataFrame) -> Figure:
    return Figure(metric="own", value=0.5, low=0.4, high=0.6)


def study(seeds: int = 1) -> list[dict[str, object]]:
    said = []
    for fault, function, limits in (
        ("none", holds, {}),
        ("none", asserts, {}),
        ("none", number, {"at_least": 0.4}),
        ("none", figure, {"at_least": 0.3}),
        ("it says false", fails, {}),
        ("an assertion does not hold", assertion, {}),
        ("it raises", raises, {}),
        ("it returns nothing", nothing, {}),
        ("a number below its limit", number, {"at_least": 0.6}),
        ("a number without a limit", number, {}),
        ("a figure whose interval holds the limit", figure, {"at_least": 0.5}),
    ):
        check = accept(function, **limits)
        found = [outcome(check, tried(function, HANDED)) for _ in range(seeds)]
        said.append(row("accept", fault, f"`{function.__name__}`", found))
    return said
