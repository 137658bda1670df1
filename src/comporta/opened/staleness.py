"""Whether what a version learned from is as it was, asked of the datasets' own logs."""

from __future__ import annotations

from comporta.opened.project import OpenProject
from comporta.records import Staleness, Version


def staleness(opened: OpenProject, version: Version) -> tuple[Staleness, ...]:
    """An answer for each slice of a dataset that the version learned from: fresh, erased, or unknown and why.
    Faults of the store are causes of `unknown`, not raised."""
    # Here, for it brings polars along: who only lists versions need not wait for that.
    from comporta.data.staleness import staleness as of_slice

    return tuple(of_slice(opened.store, opened.keys, part) for part in version.read)
