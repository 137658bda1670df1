"""Whether the data that the features read is what its declaration says."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.gates.argument import chosen, number
from comporta.gates.bound import bound
from comporta.gates.settle import Settled
from comporta.records import LEVELS, Evidence, Level, Need, Record, Verdict, need


class Expectations(Record, frozen=True, kw_only=True):
    """At most `at_most` of a dataset's rows break any one expectation, beyond what its declaration allows."""

    at_most: float
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`the data is as declared`."""
        if not self.at_most:
            return "the data is as declared"
        return f"the data is as declared but for {100 * self.at_most:g} % of rows"

    def needs(self) -> tuple[Need, ...]:
        """Every declared expectation, counted on the versions that the features read."""
        return (need("expectations"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the expectation that most rows break."""
        (found,) = evidence
        return bound(self, found, self.at_most, higher=False, on="value", says=self._reason)

    def _reason(self, decides: Settled, settled: Sequence[Settled]) -> str:
        good = sum(each.outcome == "pass" for each in settled)
        figure = decides.figure
        worst = f"{figure.slice}: {figure.value:.4%} of {figure.rows:,} rows break it beyond what is declared"
        if decides.outcome == "pass":
            told = "" if not figure.value else f" ({worst})"
            return f"All {len(settled)} expectations of the data hold{told}."
        held = f"{good} of {len(settled)} expectations of the data hold"
        return f"{held}; {worst}, expected at most {self.at_most:.4%}."


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
    chosen("expectations", "level", level, LEVELS)
    return Expectations(
        at_most=number("expectations", "at_most", at_most, low=0, high=1), required=required, level=level
    )
