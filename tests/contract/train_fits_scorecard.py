"""Score cards of the package in `tests/packages/scorecard`."""

import sys
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "packages" / "scorecard"))

from scorecard import fitted

draw = np.random.default_rng(0)
ROWS = pl.DataFrame({"plan": draw.choice(["a", "b", "c"], 200)})
TRUTH = draw.random(200) < 0.4
FITS = {"plans": lambda: (fitted(ROWS, TRUTH, "plan"), ROWS.head(20))}
