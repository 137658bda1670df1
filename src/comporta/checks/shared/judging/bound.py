"""The one shape of most checks: figures held against a limit, and a sentence that says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from comporta.checks.shared.judging import wording
from comporta.checks.shared.judging.settle import On, Settled, settle, unseen, worst
from comporta.records import Evidence, Figure, Text, Verdict

Says = Callable[[Settled, Sequence[Settled]], Text]


class Named(Protocol):
    """What of a check stands in its verdict."""

    @property
    def name(self) -> str: ...

    @property
    def required(self) -> bool: ...


def bound(
    check: Named,
    evidence: Evidence,
    limit: float,
    *,
    higher: bool,
    on: On,
    says: Says,
    figures: Sequence[Figure] | None = None,
) -> Verdict:
    """The verdict on the figures of one evidence: the one that is worst against the limit decides.

    higher: whether figures must be at least `limit`, else at most. on: see `settle`. says: the reason,
    given the figure that decides and all of them. figures: those to judge; None: all of the evidence.
    Without figures it is inconclusive; where the evidence says that this has no meaning, it does not apply.
    """
    if evidence.without:
        return no_matter(check, evidence)
    held = evidence.figures if figures is None else figures
    if evidence.missing or not held:
        return unseen(check.name, check.required, limit, (evidence,))
    settled = [settle(each, limit, higher=higher, on=on) for each in held]
    decides = worst(settled)
    return Verdict(
        check=check.name,
        outcome=decides.outcome,
        required=check.required,
        reason=says(decides, settled),
        figure=decides.figure,
        limit=limit,
        needed=decides.needed,
        evidence=evidence.artifact,
    )


def no_matter(check: Named, evidence: Evidence) -> Verdict:
    """The verdict where the question has no meaning for this model."""
    return Verdict(
        check=check.name,
        outcome="does not apply",
        required=check.required,
        reason=wording.DOES_NOT_APPLY(why=evidence.without),
        evidence=evidence.artifact,
    )
