"""What changed since earlier versions: which comparisons a check judges, and that none is left out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from comporta.checks.shared.figures import COMPARED
from comporta.checks.shared.judging.bounds import (
    Bound,
    CheckIdentity,
    Judgement,
    alike,
    result,
    within_bounds,
)
from comporta.checks.shared.judging.wording import sentence
from comporta.records import Evidence, Figure, Text, Verdict, code, condition, place

NOT_COMPARED = code("since.not_compared", "it could not be compared with {versions}", versions=tuple)
NOTHING_COMPARED = code("since.nothing_compared", "it could not be compared with any earlier version")
COMPARISONS = code("since.comparisons", "so in {alike} of {all} comparisons", alike=int, all=int)


def since_earlier(
    check: CheckIdentity, evidence: Evidence, bounds: Sequence[Bound], *, versions: int
) -> Verdict:
    """The verdict on all comparisons with the champion and with the newest `versions`. It is inconclusive
    where one of them could not be made."""
    figures = tuple(each for each in evidence.figures if is_recent(each, versions))
    absent = [place(each) for each in figures if each.metric == COMPARED.metric and each.value != 1]
    there = [each for each in bounds if each.among(figures)]
    if not evidence.without and not evidence.missing and (absent or not there):
        others = tuple(each for each in absent if each is not None)
        why = NOT_COMPARED(versions=others) if absent else NOTHING_COMPARED()
        evidence = replace(evidence, missing=why)
    return within_bounds(check, replace(evidence, figures=figures), there or bounds[:1], _comparisons)


def is_recent(figure: Figure, versions: int) -> bool:
    """Whether it is of the champion, or of one of the newest `versions`."""
    earlier = condition(figure, "earlier")
    return figure.compared_with != "earlier" or (isinstance(earlier, int) and earlier <= versions)


def _comparisons(decides: Judgement, every: Sequence[Judgement]) -> Text:
    return sentence(result(decides), COMPARISONS(alike=alike(decides, every), all=len(every)))
