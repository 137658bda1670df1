"""What XGBoost's models are made of: trees."""

from __future__ import annotations

from typing import Any

from comporta.records import TreeEnsemble
from comporta.train.families.xgboost.booster import LINKS, read


def trees(model: Any, output: int) -> TreeEnsemble | None:
    """Of two classes the log-odds of the second, or the numbers of a regression; None of any other model, or
    where the answer is no sum."""
    boosted = read(model)
    if boosted is None or len(boosted.trees) > 1 or (link := LINKS.get(boosted.objective)) is None:
        return None
    if boosted.objective == "binary:logistic" and output != 1:
        return None
    return TreeEnsemble(boosted.trees[0], float(boosted.bases[0]), link, single=True)
