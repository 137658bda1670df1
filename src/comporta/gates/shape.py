"""What the team promises of the answer for all inputs: monotone in a feature, within a range."""

from __future__ import annotations

import math

from comporta.errors import BadProject
from comporta.gates.argument import number, usual
from comporta.gates.bound import no_matter
from comporta.gates.settle import unseen
from comporta.records import Evidence, Figure, Level, Need, Outcome, Record, Verdict, need


class Monotone(Record, frozen=True, kw_only=True):
    """The answer never goes the wrong way by more than `tolerance` as `feature` rises, all else equal.

    of: the class whose chance it is. proof: whether a search that finds nothing is not enough.
    """

    feature: str
    increasing: bool = True
    tolerance: float = 1e-9
    of: str = ""
    proof: bool = False
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`never falls as age rises`."""
        whose = f"the chance of {self.of} " if self.of else ""
        slack = f" by more than {self.tolerance:g}" if self.tolerance > 1e-9 else ""
        proved = ", by proof" if self.proof else ""
        return (
            f"{whose}never {'falls' if self.increasing else 'rises'}{slack} as {self.feature} rises{proved}"
        )

    def needs(self) -> tuple[Need, ...]:
        """The largest step the wrong way; how much is allowed changes nothing of it."""
        return (need("shape", feature=self.feature, increasing=self.increasing, answer=self.of),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """Passed by proof, or by a search that found nothing, and said which; failed by an example."""
        (found,) = evidence
        step = _named(found, "largest step the wrong way")
        if found.without:
            return no_matter(self, found)
        if found.missing or step is None or not math.isfinite(step.value):
            return unseen(self.name, self.required, self.tolerance, (found,))
        searched = f"a search from {step.rows:,} rows"
        if step.value > self.tolerance:
            outcome: Outcome = "fail"
            reason = f"Shown by example: {searched} found a step the wrong way of {step.value:.4g}."
        elif step.high is not None and step.high <= self.tolerance:
            outcome = "pass"
            reason = f"Proved for any input: no step the wrong way is above {step.high:.4g}."
        else:
            outcome = "inconclusive" if self.proof else "pass"
            reason = (
                f"By search, not by proof: {searched} found no step the wrong way above {step.value:.4g}."
            )
        return _verdict(self, outcome, reason, step, self.tolerance, found)


class Within(Record, frozen=True, kw_only=True):
    """The answer is never below `low`, nor above `high`. of, proof: as in `Monotone`."""

    low: float | None
    high: float | None
    of: str = ""
    proof: bool = False
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`answers from 0 to 100`."""
        ends = [
            "" if self.low is None else f"at least {self.low:g}",
            "" if self.high is None else f"at most {self.high:g}",
        ]
        whose = f"chances of {self.of}" if self.of else "answers"
        return f"{whose} {' and '.join(filter(None, ends))}{', by proof' if self.proof else ''}"

    def needs(self) -> tuple[Need, ...]:
        """The lowest and highest answers."""
        return (need("shape", answer=self.of),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """Passed by proof, or by a search that found nothing, and said which; failed by an example."""
        (found,) = evidence
        if found.without:
            return no_matter(self, found)
        said = []
        if self.low is not None:
            said.append((_named(found, "lowest answer"), self.low, -1.0))
        if self.high is not None:
            said.append((_named(found, "highest answer"), self.high, 1.0))
        sides = [(figure, limit, sign) for figure, limit, sign in said if figure is not None]
        if found.missing or len(sides) < len(said) or not all(math.isfinite(f.value) for f, _, _ in sides):
            return unseen(self.name, self.required, self.low if self.low is not None else self.high, (found,))
        beyond = [each for each in sides if each[2] * (each[0].value - each[1]) > _rounding(each[1])]
        open_ = [each for each in sides if not _held(*each)]
        figure, limit, sign = (beyond or open_ or sides)[0]
        seen = f"the {figure.metric} of {figure.rows:,} rows is {figure.value:.4g}"
        if beyond:
            return _verdict(self, "fail", f"Shown by example: {seen}.", figure, limit, found)
        if open_:
            end = figure.low if sign < 0 else figure.high
            why = "" if end is None else f"; proved is only {end:.4g}"
            outcome: Outcome = "inconclusive" if self.proof else "pass"
            reason = f"By search, not by proof: {seen}{why}."
            return _verdict(self, outcome, reason, figure, limit, found)
        return _verdict(self, "pass", f"Proved; {seen}.", figure, limit, found)


def _held(figure: Figure, limit: float, sign: float) -> bool:
    """Whether it is proved."""
    end = figure.low if sign < 0 else figure.high
    return end is not None and sign * (end - limit) <= _rounding(limit)


def _rounding(limit: float) -> float:
    """What the order of a sum may change."""
    return 1e-9 * max(1.0, abs(limit))


def _named(evidence: Evidence, metric: str) -> Figure | None:
    return next((each for each in evidence.figures if each.metric == metric), None)


def _verdict(
    check: Monotone | Within, outcome: Outcome, reason: str, figure: Figure, limit: float, evidence: Evidence
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
    of: str | None = None,
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
        increasing=bool(increasing),
        tolerance=number("monotone", "tolerance", tolerance, low=0),
        of=of or "",
        proof=proof,
        required=required,
        level=level,
    )


def within(
    low: float | None = None,
    high: float | None = None,
    *,
    of: str | None = None,
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
    return Within(low=ends[0], high=ends[1], of=of or "", proof=proof, required=required, level=level)
