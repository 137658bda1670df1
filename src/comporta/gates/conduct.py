"""Rules that the organisation declares: decisions never to be taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from comporta.errors import BadProject
from comporta.gates.argument import chosen, names, number
from comporta.gates.bound import bound
from comporta.gates.settle import Settled
from comporta.records import LEVELS, Evidence, Level, Need, Record, Verdict, need


class Never(Record, frozen=True, kw_only=True):
    """Where `when` holds, the model never decides so: not once."""

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
        """`never approve when under_age`."""
        return f"never {self._what()} when {getattr(self.when, '__name__', type(self.when).__name__)}"

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
        return bound(self, found, 0.0, higher=False, on="value", says=self._reason)

    def _what(self) -> str:
        if self.decision:
            return self.decision
        told = [("above", self.above), ("below", self.below)]
        return " or ".join(f"{word} {value:g}" for word, value in told if value is not None)

    def _reason(self, decides: Settled, settled: Sequence[Settled]) -> str:
        figure = decides.figure
        rule = f" (a rule of {self.owner})"
        if decides.outcome == "pass":
            looked = " and ".join(f"{each.figure.rows:,} {each.figure.slice}" for each in settled)
            return f"{self._what()} was decided for none of {looked} under the rule{rule}."
        broken = f"{figure.value:,.0f} of {figure.rows:,} {figure.slice}"
        return f"{self._what()} was decided for {broken} under the rule, expected none{rule}."


def never(
    decision: str | bool | int | None = None,
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
    called = (
        "" if decision is None else str(decision).lower() if isinstance(decision, bool) else str(decision)
    )
    if not callable(when):
        raise BadProject(f"never: found when={when!r}, expected a function of rows.")
    if not isinstance(owner, str) or not owner.strip():
        raise BadProject(f"never {called}: found owner={owner!r}, expected who answers for the rule.")
    if bool(called) == (above is not None or below is not None):
        raise BadProject("never: expected either a decision, or for a regression above= or below=.")
    ends = {"above": above, "below": below}
    above, below = (None if value is None else number("never", name, value) for name, value in ends.items())
    kept = names("never", "columns", columns)
    chosen("never", "level", level, LEVELS)
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
