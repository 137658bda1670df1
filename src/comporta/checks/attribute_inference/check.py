"""Answers and explanations must not give away an attribute of the people a model learned from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from comporta.checks.attribute_inference.figures import ADVANTAGE
from comporta.checks.attribute_inference.figures import EXPLANATIONS as EXPLANATIONS_TOO
from comporta.checks.shared.judging.arguments import names, number, usual
from comporta.checks.shared.judging.bounds import Bound, Judgement, On, result, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.rare_values import figures_to_judge, values_not_judged
from comporta.checks.shared.judging.wording import sentence
from comporta.errors import BadProject
from comporta.records import NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, condition, need
from comporta.records.measurement import MeasurementSpec

ANSWERS = code(
    "check.attribute_inference.predictions",
    "attribute inference: predictions reveal {of}{knowing} by at most {advantage:g}",
    of=str, knowing=Text, advantage=NUMBER,
)  # fmt: skip
EXPLANATIONS = code(
    "check.attribute_inference.explanations",
    "attribute inference: predictions and explanations reveal {of}{knowing} by at most {advantage:g}",
    of=str, knowing=Text, advantage=NUMBER,
)  # fmt: skip
KNOWING = code("check.attribute_inference.knowing", " to who knows {columns}", columns=tuple)
GAIN = code("attribute_inference.gain", "a guess gains in area under the ROC curve by")


class AttributeInference(Record, frozen=True, kw_only=True):
    """What the model adds to a guess at `of` may be at most `advantage`, in area under the ROC curve."""

    kind: ClassVar[str] = "attribute_inference"
    of: str
    advantage: float
    knows: tuple[str, ...] = ()
    explanations: bool = True
    on: On = "fault"
    required: bool = True
    level: Level = "audit"

    @property
    def name(self) -> str:
        """`attribute_inference?of=sex&advantage=0.1&explanations=yes`."""
        return identity(
            self.kind,
            of=self.of,
            advantage=self.advantage,
            knows=self.knows,
            explanations=self.explanations,
        )

    @property
    def title(self) -> Text:
        """`attribute inference: predictions and explanations reveal sex by at most 0.1`."""
        said = EXPLANATIONS if self.explanations else ANSWERS
        knowing = KNOWING(columns=self.knows) if self.knows else ""
        return said(of=self.of, knowing=knowing, advantage=self.advantage)

    def needs(self) -> tuple[Need, ...]:
        """The two attackers, compared."""
        return (need("attribute inference", of=self.of, columns=self.knows),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the value that is given away most."""
        (found,) = evidence
        figures = tuple(
            each
            for each in figures_to_judge(found)
            if self.explanations or condition(each, "signal") != EXPLANATIONS_TOO
        )
        bound = Bound(metric=ADVANTAGE.metric, limit=self.advantage, on=self.on, figures=figures, what=GAIN())

        def reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
            return sentence(result(decides), values_not_judged(found))

        return within_bounds(self, found, (bound,), reason)


def attribute_inference(
    *,
    of: str,
    advantage: float = 0.1,
    knows: str | Sequence[str] | None = None,
    explanations: bool = True,
    on: On = "fault",
    required: bool = True,
    level: Level = "audit",
) -> AttributeInference:
    """Who sees the answers guesses the attribute hardly better: `attribute_inference(of="sex")`.

    Two boosted models learn to guess `of` on at most 4,000 test rows, one from the features that the attacker
    `knows` and the outcome, the other from the model's answers beside these, and guess it for 2,000 training
    rows; where the model reads `of`, the second also compares the answer with those for each value of it.
    advantage: the most that the area under the ROC curve may gain for any value, by answers or (explanations)
    by answers with what each feature adds to them. knows: None takes all other features where the model reads
    `of`, else none. DeLong's paired interval. Values of fewer than 30 rows or ten subjects in either part,
    and those after the eight most common, are counted in the verdict as not judged.

    A model that reads the attribute gives it away to who knows all the rest and sees the exact answer; only
    coarser answers or a model without it help. It does not see other attackers. Raises BadProject.
    """
    if not isinstance(of, str) or not of:
        raise BadProject(f"attribute_inference: found of={of!r}, expected the name of a column.")
    usual("attribute_inference", on, level)
    known = names("attribute_inference", "knows", knows)
    if of in known:
        raise BadProject(f"attribute_inference: found {of!r} among what the attacker knows already.")
    return AttributeInference(
        of=of,
        advantage=number("attribute_inference", "advantage", advantage, low=0, high=1),
        knows=known,
        explanations=explanations,
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="attribute inference",
    run="evidence.attribute_inference",
    reads={"model": "model", "signature": "signature", "train": "train", "test": "test"},
    functions=("opened",),
    context=("group", "decimals"),
    cost=3,
    section="privacy",
)
