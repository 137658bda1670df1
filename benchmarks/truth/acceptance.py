"""Whether a team's test that does not hold, or says nothing, opens the gate."""

from __future__ import annotations

import contextlib
import io
from types import SimpleNamespace

import numpy as np
import polars as pl
from _tables import outcome, row

from comporta.checks import accept
from comporta.checks.acceptance.measure import try_function
from comporta.records import Figure


def handed(seed: int) -> SimpleNamespace:
    """A thousand fares from 1 to 100, with a mean near 50."""
    draw = np.random.default_rng(seed)
    return SimpleNamespace(
        rows=pl.DataFrame({"fare": draw.uniform(1, 100, 1_000)}), truth=pl.Series(draw.random(1_000) < 0.5)
    )


def holds(rows: pl.DataFrame) -> bool:
    return bool((rows["fare"] > 0).all())


def asserts(rows: pl.DataFrame) -> bool:
    assert rows["fare"].max() < 101
    return True


def fails(rows: pl.DataFrame) -> bool:
    return bool((rows["fare"] > 50).all())


def assertion(rows: pl.DataFrame) -> bool:
    assert rows["fare"].max() < 50, "no fare is above 50"
    return True


def raises(rows: pl.DataFrame) -> bool:
    return bool(rows["no such"].sum())


def nothing(rows: pl.DataFrame) -> None:
    rows.height  # noqa: B018


def number(rows: pl.DataFrame) -> float:
    return float((rows["fare"] > 50).mean())


def figure(rows: pl.DataFrame) -> Figure:
    share = number(rows)
    return Figure(metric="own", value=share, low=share - 0.1, high=share + 0.1)


def study(seeds: int = 100) -> list[dict[str, object]]:
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
        with contextlib.redirect_stderr(io.StringIO()):  # it would tell where each one raises
            found = [outcome(check, try_function(function, handed(seed))) for seed in range(seeds)]
        said.append(row("accept", fault, f"`{function.__name__}`", found))
    return said
