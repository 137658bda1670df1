"""Answers and explanations must not give away an attribute of the people a model learned from."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.errors import BadProject
from comporta.gates.argument import names, number, usual
from comporta.gates.bound import bound
from comporta.gates.settle import On, Settled, show
from comporta.gates.unjudged import held, told
from comporta.records import Evidence, Level, Need, Record, Verdict, need


class AttributeInference(Record, frozen=True, kw_only=True):
    """What the model adds to a guess at `of` may be at most `advantage`, in area under the ROC curve."""

    of: str
    advantage: float
    knows: tuple[str, ...] = ()
    explanations: bool = True
    on: On = "fault"
    required: bool = True
    level: Level = "audit"

    @property
    def name(self) -> str:
        """`answers and explanations give away sex by at most 0.1`."""
        what = "answers and explanations give" if self.explanations else "answers give"
        knowing = f" to who knows {', '.join(self.knows)}" if self.knows else ""
        return f"{what} away {self.of}{knowing} by at most {self.advantage:g}"

    def needs(self) -> tuple[Need, ...]:
        """The two attackers, compared."""
        return (need("attribute inference", of=self.of, columns=self.knows),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the value that is given away most."""
        (found,) = evidence
        figures = [
            each for each in held(found) if self.explanations or not each.slice.startswith("explanations")
        ]

        def says(decides: Settled, settled: Sequence[Settled]) -> str:
            return self._reason(decides, told(found))

        return bound(self, found, self.advantage, higher=False, on=self.on, says=says, figures=figures)

    def _reason(self, decides: Settled, rest: str) -> str:
        seen = f"a guess gains in area under the ROC curve by {show(decides.figure)}"
        if decides.outcome == "pass":
            return f"{seen}: at most {self.advantage:g}{rest}."
        if decides.outcome == "fail":
            return f"{seen}: expected at most {self.advantage:g}{rest}."
        return f"{seen}: the interval holds the limit {self.advantage:g}{rest}."


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
    `of`, else none. DeLong's paired interval. Values of fewer than 30 rows in either part, and those after
    the eight most common, are counted in the verdict as not judged.

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
