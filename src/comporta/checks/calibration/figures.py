"""What the figures of calibration are called."""

from __future__ import annotations

from comporta.records import quantity

ERROR = quantity("smooth_calibration_error", "smooth calibration error")
BIAS = quantity("bias", "bias")

NAMED = "named_class"
"""Under this condition an error is that of the class that the model names."""
