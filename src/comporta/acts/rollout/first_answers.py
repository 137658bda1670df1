"""The first answer that each unit of a plan got in one of its arms, with the label that came in time."""

from __future__ import annotations

from typing import Any

import polars as pl

from comporta.acts.serve.serving_log import scan_all_feedback, scan_all_predictions, signatures_of
from comporta.opened.project import OpenProject
from comporta.records import Route, decode
from comporta.records.label import read_label
from comporta.records.plan import MetricTerms, ReleasePlan

HALF = 0.5
"""At this share of units nobody is left beside the arms, and the champion's are the control."""
_OUTPUTS = ("out.label", "out.prediction", "out.probability")


def first_answers(opened: OpenProject, plan: ReleasePlan, route: Route) -> pl.DataFrame:
    """A row for each unit that one of the arms answered: `id`, `version`, `at`, `canary` (whether that arm),
    `latency_us`, and what it was answered (`out.…`). A unit counts in the arm that answered it first,
    whatever happened to it later."""
    every = [each.number for each in route.history if each.plan == plan.id]
    half = half_releases(route, plan)
    log = scan_all_predictions(opened, plan.model)
    control = (pl.col("arm") == "control") | (pl.col("arm").eq("champion") & pl.col("release").is_in(half))
    canary = pl.col("arm") == "canary"
    outputs = [name for name in log.collect_schema().names() if name.startswith(_OUTPUTS)]
    return (
        log.filter(pl.col("release").is_in(every) & pl.col("unit").is_not_null() & (canary | control))
        .select("id", "version", "at", "unit", "latency_us", *outputs, canary=canary)
        .sort("at", "id")
        .unique("unit", keep="first", maintain_order=True)
        .drop("unit")
        .collect()
    )


def half_releases(route: Route, plan: ReleasePlan) -> list[int]:
    """The numbers of the plan's releases in which the champion's own share is the control."""
    return [
        each.number
        for each in route.history
        if each.plan == plan.id
        and any(share.role == "canary" and share.weight >= HALF for share in each.shares)
    ]


def with_outcome(opened: OpenProject, model: str, metric: MetricTerms, units: pl.DataFrame) -> pl.DataFrame:
    """These units with `value`, what became of each, as far as its label came within the metric's horizon;
    null where it did not: a number within the metric's cap, or 1 and 0."""
    if metric.of == "latency":
        assert metric.limit is not None
        slow = pl.col("latency_us") > metric.limit * 1000
        return units.with_columns(value=slow.cast(pl.Float64))
    horizon = pl.duration(seconds=metric.horizon)
    told = (
        scan_all_feedback(opened)
        .select("id", "label", order=pl.coalesce("at", "arrived"), arrived="arrived")
        .join(units.lazy().select("id", until=pl.col("at") + horizon), on="id")
        .filter(pl.col("arrived") <= pl.col("until"))
        .sort("order", "arrived", maintain_order=True)
        .group_by("id", maintain_order=True)
        .agg(pl.col("label").last())
        .collect()
    )
    labelled = units.join(told, on="id", how="left", maintain_order="left")
    values = [
        part.with_columns(value=_values(opened, model, metric, part, version))
        for (version,), part in labelled.group_by("version", maintain_order=True)
        if isinstance(version, int)
    ]
    if not values:
        return labelled.with_columns(value=pl.lit(None, dtype=pl.Float64))
    return pl.concat(values)


def _values(
    opened: OpenProject, model: str, metric: MetricTerms, part: pl.DataFrame, version: int
) -> pl.Series:
    takes = signatures_of(opened, model)(version)
    if takes is None:
        return pl.Series("value", [None] * part.height, dtype=pl.Float64)
    labels = [
        None if text is None else read_label(decode(text, Any), takes) for text in part["label"].to_list()
    ]
    if metric.of == "label":
        found = [_number(each, takes.classes) for each in labels]
    else:
        answers = _answers(part, "prediction" if takes.task == "regression" else "label")
        if answers is None:
            answers = _classes_of_chances(
                part, takes.classes, takes.threshold if isinstance(takes.threshold, float) else 0.5
            )
        read = [None if each is None else read_label(each, takes) for each in answers]
        found = [
            None if label is None or answer is None else _differs(metric, label, answer)
            for label, answer in zip(labels, read, strict=True)
        ]
    values = pl.Series("value", found, dtype=pl.Float64)
    return values if metric.cap is None else values.clip(*metric.cap)


def _answers(part: pl.DataFrame, name: str) -> list[Any] | None:
    """What was answered under this name, whichever of the log's columns has it; None where none does."""
    columns = [each for each in part.columns if each.partition(":")[0] == f"out.{name}"]
    filled = [part[each] for each in columns if part[each].null_count() < part.height]
    if not filled:
        return None
    return filled[0].to_list()


def _classes_of_chances(part: pl.DataFrame, classes: tuple[str, ...], threshold: float) -> list[str | None]:
    """The classes of a version that answers probabilities alone."""
    chances = _answers(part, "probability") or [None] * part.height

    def call(chance: Any) -> str | None:  # a number, or one for each class
        if chance is None:
            return None
        if isinstance(chance, list):
            return classes[int(chance.index(max(chance)))]
        return classes[int(chance >= threshold)]

    return [call(each) for each in chances]


def _number(label: float | str | None, classes: tuple[str, ...]) -> float | None:
    """Of two classes 1 for the positive one; of a regression the number itself."""
    if label is None or isinstance(label, float):
        return label
    return float(label == classes[-1])


def _differs(metric: MetricTerms, label: float | str, answer: float | str) -> float:
    if metric.of == "absolute_error":
        return abs(float(label) - float(answer))
    return float(label != answer)
