"""Rules that the organisation declares: decisions never to be taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from comporta.checks.conduct.figures import FORBIDDEN
from comporta.checks.shared.judging.arguments import check_choice, label, names, number
from comporta.checks.shared.judging.bounds import Bound, Judgement, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import RULE_OF, sentence
from comporta.errors import BadProject
from comporta.records import (
    LEVELS,
    NUMBER,
    Evidence,
    Figure,
    Level,
    Message,
    Need,
    PlainText,
    Record,
    Text,
    Verdict,
    Words,
    code,
    need,
    place,
)
from comporta.records.class_name import ClassLabel
from comporta.records.measurement import MeasurementSpec

TITLE = code("check.never", "never {decision} when {when}", decision=Text, when=str)
ABOVE = code("check.never.above", "above {value:g}", value=NUMBER)
BELOW = code("check.never.below", "below {value:g}", value=NUMBER)
ENDS = code("check.never.ends", "{ends: or }", ends=tuple)
LOOKED = code("never.looked", "{rows:,} {which}", rows=int, which=(Words, Message))
HELD = code(
    "never.held", "{decision} was decided for none of {looked: and } under the rule",
    decision=Text, looked=tuple,
)  # fmt: skip
BROKEN = code(
    "never.broken",
    "{decision} was decided for {count:,} of {rows:,} {which} under the rule, expected none",
    decision=Text, count=int, rows=int, which=(Words, Message),
)  # fmt: skip


class Never(Record, frozen=True, kw_only=True):
    """Where `when` holds, the model never decides so: not once."""

    kind: ClassVar[str] = "never"
    when: Callable[..., Any]
    owner: str
    decision: str = ""
    above: float | None = None
    below: float | None = None
    columns: tuple[str, ...] = ()
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`never?decision=approve&when=under_age`."""
        return identity(
            self.kind, decision=self.decision, above=self.above, below=self.below, when=self._when()
        )

    @property
    def title(self) -> Text:
        """`never approve when under_age`."""
        return TITLE(decision=self._what(), when=self._when())

    def needs(self) -> tuple[Need, ...]:
        """The rows under the rule, and what was decided."""
        return (
            need(
                "conduct",
                functions={"when": self.when},
                decision=self.decision,
                above=self.above,
                below=self.below,
                columns=self.columns,
            ),
        )

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict: one such decision fails."""
        (found,) = evidence
        bound = Bound(metric=FORBIDDEN.metric, limit=0.0, what=self._what())
        return within_bounds(self, found, (bound,), self._reason)

    def _when(self) -> str:
        return getattr(self.when, "__name__", type(self.when).__name__)

    def _what(self) -> Text:
        if self.decision:
            return PlainText(self.decision)
        ends = ((ABOVE, self.above), (BELOW, self.below))
        return ENDS(ends=tuple(said(value=value) for said, value in ends if value is not None))

    def _reason(self, decides: Judgement, every: Sequence[Judgement]) -> Text:
        figure, rule = decides.figure, RULE_OF(owner=Words(self.owner))
        if decides.outcome == "pass":
            looked = tuple(LOOKED(rows=each.figure.rows, which=_which(each.figure)) for each in every)
            return sentence(HELD(decision=self._what(), looked=looked), rule)
        count = int(figure.value) if math.isfinite(figure.value) else 0
        which = _which(figure)
        return sentence(BROKEN(decision=self._what(), count=count, rows=figure.rows, which=which), rule)


def _which(figure: Figure) -> Words | Message:
    return place(figure) or Words()


def never(
    decision: ClassLabel | None = None,
    *,
    when: Callable[..., Any],
    owner: str,
    above: float | None = None,
    below: float | None = None,
    columns: str | Sequence[str] | None = None,
    required: bool = True,
    level: Level = "release",
) -> Never:
    """A decision that must not be taken: `never("approve", when=under_age, owner="Credit policy")`.

    when: a function of a frame of rows (the features, and `columns` kept beside them) that tells where the
    decision is forbidden: a boolean column or an expression of polars. decision: the class; for a regression
    above=, below= or both: the numbers that are forbidden. owner: who answers for the rule, told in the
    verdict.

    Every test row under the rule is looked at, and up to 2,000 rows are made that lie under it: test rows
    whose features that the rule reads are set to other values of theirs or beyond their ends, and moved back
    to just inside of the rule's edge. One forbidden decision fails; no row under the rule is inconclusive.

    It is a search, not a proof: a region that no made row hits is not seen, and a rule that reads kept
    columns alone is asked of test rows only. Raises BadProject.
    """
    called = label("never", "decision", decision)
    if not callable(when):
        raise BadProject(f"never: found when={when!r}, expected a function of rows.")
    if not isinstance(owner, str) or not owner.strip():
        raise BadProject(f"never {called}: found owner={owner!r}, expected who answers for the rule.")
    if bool(called) == (above is not None or below is not None):
        raise BadProject("never: expected either a decision, or for a regression above= or below=.")
    ends = {"above": above, "below": below}
    above, below = (None if value is None else number("never", name, value) for name, value in ends.items())
    kept = names("never", "columns", columns)
    check_choice("never", "level", level, LEVELS)
    return Never(
        when=when,
        decision=called,
        above=above,
        below=below,
        owner=owner,
        columns=kept,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="conduct",
    run="evidence.conduct",
    reads={"model": "model", "signature": "signature", "predictions": "predictions"},
    functions=("opened",),
    classes=("decision",),
    section="fairness",
)
