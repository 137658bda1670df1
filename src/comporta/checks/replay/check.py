"""How the model would have done on logged production requests whose labels have come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from comporta.checks.shared.judging.arguments import usual
from comporta.checks.shared.judging.bounds import Bound, Judgement, On, result, rows_needed, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.metric_limit import limit_title, limit_values, one_limit
from comporta.checks.shared.judging.wording import sentence
from comporta.records import Evidence, Level, Message, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec
from comporta.records.metric import METRICS

REPLAY = code("check.replay", "replay of production: {metric} {limit}", metric=str, limit=Message)


class Replayed(Record, frozen=True, kw_only=True):
    """On logged production inputs whose labels have come, the metric is on the limit's good side."""

    kind: ClassVar[str] = "replay"
    metric: str
    limit: float
    least: bool
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`replay?metric=roc_auc&at_least=0.7`."""
        return identity(self.kind, metric=self.metric, **limit_values(self.limit, self.least))

    @property
    def title(self) -> Text:
        """`replay of production: roc_auc at least 0.7`."""
        return REPLAY(metric=self.metric, limit=limit_title(self.limit, self.least))

    def needs(self) -> tuple[Need, ...]:
        """The metrics on the logged rows."""
        rare: dict[str, Any] = {} if METRICS[self.metric].usual else {"also": self.metric}
        return (need("replay", **rare),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on all logged rows."""
        (found,) = evidence

        def reason(decides: Judgement, every: Sequence[Judgement]) -> Text:
            return sentence(result(decides), rows_needed(decides))

        bound = Bound(metric=self.metric, limit=self.limit, higher=self.least, on=self.on)
        return within_bounds(self, found, (bound,), reason)


def replayed(
    metric: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    on: On = "interval",
    required: bool = True,
    level: Level = "release",
) -> Replayed:
    """The candidate as it is on what production asked for: `replayed("roc_auc", at_least=0.7)`.

    Every logged request of this model whose label has been told is answered by the candidate, with features
    computed as of the time of the request, and the metric is measured as in `at_least`. Rows that the
    candidate was trained on are left out, by key. Before anything was served, or before any label has come,
    it does not apply. It sees only requests for which a label came, which may not be those that matter.
    Raises BadProject.
    """
    limit, least = one_limit("replayed", metric, at_least, at_most)
    usual("replayed", on, level)
    return Replayed(metric=metric, limit=limit, least=least, on=on, required=required, level=level)


MEASUREMENT = MeasurementSpec(
    need="replay",
    run="evidence.replay",
    reads={"model": "model", "signature": "signature", "train": "train"},
    optional={"logged": "logged"},
    functions=("opened",),
    context=("group",),
    section="time",
)
