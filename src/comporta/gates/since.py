"""What changed since earlier versions: which comparisons a check judges, and that none is left out."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.gates.bound import Named, no_matter
from comporta.gates.held import Held
from comporta.gates.settle import Settled, settle, show, unseen, worst
from comporta.records import Evidence, Figure, Verdict

COMPARED = "compared"


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
        why = evidence.missing or f"it could not be compared with {', '.join(absent) or 'anything'}"
        lacks = Evidence(need=evidence.need, missing=why, artifact=evidence.artifact)
        return unseen(check.name, check.required, limits[0].limit, (lacks,))
    decides = _deciding(settled)
    limit = next(limit for one, limit in settled if one is decides)
    alike = sum(one.outcome == decides.outcome for one, _ in settled)
    seen = f"{limit.says or limit.metric}, {show(decides.figure)}"
    said = {
        "pass": f"not shown to be above {limit.limit:g} in any of {len(settled)} comparisons",
        "fail": f"expected at most {limit.limit:g} ({alike} of {len(settled)} comparisons fail)",
        "inconclusive": f"it may be above {limit.limit:g} or not",
    }
    if decides.outcome == "pass" and decides.slack >= 0:
        said["pass"] = f"at most {limit.limit:g} in all of {len(settled)} comparisons"
    return Verdict(
        check=check.name,
        outcome=decides.outcome,
        required=check.required,
        reason=f"{seen}: {said.get(decides.outcome, '')}.",
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
