"""What the figures of the learning curve are called."""

from __future__ import annotations

from comporta.records import quantity

GAIN = quantity("gain_of_last_doubling", "gain of the last doubling")
