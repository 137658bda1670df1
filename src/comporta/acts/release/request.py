"""Ask for a version's release: who asks does not approve it."""

from __future__ import annotations

from comporta.access import AccessFacts, request
from comporta.acts.release.release import version_of
from comporta.opened.optimistic import settle
from comporta.opened.people import reason_of
from comporta.opened.permission import permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.records import Artifact, Version, View
from comporta.records.facts import ReleaseRequested
from comporta.registry import current_version


def request_release(
    opened: OpenProject, name: str, *, by: str = "", reason: str = "", say: Say = sentence
) -> Version:
    """Records that somebody asks for the release of a version, which others approve. Raises NotFound,
    Refused, Forbidden."""
    version = version_of(opened, name)
    who = permission(opened, "release.request", by=by, version=version, say=say)

    def look(view: View) -> tuple[Version, AccessFacts]:
        return current_version(view, version), who.look(view)

    def decide(seen: tuple[Version, AccessFacts], by: str, reason: Artifact | str) -> ReleaseRequested:
        who.require(seen[1], say)
        return request(seen[0], by=by, reason=reason, known=seen[1].duties.requested)

    decide(look(opened.ledger), who.actor.id, "")  # refused before anybody or anything is written down
    id, why = who.identify(), reason_of(opened, reason)
    settle(opened.ledger, look, lambda seen: ((who.sign(decide(seen, id, why)),), None), who.admit)
    return version
