"""Numbers far from what was said of them, among rows of which the like was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PARTS = 20
FEWEST = 50
FAR = 8.0
NORMAL = 1.4826


def far_off(truth: Floats, said: Floats, *, far: float = FAR) -> tuple[Floats, NDArray[np.bool_]]:
    """Each residual's distance from the median of its neighbours, in robust standard deviations of its side,
    and whether it is above `far`.

    Neighbours: rows in the same of up to 20 parts of equal count by what was said of them (no part below 50
    rows), so that errors that grow with the prediction do not count as wrong labels: the locally scaled
    score of conformal prediction (Lei, G'Sell, Rinaldo, Tibshirani and Wasserman 2018, section 5.2), its
    scale 1.4826 times the median distance. Above and below the median are scaled apart, for skew. Eight is
    never seen for a normal error, one row in 350 for Student's with three degrees of freedom.
    """
    parts = int(max(1, min(PARTS, len(truth) // FEWEST)))
    place = np.argsort(np.argsort(said, kind="stable"), kind="stable") * parts // len(said)
    distance = np.zeros(len(truth))
    residual = truth - said
    whole = NORMAL * float(np.median(np.abs(residual - np.median(residual))))
    for part in range(parts):
        mine = np.flatnonzero(place == part)
        off = residual[mine] - np.median(residual[mine])
        for side in (off > 0, off < 0):
            if side.any():
                scale = NORMAL * float(np.median(np.abs(off[side])))
                # A part that is told exactly has no spread of its own.
                distance[mine[side]] = np.abs(off[side]) / max(scale, 0.1 * whole, 1e-300)
    return distance, distance > far
