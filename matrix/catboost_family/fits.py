"""CatBoost's fits, for its own form."""

import numpy as np
import polars as pl
from catboost import CatBoostClassifier, CatBoostRegressor

from comporta.train.families import prepare

draw = np.random.default_rng(0)
X = draw.normal(size=(300, 4))
X[draw.random(X.shape) < 0.05] = np.nan
y = (np.nan_to_num(X[:, 0]) + 0.3 * draw.normal(size=300) > 0).astype(int)
FEW = {"iterations": 5, "depth": 3, "thread_count": 1, "verbose": 0, "allow_writing_files": False}
WORDS = ["east", "north", "south", "west"]


def fitted(model, target):
    return lambda: (model.fit(X, target), X)


def stopped():
    model = CatBoostClassifier(**{**FEW, "iterations": 60}, early_stopping_rounds=2)
    return model.fit(X[:200], y[:200], eval_set=(X[200:], y[200:])), X


def of_words():
    place = pl.Series([WORDS[at] for at in draw.integers(0, 4, 300)], dtype=pl.Enum(WORDS)).to_frame("place")
    place = place.with_columns(pl.when(pl.int_range(300) % 9 > 0).then(pl.col("place")))
    rows = place.with_columns(x=pl.Series(X[:, 0]))
    prepare(rows)
    target = (
        np.nan_to_num(X[:, 0]) + np.where(place["place"].fill_null("west") == "south", 2, 0) > 1
    ).astype(int)
    return CatBoostClassifier(**FEW).fit(rows, target), rows


FITS = {
    "two classes": fitted(CatBoostClassifier(**FEW), y),
    "truth": fitted(CatBoostClassifier(**FEW), y == 1),
    "words to tell": fitted(CatBoostClassifier(**FEW), np.where(y == 1, "yes", "no")),
    "three classes": fitted(CatBoostClassifier(**FEW), np.digitize(np.nan_to_num(X[:, 0]), [-0.5, 0.5])),
    "numbers": fitted(CatBoostRegressor(**FEW), np.nan_to_num(X[:, 0])),
    "counts": fitted(CatBoostRegressor(**FEW, loss_function="Poisson"), y + 1),
    "bagged": fitted(CatBoostRegressor(**FEW, bootstrap_type="Bernoulli", subsample=0.5, random_seed=3), y),
    "trees of single nodes": fitted(CatBoostClassifier(**FEW, grow_policy="Lossguide"), y),
    "ordered": fitted(CatBoostClassifier(**FEW, boosting_type="Ordered"), y),
    "stopped early": stopped,
    "words": of_words,
}
