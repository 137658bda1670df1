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
    is_dataset,
    list_datasets,
    list_newest,
    manifest_of,
    scan_slice,
    slice_of,
)
from comporta.data.names import log_of
from comporta.data.row_columns import personal_columns, request_columns
from comporta.errors import NotFound
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.records import PREDICTIONS, Manifest, Record

if TYPE_CHECKING:
    import polars as pl


SHOWN = 5
"""Versions beside the one that is looked at."""


class DatasetView(Record, frozen=True, kw_only=True):
    """One version of a dataset. past: its newest versions, oldest first."""

    description: Description
    manifest: Manifest
    past: tuple[Manifest, ...]


def newest_versions(opened: OpenProject) -> dict[str, Manifest | None]:
    """By name, the declared datasets first, then all others that have versions; None: none was made yet."""
    require_permission(opened, "data.read")
    found = {name: list_newest(opened.store, opened.keys, name, 1) for name in _names(opened)}
    return {name: past[-1] if past else None for name, past in found.items()}


def dataset_view(opened: OpenProject, name: str, number: int | None = None) -> DatasetView:
    """One version with what its columns hold; values of personal columns are left out. number: None: the
    newest. Raises NotFound, Tampered."""
    require_permission(opened, "data.read", dataset=name)
    require_dataset(opened, name)
    part = slice_of(opened.store, opened.keys, name, number=number)
    manifest = manifest_of(opened.store, opened.keys, name, part.number)
    found = describe(opened.store, opened.keys, part, personal_in(opened, manifest))
    past = tuple(list_newest(opened.store, opened.keys, name, SHOWN))
    return DatasetView(description=found, manifest=manifest, past=past)


def scan_rows(opened: OpenProject, name: str, number: int | None = None) -> pl.LazyFrame:
    """The rows of one version, read when collected. number: None: the newest. Raises NotFound."""
    require_permission(opened, "data.read", dataset=name)
    part = slice_of(opened.store, opened.keys, name, number=number)
    return scan_slice(opened.store, opened.keys, part)


def versions_of(opened: OpenProject, name: str, limit: int | None = None) -> tuple[Manifest, ...]:
    """The versions of a dataset, oldest first; at least one. limit: the newest alone; None: all. Raises
    NotFound, Tampered."""
    require_permission(opened, "data.read", dataset=name)
    require_dataset(opened, name)
    past = tuple(list_newest(opened.store, opened.keys, name, limit))
    return past or (manifest_of(opened.store, opened.keys, name),)  # which says that there is none


def subjects_of(opened: OpenProject, name: str, *, examples: bool = False) -> SubjectMatches:
    """The subjects of the newest version, and which may be one. examples: with some of those pairs, which are
    personal values. Raises NotFound, BadProject."""
    require_permission(opened, "data.read", dataset=name)
    require_dataset(opened, name)
    found = find_subjects(opened.store, opened.keys, slice_of(opened.store, opened.keys, name))
    if examples:
        return found
    return replace(found, near=tuple(replace(each, examples=()) for each in found.near))


def difference_of(opened: OpenProject, name: str, old: int, new: int, *, samples: int = 5) -> DatasetDiff:
    """What differs between two versions. samples: rows of each kind that are shown, without the values of
    personal columns. Raises NotFound."""
    require_permission(opened, "data.read", dataset=name)
    require_dataset(opened, name)
    both = (manifest_of(opened.store, opened.keys, name, number) for number in (old, new))
    personal = {column for each in both for column in personal_in(opened, each)}
    return diff_versions(opened.store, opened.keys, name, old, new, samples=samples, personal=personal)


def require_dataset(opened: OpenProject, name: str) -> None:
    """Raises NotFound for a name of no dataset, declared or kept."""
    # Asked of the one first: the names of all others are found by listing every object.
    if name not in opened.project.tables() and not is_dataset(opened.store, name):
        names = _names(opened)
        raise NotFound(f"found no dataset {name!r}, {expected_names(name, names)}")


def expected_names(name: str, known: Iterable[str]) -> str:
    """What an error says that was expected in place of this name."""
    if near := get_close_matches(name, known, n=1):
        return f"expected one of: {', '.join(known)}. Did you mean {near[0]}?"
    return f"expected one of: {', '.join(known) or 'none, for there are none yet'}. See: comporta data list"


def _names(opened: OpenProject) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*opened.project.tables(), *list_datasets(opened.store)]))


def personal_in(opened: OpenProject, manifest: Manifest) -> set[str]:
    """The columns of a dataset version whose values are not shown: its subject, and what was declared
    personal when it was made or is so now; of a prediction log, what requests carry of these."""
    declared = opened.project.tables().get(manifest.dataset)
    shapes = [manifest.shape, *([declared.shape()] if declared is not None else [])]
    personal = {column.name for shape in shapes for column in shape.columns if column.personal}
    personal |= {shape.subject for shape in shapes if shape.subject is not None}
    return (personal & manifest.columns.keys()) | _personal_in_log(opened, manifest)


def _personal_in_log(opened: OpenProject, manifest: Manifest) -> set[str]:
    """What of a model's prediction log is personal: the columns of requests that are declared so, or name the
    subject; all of them where the project no longer declares the model, so that nobody can tell."""
    if manifest.dataset != PREDICTIONS and not manifest.dataset.startswith(log_of("")):
        return set()
    model = next((each for each in opened.project.models if log_of(each.name) == manifest.dataset), None)
    if model is None:
        return request_columns(manifest.columns)
    tables = model.features.tables()
    personal = {column.name for table in tables for column in table.columns if column.personal}
    personal |= {table.about.column for table in tables if table.about is not None}
    return personal_columns(manifest.columns, personal)
