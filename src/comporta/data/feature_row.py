"""The features of one key, as a request about it would be answered now: joined, computed, and told without
what is personal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
import polars as pl

from comporta.data.features import FeaturePlan
from comporta.data.missing import with_nulls
from comporta.data.online import LatestTables
from comporta.records import DatasetSchema, Join, JoinedRow
from comporta.records.features import FeatureRow


def key_columns(plan: FeaturePlan) -> tuple[str, ...]:
    """The columns of a request that history is joined by, each once; empty where none is."""
    return tuple(dict.fromkeys(name for join in plan.joins for name in join.on))


def feature_row(
    plan: FeaturePlan,
    latest: LatestTables,
    names: Sequence[str],
    hidden: Collection[str],
    sent: pl.DataFrame,
    at: pl.Series,
) -> FeatureRow | None:
    """Of the request in this frame of one row, which has at least the key columns; None where history has
    nothing for it. names: of the model's features. hidden: columns of requests that are not told. at: its UTC
    time.

    What a function computes is told where every column of a request was sent, and where no joined column is
    personal: a function may pass on any column that it sees. Raises BadProject where one fails.
    """
    joined, (sources,) = latest.online.few(sent, at)
    if not sources:
        return None
    personal = {name for join in plan.joins for name in _personal_features(join, plan.shapes[join.dataset])}
    untold = personal | set(hidden) | _personal_columns(plan.shape)
    if personal:
        untold |= set(names) - {*plan.known, *joined.columns}
    needs = tuple(name for name in plan.known if name not in sent.columns)
    if plan.compute and not personal and not needs:
        row = plan.make_features(plan.select_known(sent), joined)
    else:
        row = with_nulls(sent.hstack(joined))
    return FeatureRow(
        features={name: row.item(0, name) for name in names if name in row.columns and name not in untold},
        sources=tuple(_without_personal(plan, each) for each in sources),
        withheld=tuple(name for name in names if name in untold),
        needs=needs,
    )


def _personal_columns(shape: DatasetSchema) -> set[str]:
    """The columns of a dataset that can identify a person."""
    found = {column.name for column in shape.columns if column.personal}
    return found if shape.subject is None else {*found, shape.subject}


def _personal_features(join: Join, shape: DatasetSchema) -> set[str]:
    """The features that a join makes of personal columns."""
    personal = _personal_columns(shape)
    if isinstance(join.window, msgspec.UnsetType):
        return {name for column, name in join.columns.items() if column in personal}
    return {name for name, (_, column) in join.window.of.items() if column in personal}


def _without_personal(plan: FeaturePlan, source: JoinedRow) -> JoinedRow:
    """The same, its key less personal parts that the request did not say itself."""
    said = {name for join in plan.joins if join.dataset == source.dataset for name in join.on.values()}
    untold = _personal_columns(plan.shapes[source.dataset]) - said
    if not untold.intersection(source.key):
        return source
    key = {name: value for name, value in source.key.items() if name not in untold}
    return msgspec.structs.replace(source, key=key)
