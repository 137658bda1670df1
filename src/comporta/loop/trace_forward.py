"""Forward: what a version, a dataset version, a row or a subject touched."""

from __future__ import annotations

SHOWN = 5
