"""What wrong decisions cost, and from which chance on the positive class is worth being called."""

from __future__ import annotations

from comporta.records.record import Record


class Costs(Record, frozen=True, kw_only=True):
    """What a decision between two classes costs, in any one unit; less than 0 is a gain.

    false_positive: calling a row positive that is not.
    false_negative: not calling one that is.
    true_positive: calling one that is.
    true_negative: not calling one that is not.

    >>> Costs(false_positive=1, false_negative=9).threshold
    0.1
    """

    false_positive: float
    false_negative: float
    true_positive: float = 0.0
    true_negative: float = 0.0

    @property
    def threshold(self) -> float:
        """The chance from which on calling a row positive costs least on average (Elkan 2001, "The
        foundations of cost-sensitive learning", equation 2). Right for calibrated probabilities."""
        wrong_call = self.false_positive - self.true_negative
        return wrong_call / (wrong_call + self.false_negative - self.true_positive)
