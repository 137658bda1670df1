"""How far each feature moved since earlier versions, and how much of it the model would feel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from comporta.checks.feature_drift.codes import (
    ANOTHER_KIND,
    DISCOVERIES,
    NO_ROWS_ON_ONE_SIDE,
    UNWEIGHTED,
    WEIGHTED_BY_IMPORTANCE,
)
from comporta.checks.feature_drift.figures import FEATURE_DRIFT, WEIGHTED_DRIFT
from comporta.checks.shared.figures import COMPARED, IMPORTANCE
from comporta.checks.shared.measuring.codes import NO_EARLIER_VERSION
from comporta.checks.shared.measuring.earlier_references import EARLIER_VERSION, against, earlier_of
from comporta.checks.shared.measuring.reference import importances
from comporta.errors import BadData
from comporta.records import Artifact, Figure, Findings, Message, Unmeasured, conditions
from comporta.records.reference import Importances, Profile, Reference
from comporta.stats.distance import Distance, distance
from comporta.stats.many import discoveries, selected_level
from comporta.stats.profiles import recounted
from comporta.stats.units import units_of
from comporta.store.context import StepContext
from comporta.store.frames import read


class Moved(NamedTuple):
    """One feature against one version."""

    against: str
    feature: str
    was: Profile
    now: Profile
    by: Distance


def measure(
    context: StepContext,
    *,
    predictions: Artifact,
    importance: Artifact,
    group: str | None = None,
    **others: Any,
) -> dict[str, Artifact]:
    """`findings`: the drift of each feature against each `earlier 1` …, and of all, weighted by importance.
    All rows are read."""
    weights = importances(context.get_json(importance, Findings))
    found = moved(read(context, predictions), earlier_of(context, others), weights, group=group)
    drifts = sum(each.metric == FEATURE_DRIFT.metric for each in found.figures)
    print(f"{found.rows:,} rows; {drifts} comparisons")
    return {"findings": context.put_json(found)}


def moved(
    rows: pl.DataFrame,
    earlier: Mapping[str, Reference],
    weights: Importances | None,
    *,
    group: str | None = None,
) -> Findings:
    """The same from a frame. weights: None: every feature counts alike."""
    if not earlier:
        return Findings(without=NO_EARLIER_VERSION(), rows=rows.height, of=rows.height)
    units = units_of(rows, group)
    lost: dict[tuple[str, str], Message] = {}
    found: list[Moved] = []
    for version, reference in earlier.items():
        for feature, was in reference.features.items():
            if feature not in rows.columns:
                continue
            try:
                now = recounted(rows[feature], was, units)
            except BadData:
                kind = type(rows[feature].dtype).__name__
                lost[version, feature] = ANOTHER_KIND(found=kind, expected=was.cells)
                continue
            by = distance(was, now)
            if by is None:
                lost[version, feature] = NO_ROWS_ON_ONE_SIDE()
            else:
                found.append(Moved(version, feature, was, now, by))
    return _told(rows, found, earlier, weights, lost)


def _told(
    rows: pl.DataFrame,
    found: list[Moved],
    earlier: Mapping[str, Reference],
    weights: Importances | None,
    lost: Mapping[tuple[str, str], Message],
) -> Findings:
    chosen = discoveries([each.by.p for each in found])
    level = selected_level(max(1, sum(chosen)), len(found)) if found else 0.95
    names = sorted({each.feature for each in found})
    shares = (
        {name: 1 / len(names) for name in names}
        if weights is None
        else dict(zip(weights.features, weights.shares, strict=True))
    )
    figures: list[Figure] = []
    table: list[dict[str, Any]] = []
    for each, is_found in zip(found, chosen, strict=True):
        value, low, high = each.by.at(level)
        mine = shares.get(each.feature, 0.0)
        figures.append(
            Figure(
                metric=FEATURE_DRIFT.metric,
                value=value,
                low=low,
                high=high,
                level=level,
                rows=rows.height,
                groups=each.by.units,
                compared_with=EARLIER_VERSION,
                under=(*against(each.against), *conditions(feature=each.feature)),
            )
        )
        table.append(_row(each, mine, value, low, high, is_found))
    for name in earlier:
        figures += _weighted(name, found, figures, shares, rows.height, level)
        spoiled = any(version == name for version, _ in lost)
        some = any(each.against == name for each in found)
        figures.append(
            Figure(
                metric=COMPARED.metric,
                value=float(some and not spoiled),
                compared_with=EARLIER_VERSION,
                under=against(name),
            )
        )
    figures += [
        Figure(metric=IMPORTANCE.metric, value=shares.get(name, 0.0), under=conditions(feature=name))
        for name in names
    ]
    table.sort(key=lambda row: (row["against"], -row["importance"] * row["drift"], row["feature"]))
    return Findings(
        figures=tuple(figures),
        unmeasured=tuple(
            Unmeasured(
                metric=FEATURE_DRIFT.metric,
                compared_with=EARLIER_VERSION,
                under=(*against(version), *conditions(feature=feature)),
                why=why,
            )
            for (version, feature), why in lost.items()
        ),
        rows=rows.height,
        of=rows.height,
        notes=(
            DISCOVERIES(found=sum(chosen), comparisons=len(found), level=level),
            WEIGHTED_BY_IMPORTANCE() if weights is not None else UNWEIGHTED(),
        ),
        tables={"features": tuple(table[:200])},
    )


def _weighted(
    version: str,
    found: list[Moved],
    figures: list[Figure],
    shares: Mapping[str, float],
    rows: int,
    level: float,
) -> list[Figure]:
    """The drift of all features, by importance. The ends are the ends' own mean: as wide as if all features
    moved together, for how they do is not kept."""
    mine = [(each, figure) for each, figure in zip(found, figures, strict=False) if each.against == version]
    total = sum(shares.get(each.feature, 0.0) for each, _ in mine)
    if not mine or total <= 0:
        return []

    def mean(name: str) -> float:
        parts = [shares.get(each.feature, 0.0) * float(getattr(one, name)) for each, one in mine]
        return sum(parts) / total

    return [
        Figure(
            metric=WEIGHTED_DRIFT.metric,
            value=mean("value"),
            low=mean("low"),
            high=mean("high"),
            level=level,
            rows=rows,
            compared_with=EARLIER_VERSION,
            under=against(version),
        )
    ]


def _row(each: Moved, share: float, value: float, low: float, high: float, found: bool) -> dict[str, Any]:
    was, now = each.was, each.now
    row: dict[str, Any] = {
        "against": each.against,
        "feature": each.feature,
        "importance": share,
        "drift": value,
        "low": low,
        "high": high,
        "p": each.by.p,
        "discovery": found,
        "rows in other cells": each.by.moved,
        "missing was": was.missing / max(1, was.rows),
        "missing is": now.missing / max(1, now.rows),
    }
    if was.finite and now.finite:
        spread = (was.square / was.finite) ** 0.5
        row |= {"mean was": was.mean, "mean is": now.mean}
        row["mean moved by spreads"] = (now.mean - was.mean) / spread if spread > 0 else 0.0
    return row
