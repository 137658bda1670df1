"""How often two versions answer the same requests otherwise, in all and in each slice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import polars as pl

from comporta.acts.rollout.pairs import SHADOW, paired_answers
from comporta.acts.serve.score import score_frame
from comporta.acts.serve.serving import ReleasedVersions
from comporta.acts.serve.serving_log import scan_all_predictions
from comporta.opened.project import OpenProject
from comporta.records import Field, Route
from comporta.records.plan import ReleasePlan
from comporta.records.plan_facts import PlanCompared
from comporta.records.verdict import FEWEST_ROWS

APART = 0.1
"""Numbers differ that are farther apart than this part of the standard deviation of the answers given."""


def replayed_rows(opened: OpenProject, plan: ReleasePlan) -> PlanCompared:
    """What the version answers to the newest requests that were logged, beside what these were answered.
    Requests that lack a column the version reads now are left out."""
    loaded = ReleasedVersions(opened).load(plan.model, plan.version)
    raw = [field.name for field in loaded.signature.raw]
    log = scan_all_predictions(opened, plan.model).filter(
        pl.col("release").is_not_null() & pl.col("shadow_of").is_null()
    )
    names = log.collect_schema().names()
    if not all(f"in.{name}" in names for name in raw):
        return _fact(plan, pl.DataFrame({"differs": []}, schema={"differs": pl.Boolean}), ())
    rows = (
        log.filter(pl.all_horizontal(pl.lit(True), *_readable(loaded.signature.raw)))
        .sort("at", "id")
        .tail(plan.terms.replay)
        .collect()
    )
    if rows.is_empty():
        return _fact(plan, rows.with_columns(differs=pl.lit(False)), ())
    inputs = rows.select(pl.col(f"in.{name}").alias(name) for name in raw)
    answered = score_frame(loaded, inputs, now=opened.now().astimezone(UTC))
    both = rows.with_columns(
        answered[name].alias(f"{SHADOW}out.{name}")
        for name in answered.columns
        if f"out.{name}" in rows.columns
    )
    return _fact(plan, _with_differences(both), _slices(opened, plan, both))


def shadowed_rows(opened: OpenProject, plan: ReleasePlan, route: Route) -> PlanCompared:
    """What both versions answered the requests that both scored since the plan began."""
    pairs = _with_differences(paired_answers(opened, plan, route).head(plan.terms.replay))
    return _fact(plan, pairs, _slices(opened, plan, pairs))


def _readable(fields: Sequence[Field]) -> list[pl.Expr]:
    return [pl.col(f"in.{field.name}").is_not_null() for field in fields if not field.nullable]


def _slices(opened: OpenProject, plan: ReleasePlan, rows: pl.DataFrame) -> tuple[str, ...]:
    """The columns of the log by whose values differences are told too."""
    model = opened.project.find_model(plan.model)
    return tuple(
        f"in.{name}" for name in (() if model is None else model.slices) if f"in.{name}" in rows.columns
    )


def _with_differences(rows: pl.DataFrame) -> pl.DataFrame:
    differs = [
        _differs(rows, name)
        for name in rows.columns
        if name.startswith("out.") and SHADOW + name in rows.columns
    ]
    labels = [each for name, each in differs if name.startswith("out.label")]
    every = labels or [each for _, each in differs]
    return rows.with_columns(differs=pl.any_horizontal(every) if every else pl.lit(False))


def _differs(rows: pl.DataFrame, name: str) -> tuple[str, pl.Expr]:
    given, other = pl.col(name), pl.col(SHADOW + name)
    if not rows[name].dtype.is_float():
        return name, given.cast(pl.String).ne_missing(other.cast(pl.String))
    spread = rows[name].std()
    far = (given - other).abs() > APART * (spread if isinstance(spread, float) else 0.0)
    return name, far.fill_null(True)


def _fact(plan: ReleasePlan, rows: pl.DataFrame, slices: Sequence[str]) -> PlanCompared:
    worst = ("", 0, 0)
    for column in slices:
        groups = rows.group_by(column).agg(rows=pl.len(), different=pl.col("differs").sum())
        large = groups.filter(pl.col("rows") >= FEWEST_ROWS).with_columns(
            share=pl.col("different") / pl.col("rows")
        )
        for group in large.sort("share", descending=True).head(1).iter_rows(named=True):
            found = (column.removeprefix("in."), group["rows"], group["different"])
            worst = max(worst, found, key=lambda each: each[2] / each[1] if each[1] else 0.0)
    return PlanCompared(
        plan=plan.id,
        rows=rows.height,
        different=int(rows["differs"].sum()),
        column=worst[0],
        slice_rows=worst[1],
        slice_different=worst[2],
    )
