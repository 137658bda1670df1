"""Whether those who are refused can buy themselves in by small changes of what they may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from comporta.checks.evasion.draw import DRAWINGS
from comporta.checks.evasion.figures import FLIPPED
from comporta.checks.shared.judging.arguments import label, names, number, usual
from comporta.checks.shared.judging.bounds import Bound, On, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import percent
from comporta.errors import BadProject
from comporta.records import NO_TEXT, NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.class_name import ClassLabel
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.evasion", "evasion{of} by {features} at a cost of {cost:g}: at most {share:.4g} % flip",
    of=Text, features=tuple, cost=NUMBER, share=NUMBER,
)  # fmt: skip
OF = code("check.evasion.of", " of {unwanted}", unwanted=str)


class Evasion(Record, frozen=True, kw_only=True):
    """Of the refused rows at most `most` flip at a cost of `cost`, by changes of these features."""

    kind: ClassVar[str] = "evasion"
    changeable: tuple[str, ...]
    cost: float
    most: float
    ranges: dict[str, tuple[float, float]] = {}
    unwanted: str = ""
    word_cost: float = 1.0
    on: On = "interval"
    required: bool = True
    level: Level = "audit"

    @property
    def name(self) -> str:
        """`evasion?changeable=income&changeable=purpose&cost=1&most=0.05`."""
        return identity(
            self.kind, unwanted=self.unwanted, changeable=self.changeable, cost=self.cost, most=self.most
        )

    @property
    def title(self) -> Text:
        """`evasion by income, purpose at a cost of 1: at most 5 % flip`."""
        of: Text = OF(unwanted=self.unwanted) if self.unwanted else NO_TEXT
        return TITLE(of=of, features=self.changeable, cost=self.cost, share=percent(self.most))

    def needs(self) -> tuple[Need, ...]:
        """The search; its limit changes nothing of it."""
        return (
            need(
                "evasion",
                changeable=self.changeable,
                cost=self.cost,
                ranges={name: list(self.ranges[name]) for name in sorted(self.ranges)},
                word_cost=self.word_cost,
                unwanted=self.unwanted or None,
            ),
        )

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the share that flips."""
        bound = Bound(metric=FLIPPED.metric, limit=self.most, on=self.on)
        return within_bounds(self, evidence[0], (bound,))


def evasion(
    changeable: tuple[str, ...] | str,
    *,
    cost: float = 1.0,
    at_most: float = 0.1,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    unwanted: ClassLabel | None = None,
    word_cost: float = 1.0,
    on: On = "interval",
    required: bool = True,
    level: Level = "audit",
) -> Evasion:
    """Small changes do not buy an acceptance: `evasion(("income", "purpose"), cost=0.5, at_most=0.05)`.

    Of the test rows that are refused (decided `unwanted`; by default the first of the model's classes, the
    negative one of two) at most 300 are searched for a change of the `changeable` features, and no other,
    that makes another decision of them. Its cost is the sum of the changes of numbers in their spreads (the
    distance of the quartiles over that of a normal), and `word_cost` for each word or boolean that is
    another. Whole numbers stay whole, words are of those seen, numbers within `ranges` or else between
    their least and greatest. at_most: the share of refused rows that may flip within `cost`.

    The search may only ask the model, as anyone can: greedily, the change that brings the decision nearest
    for its cost, up to four features, then brought back by halving. For a linear model it finds the
    cheapest; for others the share is a lower bound: a fault it shows is one, and a pass is no proof.

    What it does not see: cleverer attacks, features that depend on each other, costs that are not additive.
    A regression refuses nothing: it does not apply. Raises BadProject on names or numbers that cannot be.
    """
    usual("evasion", on, level)
    given = {}
    for name, ends in (ranges or {}).items():
        low, high = (number(f"evasion: ranges of {name}", "end", end) for end in ends)
        if not low < high:
            raise BadProject(
                f"evasion: found the range {low:g} to {high:g} of {name}, expected one that rises."
            )
        given[name] = (low, high)
    chosen = names("evasion", "changeable", changeable)
    if not chosen:
        raise BadProject("evasion: found no changeable feature, expected at least one.")
    return Evasion(
        changeable=chosen,
        cost=number("evasion", "cost", cost, low=1e-9),
        most=number("evasion", "at_most", at_most, low=0, high=1),
        ranges=given,
        unwanted=label("evasion", "unwanted", unwanted),
        word_cost=number("evasion", "word_cost", word_cost, low=1e-9),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="evasion",
    run="evidence.evasion",
    reads={"model": "model", "signature": "signature", "test": "test"},
    functions=("opened",),
    classes=("unwanted",),
    context=("group",),
    cost=3,
    section="robustness",
    drawings=DRAWINGS,
)
