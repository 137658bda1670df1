"""No part of the rows, however it is found, in which the model is much worse than it should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from comporta.checks.shared.judging.arguments import check_choice, number, usual, whole
from comporta.checks.shared.judging.bounds import Bound, Judgement, On, not_measured, result, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import sentence
from comporta.checks.weak_slices import figures
from comporta.checks.weak_slices.draw import DRAWINGS
from comporta.records import (
    NO_TEXT,
    NUMBER,
    Code,
    Evidence,
    Level,
    Need,
    Quantity,
    Record,
    Text,
    Verdict,
    code,
    need,
)
from comporta.records.measurement import MeasurementSpec

Against = Literal["constant", "overall"]

CONSTANT = code(
    "check.weak_slices.constant", "weak slices: loss at most {times:g} times that of the constant baseline",
    times=NUMBER,
)  # fmt: skip
OVERALL = code(
    "check.weak_slices.overall", "weak slices: loss at most {times:g} times that of all rows", times=NUMBER
)
NONE = code("weak_slices.none", "no weak slice was confirmed on the {rows:,} rows", rows=int)
TO_CONSTANT = code(
    "weak_slices.to_constant",
    "loss over that of the constant baseline, in the worst of {count} confirmed weak slices,", count=int,
)  # fmt: skip
TO_OVERALL = code(
    "weak_slices.to_overall",
    "loss over that of all rows, in the worst of {count} confirmed weak slices,", count=int,
)  # fmt: skip
CONDITIONS = code("weak_slices.conditions", "its conditions are in the report")

_TITLES: dict[Against, Code] = {"constant": CONSTANT, "overall": OVERALL}
_FIGURE: dict[Against, Quantity] = {"constant": figures.TO_CONSTANT, "overall": figures.TO_OVERALL}
_SAYS: dict[Against, Code] = {"constant": TO_CONSTANT, "overall": TO_OVERALL}


class WeakSlices(Record, frozen=True, kw_only=True):
    """In every confirmed slice the mean loss is at most `at_most` times that which it is held against."""

    kind: ClassVar[str] = "weak_slices"
    at_most: float
    against: Against
    support: float
    depth: int
    top: int
    loss: str
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`weak_slices?at_most=1.2&against=constant`."""
        return identity(self.kind, at_most=self.at_most, against=self.against)

    @property
    def title(self) -> Text:
        """`weak slices: loss at most 1.2 times that of the constant baseline`."""
        return _TITLES[self.against](times=self.at_most)

    def needs(self) -> tuple[Need, ...]:
        """The slices that were found and confirmed."""
        return (need("weak slices", support=self.support, depth=self.depth, top=self.top, loss=self.loss),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the worst confirmed slice."""
        (found,) = evidence
        counted = [each for each in found.figures if each.metric == figures.CONFIRMED.metric]
        if not found.without and (found.missing or not counted):
            return not_measured(self, self.at_most, found)
        bound = Bound(metric=_FIGURE[self.against].metric, limit=self.at_most, on=self.on)
        if not bound.among(found.figures) and counted and counted[0].value == 0:
            return Verdict(
                check=self.name,
                outcome="pass",
                required=self.required,
                reason=sentence(NONE(rows=counted[0].rows)),
                figure=counted[0],
                limit=self.at_most,
                evidence=found.artifact,
            )
        return within_bounds(self, found, (bound,), self._reason)

    def _reason(self, decides: Judgement, every: Sequence[Judgement]) -> Text:
        said = result(decides, _SAYS[self.against](count=len(every)))
        return sentence(said, CONDITIONS() if decides.outcome == "fail" else NO_TEXT)


def weak_slices(
    at_most: float = 1.2,
    *,
    against: Against = "constant",
    support: float = 0.02,
    depth: int = 2,
    top: int = 10,
    loss: Literal["", "brier", "log_loss"] = "",
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> WeakSlices:
    """No slice in which the model fails, though nobody named it: `weak_slices(2.0, against="overall")`.

    Features, and columns kept for slices, are cut into bins (fifths of numbers, words of at most
    ten kinds); of all conjunctions of up to `depth`
    bins with at least the share `support` of the rows, those with the highest SliceLine score (Sagadeeva and
    Boehm 2021, alpha 0.95) are found on one half of the test rows (whole groups or days), exactly. The `top`
    of them that are not mostly the same rows are then measured on the other half, which was never searched;
    Benjamini and Hochberg's procedure keeps those whose loss is truly above the others' (at most 5 % false
    discoveries), and their intervals allow for having been chosen (Benjamini and Yekutieli 2005).

    at_most: how many times the mean loss of a confirmed slice may be what it is held against: `constant`,
    what the slice's own class shares or mean would cost (above 1 the model does harm there), or `overall`,
    the mean loss of all rows, which is higher wherever the outcome is harder to know. loss: the Brier score
    of probabilities, or `log_loss`; the error of labels; the squared error of numbers.
    on: `fault` refuses only what is shown to be above the limit.

    It does not see slices smaller than `support`, or that need more than `depth` conditions, or columns that
    the table lacks. Tables of more than sixty columns: the sixty whose bins differ most. Raises BadProject.
    """
    usual("weak_slices", on, level)
    check_choice("weak_slices", "against", against, tuple(_TITLES))
    check_choice("weak_slices", "loss", loss, ("", "brier", "log_loss"))
    return WeakSlices(
        at_most=number("weak_slices", "at_most", at_most, low=0.0),
        against=against,
        support=number("weak_slices", "support", support, low=0.001, high=0.5),
        depth=whole("weak_slices", "depth", depth, low=1, high=3),
        top=whole("weak_slices", "top", top, low=1, high=50),
        loss=loss,
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="weak slices",
    run="evidence.weak_slices",
    reads={"predictions": "predictions"},
    context=("group",),
    cost=2,
    section="quality",
    drawings=DRAWINGS,
)
