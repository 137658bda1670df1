"""Several limits in one check: the worst decides, and a figure that is not there is no pass."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.checks.shared.judging.bound import Named, no_matter
from comporta.checks.shared.judging.settle import On, Settled, result, settle, unseen, worst
from comporta.checks.shared.judging.wording import sentence
from comporta.records import Evidence, Figure, Record, Text, Verdict, code

NOTHING = code("gate.nothing_measured_for", "nothing was measured for {what}", what=Text)


class Held(Record, frozen=True, kw_only=True):
    """One figure and its limit. says: what is counted, in words. slice: whose; None: every one there is."""

    metric: str
    limit: float
    higher: bool = False
    on: On = "value"
    slice: str | None = ""
    says: Text = ""


def held(check: Named, evidence: Evidence, limits: Sequence[Held]) -> Verdict:
    """The verdict on all limits: a failure before a doubt before a pass. A limit whose figure was not
    measured makes it inconclusive."""
    if evidence.without:
        return no_matter(check, evidence)
    if evidence.missing or not evidence.figures:
        return unseen(check.name, check.required, None, (evidence,))
    settled: list[tuple[Settled, Held]] = []
    for limit in limits:
        found = [each for each in evidence.figures if _meets(each, limit)]
        if not found:
            why = NOTHING(what=limit.says or limit.metric)
            absent = Evidence(need=evidence.need, missing=why, artifact=evidence.artifact)
            return unseen(check.name, check.required, limit.limit, (absent,))
        one = worst([settle(each, limit.limit, higher=limit.higher, on=limit.on) for each in found])
        settled.append((one, limit))
    decides = worst([one for one, _ in settled])
    shown = [(one, limit) for one, limit in settled if one.outcome == decides.outcome]
    limit = next(limit for one, limit in settled if one is decides)
    return Verdict(
        check=check.name,
        outcome=decides.outcome,
        required=check.required,
        reason=sentence(
            *(
                result(one, each.limit, higher=each.higher, what=each.says or each.metric)
                for one, each in shown
            )
        ),
        figure=decides.figure,
        limit=limit.limit,
        needed=decides.needed,
        evidence=evidence.artifact,
    )


def _meets(figure: Figure, limit: Held) -> bool:
    return figure.metric == limit.metric and (limit.slice is None or figure.slice == limit.slice)
