"""What the figures of weak slices are called."""

from __future__ import annotations

from comporta.records import quantity

CONFIRMED = quantity("weak_slices_confirmed", "weak slices confirmed")
TO_OVERALL = quantity("loss_to_overall", "loss to overall")
TO_CONSTANT = quantity("loss_to_constant", "loss to constant")
