"""The model is better than no model, and not worse than hardly one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from comporta.checks.baselines.figures import ABOVE_CHANCE, SKILL_LESS, SKILL_OVER
from comporta.checks.shared.judging.arguments import number, usual
from comporta.checks.shared.judging.bounds import Bound, Judgement, result, rows_needed, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import sentence
from comporta.records import (
    NUMBER,
    Evidence,
    Figure,
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

TITLE = code("check.baselines", "{constant}; {simple}", constant=Text, simple=Text)
BETTER = code("check.baselines.better", "better than the constant baseline")
BETTER_BY = code(
    "check.baselines.better_by", "better than the constant baseline by more than {margin:g}", margin=NUMBER
)
ABOVE = code(
    "check.baselines.above",
    "at least {margin:g} above a decision tree and a linear model", margin=NUMBER,
)  # fmt: skip
BELOW = code(
    "check.baselines.below", "at most {margin:g} below a decision tree and a linear model", margin=NUMBER
)


class BeatsBaselines(Record, frozen=True, kw_only=True):
    """Above chance and with a skill over the naive of more than `naive`, and with a skill of at least
    `simple` more than a tree and a line have."""

    kind: ClassVar[str] = "baselines"
    naive: float
    simple: float
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`baselines?naive=0&simple=-0.2`."""
        return identity(self.kind, naive=self.naive, simple=self.simple)

    @property
    def title(self) -> Text:
        """`better than the constant baseline; at most 0.2 below a decision tree and a linear model`."""
        simple = ABOVE(margin=self.simple) if self.simple >= 0 else BELOW(margin=-self.simple)
        return TITLE(constant=BETTER_BY(margin=self.naive) if self.naive else BETTER(), simple=simple)

    def needs(self) -> tuple[Need, ...]:
        """The skills."""
        return (need("baselines"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the baseline that decides it."""
        (found,) = evidence
        chance = _of(found, ABOVE_CHANCE)
        simple = _of(found, SKILL_LESS)
        naive = _of(found, SKILL_OVER)
        # A mean is beaten in squares and a median in distances: a model of one need not beat the other.
        best = tuple(sorted(naive, key=lambda each: -each.value)[:1])
        bounds = [Bound(limit=self.naive, higher=True, on="interval", figures=chance or best)]
        if chance:
            bounds.append(Bound(limit=self.naive, higher=True, on="fault", figures=naive))
        bounds.append(Bound(limit=self.simple, higher=True, on="fault", figures=simple))
        return within_bounds(self, found, bounds, _reason)


def _of(found: Evidence, quantities: Sequence[Quantity]) -> tuple[Figure, ...]:
    metrics = {each.metric for each in quantities}
    return tuple(each for each in found.figures if each.metric in metrics)


def _reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
    return sentence(result(decides), rows_needed(decides))


def beats_baselines(
    naive: float = 0.0, *, simple: float = -0.2, required: bool = True, level: Level = "release"
) -> BeatsBaselines:
    """The model knows more than its target's shares do: `beats_baselines(simple=0.0)`.

    Skill is one less the model's loss over that of the naive on the same rows (Brier score of probabilities,
    error of labels, squared error of numbers): 1 is perfect, 0 no better, below 0 worse. Its interval is that
    of a ratio of paired sums, whole groups or days counted as one (linearisation; Liang and Zeger 1986).

    naive: it must be shown, with all of the interval, that roc_auc (labels: balanced accuracy) is above
    chance by more than this, and it must not be shown that probabilities are worse than the training rows'
    class shares, or labels than the most frequent class. Numbers must be shown to beat the training rows'
    mean in squared or their median in absolute error, whichever goes better.
    simple: it must not be shown that the skill, less that of a tree of depth three, or of a logistic or ridge
    regression, both learned from at most 20,000 training rows, is below this. Below 0 leaves room for
    problems that truly are lines: there boosted trees of their usual settings have, after 1,600 rows, 0.13
    less skill than a logistic regression, and after 16,000 rows 0.03.

    An overfitted tree has probabilities worse than none; so has a model fitted with class weights: it fails
    here, and `calibrated` says by how much. It does not see whether the model is good enough: set limits of
    your own with `at_least`. Raises BadProject.
    """
    usual("beats_baselines", "fault", level)
    return BeatsBaselines(
        naive=number("beats_baselines", "naive", naive, low=-1.0, high=1.0),
        simple=number("beats_baselines", "simple", simple, low=-10.0, high=1.0),
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="baselines",
    run="evidence.baselines",
    reads={"predictions": "predictions", "train": "train"},
    context=("group",),
    section="quality",
)
