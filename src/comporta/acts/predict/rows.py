"""The rows that a batch answers: of a dataset version, or of files, with what of them may stand in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import polars as pl

from comporta.acts.data.datasets import personal_in, require_dataset
from comporta.acts.serve.serving_log import gone_ids_in
from comporta.data import manifest_of, slice_of
from comporta.data.changed_rows import changed_rows
from comporta.data.damage import reporting_damage
from comporta.data.dataset_log import read_log
from comporta.data.forgotten import without_ids
from comporta.data.manifests import is_dataset
from comporta.data.names import dataset_and_number
from comporta.data.read import scan_slice
from comporta.data.row_chunks import count_frame_rows, row_chunks
from comporta.data.sources import Frames, file_fault, files_matching, from_files
from comporta.errors import Busy, NotFound, Tampered
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.records import DatasetSchema
from comporta.records.csv_files import CSV, PARQUET

_WINDOW = 500_000
"""Rows of Parquet files that are asked for at a time."""


class BatchRows(NamedTuple):
    """named: as people read it, `customers@3` or a file's name. state: what it is now, so that a batch that
    was stopped goes on only on the same rows. dataset, number: of files empty, and 0. shape: how they are
    keyed, and whom they are about. personal: columns. names: of all columns, where `frames` does not tell.
    digest: of the version's slice when it was opened; of files empty."""

    named: str
    state: str
    frames: Frames
    dataset: str
    number: int
    shape: DatasetSchema
    personal: frozenset[str]
    opened: OpenProject
    files: str
    names: tuple[str, ...] | None = None
    digest: str = ""

    @property
    def columns(self) -> Sequence[str] | None:
        """Their names; None where only the first frame tells."""
        if self.names is not None:
            return self.names
        with self._damage():
            return self.frames.collect_schema().names() if isinstance(self.frames, pl.LazyFrame) else None

    def total(self) -> int | None:
        """How many there are; None where nobody knows yet."""
        with self._damage():
            return count_frame_rows(self.frames)

    def chunks(self, size: int, skip: int) -> Iterator[pl.DataFrame]:
        """Raises BadData on what cannot be read, NotFound, Tampered."""
        with self._damage():
            window = _WINDOW if self.files.lower().endswith(PARQUET) else 0
            yield from row_chunks(self.frames, size, skip=skip, window=window)

    def require_unerased(self) -> None:
        """Raises Busy where the version of the dataset lost rows since it was opened."""
        if not self.dataset:
            return
        now = slice_of(self.opened.store, self.opened.keys, self.dataset, number=self.number)
        if now.digest != self.digest:
            raise Busy(
                f"{self.named}: rows of it were erased while it was read, and no answer was added. Run "
                "again: what was answered goes, and the rest is answered anew."
            )

    @contextmanager
    def _damage(self) -> Iterator[None]:
        if self.dataset:
            try:
                with reporting_damage(self.opened.store, self.opened.keys, self.dataset):
                    yield
            except (pl.exceptions.PolarsError, OSError, NotFound, Tampered):
                self.require_unerased()  # a fragment that is gone may have been erased meanwhile
                raise
            return
        try:
            yield
        except pl.exceptions.PolarsError as error:
            raise file_fault(self.files, Path.cwd(), "--input", error) from error


def is_files(opened: OpenProject, source: str) -> bool:
    """Whether rows of this name are of files, and of no dataset."""
    head = source.partition("@")[0]
    if head in opened.project.tables() or is_dataset(opened.store, head):
        return False
    return "/" in source or source.lower().endswith((*PARQUET, *CSV))


def batch_rows(opened: OpenProject, source: str, shape: DatasetSchema) -> BatchRows:
    """source: a dataset, a version of one such as `customers@3`, or files by a glob. shape: of the rows that
    the model is asked about. Raises NotFound, BadProject, BadData, Tampered, Forbidden."""
    if not is_files(opened, source):
        dataset, number = dataset_and_number(source)
        require_readable(opened, dataset)
        return dataset_rows(opened, dataset, number)
    frames = from_files(source, Path.cwd(), "--input")
    personal = {column.name for column in shape.columns if column.personal}
    personal |= {shape.subject} if shape.subject is not None else set()
    return BatchRows(source, _state_of(source), frames, "", 0, shape, frozenset(personal), opened, source)


def require_readable(opened: OpenProject, dataset: str) -> None:
    """Raises NotFound, Forbidden."""
    require_permission(opened, "data.read", dataset=dataset)
    require_dataset(opened, dataset)


def dataset_rows(opened: OpenProject, dataset: str, number: int | None) -> BatchRows:
    """All rows of a version. number: None: of the newest. Raises NotFound, Tampered."""
    part = slice_of(opened.store, opened.keys, dataset, number=number)
    manifest = manifest_of(opened.store, opened.keys, dataset, part.number)
    frame = scan_slice(opened.store, opened.keys, part)
    frame = without_ids(frame, gone_ids_in(opened, dataset), opened.keys)
    named = f"{dataset}@{part.number}"
    personal = frozenset(personal_in(opened, manifest))
    # The digest too: it is another once rows of the version were erased, and what was counted is not there.
    state = f"{named} {part.version} {part.digest[:16]}{_order_of(opened, dataset)}"
    return BatchRows(
        named, state, frame, dataset, part.number, manifest.shape, personal, opened, "", None, part.digest
    )


def rows_since(opened: OpenProject, dataset: str, old: int, new: int, compared: Sequence[str]) -> BatchRows:
    """The rows of version `new` that are not so in version `old`. compared: the columns whose values count,
    beside the key and the subject. Raises NotFound, Tampered."""
    every = dataset_rows(opened, dataset, new)
    before = slice_of(opened.store, opened.keys, dataset, number=old)
    there = tuple(every.columns or ())
    names = [each for each in compared if each in there]
    frames = changed_rows(opened.store, opened.keys, dataset, old, new, names)
    gone = gone_ids_in(opened, dataset)
    if gone:
        frames = (without_ids(each.lazy(), gone, opened.keys).collect() for each in frames)
    state = f"{every.state} since {old} {before.digest[:16]}"
    return every._replace(state=state, frames=frames, names=there)


def _order_of(opened: OpenProject, dataset: str) -> str:
    """Another text once files were put together: the same rows come in another order then. Empty before."""
    groups = read_log(opened.store, opened.keys, dataset).groups
    if not groups:
        return ""
    files = "\n".join(each.id for _, made in groups for each in made)
    return f" {hashlib.sha256(files.encode()).hexdigest()[:16]}"


def _state_of(glob: str) -> str:
    """The files by name, size and time of their last change."""
    files = [(each, each.stat()) for each in files_matching(glob, Path.cwd())]
    known = "\n".join(f"{each} {at.st_size} {at.st_mtime_ns}" for each, at in files)
    return f"{glob} {hashlib.sha256(known.encode()).hexdigest()[:16]}"
