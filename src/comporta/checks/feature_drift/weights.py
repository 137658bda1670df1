"""How much each feature counts in a comparison: as it mattered to the one version and to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from comporta.records.reference import Importances


class FeatureWeights(NamedTuple):
    """before, now: feature → its share of importance to the earlier version and to this one; None where it
    was not measured."""

    before: Mapping[str, float] | None
    now: Mapping[str, float] | None

    def of(self, feature: str) -> float:
        """The mean of both, or what is known; 1 where nothing is, so that every feature counts alike."""
        known = [each.get(feature, 0.0) for each in (self.before, self.now) if each is not None]
        return sum(known) / len(known) if known else 1.0


def feature_weights(before: Importances | None, now: Importances | None) -> FeatureWeights:
    """Of two versions' importances."""
    return FeatureWeights(_shares(before), _shares(now))


def _shares(of: Importances | None) -> dict[str, float] | None:
    return None if of is None else dict(zip(of.features, of.shares, strict=True))
