"""Whether the data that the features read is what its declaration says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from comporta.checks.expectations.figures import BREACH
from comporta.checks.shared.judging.arguments import check_choice, number
from comporta.checks.shared.judging.bounds import Bound, Judgement, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import percent, sentence
from comporta.records import (
    LEVELS,
    NO_TEXT,
    NUMBER,
    Evidence,
    Level,
    Message,
    Need,
    Record,
    Text,
    Verdict,
    Words,
    code,
    need,
    place,
)
from comporta.records.measurement import MeasurementSpec

ALL = code("check.expectations", "the data is as declared")
BUT_FOR = code(
    "check.expectations.but_for", "the data is as declared but for {share:g} % of rows", share=NUMBER
)
ALL_HOLD = code("expectations.all_hold", "all {count} expectations of the data hold", count=int)
SOME_HOLD = code(
    "expectations.some_hold", "{good} of {count} expectations of the data hold", good=int, count=int
)
WORST = code(
    "expectations.worst", "{which}: {share:.4%} of {rows:,} rows break it beyond what is declared",
    which=(Words, Message), share=NUMBER, rows=int,
)  # fmt: skip
EXPECTED = code("expectations.expected", "expected at most {share:.4%}", share=NUMBER)


class Expectations(Record, frozen=True, kw_only=True):
    """At most `at_most` of a dataset's rows break any one expectation, beyond what its declaration allows."""

    kind: ClassVar[str] = "expectations"
    at_most: float
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`expectations?at_most=0`."""
        return identity(self.kind, at_most=self.at_most)

    @property
    def title(self) -> Text:
        """`the data is as declared`."""
        return BUT_FOR(share=percent(self.at_most)) if self.at_most else ALL()

    def needs(self) -> tuple[Need, ...]:
        """Every declared expectation, counted on the versions that the features read."""
        return (need("expectations"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the expectation that most rows break."""
        (found,) = evidence
        return within_bounds(self, found, (Bound(metric=BREACH.metric, limit=self.at_most),), self._reason)

    def _reason(self, decides: Judgement, every: Sequence[Judgement]) -> Text:
        good = sum(each.outcome == "pass" for each in every)
        figure = decides.figure
        worst = WORST(which=place(figure) or Words(), share=figure.value, rows=figure.rows)
        if decides.outcome == "pass":
            return sentence(ALL_HOLD(count=len(every)), worst if figure.value else NO_TEXT)
        held = SOME_HOLD(good=good, count=len(every))
        return sentence(held, worst, EXPECTED(share=self.at_most))


def expectations(*, at_most: float = 0.0, required: bool = True, level: Level = "release") -> Expectations:
    """The data is what its declaration says: `expectations()`.

    Every expectation of the datasets that the features read (`Column`: type, nulls, at_least, at_most,
    one_of, unique; and `Dataset.fresh`) is counted on all rows of the very versions that were read, and the
    share of rows that break it, beyond the share that `nulls` allows, is at most `at_most`. One that stops
    a version (`breach="stop"`, the default) holds here too, unless it was declared since; one that is only
    reported (`breach="report"`) lets the version be made and is judged here. `fresh` is the newest row's
    age when the version was made. Where no dataset declares any it does not apply.

    What it does not see: anything that is not declared; what only several columns together break.
    Raises BadProject on a share outside of 0 to 1.
    """
    check_choice("expectations", "level", level, LEVELS)
    return Expectations(
        at_most=number("expectations", "at_most", at_most, low=0, high=1), required=required, level=level
    )


MEASUREMENT = MeasurementSpec(
    need="expectations",
    run="evidence.expectations",
    variadic=("tables",),
    functions=("counted",),
    context=("shapes",),
    fatal=True,
    section="data",
)
