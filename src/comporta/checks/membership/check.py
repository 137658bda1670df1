"""A model must not tell whose rows it learned from."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from comporta.checks.membership import figures
from comporta.checks.membership.draw import DRAWINGS
from comporta.checks.shared.judging.arguments import number, usual, whole
from comporta.checks.shared.judging.bounds import Bound, On, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import FIGURE_OF, NOT_RELIABLE, sentence, show
from comporta.records import (
    NO_TEXT,
    NUMBER,
    Evidence,
    Level,
    Need,
    Record,
    Text,
    Verdict,
    code,
    conditions,
    need,
)
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.membership", "membership inference: TPR at most {tpr:.3g} at 1 % FPR{strict}{fits}",
    tpr=NUMBER, strict=Text, fits=Text,
)  # fmt: skip
STRICT = code("check.membership.strict", " and {tpr:.3g} at 0.1 % FPR", tpr=NUMBER)
FITS = code("check.membership.fits", ", {fits} fits", fits=int)
RATE = code(
    "membership.rate",
    "share of the training rows recognised as such (TPR) where {percent:g} % of others are taken for one "
    "(FPR)",
    percent=NUMBER,
)  # fmt: skip
AREA = code("membership.area", "area under the attack's ROC curve (0.5: no better than chance)")


class Membership(Record, frozen=True, kw_only=True):
    """Of the members at most this share may be told where 1 %, or 0.1 %, of the others are mistaken."""

    kind: ClassVar[str] = "membership"
    tpr_at_1pct: float
    tpr_at_01pct: float | None = None
    area: float | None = 0.65
    fits: int = 0
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`membership?tpr_at_1pct=0.05`."""
        return identity(
            self.kind,
            tpr_at_1pct=self.tpr_at_1pct,
            tpr_at_01pct=self.tpr_at_01pct,
            fits=self.fits or None,
        )

    @property
    def title(self) -> Text:
        """`membership inference: TPR at most 0.05 at 1 % FPR`."""
        strict: Text = NO_TEXT if self.tpr_at_01pct is None else STRICT(tpr=self.tpr_at_01pct)
        return TITLE(tpr=self.tpr_at_1pct, strict=strict, fits=FITS(fits=self.fits) if self.fits else "")

    def needs(self) -> tuple[Need, ...]:
        """The attack."""
        return (need("membership", fits=self.fits),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the rates and the area: the first beyond its limit fails, unless test rows are of
        another population."""
        bounds = [_bound_of(1.0, self.tpr_at_1pct, self.on)]
        if self.tpr_at_01pct is not None:
            bounds.append(_bound_of(0.1, self.tpr_at_01pct, self.on))
        if self.area is not None:
            bounds.append(Bound(metric=figures.AREA.metric, limit=self.area, on=self.on, what=AREA()))
        verdict = within_bounds(self, evidence[0], bounds)
        figure = verdict.figure
        if verdict.outcome != "fail" or figure is None or not figure.doubt:
            return verdict
        named = next(each.words for each in bounds if each.limit == verdict.limit)
        seen = FIGURE_OF(what=named, figure=show(figure))
        return replace(
            verdict, outcome="inconclusive", reason=sentence(NOT_RELIABLE(seen=seen, why=figure.doubt))
        )


def _bound_of(percent: float, limit: float, on: On) -> Bound:
    under = conditions(false_positives=percent / 100)
    metric = figures.TRUE_POSITIVES.metric
    return Bound(metric=metric, under=under, limit=limit, on=on, what=RATE(percent=percent))


def membership(
    *,
    tpr_at_1pct: float = 0.05,
    tpr_at_01pct: float | None = None,
    area: float | None = 0.65,
    fits: int = 0,
    on: On = "fault",
    required: bool = True,
    level: Level | None = None,
) -> Membership:
    """An attacker cannot tell which rows the model was trained on: `membership(tpr_at_1pct=0.05)`.

    Reported as the true-positive rate at 1 % and 0.1 % false positives (Carlini et al. 2022), as an attack
    that is right on average may name no one, and one that is not may name a few for sure. A model that
    reveals nothing has 0.01 and 0.001. area: the most that the area under the attack's ROC curve may be, 0.5
    for no better than chance, None not to judge it: a model that answers labels alone names few for sure, and
    many by better than chance. The signal is how much more the model believes a row's true outcome than a
    reference that did not see the row (offline likelihood ratio; RMIA, Zarifzadeh et al. 2024). The bare
    belief is told beside it and not judged: rows of a test population that is harder, or narrower, look like
    rows that were never seen.

    fits: 0 takes one boosted model of ours as reference, in about a second; 1 to 16 fit the project's own
    training function that often on half of the training rows, which finds more, and is asked at the level
    audit unless `level` says otherwise.

    At most 10,000 members and 10,000 test rows, one of each group. Intervals hold the uncertainty of the
    threshold and of the rate. on: `fault` refuses what is shown to be above the limit.

    It does not bound other attacks, nor what many releases tell together: only differential privacy does.
    Test rows of elsewhere (half as wide and 1.5 deviations off) can look as if never seen: where they are
    told from training rows with an area above 0.97, also by a feature that is a clock, what would fail is
    inconclusive.
    Rows of the test part that are also in the training part make it look better. Raises BadProject.
    """
    usual("membership", on, "release" if level is None else level)
    fits = whole("membership", "fits", fits, low=0, high=16)
    return Membership(
        tpr_at_1pct=number("membership", "tpr_at_1pct", tpr_at_1pct, low=0.01, high=1),
        tpr_at_01pct=None
        if tpr_at_01pct is None
        else number("membership", "tpr_at_01pct", tpr_at_01pct, low=0.001, high=1),
        area=None if area is None else number("membership", "area", area, low=0.5, high=1),
        fits=fits,
        on=on,
        required=required,
        level=level or ("audit" if fits else "release"),
    )


MEASUREMENT = MeasurementSpec(
    need="membership",
    run="evidence.membership",
    reads={"model": "model", "signature": "signature", "train": "train", "test": "test"},
    functions=("opened", "fit", "refitted"),
    context=("params", "task", "output", "group", "decimals"),
    cost=3,
    section="privacy",
    drawings=DRAWINGS,
)
