"""What of the columns that a source returns now can become the dataset's: no more than the next run takes."""

from __future__ import annotations

from comporta.data.column_types import EMPTY, begins_anew, require_columns
from comporta.data.dataset_log import read_log
from comporta.data.manifests import newest_manifest
from comporta.records import Change, DatasetSchema
from comporta.store import Keys, Store


def acceptable_columns(
    store: Store, keys: Keys, shape: DatasetSchema, change: Change, found: dict[str, str]
) -> dict[str, str]:
    """Name → type that may be accepted; a column without a value now keeps the type that it has.

    Raises BadProject, BadData (SchemaChanged, ExpectationBroken) where the next run would refuse them.
    """
    base = newest_manifest(store, keys, read_log(store, keys, shape.name), shape.name)
    known = {} if base is None else base.columns
    columns = {name: known.get(name, kind) if kind == EMPTY else kind for name, kind in found.items()}
    require_columns(shape, columns)
    if base is not None:
        begins_anew(base, shape, columns, change)
    return columns
