"""What datasets there are, what one holds, and what differs between its versions."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comporta.data import (
    DatasetDiff,
    Description,
    SubjectMatches,
    describe,
    diff_versions,
    find_subjects,
    list_datasets,
    list_versions,
    manifest_of,
    scan_slice,
    slice_of,
)
from comporta.data.names import log_of
from comporta.data.row_columns import personal_columns
from comporta.errors import NotFound
from comporta.opened.project import OpenProject
from comporta.records import Manifest, Record, Slice

if TYPE_CHECKING:
    import polars as pl


class DatasetView(Record, frozen=True, kw_only=True):
    """One version of a dataset. past: every version, oldest first."""

    description: Description
    manifest: Manifest
    past: tuple[Manifest, ...]


def newest_versions(opened: OpenProject) -> dict[str, Manifest | None]:
    """By name, the declared datasets first, then all others that have versions; None: none was made yet."""
    return {name: next(reversed(list_versions(opened.store, name)), None) for name in _names(opened)}


def dataset_view(opened: OpenProject, name: str, number: int | None = None) -> DatasetView:
    """One version with what its columns hold; values of personal columns are left out. number: None: the
    newest. Raises NotFound, Tampered."""
    require_dataset(opened, name)
    part = slice_of(opened.store, opened.keys, name, number=number)
    found = describe(opened.store, opened.keys, part, _personal_in_log(opened, part))
    past = tuple(list_versions(opened.store, name, keys=opened.keys))
    manifest = next(each for each in past if each.number == part.number)
    return DatasetView(description=found, manifest=manifest, past=past)


def scan_rows(opened: OpenProject, name: str, number: int | None = None) -> pl.LazyFrame:
    """The rows of one version, read when collected. number: None: the newest. Raises NotFound."""
    part = slice_of(opened.store, opened.keys, name, number=number)
    return scan_slice(opened.store, opened.keys, part)


def versions_of(opened: OpenProject, name: str) -> tuple[Manifest, ...]:
    """The versions of a dataset, oldest first; at least one. Raises NotFound, Tampered."""
    require_dataset(opened, name)
    past = tuple(list_versions(opened.store, name, keys=opened.keys))
    return past or (manifest_of(opened.store, opened.keys, name),)  # which says that there is none


def subjects_of(opened: OpenProject, name: str, *, examples: bool = False) -> SubjectMatches:
    """The subjects of the newest version, and which may be one. examples: with some of those pairs, which are
    personal values. Raises NotFound, BadProject."""
    require_dataset(opened, name)
    found = find_subjects(opened.store, opened.keys, slice_of(opened.store, opened.keys, name))
    if examples:
        return found
    return replace(found, near=tuple(replace(each, examples=()) for each in found.near))


def difference_of(opened: OpenProject, name: str, old: int, new: int, *, samples: int = 5) -> DatasetDiff:
    """What differs between two versions. samples: rows of each kind that are shown. Raises NotFound."""
    require_dataset(opened, name)
    return diff_versions(opened.store, opened.keys, name, old, new, samples=samples)


def require_dataset(opened: OpenProject, name: str) -> None:
    """Raises NotFound for a name of no dataset, declared or kept."""
    names = _names(opened)
    if name not in names:
        raise NotFound(f"found no dataset {name!r}, {expected_names(name, names)}")


def expected_names(name: str, known: Iterable[str]) -> str:
    """What an error says that was expected in place of this name."""
    if near := get_close_matches(name, known, n=1):
        return f"expected one of: {', '.join(known)}. Did you mean {near[0]}?"
    return f"expected one of: {', '.join(known) or 'none, for there are none yet'}. See: comporta data list"


def _names(opened: OpenProject) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*opened.project.tables(), *list_datasets(opened.store)]))


def _personal_in_log(opened: OpenProject, part: Slice) -> set[str]:
    """What of a model's prediction log is personal: the columns of requests that are declared so, or name the
    subject."""
    model = next((each for each in opened.project.models if log_of(each.name) == part.dataset), None)
    if model is None:
        return set()
    tables = model.features.tables()
    personal = {column.name for table in tables for column in table.columns if column.personal}
    personal |= {table.about.column for table in tables if table.about is not None}
    log = manifest_of(opened.store, opened.keys, part.dataset, part.number).columns
    return personal_columns(log, personal)
