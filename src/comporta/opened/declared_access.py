"""Who may what by the project's file, as far as it needs to be run to be known."""

from __future__ import annotations

from comporta.access.table import BESIDE_DECLARED
from comporta.errors import BadProject, Refused
from comporta.opened.project import OpenProject
from comporta.project.load import leaves_out
from comporta.records import Record, canonical_name
from comporta.records.access import ACTIONS, Action, RoleGrant


class DeclaredAccess(Record, frozen=True, kw_only=True):
    """grants: the roles of `Project(people=…)`. proven: the actions of `Project(proven=…)`."""

    grants: tuple[RoleGrant, ...] = ()
    proven: frozenset[Action] = frozenset()


NOTHING = DeclaredAccess()
UNDER_WAY = frozenset[Action]({"model.serve", "model.predict"})
"""For these no project file is run: what serves has the source of its version, and nothing of today's."""


def declared_access(opened: OpenProject, action: Action) -> DeclaredAccess:
    """What the file declares. Where its text says that it declares neither, it is not run; and a file that is
    broken, or not there yet, keeps nobody from what is left to everybody beside the declared, such as rolling
    back. Raises BadProject, and Refused while no commit of the project's branch has loaded."""
    if action in UNDER_WAY:
        return NOTHING
    if opened.file is not None and leaves_out(opened.file, "people", "proven"):
        return NOTHING
    try:
        project = opened.project
    except (BadProject, Refused):
        # Whose approvals count at a release is known by the file alone.
        if action in BESIDE_DECLARED - {"release.execute"}:
            return NOTHING
        raise
    return DeclaredAccess(
        grants=tuple(RoleGrant(person=canonical_name(each.name), role=each.role) for each in project.people),
        proven=proven_actions(project.proven),
    )


def proven_actions(names: tuple[str, ...]) -> frozenset[Action]:
    """The actions of these names: `release.approve`, all of `release`, or every `approve`."""
    return frozenset(
        action for action in ACTIONS if any(each in (action, *action.split(".")) for each in names)
    )
