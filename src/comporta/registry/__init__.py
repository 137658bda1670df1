"""Which versions may be released: their states, verdicts, approvals and waivers. Pure: state → facts."""

from comporta.registry.decide import (
    approve,
    carry_over,
    find_verdict,
    inherit_verdicts,
    record_verdicts,
    register,
    require_releasable,
    waive,
)
from comporta.registry.people import FORGOTTEN, forgotten_approvers, with_current_state
from comporta.registry.renaming import renames, with_current_names
from comporta.registry.state import MODELS, VERSIONS, current_version, newest_versions, version_key

__all__ = [
    "FORGOTTEN",
    "MODELS",
    "VERSIONS",
    "approve",
    "carry_over",
    "current_version",
    "find_verdict",
    "forgotten_approvers",
    "inherit_verdicts",
    "newest_versions",
    "record_verdicts",
    "register",
    "renames",
    "require_releasable",
    "version_key",
    "waive",
    "with_current_names",
    "with_current_state",
]
