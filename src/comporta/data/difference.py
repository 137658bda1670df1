"""What differs between two versions of a dataset: rows by key, and columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
import polars as pl

from comporta.data.damage import reporting_damage
from comporta.data.dataset_log import read_log
from comporta.data.fragments import ResolvedFragment, scan_live_rows
from comporta.data.groups import group_fragments
from comporta.data.keys import PLACE
from comporta.data.manifests import manifest_of, resolve_fragments, schema_of
from comporta.data.runs import FRAGMENT, in_range
from comporta.records import Manifest, Record
from comporta.records.named_column import by_names, exact_column
from comporta.store import Keys, Store

_OLD, _NEW = "__old ", "__new "


class ChangedRow(Record, frozen=True, kw_only=True):
    """One row that differs. key: its key columns. old, new: the values that differ, or all of them."""

    key: dict[str, Any]
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}


class DatasetDiff(Record, frozen=True, kw_only=True):
    """From version `old` to version `new`: how many rows, the first of each, and the columns.

    columns_changed: name → (type before, type after). The samples hold values: for people, not for records;
    None in place of those of the columns in `personal`.
    """

    dataset: str
    old: int
    new: int
    added: int
    changed: int
    removed: int
    added_rows: tuple[ChangedRow, ...] = ()
    changed_rows: tuple[ChangedRow, ...] = ()
    removed_rows: tuple[ChangedRow, ...] = ()
    columns_added: dict[str, str] = {}
    columns_removed: dict[str, str] = {}
    columns_changed: dict[str, tuple[str, str]] = {}
    personal: tuple[str, ...] = ()


def diff_versions(
    store: Store,
    keys: Keys,
    dataset: str,
    old: int,
    new: int,
    *,
    samples: int = 5,
    personal: Collection[str] = (),
) -> DatasetDiff:
    """What differs, as both versions can be read today. Only fragments that they do not share are read.

    Rows are matched by key. samples: of each kind, how many rows are shown. personal: columns whose values
    are not. Raises NotFound.
    """
    history = read_log(store, keys, dataset)
    before, after = manifest_of(store, keys, dataset, old), manifest_of(store, keys, dataset, new)
    ours, theirs = schema_of(before), schema_of(after)
    shared = [name for name, dtype in ours.items() if theirs.get(name) == dtype]
    left, right = resolve_fragments(history, before), resolve_fragments(history, after)
    if shared == list(ours) == list(theirs):
        left, right = fragments_apart(left, right)
    one = scan_live_rows(store, dataset, group_fragments(store, history, left), ours)
    other = scan_live_rows(store, dataset, group_fragments(store, history, right), theirs)
    found = _Difference(before, after, shared, samples, personal)
    for low, high in hash_ranges(left, right):
        with reporting_damage(store, keys, dataset):
            parts = [each.filter(in_range(low, high)).collect(engine="streaming") for each in (one, other)]
        found.meet(*parts)
    return found.to_diff()


class _Difference:
    """What has been found so far. A key whose subject changed lies in two ranges: met at the end."""

    def __init__(
        self, before: Manifest, after: Manifest, shared: list[str], samples: int, personal: Collection[str]
    ) -> None:
        self.before, self.after, self.samples, self.personal = before, after, samples, frozenset(personal)
        self.key = list(after.shape.key)
        self.compared = [name for name in shared if name not in self.key]
        self.changed = 0
        self.changed_rows: list[ChangedRow] = []
        self.gone: list[pl.DataFrame] = []
        self.come: list[pl.DataFrame] = []

    def meet(self, left: pl.DataFrame, right: pl.DataFrame) -> None:
        if not set(self.key) <= set(left.columns):
            self.gone.append(left)
            self.come.append(right)
            return
        self._pair(left, right)
        self.gone.append(left.join(right, on=by_names(self.key), how="anti", maintain_order="left"))
        self.come.append(right.join(left, on=by_names(self.key), how="anti", maintain_order="left"))

    def to_diff(self) -> DatasetDiff:
        gone, come = pl.concat(self.gone), pl.concat(self.come)
        if set(self.key) <= set(gone.columns):
            self.gone, self.come = [], []
            self.meet(gone, come)
            gone, come = pl.concat(self.gone), pl.concat(self.come)
        before, after = self.before.columns, self.after.columns
        return DatasetDiff(
            dataset=self.after.dataset,
            old=self.before.number,
            new=self.after.number,
            added=len(come),
            changed=self.changed,
            removed=len(gone),
            added_rows=tuple(self._sample(row, "new") for row in self._first(come)),
            changed_rows=tuple(self.changed_rows),
            removed_rows=tuple(self._sample(row, "old") for row in self._first(gone)),
            columns_added={name: kind for name, kind in after.items() if name not in before},
            columns_removed={name: kind for name, kind in before.items() if name not in after},
            columns_changed={
                name: (kind, after[name]) for name, kind in before.items() if after.get(name, kind) != kind
            },
            personal=tuple(name for name in {**before, **after} if name in self.personal),
        )

    def _pair(self, left: pl.DataFrame, right: pl.DataFrame) -> None:
        columns = [*self.key, *self.compared]
        theirs = right.select(
            *by_names(self.key), *(exact_column(name).alias(_NEW + name) for name in self.compared)
        )
        pairs = left.select(by_names(columns)).join(
            theirs, on=by_names(self.key), how="inner", maintain_order="left"
        )
        differs = [~exact_column(name).eq_missing(pl.col(_NEW + name)) for name in self.compared]
        changed = pairs.filter(pl.any_horizontal(pl.lit(False), *differs))
        self.changed += len(changed)
        for row in changed.head(self.samples - len(self.changed_rows)).iter_rows(named=True):
            apart = [name for name in self.compared if not _same(row[name], row[_NEW + name])]
            self.changed_rows.append(
                ChangedRow(
                    key=self._without_personal({name: row[name] for name in self.key}),
                    old=self._without_personal({name: row[name] for name in apart}),
                    new=self._without_personal({name: row[_NEW + name] for name in apart}),
                )
            )

    def _first(self, frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
        return iter(frame.drop(PLACE).head(self.samples).iter_rows(named=True))

    def _sample(self, row: dict[str, Any], side: str) -> ChangedRow:
        key = {name: row.pop(name) for name in self.key if name in row}
        return msgspec.structs.replace(
            ChangedRow(key=self._without_personal(key)), **{side: self._without_personal(row)}
        )

    def _without_personal(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: None if name in self.personal else value for name, value in values.items()}


def fragments_apart(
    left: list[ResolvedFragment], right: list[ResolvedFragment]
) -> tuple[list[ResolvedFragment], list[ResolvedFragment]]:
    """The fragments that two versions do not share with the same rows hidden."""
    ours = {(each.now.id, each.named.masks) for each in left}
    theirs = {(each.now.id, each.named.masks) for each in right}
    both = ours & theirs
    return (
        [each for each in left if (each.now.id, each.named.masks) not in both],
        [each for each in right if (each.now.id, each.named.masks) not in both],
    )


def hash_ranges(left: list[ResolvedFragment], right: list[ResolvedFragment]) -> list[tuple[int, int]]:
    """Equal ranges of bins, so many that what lies in one fits in memory."""
    size = sum(each.now.size for each in (*left, *right))
    count = 1
    while count < 1 << 16 and size * 4 // count > 4 * FRAGMENT:
        count *= 2
    step = (1 << 16) // count
    return [(at * step, (at + 1) * step) for at in range(count)]


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)
