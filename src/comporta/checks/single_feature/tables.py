"""What the tables of single features and their columns are called."""

from __future__ import annotations

from comporta.records import column

ON_TEST_ROWS = column("test", "test")
ON_TRAINING_ROWS = column("train", "train")
