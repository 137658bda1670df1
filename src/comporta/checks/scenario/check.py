"""What the model must still do when the world is otherwise, in a team's own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from comporta.checks.scenario.figures import MEAN_CHANGE, MEAN_PREDICTION
from comporta.checks.shared.figures import DECISIONS_CHANGED
from comporta.checks.shared.judging.arguments import number, usual
from comporta.checks.shared.judging.bounds import Bound, On, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import limits
from comporta.errors import BadProject
from comporta.records import Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec
from comporta.records.metric import METRICS
from comporta.records.metric import metric as named

QUANTITIES = {
    "decisions changed": DECISIONS_CHANGED,
    "mean prediction": MEAN_PREDICTION,
    "change of the mean prediction": MEAN_CHANGE,
}
"""What a project file calls each figure that is no metric. These names are part of checks' ids."""

TITLE = code(
    "check.scenario", "scenario {label}: {metric} {limits: and }", label=str, metric=str, limits=tuple
)


class Scenario(Record, frozen=True, kw_only=True):
    """On rows changed by a function, one figure is at least, or at most, so much."""

    kind: ClassVar[str] = "scenario"
    label: str
    change: Callable[..., Any]
    metric: str
    least: float | None
    most: float | None
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`scenario?label=fares%20double&metric=roc_auc&at_least=0.7`."""
        return identity(
            self.kind, label=self.label, metric=self.metric, at_least=self.least, at_most=self.most
        )

    @property
    def title(self) -> Text:
        """`scenario fares double: roc_auc at least 0.7`."""
        return TITLE(label=self.label, metric=self.metric, limits=limits(self.least, self.most))

    def needs(self) -> tuple[Need, ...]:
        """All test rows, changed and asked; limits change nothing of it."""
        scored = self.metric if self.metric in METRICS else ""
        return (need("scenario", metric=scored, functions={"change": self.change}),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the figure of the changed rows."""
        metric = QUANTITIES[self.metric].metric if self.metric in QUANTITIES else self.metric
        bounds = [
            Bound(metric=metric, limit=limit, higher=higher, on=self.on)
            for limit, higher in ((self.least, True), (self.most, False))
            if limit is not None
        ]
        return within_bounds(self, evidence[0], bounds)


def scenario(
    name: str,
    change: Callable[..., Any],
    *,
    metric: str = "decisions changed",
    at_least: float | None = None,
    at_most: float | None = None,
    on: On = "interval",
    required: bool = True,
    level: Level = "release",
) -> Scenario:
    """What must hold when rows are otherwise: `scenario("fares double", double_fares, at_most=0.2)`.

    change: a function of the project, `def change(rows): ...`, from a polars frame to a polars frame of the
    same rows with other features. It is handed the features, the columns kept beside them, and `__row`; the
    truth stays as it was. metric: `decisions changed` (the share of rows; for regression the mean change
    over the standard deviation of the predictions), `mean prediction` (of numbers, or of the chance of the
    second of two classes), `change of the mean prediction`, or any metric against the truth. All test rows
    are asked, before and after; intervals are of whole units (the group, days, or rows).

    With `on="interval"` all of the interval must clear the limit. A function that raises, drops rows or
    leaves features out is evidence that is missing, and so is no pass.

    What it does not see: truth that would be another in such a world.
    Raises BadProject without a limit, on an unknown metric, or where `change` is no function.
    """
    usual(f"scenario {name}", on, level)
    if not name or not callable(change):
        raise BadProject(f"scenario {name!r}: expected a name and a function `def change(rows): ...`.")
    if metric not in QUANTITIES:
        named(metric)
    if at_least is None and at_most is None:
        raise BadProject(f"scenario {name}: found no limit, expected at_least, at_most or both.")
    return Scenario(
        label=name,
        change=change,
        metric=metric,
        least=None if at_least is None else number(f"scenario {name}", "at_least", at_least),
        most=None if at_most is None else number(f"scenario {name}", "at_most", at_most),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="scenario",
    run="evidence.scenario",
    reads={"model": "model", "signature": "signature", "test": "test"},
    functions=("opened",),
    context=("group",),
    section="robustness",
)
