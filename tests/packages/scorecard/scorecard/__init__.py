"""A family of models that lives outside Comporta: points for each word of a column, and how they are kept."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from comporta.errors import Tampered


class ScoreCard:
    """The share of each word of one column. Its points are held by a generator's closure, so that no archive
    of attributes can keep it."""

    def __init__(self, column: str, points: dict[str, float], otherwise: float) -> None:
        self.column, self.otherwise = column, otherwise
        self.items = lambda: sorted(points.items())
        self.classes_ = np.array([False, True])

    def predict_proba(self, X: Any) -> Any:
        points = dict(self.items())
        said = np.array([points.get(str(word), self.otherwise) for word in X[self.column].to_list()])
        return np.column_stack([1 - said, said])

    def predict(self, X: Any) -> Any:
        return self.predict_proba(X)[:, 1] >= 0.5


def fitted(X: Any, y: Any, column: str) -> ScoreCard:
    """The share of `y` for each word of the column."""
    truth = np.asarray(y).astype(float)
    words = np.array([str(each) for each in X[column].to_list()])
    points = {word: float(truth[words == word].mean()) for word in sorted(set(words))}
    return ScoreCard(column, points, float(truth.mean()))


class Points:
    """Score cards as JSON."""

    name = "points"

    def accepts(self, model: Any) -> bool:
        return isinstance(model, ScoreCard)

    def encode(self, model: Any) -> bytes:
        return json.dumps([model.column, model.items(), model.otherwise]).encode()

    def decode(self, data: bytes) -> Any:
        try:
            column, items, otherwise = json.loads(data)
            return ScoreCard(
                str(column), {str(word): float(share) for word, share in items}, float(otherwise)
            )
        except (ValueError, TypeError, UnicodeDecodeError) as fault:
            raise Tampered(f"model: its points cannot be read: {type(fault).__name__}") from fault
