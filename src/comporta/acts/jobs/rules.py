"""The rules by which workers claim jobs, from the project's settings."""

from __future__ import annotations

from comporta.errors import BadProject
from comporta.jobs import ClaimRules
from comporta.project.settings import Settings


def claim_rules(settings: Settings) -> ClaimRules:
    """`job_pools` and `machine_hours`, read. Raises BadProject on what is neither."""
    return ClaimRules(pools=_pools(settings.job_pools), cap=_seconds(settings.machine_hours))


def _pools(text: str) -> dict[str, int]:
    pools = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, most = (each.strip() for each in part.partition("="))
        if not name or not most.isdecimal() or int(most) < 1:
            raise BadProject(f"job_pools: found {part!r}, expected NAME=NUMBER, …, such as gpu=1, loads=4.")
        pools[name] = int(most)
    return pools


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 < hours < float("inf"):
        raise BadProject(f"machine_hours: found {text!r}, expected hours a day above 0, such as 24.")
    return hours * 3600
