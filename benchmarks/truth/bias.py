"""Groups treated alike, and a group that is not: by itself, and only where two columns meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from _called import called

from comporta.checks.fairness.check import (
    Fair,
    calibration_parity,
    demographic_parity,
    disparate_impact,
    equal_opportunity,
    equalised_odds,
    error_parity,
)
from comporta.checks.fairness.measure import compare
from comporta.records import Evidence
from comporta.records.columns import CHANCE, LABEL

CODE = ("checks/fairness/measure.py", "checks/fairness/check.py")
BY = ("sex", "age", "town")
CHECKS = (
    demographic_parity(by=BY),
    disparate_impact(by=BY),
    equalised_odds(by=BY),
    equal_opportunity(by=BY),
    error_parity(by=BY),
    calibration_parity(by=BY),
)
FAULTS = (
    "none",
    "one group selected 25 points less",
    "a pair of groups selected 40 points less",
)


def people(seed: int, rows: int, fault: str) -> pl.DataFrame:
    """Decisions right nine times in ten; `town` has eight values, some of few rows."""
    draw = np.random.default_rng(seed)
    sex, age = draw.choice(["f", "m"], rows), draw.choice(["old", "middle", "young"], rows)
    town = draw.choice(8, rows, p=[0.4, 0.2, 0.15, 0.1, 0.08, 0.04, 0.02, 0.01]).astype(str)
    truth = draw.random(rows) < 0.45
    said = np.where(draw.random(rows) < 0.9, truth, ~truth)
    chance = np.where(said, 0.88, 0.12) + draw.normal(0, 0.02, rows)
    wrong = np.zeros(rows, bool)
    if fault.startswith("one group"):
        wrong = (sex == "f") & (draw.random(rows) < 0.55)
    elif fault.startswith("a pair"):
        wrong = (sex == "f") & (age == "young") & (draw.random(rows) < 0.85)
    said, chance = said & ~wrong, np.where(wrong & (chance > 0.5), 0.1, chance)
    kinds = pl.Enum(["no", "yes"])
    return pl.DataFrame(
        {
            "__keep_sex": sex,
            "__keep_age": age,
            "__keep_town": town,
            "__target": np.where(truth, "yes", "no"),
            LABEL: pl.Series(np.where(said, "yes", "no"), dtype=kinds),
            f"{CHANCE}0": 1 - chance,
            f"{CHANCE}1": chance,
        }
    )


def fails(check: Fair, rows: pl.DataFrame) -> bool:
    found = compare(rows, check.by, check.criterion, check.favourable)
    (asked,) = check.needs()
    return check.judge((Evidence(need=asked, figures=found.figures),)).outcome == "fail"


def study(seeds: int = 100) -> list[dict[str, Any]]:
    """Every criterion with its default limit; and with the limit 0, where each alarm is a false one."""
    hardest = (demographic_parity(by=BY, at_most=0.0), equalised_odds(by=BY, at_most=0.0))
    hardest = (*hardest, error_parity(by=BY, at_most=0.0))
    out = []
    for rows in (2_000, 20_000):
        for fault in FAULTS:
            # The same fair rows with the limit 0, where each alarm is a false one.
            checks = (*CHECKS, *hardest) if fault == "none" else CHECKS
            times = seeds if rows == 2_000 else max(seeds // 4, 1)
            tables = [people(seed, rows, fault) for seed in range(times)]
            for check in checks:
                found = float(np.mean([fails(check, table) for table in tables]))
                out.append(
                    {"check": called(check), "fault": fault, "size": rows, "found": found, "seeds": times}
                )
    return out
