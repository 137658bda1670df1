"""What the team promises of the answer for all inputs: monotone in a feature, within a range."""

from __future__ import annotations

import math
from typing import ClassVar

from comporta.checks.shape import figures
from comporta.checks.shared.judging.arguments import flag, label, number, usual
from comporta.checks.shared.judging.bounds import not_applicable, not_measured
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import limits
from comporta.errors import BadProject
from comporta.records import (
    NO_TEXT,
    NUMBER,
    Evidence,
    Figure,
    Level,
    Message,
    Need,
    Outcome,
    Quantity,
    Record,
    Text,
    Verdict,
    code,
    need,
)
from comporta.records.class_name import ClassLabel
from comporta.records.measurement import MeasurementSpec
from comporta.stats.rounding import rounding

RISES = code(
    "check.monotone.increasing", "{whose} never falls{slack} as {feature} rises{proof}",
    whose=Message, slack=Text, feature=str, proof=Text,
)  # fmt: skip
FALLS = code(
    "check.monotone.decreasing", "{whose} never rises{slack} as {feature} rises{proof}",
    whose=Message, slack=Text, feature=str, proof=Text,
)  # fmt: skip
WITHIN = code("check.within", "{whose} {limits: and }{proof}", whose=Message, limits=tuple, proof=Text)
PREDICTION = code("check.shape.prediction", "prediction")
CHANCE = code("check.shape.probability", "probability of {of}", of=str)
SLACK = code("check.shape.slack", " by more than {tolerance:g}", tolerance=NUMBER)
PROOF = code("check.shape.proof", ", by proof")

STEP_FOUND = code(
    "monotone.found",
    "Shown by example: a search from {rows:,} rows found a step the wrong way of {step:.4g}.",
    rows=int, step=NUMBER,
)  # fmt: skip
STEP_PROVED = code(
    "monotone.proved", "Proved for any input: no step the wrong way is above {step:.4g}.", step=NUMBER
)
STEP_SEARCHED = code(
    "monotone.searched",
    "By search, not by proof: a search from {rows:,} rows found no step the wrong way above {step:.4g}.",
    rows=int, step=NUMBER,
)  # fmt: skip
OUTSIDE = code("within.outside", "{count:,} of {rows:,} rows are outside", count=int, rows=int)
# ModelOutput of verdicts of before the figure was a count: it was the answer for one row.
END = code("within.end", "the {which} of {rows:,} rows is {value:.4g}", which=str, rows=int, value=NUMBER)
END_FOUND = code("within.found", "Shown by example: {seen}.", seen=Message)
END_PROVED = code("within.proved", "Proved; {seen}.", seen=Message)
END_SEARCHED = code("within.searched", "By search, not by proof: {seen}{only}.", seen=Message, only=Text)
ONLY_PROVED = code("within.only_proved", "; proved is only {end:.4g}", end=NUMBER)


class Monotone(Record, frozen=True, kw_only=True):
    """The answer never goes the wrong way by more than `tolerance` as `feature` rises, all else equal.

    of: the class whose chance it is. proof: whether a search that finds nothing is not enough.
    """

    kind: ClassVar[str] = "monotone"
    feature: str
    increasing: bool = True
    tolerance: float = 1e-9
    of: str = ""
    proof: bool = False
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`monotone?feature=age&increasing=yes`."""
        return identity(
            self.kind,
            feature=self.feature,
            increasing=self.increasing,
            tolerance=self.tolerance if self.tolerance > 1e-9 else None,
            of=self.of,
            proof=self.proof,
        )

    @property
    def title(self) -> Text:
        """`prediction never falls as age rises`."""
        return (RISES if self.increasing else FALLS)(
            whose=_whose(self.of),
            slack=SLACK(tolerance=self.tolerance) if self.tolerance > 1e-9 else "",
            feature=self.feature,
            proof=PROOF() if self.proof else "",
        )

    def needs(self) -> tuple[Need, ...]:
        """The largest step the wrong way; how much is allowed changes nothing of it."""
        return (need("shape", feature=self.feature, increasing=self.increasing, answer=self.of),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """Passed by proof, or by a search that found nothing, and said which; failed by an example."""
        (found,) = evidence
        step = _figure(found, figures.WRONG_STEP)
        if found.without:
            return not_applicable(self, found)
        if found.missing or step is None or not math.isfinite(step.value):
            return not_measured(self, self.tolerance, found)
        if step.value > self.tolerance:
            outcome: Outcome = "fail"
            reason = STEP_FOUND(rows=step.rows, step=step.value)
        elif step.high is not None and step.high <= self.tolerance:
            outcome = "pass"
            reason = STEP_PROVED(step=step.high)
        else:
            outcome = "inconclusive" if self.proof else "pass"
            reason = STEP_SEARCHED(rows=step.rows, step=step.value)
        return _verdict(self, outcome, reason, step, self.tolerance, found)


class Within(Record, frozen=True, kw_only=True):
    """The answer is never below `low`, nor above `high`. of, proof: as in `Monotone`."""

    kind: ClassVar[str] = "within"
    low: float | None
    high: float | None
    of: str = ""
    proof: bool = False
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`within?low=0&high=100`."""
        return identity(self.kind, low=self.low, high=self.high, of=self.of, proof=self.proof)

    @property
    def title(self) -> Text:
        """`prediction at least 0 and at most 100`."""
        proof: Text = PROOF() if self.proof else NO_TEXT
        return WITHIN(whose=_whose(self.of), limits=limits(self.low, self.high), proof=proof)

    def needs(self) -> tuple[Need, ...]:
        """How many rows are outside; the lowest and highest answers, and what is proved of them."""
        return (need("shape", answer=self.of, low=self.low, high=self.high),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """Passed by proof, or by a search that found nothing, and said which; failed by an example."""
        (found,) = evidence
        if found.without:
            return not_applicable(self, found)
        ends = []
        if self.low is not None:
            ends.append((_figure(found, figures.LOWEST), self.low, -1.0))
        if self.high is not None:
            ends.append((_figure(found, figures.HIGHEST), self.high, 1.0))
        sides = [(figure, limit, sign) for figure, limit, sign in ends if figure is not None]
        outside = _figure(found, figures.OUTSIDE)
        if found.missing or outside is None or len(sides) < len(ends):
            return not_measured(self, 0.0, found)
        # Of the answers themselves no one's stands in the verdict: they are in the findings.
        seen = OUTSIDE(count=int(outside.value), rows=outside.rows)
        if outside.value:
            return _verdict(self, "fail", END_FOUND(seen=seen), outside, 0.0, found)
        if all(_is_proved(*each) for each in sides):
            return _verdict(self, "pass", END_PROVED(seen=seen), outside, 0.0, found)
        outcome: Outcome = "inconclusive" if self.proof else "pass"
        return _verdict(self, outcome, END_SEARCHED(seen=seen, only=""), outside, 0.0, found)


def _whose(of: str) -> Message:
    return CHANCE(of=of) if of else PREDICTION()


def _is_proved(figure: Figure, limit: float, sign: float) -> bool:
    """Whether it is proved."""
    end = figure.low if sign < 0 else figure.high
    return end is not None and sign * (end - limit) <= rounding(limit)


def _figure(evidence: Evidence, of: Quantity) -> Figure | None:
    return next((each for each in evidence.figures if each.metric == of.metric), None)


def _verdict(
    check: Monotone | Within, outcome: Outcome, reason: Text, figure: Figure, limit: float, evidence: Evidence
) -> Verdict:
    return Verdict(
        check=check.name,
        outcome=outcome,
        required=check.required,
        reason=reason,
        figure=figure,
        limit=limit,
        evidence=evidence.artifact,
    )


def monotone(
    feature: str,
    increasing: bool = True,
    *,
    tolerance: float = 1e-9,
    of: ClassLabel | None = None,
    proof: bool = False,
    required: bool = True,
    level: Level = "release",
) -> Monotone:
    """The answer never falls as a feature rises, all else equal: `monotone("income")`, or never rises:
    `monotone("debt", increasing=False)`. It is the number, the chance of the second of two classes, or of
    the class `of`.

    By proof for LightGBM (one output) and scikit-learn's trees, forests and gradient boosting of up to
    100,000 nodes: at each threshold of the feature every two leaves of a tree that rows differing in it
    alone can lie in must not go the wrong way. That is enough and not needed: trees may make up for each
    other, so a model fitted without a constraint is seldom proved, and one with it (`monotone_constraints`)
    is. Linear and logistic regression behind scikit-learn's scalers: by the weight's sign. What is read
    must answer 200 rows as the model does.

    By search for all models: 300 test rows at up to 120 values of the feature, seen ones and both sides of
    the trees' thresholds. A step the wrong way of more than `tolerance` fails. Where nothing is found and
    nothing proved it passes and says so, or with `proof=True` is inconclusive.
    What it does not see: features that change together. Raises BadProject on a tolerance below 0.
    """
    usual("monotone", "value", level)
    if not isinstance(feature, str) or not feature:
        raise BadProject(f"monotone: found the feature {feature!r}, expected a feature's name.")
    return Monotone(
        feature=feature,
        increasing=flag("monotone", "increasing", increasing),
        tolerance=number("monotone", "tolerance", tolerance, low=0),
        of=label("monotone", "of", of),
        proof=proof,
        required=required,
        level=level,
    )


def within(
    low: float | None = None,
    high: float | None = None,
    *,
    of: ClassLabel | None = None,
    proof: bool = False,
    required: bool = True,
    level: Level = "release",
) -> Within:
    """The answer never leaves a range: `within(0, 500)`, `within(low=0)`. The number, the chance of the
    second of two classes, or of the class `of`.

    By proof for ensembles of trees (see `monotone`): the sum of each tree's lowest and of each tree's
    highest leaf holds for any input, though no row need reach it; for a forest it is near what is reached,
    for hundreds of boosted trees far. Linear and logistic regression: proved where every feature stays
    within its range in the test rows, not beyond. By search for all: up to 20,000 test rows. An answer
    outside fails. Where nothing is found and nothing proved it passes and says so, or with `proof=True` is
    inconclusive. Raises BadProject where neither end is given, or they are the wrong way round.
    """
    usual("within", "value", level)
    if low is None and high is None:
        raise BadProject("within: found neither low nor high, expected at least one.")
    ends = [
        None if end is None else number("within", name, end) for name, end in (("low", low), ("high", high))
    ]
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise BadProject(f"within: found low={low!r} above high={high!r}, expected it below.")
    return Within(
        low=ends[0], high=ends[1], of=label("within", "of", of), proof=proof, required=required, level=level
    )


MEASUREMENT = MeasurementSpec(
    need="shape",
    run="evidence.shape",
    reads={"model": "model", "signature": "signature", "test": "test"},
    functions=("opened",),
    classes=("answer",),
    cost=2,
    section="behaviour",
)
