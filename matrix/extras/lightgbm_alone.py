"""`comporta[lightgbm]`, and nothing else."""

import lightgbm
from family import works


def fit(X, y):
    return lightgbm.LGBMClassifier(n_estimators=20, num_leaves=7, verbose=-1, n_jobs=1).fit(X, y)


works(fit, family="lightgbm")
