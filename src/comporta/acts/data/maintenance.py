"""The fact that somebody changed how a dataset is kept or read."""

from __future__ import annotations

from typing import Literal

from comporta.opened.permission import Permission
from comporta.records.facts import DatasetMaintained


def record_maintenance(who: Permission, act: Literal["accept", "compact", "retry"], dataset: str) -> None:
    """dataset: empty: every log. Raises Forbidden, Refused."""
    who.append(DatasetMaintained(act=act, dataset=dataset, by=who.identify()))
