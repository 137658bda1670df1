"""Whether explanations are there, and true of the model that is asked."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from comporta.checks.explanation.draw import DRAWINGS
from comporta.checks.explanation.figures import APART, RESIDUAL
from comporta.checks.shared.judging.arguments import number, usual
from comporta.checks.shared.judging.bounds import Bound, not_applicable, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.records import NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

TITLE = code("check.explanation", "SHAP additivity within {residual:g}", residual=NUMBER)


class Explained(Record, frozen=True, kw_only=True):
    """Shapley values were made, add up to the answer but for `residual`, and the model they were read from
    answers as the one asked but for `apart`."""

    kind: ClassVar[str] = "explanation"
    residual: float
    apart: float = 1e-4
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`explanation?residual=1e-06`."""
        return identity(self.kind, residual=self.residual)

    @property
    def title(self) -> Text:
        """`SHAP additivity within 1e-06`."""
        return TITLE(residual=self.residual)

    def needs(self) -> tuple[Need, ...]:
        """Shapley values of a sample."""
        return (need("explanation"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the largest residual of any row. Of sampled values only a failure tells something:
        the model answers otherwise when it is asked again."""
        (found,) = evidence
        bounds = (
            Bound(metric=RESIDUAL.metric, limit=self.residual),
            Bound(metric=APART.metric, limit=self.apart),
        )
        verdict = within_bounds(self, replace(found, without=""), bounds)
        return not_applicable(self, found) if found.without and verdict.outcome != "fail" else verdict


def explained(
    residual: float = 1e-6, *, apart: float = 1e-4, required: bool = True, level: Level = "release"
) -> Explained:
    """There is an explanation of the answers, and it adds up: `explained()`.

    Shapley values of up to 1,000 test rows: LightGBM, XGBoost and CatBoost by their own TreeSHAP (exact for
    the trees, against the rows they were grown on); linear models, behind scikit-learn's scalers or imputer
    too, exact against 200 test rows; all others, scikit-learn's trees among them, by 12 sampled orders of the
    features on 150 rows, which is no exact value. The evidence's notes say which, and hold the background's
    keyed digest; the summary by feature is kept with it, the background rows as an artifact beside it.

    residual: the largest distance of the values' sum from the answer, over the largest answer or 1, in
    log-odds, margin, chance or number. Sampled values add up by how they are made: they are kept and shown,
    and the check does not apply, unless the model answers otherwise when asked again: that fails. apart:
    how far the answer of the model that was read may be from the one given: the chance for LightGBM, the
    share of other decisions for linear classifiers.
    What it does not see: whether an explanation is a cause. Raises BadProject on limits below 0.
    """
    usual("explained", "value", level)
    return Explained(
        residual=number("explained", "residual", residual, low=0),
        apart=number("explained", "apart", apart, low=0),
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="explanation",
    run="evidence.explanation",
    reads={"model": "model", "signature": "signature", "test": "test"},
    functions=("opened",),
    context=("group",),
    cost=2,
    section="behaviour",
    drawings=DRAWINGS,
)
