"""What the tables of membership inference and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

ATTACK = table("attack", "attack")
SIGNAL = column("signal", "signal")
FALSE_POSITIVES = column("false_positives", "false positives")
TRUE_POSITIVE_RATE = column("true_positives", "true positives")
