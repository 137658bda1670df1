"""The features of one key, as a request about it would be answered now: joined, computed, and told without
what is personal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import msgspec
import polars as pl

from comporta.data.features import FeaturePlan
from comporta.data.missing import with_nulls
from comporta.data.online import LatestTables
from comporta.records import DatasetSchema, Join, JoinedRow
from comporta.records.features import FeatureRow

_NONE: Mapping[str, DatasetSchema] = MappingProxyType({})


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
    *,
    declared: Mapping[str, DatasetSchema] = _NONE,
) -> FeatureRow | None:
    """Of the request in this frame of one row, which has at least the key columns; None where history has
    nothing for it. names: of the model's features. hidden: columns of requests that are not told. at: its UTC
    time. declared: the datasets as they are declared by now: what became personal since is so too.

    What a function computes is told where every column of a request was sent, and where no joined column is
    personal: a function may pass on any column that it sees. Raises BadProject where one fails.
    """
    joined, (sources,) = latest.online.few(sent, at)
    if not sources:
        return None
    columns = {name: _personal_columns(each, declared.get(name)) for name, each in plan.shapes.items()}
    personal = {name for join in plan.joins for name in _personal_features(join, columns[join.dataset])}
    untold = personal | set(hidden) | columns[plan.of]
    if personal:
        untold |= set(names) - {*plan.known, *joined.columns}
    needs = tuple(name for name in plan.known if name not in sent.columns)
    if plan.compute and not personal and not needs:
        row = plan.make_features(plan.select_known(sent), joined)
    else:
        row = with_nulls(sent.hstack(joined))
    return FeatureRow(
        features={name: row.item(0, name) for name in names if name in row.columns and name not in untold},
        sources=tuple(_without_personal(plan, each, columns[each.dataset]) for each in sources),
        withheld=tuple(name for name in names if name in untold),
        needs=needs,
    )


def _personal_columns(*shapes: DatasetSchema | None) -> set[str]:
    """The columns of a dataset that can identify a person, by any of these."""
    found: set[str] = set()
    for shape in shapes:
        if shape is not None:
            found |= {column.name for column in shape.columns if column.personal}
            found |= set() if shape.subject is None else {shape.subject}
    return found


def _personal_features(join: Join, personal: Collection[str]) -> set[str]:
    """The features that a join makes of personal columns."""
    if isinstance(join.window, msgspec.UnsetType):
        return {name for column, name in join.columns.items() if column in personal}
    return {name for name, (_, column) in join.window.of.items() if column in personal}


def _without_personal(plan: FeaturePlan, source: JoinedRow, personal: set[str]) -> JoinedRow:
    """The same, less personal parts of its key that the request did not say itself, whichever join found it,
    and less times that stand in personal columns."""
    if not personal:
        return source
    shape = plan.shapes[source.dataset]
    joins = [join for join in plan.joins if join.dataset == source.dataset]
    untold = {name for name in personal if not all(name in join.on.values() for join in joins)}
    key = {name: value for name, value in source.key.items() if name not in untold}
    event = None if shape.time in untold else source.event
    arrived = None if (shape.arrived or shape.time) in untold else source.arrived
    return msgspec.structs.replace(source, key=key, event=event, arrived=arrived)
