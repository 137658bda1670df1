"""Who may go live: versions, their states, approvals. Pure: `decide → facts`, `evolve → state`."""

from comporta.registry.decide import (
    approve,
    carried,
    changed,
    inherited,
    judged,
    register,
    require_releasable,
    waive,
)
from comporta.registry.people import FORGOTTEN, forgotten_approvers
from comporta.registry.state import VERSIONS, version_key

__all__ = [
    "FORGOTTEN",
    "VERSIONS",
    "approve",
    "carried",
    "changed",
    "forgotten_approvers",
    "inherited",
    "judged",
    "register",
    "require_releasable",
    "version_key",
    "waive",
]
