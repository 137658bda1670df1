"""What the figures of a project's own test are called."""

from __future__ import annotations

from comporta.records import quantity

HOLDS = quantity("holds", "holds")
VALUE = quantity("value", "value")
