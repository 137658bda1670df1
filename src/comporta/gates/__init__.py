"""Evidence in, verdicts out: what stands between a candidate and production. It fails closed."""

from comporta.gates.champion import NoWorse, no_worse
from comporta.gates.judge import asked_at, judge, level_of, needs, policy
from comporta.gates.limit import Limit, at_least, at_most

__all__ = [
    "Limit",
    "NoWorse",
    "asked_at",
    "at_least",
    "at_most",
    "judge",
    "level_of",
    "needs",
    "no_worse",
    "policy",
]
