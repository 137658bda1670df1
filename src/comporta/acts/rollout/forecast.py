"""Whether a plan can be decided until its deadline, as far as the traffic of before tells."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from msgspec.structs import replace

from comporta.acts.rollout.first_answers import with_outcome
from comporta.acts.serve.serving_log import scan_all_predictions, signatures_of
from comporta.errors import Refused
from comporta.opened.project import OpenProject
from comporta.records import Record, Version
from comporta.records.duration import duration_text
from comporta.records.plan import MetricTerms, PlanTerms, ReleasePlan
from comporta.stats.release_power import ENOUGH, PlannedMetric, ReleasePower, promotion_power, release_power

LONGEST = timedelta(days=56)
"""How far back traffic is looked at."""
_EXPECTED = {
    "binary": "'error', 'label' or 'latency', without a cap",
    "multiclass": "'error' or 'latency', without a cap",
    "regression": "'absolute_error' or 'label', each with a cap, or 'latency'",
}
FEWEST_UNITS = 200
"""With a horizon that is over: fewer tell nothing of a rate."""


class MetricForecast(Record, frozen=True, kw_only=True):
    """base: the rate, or mean, among labelled units; deviation: of a number. units: a day and arm, at the
    last step. missing: the share of units without a label. power: what can be expected, its days such as
    `day` of the forecast."""

    outcome: str
    base: float
    deviation: float | None
    units: float
    missing: float
    power: ReleasePower


class PlanForecast(Record, frozen=True, kw_only=True):
    """since: how much of the log it is of, in seconds. rows, without_unit: how many were answered, and said
    no unit. day: seconds, the shorter of a day and a season. metrics: of which enough is known."""

    since: float
    rows: int
    without_unit: int
    day: float
    metrics: tuple[MetricForecast, ...]


def forecast(opened: OpenProject, version: Version, terms: PlanTerms) -> PlanForecast | None:
    """What history says of a canary with these terms; None where nothing was answered yet."""
    now = opened.now()
    log = scan_all_predictions(opened, version.model).filter(
        (pl.col("at") >= now - LONGEST) & pl.col("release").is_not_null()
    )
    rows = (
        log.select("id", "version", "at", "unit", "latency_us", pl.selectors.starts_with("out."))
        .sort("at", "id")
        .collect()
    )
    if rows.is_empty():
        return None
    since = (now - rows["at"][0]).total_seconds()
    units = rows.filter(pl.col("unit").is_not_null()).unique("unit", keep="first", maintain_order=True)
    day = min(86_400.0, terms.season)
    found = []
    for metric in terms.metrics:
        until = now - timedelta(seconds=metric.horizon)
        mature = units.filter(pl.col("at") <= until).drop("unit")
        if mature.height >= FEWEST_UNITS and since - metric.horizon >= terms.season:
            found.append(_metric(opened, version, terms, metric, mature, (since - metric.horizon) / day))
    return PlanForecast(
        since=since,
        rows=rows.height,
        without_unit=rows["unit"].null_count(),
        day=day,
        metrics=tuple(found),
    )


def with_centers(terms: PlanTerms, carried: ReleasePlan | None, known: PlanForecast | None) -> PlanTerms:
    """The terms with the mean of before of each outcome that is a number: around it bets see soonest.

    carried: the plan whose counts go on; its centers do too: one taken from what they count is no bet."""
    if all(metric.cap is None for metric in terms.metrics):
        return terms
    if carried is not None:
        held = {each.outcome: each.center for each in carried.terms.metrics}
        return replace(
            terms, metrics=tuple(replace(each, center=held[each.outcome]) for each in terms.metrics)
        )
    means = {} if known is None else {each.outcome: each.base for each in known.metrics}
    return replace(
        terms,
        metrics=tuple(
            each if each.cap is None else replace(each, center=means.get(each.outcome))
            for each in terms.metrics
        ),
    )


def require_measurable(opened: OpenProject, version: Version, terms: PlanTerms) -> None:
    """Raises Refused where a metric is none of what the version answers."""
    takes = signatures_of(opened, version.model)(version.number)
    for metric in terms.metrics:
        if takes is None or metric.of == "latency":
            continue
        number = takes.task == "regression"
        wrong = metric.of == ("error" if number else "absolute_error")
        several = metric.of == "label" and len(takes.classes) > 2
        if wrong or several or (number != (metric.cap is not None)):
            raise Refused(
                f"{version.id}: found the outcome {metric.outcome!r} of={metric.of!r}, expected for a "
                f"{takes.task} model {_EXPECTED[takes.task]}."
            )


def require_decidable(version: Version, terms: PlanTerms, known: PlanForecast | None) -> None:
    """Raises Refused where what is known of the traffic says that a version as good as the champion would not
    be promoted by this plan, with what would make it possible."""
    if known is None:
        return
    if known.without_unit == known.rows:
        raise Refused(
            f"{version.id}: none of the {known.rows:,} rows that were answered in the last "
            f"{_days(known.since)} said a unit, so no outcome of theirs could count. Send one with each "
            'request (parameters, "unit"), or release it at once: --at-once'
        )
    for metric in known.metrics:
        if metric.missing == 1:
            raise Refused(
                f"{version.id}: no label of {metric.outcome!r} came within its horizon in the last "
                f"{_days(known.since)}, so it can decide nothing. Send labels to /feedback, or lengthen the "
                "horizon."
            )
        if metric.base == 0:
            raise Refused(
                f"{version.id}: no unit had {metric.outcome!r} in the last {_days(known.since)}, so there is "
                "no rate to compare with. Leave it to a Fuse, or choose an outcome that happens."
            )
        if metric.power.is_hopeless:
            raise Refused(_hopeless(version, terms, metric, known.day))


def _metric(
    opened: OpenProject,
    version: Version,
    terms: PlanTerms,
    metric: MetricTerms,
    mature: pl.DataFrame,
    days: float,
) -> MetricForecast:
    values = with_outcome(opened, version.model, metric, mature)["value"]
    labelled = values.drop_nulls()
    missing = values.null_count() / len(values)
    units = len(values) / days * (terms.steps[-1] or 1.0)
    base = float(labelled.mean() or 0.0) if len(labelled) else 0.0  # type: ignore[arg-type]
    spread = labelled.std() if metric.cap is not None else None
    deviation = spread if isinstance(spread, float) else None
    told = missing if terms.missing is None else terms.missing
    planned = _metric_plan(terms, metric, base, units, told, deviation)
    power = ReleasePower(power=0.0, days=None, missing=None, harm=None)
    if _is_possible(planned):
        power = release_power(planned)
    return MetricForecast(
        outcome=metric.outcome, base=base, deviation=deviation, units=units, missing=missing, power=power
    )


def _metric_plan(
    terms: PlanTerms,
    metric: MetricTerms,
    base: float,
    units: float,
    missing: float,
    deviation: float | None,
) -> PlannedMetric:
    day = min(86_400.0, terms.season)
    ramp = terms.dwell * (len(terms.steps) - 1)
    return PlannedMetric(
        base=base,
        units=units,
        days=int((terms.deadline - metric.horizon - ramp) // day),
        margin=metric.margin,
        harm=metric.harm,
        superior=metric.superior,
        better=metric.better,
        alpha=terms.alpha,
        season=max(1, round(terms.season / day)),
        missing=missing,
        metrics=len(terms.metrics),
        apart=2 * base * (1 - base) if terms.decide == "paired" else None,
        deviation=deviation,
        low=0.0 if metric.cap is None else metric.cap[0],
        high=1.0 if metric.cap is None else metric.cap[1],
    )


def _is_possible(planned: PlannedMetric) -> bool:
    """Whether there is anything to compare at all."""
    return (
        planned.base > 0
        and (planned.deviation is not None or planned.base < 1)
        and (planned.missing < 1 and planned.days > 0)
    )


def _hopeless(version: Version, terms: PlanTerms, metric: MetricForecast, day: float) -> str:
    """What the plan would come to, and which changes of it would give it a chance."""
    (asked,) = (each for each in terms.metrics if each.outcome == metric.outcome)
    planned = _metric_plan(terms, asked, metric.base, metric.units, metric.missing, metric.deviation)
    double = timedelta(seconds=2 * terms.deadline)
    tries = {
        f"a margin of {2 * asked.margin:.0%}": planned._replace(margin=min(0.99, 2 * asked.margin)),
        f"a deadline of {duration_text(double)}": planned._replace(days=2 * planned.days),
        "labels for all units": planned._replace(missing=0.0),
    }
    helps = [text for text, each in tries.items() if _is_possible(each) and promotion_power(each) >= ENOUGH]
    way = f"This would do: {'; or '.join(helps)}." if helps else "It needs more traffic, or a larger margin."
    return (
        f"{version.id}: a version as good as the champion would be promoted by this plan with a chance of "
        f"{metric.power.power:.0%}, on {metric.units * 86_400 / day:,.0f} units a day and arm with "
        f"{metric.outcome} of {metric.base:.3g} and {metric.missing:.1%} without a label. {way}"
    )


def _days(seconds: float) -> str:
    return duration_text(timedelta(seconds=round(seconds / 3600) * 3600 or 3600))
