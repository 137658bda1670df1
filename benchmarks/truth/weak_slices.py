"""Does `weak_slices` find a part of the rows in which the model is broken, and no part where none is?"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from _models import fails, parts

from comporta.checks.weak_slices.check import weak_slices as gate
from comporta.checks.weak_slices.measure import weak_slices


def study(seeds: int = 100) -> list[dict[str, Any]]:
    rows = []
    for task in ("binary", "multiclass", "regression"):
        for size in (400, 4000):
            for fault, plant in (
                ("none", None),
                ("another model's answers in an eighth of the rows", broken),
            ):
                found = []
                for seed in range(seeds):
                    test = parts(seed, size, task)[0]
                    test = test if plant is None else plant(test, seed)
                    found.append(fails(gate(), weak_slices(test, seed=seed)))
                rows.append(
                    {
                        "check": "weak_slices()",
                        "fault": fault,
                        "size": f"{size:,} test rows, {task}",
                        "found": float(np.mean(found)),
                        "seeds": seeds,
                    }
                )
    return rows


def broken(test: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Where x0 is above 0 and the word is a, what is said is turned around its middle."""
    there = (pl.col("x0") > 0) & (pl.col("word") == "a")
    if "__prediction" in test.columns:
        return test.with_columns(
            __prediction=pl.when(there).then(-2 * pl.col("__prediction")).otherwise("__prediction")
        )
    names = [name for name in test.columns if name.startswith("__probability_")]
    turned = dict(zip(names, names[::-1], strict=True))
    return test.with_columns(
        pl.when(there).then(pl.col(turned[name])).otherwise(pl.col(name)).alias(name) for name in names
    )
