"""One verdict from several: a check that holds several figures each to its own limit."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.records import Outcome, Verdict

_ORDER: tuple[Outcome, ...] = ("fail", "inconclusive", "pass", "does not apply")


def severest(verdicts: Sequence[Verdict]) -> Verdict:
    """The first of the worst: a failure before a doubt before a pass."""
    return min(verdicts, key=lambda each: _ORDER.index(each.outcome))
