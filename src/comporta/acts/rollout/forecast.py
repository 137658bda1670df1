"""Whether a plan can be decided until its deadline, as far as history tells."""

from __future__ import annotations

from comporta.opened.project import OpenProject
from comporta.records import Version
from comporta.records.plan import PlanTerms


def require_decidable(opened: OpenProject, version: Version, terms: PlanTerms) -> None:
    """Raises Refused where the plan is hopeless, with what would make it possible."""
