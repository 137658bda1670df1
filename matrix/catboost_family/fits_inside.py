"""CatBoost inside scikit-learn, which skops writes down."""

import numpy as np
from catboost import CatBoostClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

draw = np.random.default_rng(0)
X = draw.normal(size=(300, 4))
y = (X[:, 0] > 0).astype(int)


def piped():
    few = CatBoostClassifier(iterations=5, depth=3, thread_count=1, verbose=0, allow_writing_files=False)
    return make_pipeline(StandardScaler(), few).fit(X, y), X


FITS = {"piped": piped}
