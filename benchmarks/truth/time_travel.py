"""Whether rows joined to the future are found."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import outcome, row, table

from comporta.checks import no_time_travel
from comporta.checks.time_travel.measure import measure_joins
from comporta.records.columns import join_columns


def study(seeds: int = 60) -> list[dict[str, object]]:
    check, out = no_time_travel(), []
    faults = {
        "none": {},
        "one row joined to the future": {"event": 1},
        "one row joined before it had arrived": {"arrived": 1},
        "a join without times": {"undated": True},
    }
    for fault, planted in faults.items():
        said = [
            outcome(check, measure_joins(_joined(seed, **planted), join_columns(["weather"])))
            for seed in range(seeds)
        ]
        out.append(row("time travel", fault, "5,000 rows", said))
    said = [outcome(check, measure_joins(table("mixed", 5_000, seed))) for seed in range(seeds)]
    out.append(row("time travel", "none", "no joins, 5,000 rows", said))
    return out


def _joined(seed: int, event: int = 0, arrived: int = 0, undated: bool = False) -> pl.DataFrame:
    rows = table("mixed", 5_000, seed)
    draw = np.random.default_rng(seed)
    late = draw.integers(1, 10**9, 5_000)
    older = late + draw.integers(1, 10**9, 5_000)
    if arrived:
        late[draw.integers(0, 5_000, arrived)] = -1
    if event:
        spot = draw.integers(0, 5_000, event)
        late[spot] = older[spot] = -1
    no_time = pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    return rows.with_columns(
        __weather_key=pl.lit("k"),
        __weather_event=no_time if undated else pl.col("__at") - pl.Series(older).cast(pl.Duration("us")),
        __weather_arrived=no_time if undated else pl.col("__at") - pl.Series(late).cast(pl.Duration("us")),
    )
