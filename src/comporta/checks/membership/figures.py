"""What the figures of membership inference are called."""

from __future__ import annotations

from comporta.records import quantity

TRUE_POSITIVES = quantity("attack_true_positives", "true positives of the attack")
AREA = quantity("attack_area", "area under the attack's ROC curve")
