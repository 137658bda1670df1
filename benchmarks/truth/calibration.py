"""Does `calibrated` find a model that says too much, and leave a calibrated one alone?"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from _models import fails, parts

from comporta.checks.calibration.check import calibrated
from comporta.checks.calibration.measure import calibration


def study(seeds: int = 20) -> list[dict[str, Any]]:
    rows = []
    for task in ("binary", "multiclass", "regression"):
        for size in (400, 4000):
            faults = {
                f"none ({task})": lambda test: test,
                f"says too much ({task})": lambda test: (
                    test if "__prediction" in test.columns else sharper(test)
                ),
                f"wrong in one town ({task})": off_in_town,
            }
            if task == "regression":
                del faults[f"says too much ({task})"]
                faults[f"half a deviation too high ({task})"] = lambda test: test.with_columns(
                    __prediction=pl.col("__prediction") + pl.col("__target").std() / 2
                )
            elif task == "multiclass":
                del faults[f"wrong in one town ({task})"]
            for fault, plant in faults.items():
                found = [
                    fails(
                        calibrated(), calibration(plant(parts(seed, size, task)[0]), by=("town",), seed=seed)
                    )
                    for seed in range(seeds)
                ]
                rows.append(
                    {
                        "check": "calibrated()",
                        "fault": "none" if fault.startswith("none") else fault,
                        "size": f"{size:,} test rows, {task}",
                        "found": float(np.mean(found)),
                        "seeds": seeds,
                    }
                )
    for fault, more in (("none", 0.0), ("says 0.4 too much in one slice", 0.4)):
        for slices in (5, 50):
            found = [
                fails(calibrated(by="town"), calibration(small(seed, slices, more), by=("town",), seed=seed))
                for seed in range(4 * seeds)
            ]
            rows.append(
                {
                    "check": 'calibrated(by="town")',
                    "fault": fault,
                    "size": f"{slices} slices of 30 rows, one in eight of which comes",
                    "found": float(np.mean(found)),
                    "seeds": 4 * seeds,
                }
            )
    return rows


def small(seed: int, slices: int, more: float) -> pl.DataFrame:
    """Slices of 30 rows, of each of which the true chance is said; in the first so much more."""
    draw = np.random.default_rng(seed)
    town = np.repeat(np.arange(slices), 30)
    said = 0.12 + more * (town == 0)
    return pl.DataFrame(
        {
            "__keep_town": pl.Series(town).cast(pl.String),
            "__target": draw.random(len(town)) < 0.12,
            "__label": pl.Series(np.where(said > 0.5, "true", "false"), dtype=pl.Enum(["false", "true"])),
            "__probability_0": 1 - said,
            "__probability_1": said,
        }
    )


def sharper(test: pl.DataFrame) -> pl.DataFrame:
    """Probabilities raised to the sixth power: nearly sure of everything."""
    names = [name for name in test.columns if name.startswith("__probability_")]
    chance = test.select(names).to_numpy() ** 6
    chance /= chance.sum(axis=1, keepdims=True)
    return test.with_columns(**{name: chance[:, at] for at, name in enumerate(names)})


def off_in_town(test: pl.DataFrame) -> pl.DataFrame:
    """In one town of three the second class is said a quarter too often, the number half a deviation high."""
    there = pl.col("__keep_town") == "p"
    if "__prediction" in test.columns:
        return test.with_columns(
            __prediction=pl.col("__prediction")
            + pl.when(there).then(pl.col("__target").std() / 2).otherwise(0.0)
        )
    more = (pl.col("__probability_1") + pl.when(there).then(0.25).otherwise(0.0)).clip(0.0, 1.0)
    return test.with_columns(__probability_1=more, __probability_0=1 - more)
