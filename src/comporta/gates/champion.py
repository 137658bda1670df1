"""The candidate against the model that serves now, on rows that neither was trained on."""

from __future__ import annotations

import math

from comporta.errors import BadProject
from comporta.gates.settle import On, Settled, settle, show, unseen, worst
from comporta.records import Evidence, Figure, Level, Need, Record, Verdict
from comporta.records.metric import MAIN
from comporta.records.metric import metric as named
from comporta.stats.power import rows_to_show


class NoWorse(Record, frozen=True, kw_only=True):
    """The candidate may be worse than the champion by no more than `margin`, in the metric's own unit.

    A test of non-inferiority: it passes when the worse end of the paired 95 % interval is within the
    margin, so that a candidate that truly is worse by the margin passes about one time in forty.
    """

    metric: str
    margin: float
    by: str = ""
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`roc_auc by carrier no worse by more than 0.01`."""
        by = f" by {self.by}" if self.by else ""
        metric = "main metric" if self.metric == MAIN else self.metric
        return f"{metric}{by} no worse by more than {self.margin:g}"

    def needs(self) -> tuple[Need, ...]:
        """Candidate minus champion, paired."""
        return (Need(what="difference", metric=self.metric, by=self.by),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the difference that decides it: the worst slice."""
        (found,) = evidence
        higher = self.metric == MAIN or named(self.metric).higher
        limit = -self.margin if higher else self.margin
        if found.first:
            return Verdict(
                check=self.name,
                outcome="does not apply",
                required=self.required,
                reason="There is no champion yet to compare with.",
                limit=limit,
            )
        if found.missing or not found.figures:
            return unseen(self.name, self.required, limit, evidence)
        settled = [settle(each, limit, higher=higher, on=self.on) for each in found.figures]
        decides = worst(settled)
        return Verdict(
            check=self.name,
            outcome=decides.outcome,
            required=self.required,
            reason=self._reason(decides, settled),
            figure=decides.figure,
            limit=limit,
            needed=decides.needed,
            evidence=found.artifact,
        )

    def _reason(self, decides: Settled, settled: list[Settled]) -> str:
        seen = f"{decides.figure.metric} candidate minus champion {show(decides.figure)}"
        alike = sum(each.outcome == decides.outcome for each in settled)
        of = f" ({alike} of {len(settled)} slices)" if self.by else ""
        if decides.outcome == "pass":
            within = "within" if self.on == "interval" else "not shown to be worse by more than"
            return f"{seen}: {within} {self.margin:g}{of}."
        if decides.outcome == "fail":
            return f"{seen}: worse by more than {self.margin:g}{of}."
        settles = f"; about {decides.needed:,} rows would settle it" if decides.needed else ""
        return (
            f"{seen}: it may be worse by more than {self.margin:g}{of}{settles}{self._power(decides.figure)}."
        )

    def _power(self, figure: Figure) -> str:
        """How many rows such a comparison needs, were the two models equal."""
        if figure.low is None or figure.high is None:
            return ""
        rows = rows_to_show(figure.low, figure.high, figure.rows, self.margin)
        return f"; two equal models take {rows:,} rows to show it four times in five" if rows else ""


def no_worse(
    metric: str | None = None,
    *,
    margin: float,
    by: str | None = None,
    on: On = "interval",
    required: bool = True,
) -> NoWorse:
    """No worse than the champion by more than `margin`: `no_worse("roc_auc", margin=0.01)`.

    It does not apply to the first version. metric: None for the task's main one, of `roc_auc`, `accuracy` and
    `r2` the first that the output can have. margin: in the metric's own unit, 0 or more; which way is worse
    is known from it. on: `interval`: it must be shown to be within the margin; `fault`: it must not be
    shown to be beyond. Raises BadProject on an unknown metric or a negative margin.
    """
    if metric is not None:
        named(metric)
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 <= margin < math.inf:
        raise BadProject(f"no_worse {metric}: found the margin {margin!r}, expected a number of 0 or more.")
    return NoWorse(metric=metric or MAIN, margin=float(margin), by=by or "", on=on, required=required)
