"""Merge a dataset's many small files."""

from __future__ import annotations

import tempfile
from pathlib import Path

from comporta.acts.data.datasets import require_dataset
from comporta.acts.data.maintenance import record_maintenance
from comporta.data import Compaction
from comporta.data import compact as merge
from comporta.opened.permission import permission
from comporta.opened.project import OpenProject


def compact(opened: OpenProject, name: str) -> Compaction:
    """What was merged of the newest version. Versions and digests stay the same, and no step runs again.

    Raises NotFound, Tampered, Busy, StorageFull.
    """
    who = permission(opened, "data.write", dataset=name, nameless=True)
    require_dataset(opened, name)
    record_maintenance(who, "compact", name)
    opened.below.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="compact-", dir=opened.below) as scratch:
        return merge(opened.store, opened.keys, name, now=opened.clock(), scratch=Path(scratch))
