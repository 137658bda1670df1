"""LightGBM's fits, alone, for its own text."""

import lightgbm
import numpy as np

draw = np.random.default_rng(0)
X = draw.normal(size=(300, 4))
X[draw.random(X.shape) < 0.05] = np.nan
y = (np.nan_to_num(X[:, 0]) + 0.3 * draw.normal(size=300) > 0).astype(int)
FEW = {"n_estimators": 5, "num_leaves": 7, "verbose": -1, "n_jobs": 1}


def fitted(model, target):
    return lambda: (model.fit(X, target), X)


def stopped():
    model = lightgbm.LGBMClassifier(**{**FEW, "n_estimators": 60}, early_stopping_round=2)
    return model.fit(X[:200], y[:200], eval_set=[(X[200:], y[200:])]), X


FITS = {
    "two classes": fitted(lightgbm.LGBMClassifier(**FEW), y),
    "words for classes": fitted(lightgbm.LGBMClassifier(**FEW), np.where(y == 1, "yes", "no")),
    "truth": fitted(lightgbm.LGBMClassifier(**FEW), y == 1),
    "three classes": fitted(lightgbm.LGBMClassifier(**FEW), np.digitize(np.nan_to_num(X[:, 0]), [-0.5, 0.5])),
    "numbers": fitted(lightgbm.LGBMRegressor(**FEW), np.nan_to_num(X[:, 0])),
    "bagged": fitted(lightgbm.LGBMRegressor(**FEW, subsample=0.5, subsample_freq=1, random_state=3), y),
    "stopped early": stopped,
}
