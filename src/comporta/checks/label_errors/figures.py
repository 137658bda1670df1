"""What the figures of label errors are called."""

from __future__ import annotations

from comporta.records import quantity

CONTRADICTED = quantity("labels_contradicted", "labels contradicted")
