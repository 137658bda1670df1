"""A quantile of Student's, moved by how skewed a statistic is."""

from __future__ import annotations

import numpy as np


def skewed_quantile(quantile: float, skew: float) -> float:
    """What it becomes for a statistic of this skewness (Hall 1992, "On the removal of skewness by
    transformation", equation 2.2)."""
    if abs(skew) < 1e-6:
        return quantile
    return 3 / skew * (float(np.cbrt(1 + skew * (quantile - skew / 6))) - 1)
