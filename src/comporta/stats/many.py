"""Many questions at once: which are answered by more than chance, and how wide their intervals must be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FALSE_DISCOVERIES = 0.05


def discoveries(p: Sequence[float], q: float = FALSE_DISCOVERIES) -> list[bool]:
    """Which of the hypotheses with these p-values are rejected, so that on average at most the share `q` of
    the rejected ones are true: Benjamini and Hochberg 1995, for independent or positively dependent tests."""
    if not len(p):
        return []
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")
    under = values[order] <= q * np.arange(1, len(values) + 1) / len(values)
    count = int(np.flatnonzero(under).max()) + 1 if under.any() else 0
    rejected = np.zeros(len(values), bool)
    rejected[order[:count]] = True
    return [bool(each) for each in rejected]


def selected_level(chosen: int, of: int, q: float = FALSE_DISCOVERIES) -> float:
    """The level at which intervals of the `chosen` among `of` are right as often as they say on average, for
    all that they were chosen: Benjamini and Yekutieli 2005, the false coverage rate."""
    return 1 - q * chosen / of if chosen else 1 - q


def together(count: int, level: float = 0.95) -> float:
    """The level of each of `count` intervals that all hold together at `level`: Bonferroni."""
    return 1 - (1 - level) / max(1, count)
