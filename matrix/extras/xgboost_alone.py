"""`comporta[xgboost]`, and nothing else."""

import xgboost
from family import works


def fit(X, y):
    return xgboost.XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1, enable_categorical=True).fit(X, y)


works(fit, family="xgboost")
