"""Does `learning_curve` find a model that unlearns, and none where more rows do not help, or help?"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from _models import fails
from past import TAKES, Line, history

from comporta.checks import learning_curve as curve_gate
from comporta.checks.learning_curve.measure import learning_curve
from comporta.checks.shared.measuring.prediction_frame import with_outputs

BESIDE = ("past.py",)
TRAIN, TEST = 1_200, 600


def study(seeds: int = 200) -> list[dict[str, Any]]:
    """Linear models of 1,200 training rows."""
    cases = (
        ("none", "all is learned from half of the rows", 0),
        ("none", "30 columns of noise beside: more rows help", 30),
        ("the newer half of the rows has other labels", "", 0),
    )
    return [
        {
            "check": "learning_curve()",
            "fault": fault,
            "size": f"1,200 training rows{', ' * bool(what)}{what}",
            "found": float(np.mean([_unlearned(seed, fault != "none", noise) for seed in range(times)])),
            "seeds": times,
        }
        for fault, what, noise in cases
        for times in (seeds if fault == "none" else max(1, seeds // 4),)
    ]


def _unlearned(seed: int, wrong: bool, noise: int) -> bool:
    draw = np.random.default_rng(seed)
    whole = history(seed, TRAIN + TEST).drop("__at")
    beside = draw.normal(size=(TRAIN + TEST, noise))
    whole = whole.with_columns(pl.Series(f"x{4 + at}", beside[:, at]) for at in range(noise))
    train, test = whole[:TRAIN], whole[TRAIN:]
    # What a half of the rows teaches is right; the candidate was taught the opposite by the rest.
    taught = train.with_columns(__target=~pl.col("__target")) if wrong else train
    said = with_outputs(test, Line(taught)(test), TAKES)
    return fails(curve_gate(), learning_curve(train, said, Line, TAKES, seed=seed))
