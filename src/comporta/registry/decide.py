"""What may happen to a version. Each function returns the fact, or raises Refused with what is missing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches

from msgspec.structs import replace

from comporta.errors import Refused
from comporta.records import (
    NO_TEXT,
    Approval,
    Artifact,
    CheckRenaming,
    Level,
    Staleness,
    Verdict,
    Version,
    Waiver,
    clean_name,
    in_codes,
    person_key,
)
from comporta.records.facts import VersionApproved, VersionJudged, VersionRegistered, VersionWaived
from comporta.records.message import Say
from comporta.records.staleness import erased_datasets, unknown
from comporta.registry.renaming import with_current_names


def register(version: Version, versions: tuple[Version, ...]) -> VersionRegistered:
    """The fact that adds the candidate to the registry. versions: the model's earlier ones.

    Raises Refused when its number is not the next: two runs raced, and the later one must run again.
    """
    expected = max((each.number for each in versions), default=0) + 1
    if version.number != expected:
        raise Refused(f"{version.id}: found number {version.number}, expected {expected}. Run again.")
    return VersionRegistered(version=version)


def record_verdicts(
    version: Version,
    verdicts: tuple[Verdict, ...],
    policy: str,
    level: Level = "release",
    measured: Mapping[str, Artifact] = {},
    renamed: Mapping[str, CheckRenaming] = {},
    as_policy: str = "",
) -> VersionJudged | None:
    """The fact of new verdicts on a version; None where nothing changed.

    Verdicts of required checks that were dropped or changed since the candidate was registered are carried
    over: only a waiver exempts from them. policy: digest of the gates as declared now. measured: artifacts
    that later versions are compared with; existing ones stay. renamed, as_policy: see `with_current_names`.
    """
    now = with_current_names(version, renamed, as_policy)
    every = carry_over(now.verdicts, verdicts, now.required_checks, now.forms)
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


def carry_over(
    before: tuple[Verdict, ...],
    now: tuple[Verdict, ...],
    asked: tuple[str, ...],
    forms: Mapping[str, str],
) -> tuple[Verdict, ...]:
    """Current verdicts, plus the old verdicts of required checks that were dropped or changed.

    asked: ids of the checks that were required when the candidate was registered. forms: the form of each
    then, where known. A check in its old form replaces its old verdict; in another form its new verdict
    stands beside the old one, marked as changed, if it is required.
    """
    alike = {each.check for each in now if each.required and forms.get(each.check, each.form) == each.form}
    first = (each for each in before if each.check in {*asked} - alike and not each.changed)
    carried = {each.check: replace(each, carried=True) for each in first}
    # A changed check that is only informational adds nothing beside its old verdict.
    todays = (
        replace(each, changed=each.check in carried)
        for each in now
        if each.required or each.check not in carried
    )
    return (*todays, *carried.values())


def inherit_verdicts(candidate: Version, versions: tuple[Version, ...]) -> Version:
    """The candidate with the requirements and verdicts of an earlier version that is the same model, byte for
    byte. versions: the model's earlier ones, oldest first.

    A rebuild of the same model is no new candidate: its verdicts hold until it is judged again. On other test
    rows only blocking verdicts hold, since a pass was for the old rows.
    """
    mine = candidate.parts.get("model")
    same = next((each for each in reversed(versions) if mine and each.parts.get("model") == mine), None)
    if same is None:
        return candidate
    alike = same.parts.get("test") == candidate.parts.get("test")
    return replace(
        candidate,
        policy=same.policy,
        required_checks=tuple(dict.fromkeys((*same.required_checks, *candidate.required_checks))),
        forms={**candidate.forms, **same.forms},
        needed=max(candidate.needed, same.needed),
        verdicts=tuple(each for each in same.verdicts if alike or each.blocks),
    )


def find_verdict(version: Version, text: str, say: Say) -> Verdict:
    """The verdict with this id or displayed title. Raises Refused, which lists the verdicts.

    Of two verdicts on one check its id means the one that blocks; where both do, only the title selects one.
    """
    meant = [each for each in version.verdicts if text in (each.check, say(each.display_title))]
    closed = [each for each in meant if each.blocks] or meant
    found = [each for each in closed if say(each.display_title) == text] or closed
    if not found:
        raise _unknown(version, text, say)
    if len(found) > 1:
        both = "; ".join(say(each.display_title) for each in found)
        raise Refused(f"{version.id}: found two checks {text!r}, expected one by its title: {both}.")
    return found[0]


def _unknown(version: Version, text: str, say: Say) -> Refused:
    shut = {say(each.display_title): each.check for each in version.verdicts if each.blocks}
    if not shut:
        return Refused(f"{version.id}: found no check {text!r}, and none that blocks.")
    near = get_close_matches(text, [*shut, *shut.values()], n=1)
    tip = f" Did you mean {near[0]!r}?" if near else ""
    return Refused(f"{version.id}: found no check {text!r}, expected one of: {'; '.join(shut)}.{tip}")


def waive(version: Version, waiver: Waiver, now: datetime, say: Say = in_codes) -> VersionWaived:
    """The fact that exempts the version from one check until the waiver ends.

    Raises Refused without a reason, for a past time, and on a check that does not block or is unknown.
    """
    verdict = next((each for each in version.verdicts if waiver.of(each)), None)
    if verdict is None:
        raise _unknown(version, waiver.check, say)
    if not verdict.blocks:
        name = say(verdict.display_title)
        raise Refused(
            f"{version.id}: {name!r} does not block ({verdict.outcome}); there is nothing to waive."
        )
    if isinstance(waiver.reason, str) and not waiver.reason.strip():
        raise Refused(f"{version.id}: found a waiver without a reason, expected why: --reason WHY")
    if waiver.until <= now:
        raise Refused(f"{version.id}: found the end {waiver.until:%Y-%m-%d}, expected a day to come.")
    given = replace(waiver, form=verdict.form)
    return VersionWaived(model=version.model, number=version.number, waiver=given)


def approve(version: Version, approval: Approval, name: str = "", say: Say = in_codes) -> VersionApproved:
    """The fact of one person's approval. name: of that person; older approvals hold names.

    Raises Refused unless the gates passed and the person has not approved it yet.
    """
    if version.state == "candidate" or version.blocking_verdicts(approval.at):
        why = _why(version, approval.at, say)
        raise Refused(f"{version.id}: found it {version.state}, expected its gates passed.{why}")
    if version.approvers() & {person_key(approval.by), person_key(name)}:
        who = clean_name(name or approval.by)
        raise Refused(f"{version.id}: {who} approved it already; another person must.")
    return VersionApproved(model=version.model, number=version.number, approval=approval)


def require_releasable(
    version: Version,
    now: datetime,
    staleness: tuple[Staleness, ...] = (),
    uncounted: frozenset[str] = frozenset(),
    say: Say = in_codes,
    twins: tuple[Version, ...] = (),
    serving: Version | None = None,
) -> None:
    """Raises Refused unless the version may be released: judged, not blocked, approved, and fresh.

    now: waivers count until their end. staleness: of the data it was trained on. uncounted: ids of people
    whose approval does not count: who may not approve it now, were forgotten, or are not in the directory.
    twins: the same model, byte for byte, under other names: what blocks one of them blocks it too, for a new
    name is no new model. serving: in whose place it comes, where fewer approvals than that one needed are a
    decision that as many must share: who trains could lower their number alone.
    """
    if stale := erased_datasets(staleness):
        raise Refused(
            f"{version.id}: rows it was trained on were erased since, from {', '.join(stale)}. "
            "Run again and release the new version."
        )
    if open_ := unknown(staleness):
        why = "".join(f"\n  {each.dataset}: {say(each.cause or NO_TEXT)}." for each in open_)
        raise Refused(
            f"{version.id}: it is unknown whether rows it was trained on were erased since, which must be "
            f"known before a release.{why}\nRepair that (`comporta audit verify` has details) and try again."
        )
    if version.state == "candidate":
        raise Refused(f"{version.id}: found no verdicts, expected its gates passed. Run again.")
    if version.blocking_verdicts(now):
        raise Refused(
            f"{version.id}: required checks block it.{_why(version, now, say)}{_way_on(version, now)}"
        )
    for twin in twins:
        if twin.blocking_verdicts(now):
            raise Refused(
                f"{version.id}: it is byte for byte {twin.id}, which required checks block. Mend the model, "
                f"or let someone with the right waive there what blocks it.{_why(twin, now, say)}"
            )
    found = len(version.approvers(uncounted))
    expected = max(version.needed, 0 if serving is None else serving.needed)
    missing = expected - found
    if missing > 0:
        fewer = "" if expected == version.needed or serving is None else f", as many as {serving.id} needed"
        lost = len(version.approvers()) - found
        note = (
            f" Not counted: {lost} by people who may not approve it now (they trained it, changed its gates, "
            "asked for its release or release it), who were forgotten, or are not in the directory "
            "(`comporta audit verify`)."
        )
        raise Refused(
            f"{version.id}: found {found} approvals, expected {expected}{fewer}.{note if lost else ''} "
            f"Ask {missing} more to run: comporta approve {version.id} --by NAME --reason WHY"
        )


def _way_on(version: Version, now: datetime) -> str:
    """What to do about it: to loosen a gate takes nothing back from a version that was asked more."""
    blocking = version.blocking_verdicts(now)
    first = next((each for each in blocking if each.carried), blocking[0])
    loosened = "It was asked this when it was made; a gate loosened or left out since is for new versions."
    anew = "Train anew, and the new version is judged by the gates of today: comporta run."
    waive = (
        f"Or let a validator or owner waive it: comporta waive {version.id} {shlex.quote(first.check)} "
        "--reason WHY --until YYYY-MM-DD"
    )
    return "".join(f"\n{line}" for line in (*([loosened] if first.carried else []), f"{anew} {waive}"))


def _why(version: Version, now: datetime, say: Say) -> str:
    """The reasons of the blocking verdicts, one a line."""
    return "".join(
        f"\n  {say(each.display_title)}: {say(each.reason)}" for each in version.blocking_verdicts(now)
    )
