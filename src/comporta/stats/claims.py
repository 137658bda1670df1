"""What a release asks of an outcome, as a claim: the canary's mean is above, or below, r times the control's.

Where lower is better, harm is a mean above 1 + harm of the control's, non-inferior one below 1 + margin, and
superior one below it; where higher is better harm is below 1 - harm, non-inferior above 1 - margin, superior
above. Each is shown by evidence against its opposite (Wald's alternative and null), so no evidence is never
taken for a yes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Question = Literal["harm", "non_inferior", "superior"]
Side = Literal["above", "below"]
Direction = Literal["lower", "higher"]


class RatioClaim(NamedTuple):
    """The canary's mean is on this side of `ratio` times the control's."""

    ratio: float
    side: Side


def claim_of(question: Question, margin: float = 0.0, better: Direction = "lower") -> RatioClaim:
    """The claim that answers a question with yes. margin: relative to the control's mean, 0 or more; of
    `superior` none. Raises ValueError where it is below 0, or where a mean would have to be below 0."""
    if not margin >= 0 or (better == "higher" and not margin < 1):
        raise ValueError(
            f"margin: found {margin}, expected 0 or more, and less than 1 where higher is better."
        )
    worse = 1 + margin if better == "lower" else 1 - margin
    if question == "superior":
        return RatioClaim(1.0, "below" if better == "lower" else "above")
    if question == "harm":
        return RatioClaim(worse, "above" if better == "lower" else "below")
    return RatioClaim(worse, "below" if better == "lower" else "above")
