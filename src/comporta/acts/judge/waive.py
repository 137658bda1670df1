"""Exempt one check of a version until a day."""

from __future__ import annotations

from datetime import datetime

from comporta.access import AccessFacts
from comporta.acts.release.release import version_of
from comporta.opened.conceal import reveal_version
from comporta.opened.optimistic import settle
from comporta.opened.people import reason_of, with_names
from comporta.opened.permission import acting_role, permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.records import Artifact, Version, View, Waiver
from comporta.records.facts import VersionWaived
from comporta.registry import current_version, find_verdict
from comporta.registry import waive as waived


def waive(
    opened: OpenProject,
    name: str,
    check: str,
    *,
    by: str = "",
    reason: str,
    until: datetime,
    role: str = "",
    say: Say = sentence,
) -> Version:
    """Someone with the right to it lets one check of a version not count. check: its id, or its title as
    `say` tells it. Raises NotFound, Refused."""
    version = version_of(opened, name)
    who = permission(opened, "verdict.waive", by=by, version=version, say=say)

    def look(view: View) -> tuple[Version, AccessFacts]:
        return current_version(view, version), who.look(view)

    def decide(seen: tuple[Version, AccessFacts], by: str, reason: Artifact | str) -> VersionWaived:
        declared = acting_role(who, seen[1], who.require(seen[1], say), role)
        now = reveal_version(opened, seen[0])
        verdict = find_verdict(now, check, say)
        waiver = Waiver(
            check=verdict.check,
            by=by,
            role=declared,
            reason=reason,
            at=opened.clock(),
            until=until,
            outcome=verdict.outcome,
            changed=verdict.changed,
        )
        return waived(now, waiver, opened.now(), say)

    decide(look(opened.ledger), "", reason)  # refused before anybody or anything is written down
    id, why = who.identify(), reason_of(opened, reason)
    settle(opened.ledger, look, lambda seen: ((who.sign(decide(seen, id, why)),), None), who.admit)
    return with_names(opened, version_of(opened, version.id))[0]
