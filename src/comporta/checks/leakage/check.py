"""Whether the model knows more than sound features could tell it: the mark of a leak spread over columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace

from comporta.checks.leakage import figures
from comporta.checks.leakage.draw import DRAWINGS
from comporta.checks.shared.judging.arguments import check_choice, names, number
from comporta.checks.shared.judging.bounds import Bound, judgement, not_measured, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import FIGURE_OF, sentence, show
from comporta.records import (
    LEVELS,
    NUMBER,
    Evidence,
    Level,
    Message,
    Need,
    Record,
    Text,
    Verdict,
    code,
    need,
)
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.leakage",
    "leakage of several features: at most {times:g} times as many errors for each that is left out",
    times=NUMBER,
)  # fmt: skip
STRONG = code(
    "check.leakage.strong",
    "leakage of several features: at most {times:g} times as many errors for each that is left out "
    "({features} taken as known in time)",
    times=NUMBER, features=tuple,
)  # fmt: skip
WITHOUT = code(
    "leakage.without", "errors without these features over those with them, for each of the last that went:"
)
CHAMPIONS = code("leakage.champions", "errors of the champion over those of the candidate:")
ABSENT = code("leakage.absent", "by how much a feature's being missing, or not, narrows the classes down:")
NONE = code("leakage.none", "{seen}: no few features tell nearly all", seen=Message)
ALL = code("leakage.all", "all features together tell")


class Leakage(Record, frozen=True, kw_only=True):
    """Of a model that tells more than `above`, no few features, and no champion, make the errors more than
    `times` as many; and that a feature is missing, or is not, tells at most `absence` of a class."""

    kind: ClassVar[str] = "leakage"
    times: float
    above: float
    absence: float
    strong: tuple[str, ...] = ()
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`leakage?times=6&above=0.95&absence=0.95`."""
        limits = {"times": self.times, "above": self.above, "absence": self.absence}
        return identity(self.kind, **limits, strong=self.strong)

    @property
    def title(self) -> Text:
        """`leakage of several features: at most 6 times as many errors for each that is left out`."""
        if self.strong:
            return STRONG(times=self.times, features=self.strong)
        return TITLE(times=self.times)

    def needs(self) -> tuple[Need, ...]:
        """What is left as features are taken away."""
        return (need("leakage", above=self.above, strong=list(self.strong)),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the steepest cliff, the leap past the champion, and the feature whose absence tells
        most."""
        (found,) = evidence
        told = [each for each in found.figures if each.metric == figures.TOLD_BY_ALL.metric]
        if not found.without and (found.missing or not told):
            return not_measured(self, self.times, found)
        limits = (
            (figures.ERRORS_WITHOUT, self.times, WITHOUT()),
            (figures.ERRORS_OF_CHAMPION, self.times, CHAMPIONS()),
            (figures.TOLD_BY_ABSENCE, self.absence, ABSENT()),
        )
        bounds = [Bound(metric=of.metric, limit=limit, on="fault", what=what) for of, limit, what in limits]
        bounds = [_first_to_fail(each, found) for each in bounds if each.among(found.figures)]
        if bounds or not told:
            return within_bounds(self, found, bounds)
        return Verdict(
            check=self.name,
            outcome="pass",
            required=self.required,
            reason=sentence(NONE(seen=FIGURE_OF(what=ALL(), figure=show(told[0])))),
            figure=told[0],
            evidence=found.artifact,
        )


def _first_to_fail(bound: Bound, found: Evidence) -> Bound:
    """Held to the first figure that fails: of cliffs, the one with the fewest features gone."""
    every = bound.among(found.figures)
    failed = tuple(each for each in every if judgement(each, bound).outcome == "fail")
    return replace(bound, figures=failed[:1] or tuple(every))


def leakage(
    *,
    times: float = 6.0,
    above: float = 0.95,
    absence: float = 0.95,
    strong: str | Sequence[str] = (),
    required: bool = True,
    level: Level = "release",
) -> Leakage:
    """The target did not leak into several features together: `leakage(strong="departure_delay")`.

    Boosted trees of ours are fitted on at most 10,000 training rows, and again without the feature that
    mattered most to them, up to twelve times. Errors are pairs of test rows that are ordered wrongly (one
    less the area under the ROC curve; with more classes the mean of one against the rest), or the variance
    that is left (one less R²). Sound features share what they know, so that errors grow little by little; a
    leak is a cliff. It fails where trees are shown to tell more than `above`, and one feature less to make
    more than `times` as many errors, two more than twice that, three more than three times that; the verdict
    names all that were taken away, the last first. So it fails where the candidate itself is shown to tell
    more than `above`, and the champion makes more than `times` as many errors on the same rows. Intervals are
    of the influence (DeLong 1988), what is told on the scale of logits, widened by what a class of few rows
    may not have shown, ratios on that of logarithms; by the declared group or by day where there are three or
    more; nine or more of them together at 95 % (Bonferroni).

    absence: by how much the rows that lack a feature, or those that have it, may narrow the classes down: one
    less the share of other classes among them over that among all (limits of Clopper and Pearson 1934, whole
    groups counted as one). A column that is filled in once the outcome is known stands there, or is missing,
    for one class alone. Asked of features that 50 training rows lack and 50 have.

    strong: features that are known to the one who asks before the outcome, however much they tell: a flight's
    delay at departure, of that at arrival. They are not taken away, nor asked for their absence.

    How often it is wrong: of 1,000 sound candidates that tell just `above`, beside a champion that tells
    nothing, it refuses 0 to 6 where classes spread alike, and up to 26 where positives spread twice as far
    and only some 25 are test rows.

    What it does not see: a leak below `above`, or that few test rows do not show (where the others tell 0.75,
    one of 0.975 is found by 500 test rows in a third of cases, by 1,600 nearly always), or few days; one
    spread evenly over more than twelve columns; one that only a model of another kind can put together.
    Whether a cliff is honest it does not know: declare it in `strong`. With fewer than 20 rows of another
    class than the most common one it is inconclusive. Raises BadProject on limits out of range.
    """
    check_choice("leakage", "level", level, LEVELS)
    return Leakage(
        times=number("leakage", "times", times, low=1),
        above=number("leakage", "above", above, low=0, high=1),
        absence=number("leakage", "absence", absence, low=0, high=1),
        strong=names("leakage", "strong", strong),
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="leakage",
    run="evidence.leakage",
    reads={"predictions": "predictions", "train": "train"},
    optional={"champion": "champion predictions", "champion_train": "champion train"},
    context=("group",),
    cost=2,
    fatal=True,
    section="data",
    drawings=DRAWINGS,
)
