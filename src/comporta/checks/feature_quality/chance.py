"""How likely a feature that is sound has one value, or none, in all test rows.

Rows are independent tries only where a split at random made them so. In a split by group whole groups were
drawn, and a trait of a shop was tried as often as there are shops. In a split by time the test rows come
after the training rows, and what stays for a month or a day was tried once in it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl

from comporta.records.columns import AT
from comporta.stats.table import column


class PartRows(NamedTuple):
    """The training or the test rows. at: their times in microseconds, where the newest rows test; groups:
    whose each is; None where rows are tries of their own."""

    rows: int
    at: pl.Series | None = None
    groups: pl.Series | None = None


class SplitRows(NamedTuple):
    """How rows were parted. apart: whether whole groups were drawn, so that none is in both."""

    train: PartRows
    test: PartRows
    apart: bool = False


def parts_of(
    train: pl.DataFrame, test: pl.DataFrame, split: dict[str, Any] | None, group: str | None
) -> SplitRows:
    """split: as declared; None: at random. group: the declared one, whose rows hold together."""
    kind = (split or {}).get("type")
    apart = kind == "group"
    group = split["group"] if split and apart else group
    at = kind == "time" and AT in train.columns and train[AT].dtype.is_temporal()
    group = group if apart or at else None
    return SplitRows(train=_part(train, at, group), test=_part(test, at, group), apart=apart)


def _part(rows: pl.DataFrame, at: bool, group: str | None) -> PartRows:
    groups = None
    if group is not None:
        alone = pl.Series(range(rows.height), dtype=pl.Int64).cast(pl.String)
        named = pl.coalesce("g" + column(rows, group).cast(pl.String), "r" + alone)
        groups = pl.select(named).to_series()
    times = rows[AT].cast(pl.Datetime("us")).to_physical() if at else None
    return PartRows(rows.height, times, groups)


def chance_of_none(values: pl.Series, parts: SplitRows) -> float:
    """How likely no test row has a value. values: the training rows'."""
    return _likeliest(values, parts, pl.col("value").is_null())


def chance_of_one(values: pl.Series, parts: SplitRows) -> float:
    """How likely all test rows have one value, whichever is likeliest. values: the training rows'."""
    return _likeliest(values, parts, pl.col("value").is_not_null())


def _likeliest(values: pl.Series, parts: SplitRows, which: pl.Expr) -> float:
    train, test = parts.train, parts.test
    values = values.alias("value")
    if parts.apart and train.groups is not None and test.groups is not None:
        # The next group may be the first that is so throughout.
        return _by_groups(values, train.groups, test.groups.n_unique(), which, beyond=1)
    if train.at is None or test.at is None:
        return _by_rows(values, test.rows, which)
    chance = _by_time(values, train.at, test.at, which)
    if train.groups is None or test.groups is None:
        return chance
    return max(chance, _by_groups(values, train.groups, test.groups.n_unique(), which))


def _by_rows(values: pl.Series, tested: int, which: pl.Expr) -> float:
    counts = values.value_counts(name="n").filter(which)["n"].to_list()
    return float((max(counts, default=0) / len(values)) ** tested)


def _by_groups(
    values: pl.Series, groups: pl.Series, tested: int, which: pl.Expr, *, beyond: int = 0
) -> float:
    """By the groups all of whose rows have one value. beyond: how many more of them there may be."""
    each = (
        values.to_frame()
        .with_columns(groups.alias("group"))
        .group_by("group")
        .agg(pl.col("value").first(), kinds=pl.col("value").n_unique())
    )
    alike = each.filter((pl.col("kinds") == 1) & which).group_by("value").len()["len"].to_list()
    return float(((max(alike, default=0) + beyond) / (each.height + beyond)) ** tested)


def _by_time(values: pl.Series, at: pl.Series, tested: pl.Series, which: pl.Expr) -> float:
    """As a chain that leaves a value as often as it did in training, by rows or by time, whichever is
    likelier; 1 where training held one value for as many rows, or as long."""
    step = _reach(at) / max(1, at.n_unique() - 1)
    span = _reach(tested) + step
    ordered = values.to_frame().with_columns(at.alias("at")).sort("at", maintain_order=True)
    runs = (
        ordered.with_columns(run=pl.col("value").rle_id())
        .group_by("run")
        .agg(pl.col("value").first(), rows=pl.len(), held=pl.col("at").max() - pl.col("at").min())
        .filter(which)
    )
    as_long = (pl.col("rows") >= len(tested)) | ((pl.col("held") > 0) & (pl.col("held") + step >= span))
    if runs.select(as_long.any()).item():
        return 1.0
    # One run more than there were: of the last one the end is not seen, and a rare value has hardly any.
    left = pl.len().cast(pl.Float64) + 1
    by_rows = (1 - left / (pl.col("rows").sum() + 1)) ** len(tested)
    by_time = (-left * span / (pl.col("held").sum() + 1)).exp()
    chances = runs.group_by("value").agg(chance=pl.max_horizontal(by_rows, by_time))
    return float(max(chances["chance"].to_list(), default=0.0))


def _reach(at: pl.Series) -> int:
    return int(at.to_numpy().max() - at.to_numpy().min())
