"""What a model is asked to pass: the gates it declares, and what its other fields ask for."""

from __future__ import annotations

from comporta.checks import BetterThanChampion, better_than_champion
from comporta.project import Model
from comporta.records import Check


def checks(model: Model) -> tuple[Check, ...]:
    """Its gates; and where it names the metric that the business is run by, that a challenger is better by
    it, unless its gates say themselves how much better it must be."""
    gates = tuple(model.gates)
    if model.business is None or any(_says(gate, model.business) for gate in gates):
        return gates
    return (*gates, better_than_champion(model.business))


def _says(gate: Check, metric: str) -> bool:
    return isinstance(gate, BetterThanChampion) and gate.metric == metric and not gate.by
