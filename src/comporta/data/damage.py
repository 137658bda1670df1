"""What of a dataset is not what was written, told as one thing by whoever meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import polars as pl

from comporta.data.codes import MEND
from comporta.data.dataset_log import read_log
from comporta.data.groups import group_fragments
from comporta.data.manifests import read_manifest, resolve_fragments
from comporta.data.names import object_name
from comporta.errors import NotFound, Tampered
from comporta.records import Record
from comporta.store import Keys, Store
from comporta.store.whole import digest_of

ReadProgress = Callable[[int, int], None]
"""Called with the bytes read so far, and those there are to read."""


class Damage(Record, frozen=True, kw_only=True):
    """An object of a dataset that is missing or changed. versions: the numbers of those that need it.

    size, expected: bytes there are, and should be; None where it is missing, or not known (a mask's).
    copy: a compaction made it, and what it was made of holds the same rows.
    """

    dataset: str
    name: str
    versions: tuple[int, ...]
    size: int | None
    expected: int | None
    copy: bool = False

    def __str__(self) -> str:
        sized = self.expected is None or self.size == self.expected
        return str(
            Tampered(
                f"{self.dataset}: {self.name} "
                + (
                    "is missing"
                    if self.size is None
                    else "holds other bytes than were written"
                    if sized
                    else f"has {self.size:,} bytes, expected {self.expected:,}"
                )
                + (
                    f"; it is a copy. Remove it: nothing is lost, and `comporta data compact {self.dataset}` "
                    "makes another."
                    if self.copy
                    else f"; version{'s' if len(self.versions) > 1 else ''} {_spans(self.versions)} "
                    "cannot be read whole without it."
                )
            )
        )


class VerifiedData(Record, frozen=True, kw_only=True):
    """objects, size: how many were read, and their bytes. damaged: those that are not right."""

    objects: int
    size: int
    damaged: tuple[Damage, ...]


def verify(store: Store, keys: Keys, dataset: str, heard: ReadProgress | None = None) -> VerifiedData:
    """Every byte that some version of a dataset shows, compared with its digest.

    Raises Tampered, WrongKey when the log or a manifest is not right.
    """
    sizes, needed, copies = _objects(store, keys, dataset)
    there = {each.name: each.size for each in store.list(f"data/{dataset}/objects/")}
    total = sum(there.get(object_name(dataset, id), 0) for id in needed)
    read = 0
    damaged = []
    for id in sorted(needed):
        name = object_name(dataset, id)
        try:
            right = name in there and digest_of(store, keys, name) == id
        except NotFound:
            right = False
        if not right:
            damaged.append(
                Damage(
                    dataset=dataset,
                    name=name,
                    versions=tuple(sorted(needed[id])),
                    size=there.get(name),
                    expected=sizes.get(id),
                    copy=id in copies,
                )
            )
        read += there.get(name, 0)
        if heard is not None:
            heard(read, total)
    return VerifiedData(objects=len(needed), size=total, damaged=tuple(damaged))


@contextmanager
def reporting_damage(store: Store, keys: Keys, *datasets: str) -> Iterator[None]:
    """Reading that fails because fragments are damaged says so: Tampered, in place of polars' own errors."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        found = [each for dataset in datasets for each in verify(store, keys, dataset).damaged]
        if not found:
            raise
        more = f" And {len(found) - 1} more." if len(found) > 1 else ""
        raise Tampered(f"{found[0]}{more}{'' if found[0].copy else ' ' + MEND.template}") from error


def _objects(store: Store, keys: Keys, dataset: str) -> tuple[dict[str, int], dict[str, set[int]], set[str]]:
    """By id: the sizes of fragments, for all objects the versions that read them, which a compaction made."""
    copies: set[str] = set()
    history = read_log(store, keys, dataset)
    sizes: dict[str, int] = {}
    needed: dict[str, set[int]] = {}
    for number, id, _ in history.versions:
        found = resolve_fragments(history, read_manifest(store, keys, dataset, id))
        for stand in (*found, *group_fragments(store, history, found, looks=False)):
            sizes[stand.now.id] = stand.now.size
            for each in (stand.now.id, *stand.named.masks):
                needed.setdefault(each, set()).add(number)
            if stand.of:
                copies.add(stand.now.id)
    return sizes, needed, copies


def _spans(numbers: tuple[int, ...]) -> str:
    """`1 to 4, 7`: ascending numbers as people write them."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in spans)
