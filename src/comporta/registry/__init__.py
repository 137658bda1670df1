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
from comporta.registry.state import VERSIONS, version_key

__all__ = [
    "VERSIONS",
    "approve",
    "carried",
    "changed",
    "inherited",
    "judged",
    "register",
    "require_releasable",
    "version_key",
    "waive",
]
