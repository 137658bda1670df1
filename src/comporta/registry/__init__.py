"""Who may go live: versions, their states, approvals. Pure: `decide → facts`, `evolve → state`."""

from comporta.registry.decide import (
    approve,
    carried,
    inherited,
    judged,
    named,
    register,
    require_releasable,
    waive,
)
from comporta.registry.people import FORGOTTEN, as_it_stands, forgotten_approvers
from comporta.registry.renaming import in_todays_names, renames
from comporta.registry.state import VERSIONS, version_key

__all__ = [
    "FORGOTTEN",
    "VERSIONS",
    "approve",
    "as_it_stands",
    "carried",
    "forgotten_approvers",
    "in_todays_names",
    "inherited",
    "judged",
    "named",
    "register",
    "renames",
    "require_releasable",
    "version_key",
    "waive",
]
