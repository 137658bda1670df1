"""What changed since earlier versions: which comparisons a check judges, and that none is left out."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.checks.shared.judging.bound import Named, no_matter
from comporta.checks.shared.judging.settle import Settled, result, settle, unseen, worst
from comporta.checks.shared.judging.several_bounds import Held
from comporta.checks.shared.judging.wording import sentence
from comporta.records import Evidence, Figure, Verdict, Words, code

COMPARED = "compared"
NOT_COMPARED = code("since.not_compared", "it could not be compared with {versions}", versions=tuple)
NOTHING_COMPARED = code("since.nothing_compared", "it could not be compared with any earlier version")
COMPARISONS = code("since.comparisons", "so in {alike} of {all} comparisons", alike=int, all=int)


def judged(figure: Figure, versions: int) -> bool:
    """Whether it is of the champion, or of one of the newest `versions`: slices are `champion: late`,
    `earlier 2: age`, `earlier 1`."""
    against = figure.slice.partition(": ")[0]
    if not against.startswith("earlier "):
        return True
    return int(against.removeprefix("earlier ")) <= versions


def since(check: Named, evidence: Evidence, limits: Sequence[Held], *, versions: int) -> Verdict:
    """The verdict on all figures of all limits, each fault shown: a failure before a doubt before a pass.
    It is inconclusive where the champion, or a version that is to be judged, could not be compared."""
    if evidence.without:
        return no_matter(check, evidence)
    figures = [each for each in evidence.figures if judged(each, versions)]
    absent = [each.slice for each in figures if each.metric == COMPARED and each.value != 1]
    settled = [
        (settle(each, limit.limit, higher=limit.higher, on=limit.on), limit)
        for limit in limits
        for each in figures
        if each.metric == limit.metric
    ]
    if evidence.missing or absent or not settled:
        others = tuple(Words(each) for each in absent)
        why = evidence.missing or (NOT_COMPARED(versions=others) if others else NOTHING_COMPARED())
        lacks = Evidence(need=evidence.need, missing=why, artifact=evidence.artifact)
        return unseen(check.name, check.required, limits[0].limit, (lacks,))
    decides = _deciding(settled)
    limit = next(limit for one, limit in settled if one is decides)
    alike = sum(one.outcome == decides.outcome for one, _ in settled)
    said = result(decides, limit.limit, higher=limit.higher, what=limit.says or limit.metric)
    return Verdict(
        check=check.name,
        outcome=decides.outcome,
        required=check.required,
        reason=sentence(said, COMPARISONS(alike=alike, all=len(settled))),
        figure=decides.figure,
        limit=limit.limit,
        needed=decides.needed,
        evidence=evidence.artifact,
    )


def _deciding(settled: Sequence[tuple[Settled, Held]]) -> Settled:
    """Of the worst those of the limit that is named first, and of these the largest."""
    bad = worst([one for one, _ in settled]).outcome
    same = [(one, limit) for one, limit in settled if one.outcome == bad]
    of = [one for one, limit in same if limit == same[0][1]]
    return worst(of)
