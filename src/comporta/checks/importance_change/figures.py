"""What the figures of a change of importance are called."""

from __future__ import annotations

from comporta.records import quantity

MOVED = quantity("importance_moved", "importance moved")
RANK_CHANGED = quantity("rank_changed", "rank changed")
