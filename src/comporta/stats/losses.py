"""What each row's prediction cost, and what the best constant would have cost: the same unit for both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.errors import BadProject
from comporta.records import Record
from comporta.stats.metrics import EPSILON, ScoredRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Losses(Record, frozen=True, kw_only=True):
    """name: `brier`, `log_loss`, `error` (share of wrong labels) or `squared error`. row: (n,), each row's.

    outcome: (n, classes) of 0 and 1, or (n, 1) numbers: what came true.
    """

    name: str
    row: Floats
    outcome: Floats

    def constant(self, learned: Floats, weight: Floats | None = None) -> Floats:
        """(n,): what each row would have cost under the constant that is best for these outcomes (m, k): the
        shares of the classes, the most frequent class, or the mean. weight: how much each outcome counts."""
        said = np.average(learned, axis=0, weights=weight)
        if self.name == "squared error":
            return np.asarray(np.square(self.outcome[:, 0] - said[0]))
        if self.name == "error":
            return np.asarray(1.0 - self.outcome[:, int(said.argmax())])
        if self.name == "log_loss":
            # One row more of each class: a class that was not met has no infinite cost.
            count = len(learned)
            said = (said * count + 1) / (count + len(said))
            return np.asarray(-(self.outcome @ np.log(said)))
        square = np.square(said - self.outcome).sum(axis=1)
        return np.asarray(square / 2 if self.outcome.shape[1] == 2 else square)


def one_hot(place: NDArray[Any], classes: int) -> Floats:
    """(n, classes) of 0 and 1; a class that the model never saw is none of them."""
    return np.asarray((place[:, None] == np.arange(classes)).astype(np.float64))


def losses(seen: ScoredRows, loss: str = "") -> Losses:
    """loss: `brier` or `log_loss` for probabilities; empty: brier, which one row cannot carry away. Labels
    have their error, numbers their squared error. Raises BadProject on another name."""
    if loss not in ("", "brier", "log_loss"):
        raise BadProject(f"loss: found {loss!r}, expected 'brier' or 'log_loss'.")
    if seen.number is not None:
        truth = np.asarray(seen.truth, np.float64)
        return Losses(name="squared error", row=np.square(truth - seen.number), outcome=truth[:, None])
    came = one_hot(np.asarray(seen.truth), seen.classes)
    if seen.probability is None:
        assert seen.label is not None
        return Losses(name="error", row=(seen.truth != seen.label).astype(np.float64), outcome=came)
    if loss == "log_loss":
        said = (seen.probability * came).sum(axis=1)
        return Losses(name="log_loss", row=-np.log(np.clip(said, EPSILON, 1.0)), outcome=came)
    square = np.square(seen.probability - came).sum(axis=1)
    return Losses(name="brier", row=square / 2 if seen.classes == 2 else square, outcome=came)
