"""What the tables of noise and their columns are called."""

from __future__ import annotations

from comporta.records import column

PUSHED = column("pushed", "pushed")
CHANGED = column("changed", "changed")
