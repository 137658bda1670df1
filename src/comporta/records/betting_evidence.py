"""Evidence about means of two arms, as sums: those of two periods add to that of both."""

from __future__ import annotations

from comporta.records.record import Record


class MeanSums(Record, frozen=True, kw_only=True):
    """Units of an arm whose horizon is over. n: all of them. unlabelled: those whose value is not known. sum,
    squares: of the labelled ones' clipped values."""

    n: int = 0
    unlabelled: int = 0
    sum: float = 0.0
    squares: float = 0.0

    def __add__(self, other: MeanSums) -> MeanSums:
        return MeanSums(
            n=self.n + other.n,
            unlabelled=self.unlabelled + other.unlabelled,
            sum=self.sum + other.sum,
            squares=self.squares + other.squares,
        )


class BettingEvidence(Record, frozen=True, kw_only=True):
    """Log-wealth of bets on the ratio of two means. ratios: (r,) that are asked. above, below: (r, stakes) of
    bets that the canary's mean is above, or below, each ratio of the control's. canary, control: for display.
    """

    ratios: tuple[float, ...]
    above: tuple[tuple[float, ...], ...]
    below: tuple[tuple[float, ...], ...]
    canary: MeanSums = MeanSums()
    control: MeanSums = MeanSums()

    def __add__(self, other: BettingEvidence) -> BettingEvidence:
        """Of both periods. Raises ValueError where they ask other ratios, or with other stakes."""
        shapes = [(each.ratios, [len(row) for row in each.above]) for each in (self, other)]
        if shapes[0] != shapes[1]:
            raise ValueError("betting evidence: periods of other ratios or stakes do not add.")
        return BettingEvidence(
            ratios=self.ratios,
            above=_add(self.above, other.above),
            below=_add(self.below, other.below),
            canary=self.canary + other.canary,
            control=self.control + other.control,
        )


def _add(
    one: tuple[tuple[float, ...], ...], other: tuple[tuple[float, ...], ...]
) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(sum, zip(*rows, strict=True))) for rows in zip(one, other, strict=True))
