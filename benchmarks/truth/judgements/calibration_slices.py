"""`calibrated(by=…)` of small slices: a rare class, amounts that are mostly nothing, wild errors."""

from __future__ import annotations

import numpy as np
import polars as pl
from _grid import Judgement, Setting, Verdicts, crossed, outcome_of

from comporta.checks import calibrated
from comporta.checks.calibration.measure import calibration

CODE = ("checks/calibration", "checks/shared/judging/bounds.py")
BESIDE = ("../_grid.py",)
CHECK = calibrated(by="slice")
OF_30, OF_100 = "slices of 30", "slices of 100"


def chances(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """In every slice the class is said by the limit too often."""
    came = draw.random(setting.rows) < setting.base
    said = np.full(setting.rows, setting.base + CHECK.bias)
    rows = pl.DataFrame({"__target": came, "__probability_0": 1 - said, "__probability_1": said})
    label = pl.Series(np.where(said > 0.5, "true", "false"), dtype=pl.Enum(["false", "true"]))
    return _judged(rows.with_columns(__label=label), setting)


def amounts(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """What is said is the mean of what comes; by how much it is off in a slice is chance alone."""
    said = np.exp(0.5 * draw.normal(size=setting.rows))
    if setting.tail == "lognormal":
        came = said * np.exp(1.5 * draw.normal(size=setting.rows) - 1.125)
    elif setting.tail == "t3":
        came = said + draw.standard_t(3, setting.rows)
    else:
        seldom = draw.random(setting.rows) < setting.base
        came = np.where(seldom, said / setting.base * draw.exponential(size=setting.rows), 0.0)
    return _judged(pl.DataFrame({"__target": came, "__prediction": said}), setting)


def _judged(rows: pl.DataFrame, setting: Setting) -> Verdicts:
    place = np.arange(setting.rows) // (30 if setting.own == OF_30 else 100)
    rows = rows.with_columns(__keep_slice=pl.Series(place).cast(pl.String))
    return Verdicts(outcome_of(CHECK, calibration(rows, by=("slice",))), None)


JUDGEMENTS = (
    Judgement(
        name='calibrated(by="slice"), chances',
        settings=crossed(rows=(300, 1_500), base=(0.02, 0.12, 0.4), own=(OF_30, OF_100)),
        asked=chances,
    ),
    Judgement(
        name='calibrated(by="slice"), numbers',
        settings=(
            *crossed(rows=(300, 1_500), tail=("t3", "lognormal"), own=(OF_30, OF_100)),
            *crossed(rows=(300, 1_500), base=(0.03, 0.1), own=(OF_30, OF_100)),
        ),
        asked=amounts,
    ),
)
