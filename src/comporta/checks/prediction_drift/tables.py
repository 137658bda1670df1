"""What the tables of drifted predictions and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

SCORES = table("scores", "scores")
SCORE = column("score", "score")
UP_TO = column("up_to", "up to")
