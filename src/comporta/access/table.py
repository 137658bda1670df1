"""Which role may do what: one frozen table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from comporta.records.access import ACTIONS, Action, Role
from comporta.records.token import TokenAction

_SCIENTIST = frozenset[Action](
    {"version.read", "data.read", "train.run", "version.register", "version.judge", "policy.edit",
     "release.request", "model.predict", "label.write"}
)  # fmt: skip
_ENGINEER: frozenset[Action] = _SCIENTIST | {
    "data.write", "version.fetch", "release.execute", "release.abort", "model.serve", "metrics.read",
    "budget.set", "store.sweep",
}  # fmt: skip
_VALIDATOR = frozenset[Action](
    {"version.read", "data.read", "audit.read", "version.judge", "verdict.waive", "release.approve",
     "release.abort", "event.remove"}
)  # fmt: skip

ROLES: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        "viewer": frozenset({"version.read"}),
        "scientist": _SCIENTIST,
        "engineer": _ENGINEER,
        "builder": _ENGINEER,
        "validator": _VALIDATOR,
        "approver": frozenset({"version.read", "audit.read", "release.approve", "release.abort"}),
        "owner": _VALIDATOR
        | {"release.request", "release.execute", "policy.edit", "budget.set", "erase.request", "token.issue"},
        "privacy_officer": frozenset(
            {"version.read", "data.read", "audit.read", "erase.request", "erase.execute", "event.remove"}
        ),
        "auditor": frozenset({"version.read", "data.read", "audit.read"}),
        "admin": frozenset(
            {"version.read", "audit.read", "role.grant", "token.issue", "key.use", "store.sweep"}
        ),
        "oncall": frozenset({"version.read", "metrics.read", "release.abort", "model.serve"}),
    }
)
"""Role → what it may. An admin grants and does not approve; nobody holds everything."""

OF_TOKENS: Mapping[TokenAction, Action] = MappingProxyType(
    {
        "predict": "model.predict",
        "feedback": "label.write",
        "metadata": "version.read",
        "metrics": "metrics.read",
        "features": "data.read",
    }
)
"""What a token is for at a server → the action that it stands for. With `act` it stands for its maker."""

DECLARED_ALONE = frozenset[Action]({"verdict.waive", "event.remove"})
"""What only somebody declared, or granted a role, may do: a name that anybody types is not enough."""

UNDECLARED = frozenset(ACTIONS) - DECLARED_ALONE
"""What everybody may where nobody is declared and no role was granted."""

BESIDE_DECLARED = UNDECLARED - {"release.approve", "role.grant", "erase.execute"}
"""What everybody may beside those whom the project's file declares, as long as no role was granted."""

READS = frozenset[Action]({"version.read", "data.read", "audit.read", "metrics.read"})
"""What changes nothing: the name is enough for it, also of one who has a key."""

PEOPLE_ROLES: frozenset[Role] = frozenset(
    role for role, actions in ROLES.items() if actions & {"release.approve", "verdict.waive", "role.grant"}
)
"""Roles that no service account has."""
