"""What may happen to a version next. Each function returns the fact, or refuses and says what would do."""

from __future__ import annotations

from comporta.errors import Refused
from comporta.records import Approval, Verdict, Version
from comporta.records.facts import VersionApproved, VersionJudged, VersionRegistered


def register(version: Version, versions: tuple[Version, ...]) -> VersionRegistered:
    """The candidate enters the inventory under the next number. versions: the model's earlier ones.

    Raises Refused when its number is not the next: two runs raced, and the later one must ask again.
    """
    expected = max((each.number for each in versions), default=0) + 1
    if version.number != expected:
        raise Refused(f"{version.id}: found number {version.number}, expected {expected}. Run again.")
    return VersionRegistered(version=version)


def judged(version: Version, verdicts: tuple[Verdict, ...], policy: str) -> VersionJudged:
    """The verdicts on a candidate, once. Raises Refused when it was judged before, or by another policy."""
    if version.state != "candidate":
        raise Refused(f"{version.id}: found it judged already ({version.state}). A version is judged once.")
    if version.policy != policy:
        raise Refused(
            f"{version.id}: found gates other than those fixed when it was asked for. Run again to ask anew."
        )
    return VersionJudged(model=version.model, number=version.number, verdicts=verdicts, policy=policy)


def approve(version: Version, approval: Approval) -> VersionApproved:
    """One person's approval. Raises Refused unless the gates passed and the person is a new one."""
    if version.state in ("candidate", "refused", "stale"):
        raise Refused(f"{version.id}: found it {version.state}, expected its gates passed.{_why(version)}")
    if any(each.by == approval.by for each in version.approvals):
        raise Refused(f"{version.id}: {approval.by} approved it already; another person must.")
    return VersionApproved(model=version.model, number=version.number, approval=approval)


def require_releasable(version: Version, stale: tuple[str, ...] = ()) -> None:
    """Nothing, if it may go live. Raises Refused: ungated, refused, unapproved or stale.

    stale: the datasets of which something it learned from has been erased since.
    """
    if stale:
        raise Refused(
            f"{version.id}: rows it learned from were erased since, from {', '.join(stale)}. "
            "Run again and release the new version."
        )
    if version.state == "candidate":
        raise Refused(f"{version.id}: found no verdicts, expected its gates passed. Run again.")
    if version.state == "refused":
        raise Refused(f"{version.id}: its gates refused it.{_why(version)}")
    missing = version.needed - len(version.approvals)
    if missing > 0:
        raise Refused(
            f"{version.id}: found {len(version.approvals)} approvals, expected {version.needed}. "
            f"Ask {missing} more to run: comporta approve {version.id} --by NAME --reason WHY"
        )


def _why(version: Version) -> str:
    """The reasons of the verdicts that close the way, one a line."""
    return "".join(f"\n  {each.check}: {each.reason}" for each in version.verdicts if not each.opens)
