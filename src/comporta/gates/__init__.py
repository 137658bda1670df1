"""Evidence in, verdicts out: what stands between a candidate and production. It fails closed."""

from comporta.gates.bias import (
    Fair,
    calibration_parity,
    demographic_parity,
    disparate_impact,
    equal_opportunity,
    equalised_odds,
    error_parity,
)
from comporta.gates.champion import NoWorse, no_worse
from comporta.gates.conduct import Never, never
from comporta.gates.judge import asked_at, judge, level_of, needs, policy
from comporta.gates.limit import Limit, at_least, at_most
from comporta.gates.proxy import NoProxy, no_proxy

__all__ = [
    "Fair",
    "Limit",
    "Never",
    "NoProxy",
    "NoWorse",
    "asked_at",
    "at_least",
    "at_most",
    "calibration_parity",
    "demographic_parity",
    "disparate_impact",
    "equal_opportunity",
    "equalised_odds",
    "error_parity",
    "judge",
    "level_of",
    "needs",
    "never",
    "no_proxy",
    "no_worse",
    "policy",
]
