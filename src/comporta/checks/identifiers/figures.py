"""What the figures of identifiers among features are called."""

from __future__ import annotations

from comporta.records import quantity

IDENTIFIERS = quantity("identifiers", "identifiers")
