"""Rows of a dataset version as files for other programs; the ledger has who took them out."""

from __future__ import annotations

from pathlib import Path

from comporta.acts.data.datasets import personal_in, require_dataset
from comporta.acts.serve.serving_log import gone_ids_in
from comporta.data import manifest_of, slice_of
from comporta.data.export import (
    ExportForm,
    RowProgress,
    count_rows,
    form_of,
    require_exportable,
    write_rows,
)
from comporta.data.manifests import schema_of
from comporta.data.names import dataset_and_number
from comporta.errors import Refused
from comporta.opened.people import reason_of
from comporta.opened.permission import Permission, permission
from comporta.opened.project import OpenProject
from comporta.opened.written_file import require_outside
from comporta.records import Manifest, Record, Slice
from comporta.records.facts import DatasetExported
from comporta.store.drafts import draft_of, require_free


class DatasetExport(Record, frozen=True, kw_only=True):
    """What was written. masked: of the columns, those without values, for they are personal. size: bytes."""

    dataset: str
    number: int
    form: ExportForm
    path: str
    rows: int
    size: int
    columns: tuple[str, ...]
    masked: tuple[str, ...]


def export(
    opened: OpenProject,
    name: str,
    target: Path,
    *,
    reveal: bool = False,
    force: bool = False,
    by: str = "",
    reason: str = "",
    progress: RowProgress | None = None,
) -> DatasetExport:
    """Writes the rows of `weather` or `weather@2`, less those erased since, to a file or a folder.

    target: ends in `.parquet` or `.csv`; a folder becomes a Delta table. reveal: with the values of personal
    columns, for which a reason must be given. force: what is there goes. by: empty: the name you are logged
    in with. Raises NotFound, Tampered, StorageFull, Refused, and BadProject where such a file cannot hold the
    columns, or cannot be written.
    """
    dataset, number = dataset_and_number(name)
    who = permission(opened, "data.read", by=by, dataset=dataset)
    require_dataset(opened, dataset)
    part = slice_of(opened.store, opened.keys, dataset, number=number)
    manifest = manifest_of(opened.store, opened.keys, dataset, part.number)
    schema, form = schema_of(manifest), form_of(target)
    if reveal and not reason.strip():
        raise Refused(f"{name}: found --reveal without a reason, expected one: --reason WHY.")
    require_exportable(dataset, schema, form)
    require_outside(target)
    require_free(target, folder=form == "delta", replace=force)
    gone = gone_ids_in(opened, dataset)
    with draft_of(target, replace=force) as draft:
        fact = _fact(opened, manifest, part, gone, form, reveal, who, reason)
        # The fact first: no copy is outside that the ledger does not know of.
        who.append(fact)
        rows = write_rows(
            opened.store,
            opened.keys,
            part,
            schema,
            draft,
            form=form,
            masked=fact.masked,
            gone=gone,
            now=opened.clock(),
            progress=progress,
        )
        size = sum(each.stat().st_size for each in (draft, *draft.rglob("*")) if each.is_file())
    return DatasetExport(
        dataset=dataset,
        number=part.number,
        form=form,
        path=str(target),
        rows=rows,
        size=size,
        columns=fact.columns,
        masked=fact.masked,
    )


def _fact(
    opened: OpenProject,
    manifest: Manifest,
    part: Slice,
    gone: set[int],
    form: ExportForm,
    reveal: bool,
    who: Permission,
    reason: str,
) -> DatasetExported:
    hidden = personal_in(opened, manifest)
    personal = tuple(each for each in manifest.columns if each in hidden)
    return DatasetExported(
        dataset=part.dataset,
        version=part.version,
        number=part.number,
        form=form,
        rows=count_rows(opened.store, opened.keys, part, gone),
        columns=tuple(manifest.columns),
        masked=() if reveal else personal,
        revealed=personal if reveal else (),
        by=who.identify(),
        reason=reason_of(opened, reason),
    )
