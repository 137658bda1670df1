"""What may happen to a version next. Each function returns the fact, or refuses and says what would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches

from msgspec.structs import replace

from comporta.errors import Refused
from comporta.records import (
    Approval,
    Artifact,
    Level,
    Renamed,
    Staleness,
    Text,
    Verdict,
    Version,
    Waiver,
    cleaned,
    in_codes,
    person_key,
)
from comporta.records.facts import VersionApproved, VersionJudged, VersionRegistered, VersionWaived
from comporta.records.staleness import erased, unknown
from comporta.registry.renaming import in_todays_names

Say = Callable[[Text], str]
"""A title or a reason as a sentence, in the language of who asks."""


def register(version: Version, versions: tuple[Version, ...]) -> VersionRegistered:
    """The candidate enters the inventory under the next number. versions: the model's earlier ones.

    Raises Refused when its number is not the next: two runs raced, and the later one must ask again.
    """
    expected = max((each.number for each in versions), default=0) + 1
    if version.number != expected:
        raise Refused(f"{version.id}: found number {version.number}, expected {expected}. Run again.")
    return VersionRegistered(version=version)


def judged(
    version: Version,
    verdicts: tuple[Verdict, ...],
    policy: str,
    level: Level = "release",
    measured: Mapping[str, Artifact] = {},
    renamed: Mapping[str, Renamed] = {},
    as_policy: str = "",
) -> VersionJudged | None:
    """The verdicts on a version; None where they are what is known already.

    What it was asked to pass at first and is not asked now is carried on: to drop a check or to loosen it
    once the candidate is there takes a waiver. policy: digest of the gates asked now. measured: what later
    versions are compared with; what the version has already stays. renamed, as_policy: see `in_todays_names`.
    """
    now = in_todays_names(version, renamed, as_policy)
    every = carried(now.verdicts, verdicts, now.asked, now.forms)
    parts = {name: part for name, part in measured.items() if name not in version.parts}
    known = (version.verdicts, version.judged_by, version.level)
    if version.state != "candidate" and not parts and (every, policy, level) == known:
        return None
    return VersionJudged(
        model=version.model,
        number=version.number,
        verdicts=every,
        policy=policy,
        level=level,
        parts=parts,
        renamed=dict(renamed),
        as_policy=as_policy,
    )


def carried(
    before: tuple[Verdict, ...],
    now: tuple[Verdict, ...],
    asked: tuple[str, ...],
    forms: Mapping[str, str],
) -> tuple[Verdict, ...]:
    """Today's verdicts, and those of before on what was asked at first and is not asked so now. asked: the
    checks that were required when the candidate was asked for; forms: what each declared then, where known.

    Whatever today's check of that name says, the one that was asked at first keeps its verdict, unless it
    is asked again as it was. Today's stands beside it, marked as changed, where it is required.
    """
    alike = {each.check for each in now if each.required and forms.get(each.check, each.form) == each.form}
    first = (each for each in before if each.check in {*asked} - alike and not each.changed)
    kept = {each.check: replace(each, carried=True) for each in first}
    # Of a check that was asked in another form at first: only reported, it tells nothing beside that.
    todays = (
        replace(each, changed=each.check in kept) for each in now if each.required or each.check not in kept
    )
    return (*todays, *kept.values())


def inherited(candidate: Version, versions: tuple[Version, ...]) -> Version:
    """The candidate, asked also what was asked of the very same model before. versions: the model's earlier
    ones, oldest first.

    Another build can give the same model, byte for byte: it is no new candidate, and what was said of it
    stands until it is judged again. Of other test rows only what closes the way does: a pass was of those.
    """
    mine = candidate.parts.get("model")
    same = next((each for each in reversed(versions) if mine and each.parts.get("model") == mine), None)
    if same is None:
        return candidate
    alike = same.parts.get("test") == candidate.parts.get("test")
    return replace(
        candidate,
        policy=same.policy,
        asked=tuple(dict.fromkeys((*same.asked, *candidate.asked))),
        forms={**candidate.forms, **same.forms},
        needed=max(candidate.needed, same.needed),
        verdicts=tuple(each for each in same.verdicts if alike or not each.opens),
    )


def named(version: Version, text: str, say: Say) -> Verdict:
    """The verdict that somebody means by an id or by a title as shown. Raises Refused, naming what there is.

    Of two verdicts on one check its id means the one that closes the way; where both do, the title tells.
    """
    meant = [each for each in version.verdicts if text in (each.check, say(each.called))]
    closed = [each for each in meant if not each.opens] or meant
    found = [each for each in closed if say(each.called) == text] or closed
    if not found:
        raise _unknown(version, text, say)
    if len(found) > 1:
        both = "; ".join(say(each.called) for each in found)
        raise Refused(f"{version.id}: found two checks {text!r}, expected one by its title: {both}.")
    return found[0]


def _unknown(version: Version, text: str, say: Say) -> Refused:
    shut = {say(each.called): each.check for each in version.verdicts if not each.opens}
    if not shut:
        return Refused(f"{version.id}: found no check {text!r}, and none that is closed.")
    near = get_close_matches(text, [*shut, *shut.values()], n=1)
    tip = f" Did you mean {near[0]!r}?" if near else ""
    return Refused(f"{version.id}: found no check {text!r}, expected one of: {'; '.join(shut)}.{tip}")


def waive(version: Version, waiver: Waiver, now: datetime, say: Say = in_codes) -> VersionWaived:
    """One check of this version need not open until the waiver ends.

    Raises Refused without a reason, for a time that is past, and on a check that is open or unknown.
    """
    verdict = next((each for each in version.verdicts if waiver.of(each)), None)
    if verdict is None:
        raise _unknown(version, waiver.check, say)
    if verdict.opens:
        name = say(verdict.called)
        raise Refused(f"{version.id}: {name!r} is open ({verdict.outcome}); there is nothing to waive.")
    if isinstance(waiver.reason, str) and not waiver.reason.strip():
        raise Refused(f"{version.id}: found a waiver without a reason, expected why: --reason WHY")
    if waiver.until <= now:
        raise Refused(f"{version.id}: found the end {waiver.until:%Y-%m-%d}, expected a day to come.")
    given = replace(waiver, form=verdict.form)
    return VersionWaived(model=version.model, number=version.number, waiver=given)


def approve(version: Version, approval: Approval, name: str = "", say: Say = in_codes) -> VersionApproved:
    """One person's approval. name: of the person whose id it is, by which older approvals are known.

    Raises Refused unless the gates passed and the person is a new one.
    """
    if version.state == "candidate" or version.shut(approval.at):
        why = _why(version, approval.at, say)
        raise Refused(f"{version.id}: found it {version.state}, expected its gates passed.{why}")
    if version.approvers() & {person_key(approval.by), person_key(name)}:
        who = cleaned(name or approval.by)
        raise Refused(f"{version.id}: {who} approved it already; another person must.")
    return VersionApproved(model=version.model, number=version.number, approval=approval)


def require_releasable(
    version: Version,
    now: datetime,
    staleness: tuple[Staleness, ...] = (),
    forgotten: frozenset[str] = frozenset(),
    say: Say = in_codes,
) -> None:
    """Raises Refused unless the version may be released: ungated, refused, unapproved or stale; or where
    nobody can tell whether it is stale.

    now: a waiver counts until its end. staleness: of what it learned from, as it is today. forgotten: the
    ids of people whose approval counts no more.
    """
    if stale := erased(staleness):
        raise Refused(
            f"{version.id}: rows it learned from were erased since, from {', '.join(stale)}. "
            "Run again and release the new version."
        )
    if open_ := unknown(staleness):
        why = "".join(f"\n  {each.dataset}: {say(each.cause or '')}." for each in open_)
        raise Refused(
            f"{version.id}: found no answer to whether rows it learned from were erased since, expected one "
            f"before it is released.{why}\nPut that right (`comporta audit verify` tells more) and try again."
        )
    if version.state == "candidate":
        raise Refused(f"{version.id}: found no verdicts, expected its gates passed. Run again.")
    if version.shut(now):
        raise Refused(f"{version.id}: its gates refused it.{_why(version, now, say)}")
    found = len(version.approvers(forgotten))
    missing = version.needed - found
    if missing > 0:
        raise Refused(
            f"{version.id}: found {found} approvals, expected {version.needed}. "
            f"Ask {missing} more to run: comporta approve {version.id} --by NAME --reason WHY"
        )


def _why(version: Version, now: datetime, say: Say) -> str:
    """The reasons of the verdicts that close the way, one a line."""
    return "".join(f"\n  {say(each.called)}: {say(each.reason)}" for each in version.shut(now))
