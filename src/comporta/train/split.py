"""Which rows train and which are kept sealed, decided so that new rows move no old one."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from blake3 import blake3

from comporta.errors import BadData, BadProject
from comporta.records import AtRandom, ByGroup, ByTime, Split
from comporta.records.duration import duration_text

TRAIN, TEST, GAP = "train", "test", "gap"


def assign_split(
    split: Split,
    *,
    secret: bytes,
    keys: pl.Series | None = None,
    at: pl.Series | None = None,
    groups: pl.Series | None = None,
) -> pl.Series:
    """`train`, `test` or `gap` (dropped) for each row.

    By time: rows newer than `newest - test` test, rows older than that by more than `gap` train. At
    random and by group: a row tests when the keyed hash of its key, or of its group, falls in the lowest
    share; a row whose group is missing stands alone, by its key. secret: 32 bytes.
    Raises BadProject on a share outside 0 to 1, BadData on a row without a time, or a part left empty.
    """
    if isinstance(split, ByTime):
        parts = _by_time(split, at)
    else:
        if not 0 < split.test < 1:
            raise BadProject(f"split: found test={split.test:g}, expected a share between 0 and 1.")
        parts = _by_hash(split, secret, keys, groups)
    for part in (TRAIN, TEST):
        if not (parts == part).any():
            raise BadData(
                f"split: no row of {len(parts):,} is left to {part} by {_say(split)}. "
                "Take another span or share, or add rows."
            )
    return parts


def _by_time(split: ByTime, at: pl.Series | None) -> pl.Series:
    if at is None or not at.dtype.is_temporal():
        raise BadProject("split by time: the rows have no time; give their dataset a `time` column.")
    if at.null_count():
        raise BadData(
            f"split by time: found {at.null_count():,} rows without a time, expected one in each. Fill the "
            "column that the dataset declares as `time`, or leave these rows out in its source."
        )
    if split.test <= timedelta() or split.gap < timedelta():
        raise BadProject(
            f"split by time: found {_say(split)}, expected a span of test rows and a gap of 0 or more."
        )
    since = pl.col("at").max() - split.test
    return (
        pl.DataFrame({"at": at.cast(pl.Datetime("us", getattr(at.dtype, "time_zone", None)))})
        .select(
            pl.when(pl.col("at") > since)
            .then(pl.lit(TEST))
            .when(pl.col("at") <= since - split.gap)
            .then(pl.lit(TRAIN))
            .otherwise(pl.lit(GAP))
            .alias("part")
        )
        .to_series()
    )


def _by_hash(
    split: ByGroup | AtRandom, secret: bytes, keys: pl.Series | None, groups: pl.Series | None
) -> pl.Series:
    if keys is None:
        raise BadProject("split: the rows have no key.")
    units = keys.cast(pl.String)
    if isinstance(split, ByGroup):
        if groups is None:
            raise BadProject(f"split by group: the table has no column {split.group!r}.")
        # The prefixes keep a group's name and a row's key apart.
        units = (
            pl.DataFrame({"group": groups.cast(pl.String), "key": units})
            .select(pl.coalesce("g" + pl.col("group"), "k" + pl.col("key")))
            .to_series()
        )
    below = int(split.test * 2**64)
    names = units.unique()
    tests = [
        int.from_bytes(blake3(name.encode(), key=secret).digest(length=8), "big") < below
        for name in names.to_list()
    ]
    chosen = names.filter(pl.Series(tests, dtype=pl.Boolean)).implode()
    return (
        pl.DataFrame({"unit": units})
        .select(
            pl.when(pl.col("unit").is_in(chosen)).then(pl.lit(TEST)).otherwise(pl.lit(TRAIN)).alias("part")
        )
        .to_series()
    )


def _say(split: Split) -> str:
    if isinstance(split, ByTime):
        return f"test={duration_text(split.test)}, gap={duration_text(split.gap)}"
    return f"test={split.test:g}" + (f" of {split.group!r}" if isinstance(split, ByGroup) else "")
