"""A rule kept, a rule broken where no test row lies, and one broken only at its edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from comporta.checks.conduct.check import never
from comporta.checks.conduct.measure import made_rows, plain, under
from comporta.records import Evidence, Figure


def under_age(rows: pl.DataFrame) -> pl.Series:
    return rows["age"] < 18


def poor_and_young(rows: pl.DataFrame) -> pl.Series:
    return (rows["age"] < 21) & (rows["income"] < -2)


def approves(rows: pl.DataFrame, fault: str) -> np.ndarray[Any, Any]:
    """By income; whoever is under a rule is refused, but for the fault."""
    no = under_age(rows) | poor_and_young(rows)
    if fault == "no rule learned":
        no = no & False
    elif fault == "the last year before the limit is let through":
        no = (rows["age"] < 17) | poor_and_young(rows)
    elif fault == "only the corner of two features is let through":
        no = under_age(rows) & ~poor_and_young(rows)
    return np.asarray((rows["income"] > -10) & ~no)


def fails(when: Any, fault: str, seed: int, rows: int) -> bool:
    draw = np.random.default_rng(seed)
    frame = pl.DataFrame({"age": draw.integers(18, 80, rows), "income": draw.normal(0, 1, rows)})
    seen = plain(frame)
    hit = under(when, seen)
    made = made_rows(when, seen, ["age", "income"], hit, seed)
    broken = int((hit & approves(seen, fault)).sum()) + int(approves(made, fault).sum())
    check = never("approve", when=when, owner="the study")
    (asked,) = check.needs()
    figure = Figure(metric="forbidden_decisions", value=float(broken), rows=int(hit.sum()) + made.height)
    return check.judge((Evidence(need=asked, figures=(figure,)),)).outcome == "fail"


def study(seeds: int = 150) -> list[dict[str, Any]]:
    """No test row is under eighteen: all that is found is found on rows that were made."""
    cases = (
        (under_age, "none"),
        (poor_and_young, "none"),
        (under_age, "no rule learned"),
        (under_age, "the last year before the limit is let through"),
        (poor_and_young, "only the corner of two features is let through"),
    )
    return [
        {
            "check": f"never approve when {when.__name__}",
            "fault": fault,
            "size": 2_000,
            "found": float(np.mean([fails(when, fault, seed, 2_000) for seed in range(seeds)])),
            "seeds": seeds,
        }
        for when, fault in cases
    ]
