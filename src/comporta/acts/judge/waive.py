"""Exempt one check of a version until a day."""

from __future__ import annotations

from datetime import datetime

from comporta.acts.release.release import version_of
from comporta.opened.conceal import reveal_version
from comporta.opened.optimistic import settle
from comporta.opened.people import current_user, declared_role, identify, reason_of, with_names
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.project.person import WAIVES
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
    who = current_user(by)
    declared = declared_role(opened, who, role, WAIVES, "waive a check")

    def look(view: View) -> Version:
        return current_version(view, version)

    def decide(seen: Version, by: str, reason: Artifact | str) -> VersionWaived:
        now = reveal_version(opened, seen)
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
    id, why = identify(opened, who).id, reason_of(opened, reason)
    settle(opened.ledger, look, lambda seen: ((decide(seen, id, why),), None))
    return with_names(opened, version_of(opened, version.id))[0]
