"""Fits whose bytes must not depend on the process that made them."""

import numpy as np
import polars as pl
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
)
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

draw = np.random.default_rng(0)
X = draw.normal(size=(200, 4))
y = (X[:, 0] + 0.3 * draw.normal(size=200) > 0).astype(int)
FRAME = pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "word": draw.choice(["x", "y", "z"], 200)}).with_columns(
    pl.col("word").cast(pl.Enum(["x", "y", "z"]))
)
BY_WORD = ColumnTransformer(
    [("words", OneHotEncoder(handle_unknown="ignore"), ["word"]), ("rest", StandardScaler(), ["a", "b"])]
)
CODES = ColumnTransformer([("words", OrdinalEncoder(), ["word"])], remainder="passthrough")


def on_numbers(model, target=y):
    return lambda: (model.fit(X, target), X)


def on_words(model):
    return lambda: (model.fit(FRAME, y), FRAME)


FITS = {
    "logistic": on_numbers(LogisticRegression()),
    "scaled": on_numbers(make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())),
    "sgd": on_numbers(SGDClassifier(loss="log_loss", random_state=0)),
    "tree": on_numbers(DecisionTreeClassifier(random_state=0)),
    "forest": on_numbers(RandomForestClassifier(5, random_state=0)),
    "extra": on_numbers(ExtraTreesClassifier(5, random_state=0)),
    "boosted": on_numbers(GradientBoostingClassifier(n_estimators=5, random_state=0)),
    "histogram": on_numbers(HistGradientBoostingClassifier(max_iter=5, random_state=0)),
    "adaboost": on_numbers(AdaBoostClassifier(n_estimators=3, random_state=0)),
    "neighbours": on_numbers(KNeighborsClassifier(algorithm="kd_tree")),
    "bayes": on_numbers(GaussianNB()),
    "vectors": on_numbers(SVC(probability=False)),
    "network": on_numbers(MLPClassifier((4,), max_iter=20, early_stopping=True, random_state=0)),
    "calibrated": on_numbers(CalibratedClassifierCV(DecisionTreeClassifier(random_state=0))),
    "searched": on_numbers(GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]})),
    "stacked": on_numbers(
        StackingClassifier(
            [("a", LogisticRegression()), ("b", RandomForestClassifier(2, random_state=0))],
            final_estimator=LogisticRegression(),
        )
    ),
    "splines": on_numbers(make_pipeline(SplineTransformer(), KNNImputer(), LogisticRegression())),
    "words": on_words(make_pipeline(BY_WORD, LogisticRegression())),
    "codes": on_words(make_pipeline(CODES, HistGradientBoostingClassifier(max_iter=5, random_state=0))),
    "categories": on_words(HistGradientBoostingClassifier(max_iter=5, random_state=0)),
    "ridge": on_numbers(Ridge(), X[:, 0]),
    "turned": on_numbers(
        TransformedTargetRegressor(Ridge(), transformer=QuantileTransformer(n_quantiles=10)), X[:, 0]
    ),
    "forest of numbers": on_numbers(RandomForestRegressor(3, random_state=0), X[:, 0]),
    "histogram of numbers": on_numbers(
        HistGradientBoostingRegressor(max_iter=3, loss="poisson", random_state=0), X[:, 0] + 9
    ),
}
