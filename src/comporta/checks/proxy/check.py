"""A protected attribute is not to be learned by another name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from comporta.checks.proxy.draw import DRAWINGS
from comporta.checks.proxy.figures import ANSWERS_TELL
from comporta.checks.shared.judging.arguments import number, usual
from comporta.checks.shared.judging.bounds import Bound, Judgement, On, result, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.rare_values import figures_to_judge, values_not_judged
from comporta.checks.shared.judging.wording import RULE_OF, sentence
from comporta.errors import BadProject
from comporta.records import NUMBER, Evidence, Level, Need, Record, Text, Verdict, Words, code, need
from comporta.records.measurement import MeasurementSpec

FEATURES = code("check.proxy", "no proxy of {of} with an AUC above {limit:g}", of=str, limit=NUMBER)
ANSWERS = code(
    "check.proxy.predictions",
    "predictions do not reveal {of} with an AUC above {limit:g}",
    of=str,
    limit=NUMBER,
)
ANSWERS_AREA = code("proxy.predictions", "of the predictions, area under the ROC curve of")
FEATURES_AREA = code("proxy.features", "of the features, area under the ROC curve of")
HIGHEST = code("proxy.highest", "the highest of {count}", count=int)


class NoProxy(Record, frozen=True, kw_only=True):
    """Neither the answers nor, where `features`, any one feature tells `of` with an area above the limit."""

    kind: ClassVar[str] = "proxy"
    of: str
    limit: float
    owner: str
    features: bool = True
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`proxy?of=sex&limit=0.6&features=yes`."""
        return identity(self.kind, of=self.of, limit=self.limit, features=self.features)

    @property
    def title(self) -> Text:
        """`no proxy of sex with an AUC above 0.6`."""
        return (FEATURES if self.features else ANSWERS)(of=self.of, limit=self.limit)

    def needs(self) -> tuple[Need, ...]:
        """How well everything tells it."""
        return (need("proxy", of=self.of),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with what tells it best."""
        (found,) = evidence

        def reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
            of_answers = decides.figure.metric == ANSWERS_TELL.metric
            return sentence(
                result(decides, ANSWERS_AREA() if of_answers else FEATURES_AREA()),
                HIGHEST(count=len(every)),
                RULE_OF(owner=Words(self.owner)),
                values_not_judged(found),
            )

        figures = tuple(
            each for each in figures_to_judge(found) if self.features or each.metric == ANSWERS_TELL.metric
        )
        return within_bounds(self, found, (Bound(limit=self.limit, on=self.on, figures=figures),), reason)


def no_proxy(
    *,
    of: str,
    owner: str,
    at_most: float = 0.6,
    features: bool = True,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> NoProxy:
    """Who knows the answer cannot tell the attribute from it: `no_proxy(of="sex", owner="Ethics board")`.

    Each answer of the model (label, probabilities, number) and each feature that it reads is cut into 32
    ranges of equal counts, or its words; the share of each value of `of` in a range, learned on half
    of the rows, ranks the others (all of a group on one side). The area under the ROC curve, 0.5 for nothing
    told, is at most `at_most`; DeLong's interval, by whole groups, holds for all answers and features at once
    (Bonferroni): where nothing is told at all, one model in forty fails at `at_most=0.5`. 20,000 rows at
    most. Values of fewer than 30 rows or ten subjects, and those after the twelve most common, are counted in
    the verdict as not judged. features: False judges the answers alone. owner: who answers for the rule, told
    in the verdict.

    Answers that tell an attribute may be right where the outcome itself differs by it; `equalised_odds`
    asks about that. It does not see what several features tell together and the answers do not.
    Raises BadProject.
    """
    if not isinstance(of, str) or not of:
        raise BadProject(f"no_proxy: found of={of!r}, expected the name of a column.")
    if not isinstance(owner, str) or not owner.strip():
        raise BadProject(f"no_proxy of {of}: found owner={owner!r}, expected who answers for the rule.")
    limit = number("no_proxy", "at_most", at_most, low=0.5, high=1.0)
    usual("no_proxy", on, level)
    return NoProxy(of=of, limit=limit, features=features, owner=owner, on=on, required=required, level=level)


MEASUREMENT = MeasurementSpec(
    need="proxy",
    run="evidence.proxy",
    reads={"predictions": "predictions", "signature": "signature"},
    context=("group",),
    cost=2,
    section="fairness",
    drawings=DRAWINGS,
)
