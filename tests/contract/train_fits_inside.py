"""LightGBM and XGBoost inside scikit-learn, which skops writes down."""

import lightgbm
import numpy as np
import xgboost
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

draw = np.random.default_rng(0)
X = draw.normal(size=(300, 4))
y = (X[:, 0] > 0).astype(int)


def piped():
    few = lightgbm.LGBMClassifier(n_estimators=5, num_leaves=7, verbose=-1, n_jobs=1)
    return make_pipeline(StandardScaler(), few).fit(X, y), X


def piped_xgboost():
    few = xgboost.XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1)
    return make_pipeline(StandardScaler(), few).fit(X, y), X


FITS = {"piped": piped, "piped xgboost": piped_xgboost}
