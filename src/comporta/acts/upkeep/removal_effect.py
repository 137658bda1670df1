"""Whether a project decides otherwise once an event's body is gone: removing one must open nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comporta.access import DENIALS, GRANTING, GRANTS, NONCES, PERSON_KEYS
from comporta.errors import Refused
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.lineage import EVALUATIONS
from comporta.opened.removals import REMOVALS
from comporta.records import Event, Projection, Verdict, Version, View
from comporta.records.facts import FACTS
from comporta.registry import FORGOTTEN, VERSIONS
from comporta.release import ROUTES

_UNCHANGED: tuple[tuple[Projection[Any], str], ...] = (
    (ROUTES, "the route of {key}, with its history"),
    (EVALUATIONS, "how often a test set was evaluated ({key})"),
    (FORGOTTEN, "who was forgotten ({key})"),
    (REMOVALS, "which artifacts were deleted ({key})"),
    (DATASETS, "which versions of datasets were recorded ({key})"),
    (GRANTS, "who has which role ({key})"),
    (DENIALS, "what was denied ({key})"),
    (PERSON_KEYS, "which keys are valid ({key})"),
    (GRANTING, "who granted roles ({key})"),
    (NONCES, "which proofs were used ({key})"),
)
"""What must be the same afterwards, and what it is called."""

_RANK = {"candidate": 0, "refused": 0, "passed": 1, "approved": 2}
_JUDGED = {"verdicts", "judged_by", "level", "waivers", "approvals", "state", "parts"}
_KNOWN = {fact.kind for fact in FACTS}


def require_nothing_gained(event: Event, before: View) -> Callable[[View], None]:
    """For `Ledger.remove_body`: refuses a removal after which a version would be more releasable or another
    one, a route or a count another, or a number free again. Raises Refused."""
    if event.kind not in _KNOWN:
        raise Refused(
            f"event {event.seq}: this Comporta does not know the kind {event.kind!r}, nor what rests on "
            "it. Upgrade Comporta and try again."
        )
    unchanged = [(each, called, dict(before.scan(each))) for each, called in _UNCHANGED]
    versions = dict(before.scan(VERSIONS))

    def require(after: View) -> None:
        for projection, called, states in unchanged:
            now = dict(after.scan(projection))
            for key in sorted(states.keys() | now.keys()):
                if states.get(key) != now.get(key):
                    raise _decides(event, called.format(key=key))
        left = dict(after.scan(VERSIONS))
        for key, version in versions.items():
            if (gained := gain(version, left.get(key))) is not None:
                raise _decides(event, f"{version.id}: {gained}")

    return require


def gain(was: Version, now: Version | None) -> str | None:
    """What a version would gain by a history without an event, in words; None: nothing. now: None: it would
    not be there."""
    if now is None:
        return "that it exists, and its number would be given again"
    if any(getattr(was, name) != getattr(now, name) for name in set(Version.__struct_fields__) - _JUDGED):
        return "what it was asked for"
    if now.parts.items() - was.parts.items():
        return "what it is made of"
    if _checks(was, opens=False) - _checks(now, opens=False) or _checks(now, opens=True) - _checks(
        was, opens=True
    ):
        return "checks that block it would no longer"
    if any(each not in was.waivers for each in now.waivers):
        return "which waivers it has"
    if any(each not in was.approvals for each in now.approvals):
        return "who approved it"
    if was.state != now.state and _RANK.get(now.state, 3) >= _RANK.get(was.state, 3):
        return f"its state, {was.state}, would be {now.state}"
    return None


def _checks(version: Version, *, opens: bool) -> set[tuple[str, bool]]:
    def place(verdict: Verdict) -> tuple[str, bool]:
        return verdict.check, verdict.changed

    return {place(each) for each in version.verdicts if each.opens == opens}


def _decides(event: Event, what: str) -> Refused:
    return Refused(
        f"event {event.seq}: this {event.kind} decides {what}, so its body must stay. To show the record to "
        f"others without it: comporta audit export FILE --withhold {event.seq}"
    )
