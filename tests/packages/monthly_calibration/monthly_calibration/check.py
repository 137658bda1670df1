"""What is declared and how it is judged."""

from __future__ import annotations

from typing import ClassVar

from comporta.records import Drawing, Drawings, Evidence, Level, MeasurementSpec, Need, Record, Verdict, need
from monthly_calibration.measure import GAP, measure

SPEC = MeasurementSpec(
    reads={"predictions": "predictions"},
    section="quality",
    drawings=Drawings(
        tables=(
            Drawing(
                table="months",
                kind="moved",
                caption="Each month's mean chance: hollow as predicted, full as it happened.",
                label=("month",),
                value="happened",
                was="predicted",
            ),
        )
    ),
)


class MonthlyCalibration(Record, frozen=True, kw_only=True):
    """In each month the mean predicted chance is at most `at_most` away from the share that happened."""

    kind: ClassVar[str] = "monthly_calibration"
    at_most: float
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`monthly_calibration?at_most=0.05`: its id, which never changes."""
        return f"monthly_calibration?at_most={self.at_most:g}"

    @property
    def title(self) -> str:
        """What people read."""
        return f"calibration gap at most {self.at_most:g} in each month"

    def needs(self) -> tuple[Need, ...]:
        """The gap of each month, measured by the function of this package."""
        return (need("calibration by month", measure=measure, spec=SPEC),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """A month fails where all of its interval is above the limit."""
        (found,) = evidence
        gaps = [each for each in found.figures if each.metric == GAP and each.value == each.value]
        if found.missing or not gaps or len(gaps) < len(found.figures):
            return self._verdict("inconclusive", "No month could be measured.", found, None)
        worst = max(gaps, key=lambda each: (each.low or 0.0, each.value))
        failed = worst.low is not None and worst.low > self.at_most
        seen = f"month={worst.where[0].value}: {worst.value:.3f} on {worst.rows} rows"
        reason = f"Largest gap, {seen}: expected at most {self.at_most:g}."
        return self._verdict("fail" if failed else "pass", reason, found, worst)

    def _verdict(self, outcome, reason, found, figure):
        return Verdict(
            check=self.name,
            outcome=outcome,
            required=self.required,
            reason=reason,
            figure=figure,
            limit=self.at_most,
            evidence=found.artifact,
        )


def calibrated_each_month(
    at_most: float = 0.05, *, required: bool = True, level: Level = "release"
) -> MonthlyCalibration:
    """The check, for a model's `gates`."""
    return MonthlyCalibration(at_most=at_most, required=required, level=level)
