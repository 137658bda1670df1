"""Whether wrong labels are counted, where classes can be told apart, and what overlap makes of it."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import outcome, row

from comporta.checks import label_errors
from comporta.checks.label_errors.measure import measure_label_errors


def study(seeds: int = 60) -> list[dict[str, object]]:
    """Where classes can be told apart a limit of 2 % is held against; by default it is 5 %."""
    check, out = label_errors(), []
    for apart, area in ((6.0, "1.00"), (4.0, "0.998"), (2.5, "0.96"), (1.0, "0.76")):
        for noise in (0.0, 0.05, 0.1):
            found = [measure_label_errors(_classes(seed, apart, noise)) for seed in range(seeds)]
            asked = label_errors(at_most=0.02) if apart >= 4 else check
            named = (
                "label errors (at_most=0.02)"
                if apart >= 4
                else f"label errors, classes that overlap: AUC {area}"
            )
            fault = f"{noise:.0%} of labels swapped" if noise else "none"
            line = row(
                named, fault, f"two classes, AUC {area}, 2,000 rows", [outcome(asked, f) for f in found]
            )
            out.append({**line, "mean share": round(float(np.mean([f.figures[0].value for f in found])), 4)})
    for fault, noise, rare in (("none", 0.0, 0.02), ("8 % of rows given the rare label", 0.08, 0.02)):
        found = [
            measure_label_errors(_classes(seed, 5.0, 0.0, rare=rare, hidden=noise)) for seed in range(seeds)
        ]
        line = row(
            "label errors",
            fault,
            "one row in 50 of the rare class, 2,000 rows",
            [outcome(check, f) for f in found],
        )
        out.append({**line, "mean share": round(float(np.mean([f.figures[0].value for f in found])), 4)})
    for errors in ("normal", "skewed", "heavy tails"):
        for noise in (0.0, 0.1):
            found = [measure_label_errors(_numbers(seed, errors, noise)) for seed in range(seeds)]
            fault = f"{noise:.0%} of numbers in another unit" if noise else "none"
            line = row(
                "label errors",
                fault,
                f"numbers, {errors} errors, 2,000 rows",
                [outcome(check, f) for f in found],
            )
            out.append({**line, "mean share": round(float(np.mean([f.figures[0].value for f in found])), 4)})
    return out


def _classes(seed: int, apart: float, noise: float, rare: float = 0.5, hidden: float = 0.0) -> pl.DataFrame:
    """The answers of the best model there is of two normal classes, fitted to labels as noisy as these."""
    draw = np.random.default_rng(seed)
    truth = draw.random(2_000) < rare
    score = apart * (draw.normal(size=2_000) + apart * (truth - 0.5)) + np.log(rare / (1 - rare))
    chance = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
    swapped = draw.random(2_000) < noise
    swapped |= ~truth & (draw.random(2_000) < hidden)
    chance = chance * (1 - noise) + (1 - chance) * (noise + hidden)
    return pl.DataFrame(
        {
            "__key": [str(n) for n in range(2_000)],
            "__target": truth ^ swapped,
            "__label": pl.Series(
                ["true" if p > 0.5 else "false" for p in chance], dtype=pl.Enum(["false", "true"])
            ),
            "__probability_0": 1 - chance,
            "__probability_1": chance,
        }
    )


def _numbers(seed: int, errors: str, noise: float) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    said = 10 + 5 * draw.random(2_000)
    error = {
        "normal": draw.normal(size=2_000),
        "skewed": draw.exponential(size=2_000) - 0.7,
        "heavy tails": draw.standard_t(3, size=2_000),
    }[errors]
    truth = said + 0.1 * said * error
    truth = np.where(draw.random(2_000) < noise, truth * 3.28, truth)
    return pl.DataFrame({"__key": [str(n) for n in range(2_000)], "__target": truth, "__prediction": said})
