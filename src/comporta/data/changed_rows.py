"""The rows of a version that an earlier one did not have so: new keys, and rows with other values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from comporta.data.dataset_log import read_log
from comporta.data.difference import fragments_apart, hash_ranges
from comporta.data.fragments import scan_live_rows
from comporta.data.groups import group_fragments
from comporta.data.manifests import manifest_of, resolve_fragments, schema_of
from comporta.data.runs import in_range
from comporta.records.named_column import by_names
from comporta.store import Keys, Store


def changed_rows(
    store: Store, keys: Keys, dataset: str, old: int, new: int, compared: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """The rows of version `new`, all columns, whose key is not in version `old`, or whose `compared` columns
    have other values there; in an order that stays while both versions read as they do.

    compared: among the columns of `new`. Rows that went are not in it. Only fragments that the versions do
    not share are read, by ranges that fit in memory. Where the key, the subject or the type of a compared
    column is another, every row is. Raises NotFound, Tampered.
    """
    history = read_log(store, keys, dataset)
    before, after = manifest_of(store, keys, dataset, old), manifest_of(store, keys, dataset, new)
    ours, theirs = schema_of(before), schema_of(after)
    left, right = resolve_fragments(history, before), resolve_fragments(history, after)
    if list(ours.items()) == list(theirs.items()):
        left, right = fragments_apart(left, right)
    by = list(dict.fromkeys([*after.shape.key, *_subject(after.shape.subject), *compared]))
    alike = all(ours.get(name) == theirs[name] for name in by) and all(
        getattr(before.shape, each) == getattr(after.shape, each) for each in ("key", "subject", "form")
    )
    standing = {name: ours[name] for name in by} if alike else {}
    one = scan_live_rows(store, dataset, group_fragments(store, history, left if alike else []), standing)
    other = scan_live_rows(store, dataset, group_fragments(store, history, right), theirs)
    for low, high in hash_ranges(left, right):
        part = other.filter(in_range(low, high)).select(by_names(theirs)).collect(engine="streaming")
        if alike and left and part.height:
            stood = one.filter(in_range(low, high)).select(by_names(by)).collect(engine="streaming")
            # A subject is compared too: a row that moved to another one lies in another range.
            part = part.join(stood, on=by_names(by), how="anti", nulls_equal=True, maintain_order="left")
        if part.height:
            yield part


def _subject(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)
