"""Whether two arms are as large as each other: a check of the split itself, which may be looked at any time.

Where a log loses rows of one arm, or labels reach one arm only, no outcome can be trusted (Fabijan and others
2019, "Diagnosing sample ratio mismatch in online controlled experiments"). It is asked of exposed units, of
those whose horizon is over, and of the labelled ones.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from comporta.stats.coin import log_uneven

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SAMPLE_RATIO_ALPHA = 0.001
"""How often arms that are equally likely are ever called uneven, at most: the usual level of this check."""


def sample_ratio(canary: ArrayLike, control: ArrayLike) -> NDArray[np.float64]:
    """Log e-value that units of the two arms are not equally likely, of how many each has so far."""
    return log_uneven(canary, control)


def is_uneven(canary: int, control: int, alpha: float = SAMPLE_RATIO_ALPHA) -> bool:
    """Whether it is shown that the arms are not of the same size."""
    return bool(sample_ratio(canary, control) >= -math.log(alpha))
