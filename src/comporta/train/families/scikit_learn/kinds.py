"""scikit-learn's estimators that are trees or made of them, by the names of their classes."""

from __future__ import annotations

FORESTS = frozenset(
    ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor")
)
SINGLE = frozenset(
    ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")
)
BOOSTED = frozenset(("GradientBoostingClassifier", "GradientBoostingRegressor"))
HISTOGRAM = frozenset(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"))
