"""Accept that the source of a dataset has other columns now."""

from __future__ import annotations

from comporta.acts.data.datasets import expected_names
from comporta.acts.data.maintenance import record_maintenance
from comporta.data import accept_columns
from comporta.data.acceptance import acceptable_columns
from comporta.data.sources import columns_of
from comporta.errors import NotFound
from comporta.opened.permission import permission
from comporta.opened.project import OpenProject


def accept(opened: OpenProject, name: str) -> dict[str, str]:
    """Name → type of the columns that the source has now: the next run makes a version with them.

    Raises NotFound where no such dataset is declared; BadProject, BadData where the next run would refuse
    these columns anyhow.
    """
    who = permission(opened, "data.write", dataset=name, nameless=True)
    declared = opened.project.tables()
    if name not in declared:
        raise NotFound(f"found no dataset {name!r} in the project, {expected_names(name, declared)}")
    dataset = declared[name]
    found = columns_of(dataset.source, opened.root, name)
    columns = acceptable_columns(opened.store, opened.keys, dataset.shape(), dataset.change, found)
    record_maintenance(who, "accept", name)
    accept_columns(opened.store, opened.keys, name, columns, now=opened.clock())
    return columns
