"""What becomes of a unit that a model answered: declared once, for releases, monitors and what counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from comporta.records.record import Record

OutcomeSource = Literal["error", "absolute_error", "label", "latency"]
Better = Literal["lower", "higher"]


class Outcome(Record, frozen=True):
    """One outcome of a unit, such as whether its answer was wrong, or what it earned.

    name: by which releases and monitors ask for it.
    of: what it is: `error`, 1 where the answer is not the label, else 0; `absolute_error`, how far a number
        is from its label; `label`, the label itself, of two classes 1 for the positive one; `latency`, 1
        where the model took longer than `limit`, else 0.
    better: whether `lower` or `higher` is.
    horizon: how long after a unit was first answered its label may come: a unit counts from then on, labelled
        or not; None: as the plan says. Of `latency` none is waited for.
    cap: least and largest value of an outcome that is a number: what lies beyond counts as that.
    limit: of `latency`, in milliseconds.

    >>> Outcome("wrong", "error", horizon="10d").better
    'lower'
    """

    name: str
    of: OutcomeSource = "error"
    better: Better = "lower"
    horizon: str | timedelta | None = None
    cap: tuple[float, ...] | None = None
    limit: float | None = None

    @property
    def is_mean(self) -> bool:
        """Whether units are compared by the mean of a number; else by the share of those with a 1."""
        return self.cap is not None
