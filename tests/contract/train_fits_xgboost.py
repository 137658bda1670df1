"""XGBoost's fits, alone, for its own text."""

import numpy as np
import polars as pl
import xgboost

draw = np.random.default_rng(0)
X = draw.normal(size=(300, 4))
X[draw.random(X.shape) < 0.05] = np.nan
y = (np.nan_to_num(X[:, 0]) + 0.3 * draw.normal(size=300) > 0).astype(int)
FEW = {"n_estimators": 5, "max_depth": 3, "n_jobs": 1}
WORDS = ["east", "north", "south", "west"]


def fitted(model, target):
    return lambda: (model.fit(X, target), X)


def stopped():
    model = xgboost.XGBClassifier(**{**FEW, "n_estimators": 60}, early_stopping_rounds=2)
    return model.fit(X[:200], y[:200], eval_set=[(X[200:], y[200:])], verbose=False), X


def of_words():
    place = pl.Series([WORDS[at] for at in draw.integers(0, 4, 300)], dtype=pl.Enum(WORDS))
    rows = pl.DataFrame({"x": X[:, 0], "place": place})
    target = (np.nan_to_num(X[:, 0]) + np.where(place.to_physical().to_numpy() == 2, 2, 0) > 1).astype(int)
    return xgboost.XGBClassifier(**FEW, enable_categorical=True).fit(rows, target), rows


FITS = {
    "two classes": fitted(xgboost.XGBClassifier(**FEW), y),
    "truth": fitted(xgboost.XGBClassifier(**FEW), y == 1),
    "three classes": fitted(xgboost.XGBClassifier(**FEW), np.digitize(np.nan_to_num(X[:, 0]), [-0.5, 0.5])),
    "numbers": fitted(xgboost.XGBRegressor(**FEW), np.nan_to_num(X[:, 0])),
    "counts": fitted(xgboost.XGBRegressor(**FEW, objective="count:poisson"), y + 1),
    "bagged": fitted(xgboost.XGBRegressor(**FEW, subsample=0.5, random_state=3), y),
    "a forest": fitted(xgboost.XGBRFClassifier(**FEW), y),
    "linear": fitted(xgboost.XGBClassifier(**FEW, booster="gblinear", updater="coord_descent"), y),
    "dropped trees": fitted(xgboost.XGBRegressor(**FEW, booster="dart", rate_drop=0.5), y),
    "stopped early": stopped,
    "words": of_words,
}
