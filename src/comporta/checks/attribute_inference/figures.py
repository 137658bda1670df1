"""What the figures of attribute inference are called."""

from __future__ import annotations

from comporta.records import quantity

ADVANTAGE = quantity("advantage", "advantage")

ANSWERS, EXPLANATIONS = "answers", "explanations"
"""What an attacker is shown: the model's answers alone, or what explains them too."""
