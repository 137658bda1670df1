"""How often a candidate that is no better passes as better, and one that is better does."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import row

from comporta.evidence.versus import versus
from comporta.gates import better_than_champion, judge
from comporta.records import Evidence

CODE = ("evidence/versus.py", "gates/versus.py")


def study(seeds: int = 60) -> list[dict[str, object]]:
    """found: the share of seeds at which the gate stays shut; a fault is a candidate that is no better."""
    out = []
    for metric in ("accuracy", "roc_auc", "log_loss"):
        for better, rows in ((0.0, 1_000), (0.0, 5_000), (0.15, 5_000)):
            times = range(seeds if metric == "accuracy" else max(20, seeds // 3))
            said = ["pass" if _opens(metric, better, rows, seed) else "fail" for seed in times]
            fault = "the candidate is better (no fault)" if better else "the candidate is only as good"
            out.append(row(f"better than champion ({metric})", fault, f"{rows:,} rows", said))
    return out


def _opens(metric: str, better: float, rows: int, seed: int) -> bool:
    draw = np.random.default_rng(seed)
    signal = draw.normal(size=rows)
    truth = signal + draw.normal(size=rows) > 0.5

    def model(error: float) -> pl.DataFrame:
        said = 1 / (1 + np.exp(-1.7 * (signal + error * draw.normal(size=rows) - 0.5)))
        return pl.DataFrame(
            {
                "__key": [str(n) for n in range(rows)],
                "__target": truth,
                "__label": pl.Series(
                    ["true" if p > 0.5 else "false" for p in said], dtype=pl.Enum(["false", "true"])
                ),
                "__probability_0": 1 - said,
                "__probability_1": said,
            }
        )

    check = better_than_champion(metric)
    found = versus(model(0.4 - better), model(0.4), metric, seed=seed)
    (asked,) = check.needs()
    (verdict,) = judge((check,), {asked: Evidence(need=asked, figures=found.figures)})
    return verdict.outcome == "pass"
