"""Evidence in, verdicts out: what stands between a candidate and production. It fails closed."""

from comporta.gates.champion import NoWorse, no_worse
from comporta.gates.judge import judge, needs, policy
from comporta.gates.limit import Limit, at_least, at_most

__all__ = ["Limit", "NoWorse", "at_least", "at_most", "judge", "needs", "no_worse", "policy"]
