"""What a verdict by slice says of the slices that have no figure: none of them passes unseen."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from comporta.records import Evidence, Unmeasured, Verdict

NAMED = 3


def whole(verdict: Verdict, evidence: Sequence[Evidence]) -> Verdict:
    """The verdict with its slices without a figure told in its reason. A pass is inconclusive where one of
    30 rows or more could not be measured; those that are smaller change nothing."""
    if verdict.outcome == "does not apply":
        return verdict
    lost = [each for found in evidence for each in found.unmeasured]
    small = list(dict.fromkeys(each.slice for each in lost if each.small))
    large = [each for each in lost if not each.small]
    said = [verdict.reason]
    # Evidence without any figure says so itself.
    if large and not any(found.missing for found in evidence):
        said.insert(0, _unseen(large))
    if small:
        said.append(_small(small))
    outcome = "inconclusive" if large and verdict.outcome == "pass" else verdict.outcome
    return replace(verdict, outcome=outcome, reason=" ".join(said))


def _unseen(large: Sequence[Unmeasured]) -> str:
    """`Not measured in 2 slices, first roc_auc carrier=AA: one class only.`"""
    first = large[0]
    many = "1 slice" if len(large) == 1 else f"{len(large)} slices, first"
    return f"Not measured in {many} {first.metric} {first.slice}: {first.why}."


def _small(small: Sequence[str]) -> str:
    """`2 slices under 30 rows are not judged: carrier=ZZ, carrier=QQ.`"""
    many = "1 slice under 30 rows is" if len(small) == 1 else f"{len(small)} slices under 30 rows are"
    more = f" and {len(small) - NAMED} more" if len(small) > NAMED else ""
    return f"{many} not judged: {', '.join(small[:NAMED])}{more}."
