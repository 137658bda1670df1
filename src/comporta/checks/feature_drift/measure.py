"""How far each feature moved since earlier versions, and how much of it the model would feel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from comporta.checks.feature_drift.codes import (
    ANOTHER_KIND,
    DISCOVERIES,
    NO_LONGER_READ,
    NO_ROWS_ON_ONE_SIDE,
    UNWEIGHTED,
    WEIGHTED_BY_IMPORTANCE,
    WEIGHTED_BY_ONE,
)
from comporta.checks.feature_drift.figures import FEATURE_DRIFT, IMPORTANCE_BEFORE, WEIGHTED_DRIFT
from comporta.checks.feature_drift.tables import (
    DISCOVERY,
    DRIFT,
    IMPORTANCE_SHARE,
    IMPORTANCE_SHARE_BEFORE,
    IN_OTHER_CELLS,
    MEAN_IS,
    MEAN_MOVED,
    MEAN_WAS,
    MISSING_IS,
    MISSING_WAS,
)
from comporta.checks.feature_drift.weights import FeatureWeights, feature_weights
from comporta.checks.shared.figures import COMPARED, IMPORTANCE
from comporta.checks.shared.measuring.codes import NO_EARLIER_VERSION
from comporta.checks.shared.measuring.earlier_references import (
    EARLIER_VERSION,
    against,
    earlier_of,
)
from comporta.checks.shared.measuring.reference import importances
from comporta.checks.shared.tables import AGAINST, FEATURE, FEATURES, HIGH, LOW, P
from comporta.errors import BadData
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    Message,
    TableRow,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.reference import Importances, Profile, Reference
from comporta.stats.distance import Distance, distance
from comporta.stats.many import discoveries, selected_level
from comporta.stats.profiles import LARGEST, recount
from comporta.stats.units import units_of
from comporta.store.context import StepContext
from comporta.store.frames import read


class FeatureDistance(NamedTuple):
    """One feature against one version."""

    against: int
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
    """`findings`: the drift of each feature against each earlier version, and of all, weighted by importance.
    All rows are read."""
    weights = importances(context.get_json(importance, Findings))
    found = measure_drift(read(context, predictions), earlier_of(context, others), weights, group=group)
    drifts = sum(each.metric == FEATURE_DRIFT.metric for each in found.figures)
    print(f"{found.rows:,} rows; {drifts} comparisons")
    return {"findings": context.put_json(found)}


def measure_drift(
    rows: pl.DataFrame,
    earlier: Mapping[int, Reference],
    weights: Importances | None,
    *,
    group: str | None = None,
) -> Findings:
    """The same from a frame. weights: how much each feature matters to this version; a feature counts as much
    as it mattered before and matters now, so that one which broke, and therefore matters no more, counts.
    None, and none kept by the earlier version either: every feature counts alike."""
    if not earlier:
        return Findings(without=NO_EARLIER_VERSION(), rows=rows.height, of=rows.height)
    units = units_of(rows, group)
    lost: dict[tuple[int, str], Message] = {}
    found: list[FeatureDistance] = []
    for version, reference in earlier.items():
        for feature, was in reference.features.items():
            if feature not in rows.columns:
                continue
            try:
                now = recount(rows[feature], was, units)
            except BadData:
                kind = type(rows[feature].dtype).__name__
                lost[version, feature] = ANOTHER_KIND(found=kind, expected=was.cells)
                continue
            by = distance(was, now)
            if by is None:
                lost[version, feature] = NO_ROWS_ON_ONE_SIDE()
            else:
                found.append(FeatureDistance(version, feature, was, now, by))
    return _findings(rows, found, earlier, weights, lost)


def _findings(
    rows: pl.DataFrame,
    found: list[FeatureDistance],
    earlier: Mapping[int, Reference],
    weights: Importances | None,
    lost: Mapping[tuple[int, str], Message],
) -> Findings:
    chosen = discoveries([each.by.p for each in found])
    level = selected_level(max(1, sum(chosen)), len(found)) if found else 0.95
    drifts = [_drift(each, rows.height, level) for each in found]
    weighed = {version: feature_weights(was.importance, weights) for version, was in earlier.items()}
    figures = list(drifts)
    for version in earlier:
        figures += _weighted_drift(version, found, drifts, weighed[version], rows.height, level)
        spoiled = any(one == version for one, _ in lost)
        some = any(each.against == version for each in found)
        figures.append(
            Figure(
                metric=COMPARED.metric,
                value=float(some and not spoiled),
                compared_with=EARLIER_VERSION,
                under=against(version),
            )
        )
    return Findings(
        figures=(*figures, *_importances(found, weighed)),
        unmeasured=tuple(
            UnmeasuredFigure(
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
            *_notes(rows, earlier, weighed),
        ),
        tables=(FEATURES.of(_rows(found, drifts, weighed, chosen)),),
    )


def _importances(found: Sequence[FeatureDistance], weighed: Mapping[int, FeatureWeights]) -> list[Figure]:
    """What each feature matters now, once, and what it mattered to each earlier version, as far as either is
    known."""
    now: dict[str, float] = {}
    before: list[Figure] = []
    for each in found:
        weights = weighed[each.against]
        if weights.now is not None:
            now[each.feature] = weights.now.get(each.feature, 0.0)
        if weights.before is not None:
            before.append(
                Figure(
                    metric=IMPORTANCE_BEFORE.metric,
                    value=weights.before.get(each.feature, 0.0),
                    compared_with=EARLIER_VERSION,
                    under=(*against(each.against), *conditions(feature=each.feature)),
                )
            )
    return [
        *(
            Figure(metric=IMPORTANCE.metric, value=share, under=conditions(feature=name))
            for name, share in sorted(now.items())
        ),
        *before,
    ]


def _notes(
    rows: pl.DataFrame, earlier: Mapping[int, Reference], weighed: Mapping[int, FeatureWeights]
) -> list[Message]:
    notes = []
    for version, was in earlier.items():
        known = sum(each is not None for each in (weighed[version].before, weighed[version].now))
        said = (UNWEIGHTED, WEIGHTED_BY_ONE, WEIGHTED_BY_IMPORTANCE)[known]()
        notes += [] if said in notes else [said]
        if gone := tuple(name for name in was.features if name not in rows.columns):
            notes.append(NO_LONGER_READ(earlier=version, features=gone))
    return notes


def _drift(moved: FeatureDistance, rows: int, level: float) -> Figure:
    value, low, high = moved.by.at(level)
    return Figure(
        metric=FEATURE_DRIFT.metric,
        value=value,
        low=low,
        high=high,
        level=level,
        rows=rows,
        groups=moved.by.units,
        compared_with=EARLIER_VERSION,
        under=(*against(moved.against), *conditions(feature=moved.feature)),
    )


def _rows(
    found: Sequence[FeatureDistance],
    drifts: Sequence[Figure],
    weighed: Mapping[int, FeatureWeights],
    chosen: Sequence[bool],
) -> list[TableRow]:
    """The newest version first, and of each what the model would feel most."""
    every = [
        (each, weighed[each.against], drift, is_found)
        for each, drift, is_found in zip(found, drifts, chosen, strict=True)
    ]
    every.sort(key=lambda one: (one[0].against, -one[1].of(one[0].feature) * one[2].value, one[0].feature))
    return [_row(*each) for each in every[:200]]


def _weighted_drift(
    version: int,
    found: list[FeatureDistance],
    figures: list[Figure],
    weights: FeatureWeights,
    rows: int,
    level: float,
) -> list[Figure]:
    """The drift of all features, by the mean of their importance before and now. The ends are the ends' own
    mean: as wide as if all features moved together, for how they do is not kept."""
    mine = [(each, figure) for each, figure in zip(found, figures, strict=False) if each.against == version]
    total = sum(weights.of(each.feature) for each, _ in mine)
    if not mine or total <= 0:
        return []

    def mean(name: str) -> float:
        parts = [weights.of(each.feature) * float(getattr(one, name)) for each, one in mine]
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


def _row(each: FeatureDistance, weights: FeatureWeights, drift: Figure, found: bool) -> TableRow:
    was, now = each.was, each.now
    row: TableRow = {
        AGAINST: each.against,
        FEATURE: each.feature,
        IMPORTANCE_SHARE: None if weights.now is None else weights.now.get(each.feature, 0.0),
        IMPORTANCE_SHARE_BEFORE: None if weights.before is None else weights.before.get(each.feature, 0.0),
        DRIFT: drift.value,
        LOW: drift.low,
        HIGH: drift.high,
        P: each.by.p,
        DISCOVERY: found,
        IN_OTHER_CELLS: each.by.moved,
        MISSING_WAS: was.missing / max(1, was.rows),
        MISSING_IS: now.missing / max(1, now.rows),
    }
    if was.finite and now.finite:
        row |= {MEAN_WAS: was.mean, MEAN_IS: now.mean}
        spread = (was.square / was.finite) ** 0.5
        if was.square < LARGEST:  # where it is that, the spread is not known
            moved = now.mean / spread - was.mean / spread if spread > 0 else 0.0
            row[MEAN_MOVED] = max(-LARGEST, min(LARGEST, moved))
    return row
