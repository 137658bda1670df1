"""Whether the model is given names or numbers of rows to learn."""

from __future__ import annotations

from typing import ClassVar

from comporta.checks.identifiers.figures import IDENTIFIERS
from comporta.checks.shared.judging.arguments import check_choice, whole
from comporta.checks.shared.judging.bounds import Bound, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.records import LEVELS, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

NONE = code("check.identifiers", "no feature is an identifier")
AT_MOST = code("check.identifiers.at_most", "at most {count} features are identifiers", count=int)
FOUND = code("identifiers.found", "features that name or count the row:")


class Identifiers(Record, frozen=True, kw_only=True):
    """At most so many features name or count the row."""

    kind: ClassVar[str] = "identifiers"
    at_most: int
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`identifiers?at_most=0`."""
        return identity(self.kind, at_most=self.at_most)

    @property
    def title(self) -> Text:
        """`no feature is an identifier`."""
        return AT_MOST(count=self.at_most) if self.at_most else NONE()

    def needs(self) -> tuple[Need, ...]:
        """Every feature, looked at on all training rows."""
        return (need("identifiers"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on how many there are."""
        (found,) = evidence
        return within_bounds(
            self, found, (Bound(metric=IDENTIFIERS.metric, limit=self.at_most, what=FOUND()),)
        )


def identifiers(*, at_most: int = 0, required: bool = False, level: Level = "release") -> Identifiers:
    """No feature names or counts the row: `identifiers()`.

    An identifier is a text of which 95 % of the values are of one row; a whole number of which 95 % are and
    that fills a third of its range, as counted ones do; or a number that rises or falls with the row's time
    (Spearman's rank correlation of 0.999 or more). A model that learns such a feature learns the past by
    heart. All training rows are read; fewer than 100 are too few to tell.

    What it does not see: identifiers of an entity with many rows; hashes cut into buckets; whole numbers
    spread over a wide range, which amounts are too. Free text is told as an identifier, and a feature that
    measures time on purpose is too, so that by itself it is only reported.
    Raises BadProject on a negative number.
    """
    check_choice("identifiers", "level", level, LEVELS)
    return Identifiers(
        at_most=whole("identifiers", "at_most", at_most, low=0, high=1_000_000),
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="identifiers",
    run="evidence.identifiers",
    reads={"train": "train"},
    fatal=True,
    section="data",
)
