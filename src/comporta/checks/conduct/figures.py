"""What the figures of a rule of conduct are called."""

from __future__ import annotations

from comporta.records import quantity

FORBIDDEN = quantity("forbidden_decisions", "forbidden decisions")
