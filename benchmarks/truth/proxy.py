"""Answers that lean on a protected attribute's stand-in, and a feature that is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from _called import called

from comporta.checks.proxy.check import NoProxy, no_proxy
from comporta.checks.proxy.measure import telling
from comporta.records import Evidence
from comporta.records.columns import CHANCE, LABEL

BOTH, ANSWERS, HARDEST = (
    no_proxy(of="sex", owner="the study"),
    no_proxy(of="sex", owner="the study", features=False),
    no_proxy(of="sex", owner="the study", at_most=0.5),
)


def people(seed: int, rows: int, proxy: float, learned: float) -> tuple[pl.DataFrame, list[str]]:
    """Ten features; `x0` is moved by sex by `proxy` and learned with the weight `learned`."""
    draw = np.random.default_rng(seed)
    sex, X = draw.random(rows) < 0.5, draw.normal(size=(rows, 10))
    X[:, 0] += proxy * sex
    chance = 1 / (1 + np.exp(-(X[:, 1] + learned * X[:, 0])))
    kinds = pl.Enum(["no", "yes"])
    frame = pl.DataFrame(X, schema=[f"x{place}" for place in range(10)]).with_columns(
        pl.Series("__keep_sex", np.where(sex, "m", "f")),
        pl.Series("__target", np.where(chance > 0.5, "yes", "no")),
        pl.Series(LABEL, np.where(chance > 0.5, "yes", "no"), dtype=kinds),
        pl.Series(f"{CHANCE}0", 1 - chance),
        pl.Series(f"{CHANCE}1", chance),
    )
    return frame, [f"x{place}" for place in range(10)]


def fails(check: NoProxy, seed: int, rows: int, proxy: float, learned: float) -> bool:
    frame, features = people(seed, rows, proxy, learned)
    (asked,) = check.needs()
    figures = telling(frame, features, "sex", seed=seed).figures
    return check.judge((Evidence(need=asked, figures=figures),)).outcome == "fail"


def study(seeds: int = 400) -> list[dict[str, Any]]:
    """With the default limit 0.6, and with 0.5, where each alarm is a false one. A check that judges the
    answers alone has no fault where a feature tells and was not learned."""
    moved = "a feature moved by one standard deviation"
    cases = (
        (BOTH, "none", "nothing tells", 0.0, 1.0),
        (HARDEST, "none", "nothing tells", 0.0, 1.0),
        (ANSWERS, "none", f"{moved}, not learned", 1.0, 0.0),
        (BOTH, f"{moved}, not learned", "", 1.0, 0.0),
        (ANSWERS, f"{moved}, learned", "", 1.0, 1.5),
    )
    return [
        {
            "check": called(check),
            "fault": fault,
            "size": f"{rows:,} rows" + (f", {where}" if where else ""),
            "found": float(np.mean([fails(check, seed, rows, proxy, by) for seed in range(times)])),
            "seeds": times,
        }
        for rows, most in ((2_000, seeds), (20_000, max(seeds // 4, 1)))
        for check, fault, where, proxy, by in cases
        for times in ((most,) if fault == "none" else (max(1, most // 4),))
    ]
