"""`comporta[pandas]`, and nothing else: a training function gets pandas, and words as categories."""

import sys

import pandas as pd
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier

from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.train import load_predictor, steps

TABLE = pl.DataFrame(
    {
        "x": [None if n % 7 == 0 else float(n % 10) for n in range(200)],
        "word": ["east" if n % 3 else "west" for n in range(200)],
        "__key": [f"[{n}]" for n in range(200)],
        "__target": [n % 10 > 4 for n in range(200)],
    }
)


def fit(X: pd.DataFrame, y: pd.Series):
    if str(X["word"].dtype) != "category" or not isinstance(y, pd.Series):
        sys.exit(f"found {X.dtypes} and {type(y)}, expected a category and a series")
    return HistGradientBoostingClassifier(max_iter=5).fit(X, y)


at = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=1)
made = steps.fit(at, train=write(at, TABLE), fit=fit)
if len(load_predictor(at, made).predict(TABLE)["label"]) != TABLE.height:
    sys.exit("found fewer answers than rows")
