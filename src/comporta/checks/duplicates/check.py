"""Whether training rows are copies of one another."""

from __future__ import annotations

from typing import ClassVar

from comporta.checks.duplicates import figures
from comporta.checks.shared.judging.arguments import check_choice, number
from comporta.checks.shared.judging.bounds import Bound, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import percent
from comporta.records import LEVELS, NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.duplicates",
    "duplicates: at most {share:g} % of training rows, {contradictory:g} % contradictory",
    share=NUMBER, contradictory=NUMBER,
)  # fmt: skip
EQUAL = code("duplicates.equal", "share of training rows that equal an earlier one")
CONTRADICTORY = code("duplicates.contradictory", "share of training rows that equal one of another target")
NEARLY = code("duplicates.nearly_equal", "share of training rows that nearly equal an earlier one")


class Duplicates(Record, frozen=True, kw_only=True):
    """At most `at_most` of the training rows copy an earlier one; at most `contradictory` contradict one."""

    kind: ClassVar[str] = "duplicates"
    at_most: float
    contradictory: float
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`duplicates?at_most=0.05&contradictory=0.01`."""
        return identity(self.kind, at_most=self.at_most, contradictory=self.contradictory)

    @property
    def title(self) -> Text:
        """`duplicates: at most 5 % of training rows, 1 % contradictory`."""
        return TITLE(share=percent(self.at_most), contradictory=percent(self.contradictory))

    def needs(self) -> tuple[Need, ...]:
        """All training rows, compared."""
        return (need("duplicates"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on copies, near copies and contradictions; the worst decides."""
        (found,) = evidence
        bounds = [
            Bound(metric=figures.DUPLICATES.metric, limit=self.at_most, on="interval", what=EQUAL()),
            Bound(
                metric=figures.CONTRADICTORY.metric,
                limit=self.contradictory,
                on="interval",
                what=CONTRADICTORY(),
            ),
        ]
        near = figures.NEAR_DUPLICATES.metric
        if any(each.metric == near for each in found.figures):
            bounds.append(Bound(metric=near, limit=self.at_most, what=NEARLY()))
        return within_bounds(self, found, bounds)


def duplicates(
    *,
    at_most: float = 0.05,
    contradictory: float = 0.01,
    required: bool = False,
    level: Level = "release",
) -> Duplicates:
    """Few training rows are copies: `duplicates(at_most=0.02)`.

    Exact: all features and the target equal those of an earlier row, by hash. Near: numbers on the same cell
    of a grid of 16 steps across their middle 98 %, on one of two grids, other columns equal; asked where at
    least six features are real numbers. Contradictory: all features equal those of a row with another
    target. All rows are read, so the shares have no interval.

    Rows repeat by chance where most pairs of rows that agree in half of the columns differ in the others.
    There the share is what copies may be at most; where it is above one in a hundred the check does not
    apply, and tells it.

    What it does not see: copies in a table of few distinct values; near copies in which a number moved over
    the edge of its cell on both grids. Features that an entity has in each of its rows make duplicates.
    By itself only reported. Raises BadProject on a share outside of 0 to 1.
    """
    check_choice("duplicates", "level", level, LEVELS)
    return Duplicates(
        at_most=number("duplicates", "at_most", at_most, low=0, high=1),
        contradictory=number("duplicates", "contradictory", contradictory, low=0, high=1),
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="duplicates",
    run="evidence.duplicates",
    reads={"train": "train"},
    section="data",
)
