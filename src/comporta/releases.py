"""How versions come to their traffic, for a project file: plans, the outcomes that decide them, freezes.

    from comporta.releases import Canary, Outcome

What each means: docs/reference/release.md.
"""

from comporta.records.freeze import Freeze
from comporta.records.outcome import Outcome
from comporta.records.release_plan import BlueGreen, Canary, Fuse, ReleaseMetric, Shadow

__all__ = ["BlueGreen", "Canary", "Freeze", "Fuse", "Outcome", "ReleaseMetric", "Shadow"]
