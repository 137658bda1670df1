"""The datasets of a project from Python: `comporta data …`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from comporta.api.listing import Listing
from comporta.records import Manifest, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from comporta.acts.data.export import DatasetExport
    from comporta.api.results import DatasetDifference, DatasetSummary
    from comporta.data import Compaction, SubjectMatches
    from comporta.data.rejected import RejectedLine
    from comporta.opened.project import OpenProject

_VERSIONS = ("version", "made", "change", "rows", "added", "removed", "id")


class DatasetEntry(Record, frozen=True, kw_only=True):
    """A dataset of the project. newest: its newest version; None: none was made yet."""

    name: str
    newest: Manifest | None
    owner: str = ""
    meaning: str = ""


class ProjectData:
    """Called with a name: the rows of a dataset version, as a lazy frame. Its methods do what `comporta data`
    and a verb do."""

    def __init__(self, opens: Callable[[], AbstractContextManager[OpenProject]]) -> None:
        self._opens = opens

    def __call__(self, name: str, version: int | None = None) -> pl.LazyFrame:
        """The rows of a dataset version, read when collected; None: the newest. Raises NotFound."""
        from comporta.acts.data.datasets import scan_rows

        with self._opens() as opened:
            return scan_rows(opened, name, version)

    def list(self) -> Listing[DatasetEntry]:
        """The datasets: declared ones, and all that have versions."""
        from comporta.acts.data.datasets import newest_versions

        with self._opens() as opened:
            declared, newest = opened.project.tables(), newest_versions(opened)
        entries = [
            DatasetEntry(
                name=name,
                newest=found,
                owner=declared[name].owner if name in declared else "",
                meaning=declared[name].meaning if name in declared else "",
            )
            for name, found in newest.items()
        ]
        columns = ("dataset", "version", "rows", "columns", "made", "owner", "meaning")
        return Listing(entries, title="datasets", columns=columns, row=_entry_row)

    def show(self, name: str, version: int | None = None) -> DatasetSummary:
        """One version: its columns with what they hold; None: the newest. Raises NotFound, Tampered."""
        from comporta.acts.data.datasets import dataset_view
        from comporta.api.results import DatasetSummary

        with self._opens() as opened:
            return DatasetSummary(dataset_view(opened, name, version))

    def versions(self, name: str) -> Listing[Manifest]:
        """The versions of a dataset, oldest first. Raises NotFound, Tampered."""
        from comporta.acts.data.datasets import versions_of

        with self._opens() as opened:
            found = versions_of(opened, name)
        return Listing(found, title=f"versions of {name}", columns=_VERSIONS, row=_version_row)

    def diff(self, name: str, old: int, new: int, *, rows: int = 5) -> DatasetDifference:
        """What differs between two versions. rows: of each kind that are shown. Raises NotFound."""
        from comporta.acts.data.datasets import difference_of
        from comporta.api.results import DatasetDifference

        with self._opens() as opened:
            return DatasetDifference(difference_of(opened, name, old, new, samples=rows))

    def subjects(self, name: str, *, examples: bool = False) -> SubjectMatches:
        """The subjects of the newest version, and which may be one. examples: with some of those pairs, which
        are personal values. Raises NotFound, BadProject."""
        from comporta.acts.data.datasets import subjects_of

        with self._opens() as opened:
            return subjects_of(opened, name, examples=examples)

    def accept(self, name: str) -> dict[str, str]:
        """Name → type of the columns that the source has now: the next run makes a version with them.

        Raises NotFound, BadProject, BadData.
        """
        from comporta.acts.data.accept import accept

        with self._opens() as opened:
            return accept(opened, name)

    def compact(self, name: str) -> Compaction:
        """What was merged of the newest version's small files. Raises NotFound, Tampered, Busy."""
        from comporta.acts.data.compact import compact

        with self._opens() as opened:
            return compact(opened, name)

    def export(
        self,
        name: str,
        target: str | Path,
        *,
        reveal: bool = False,
        force: bool = False,
        by: str = "",
        reason: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> DatasetExport:
        """Write the rows of a dataset, or of a version such as `weather@2`: `comporta data export`.

        target: a name ending in `.parquet` or `.csv`, or a folder, which becomes a Delta table. reveal: with
        the values of personal columns, for which a reason must be given. force: what is there is replaced.
        progress: called with the rows written so far and all of them. Raises NotFound, BadProject, Refused.
        """
        from comporta.acts.data.export import export

        with self._opens() as opened:
            return export(
                opened,
                name,
                Path(target),
                reveal=reveal,
                force=force,
                by=by,
                reason=reason,
                progress=progress,
            )

    def rejected(self, *, retry: bool = False) -> Listing[RejectedLine]:
        """Predictions and labels that could not be sealed. retry: they are tried again with the next seal.
        Raises Tampered."""
        from comporta.acts.data.rejected import rejected_rows, retry_rejected

        with self._opens() as opened:
            found = rejected_rows(opened)
            if retry:
                retry_rejected(opened)
        columns = ("log", "cause", "object")
        return Listing(found, title="rejected rows", columns=columns, row=_rejected_row)

    def __repr__(self) -> str:
        return repr(self.list())

    def _repr_html_(self) -> str:
        return self.list()._repr_html_()


def _entry_row(each: DatasetEntry) -> tuple[object, ...]:
    newest = each.newest
    of_newest = (
        (None,) * 4 if newest is None else (newest.number, newest.rows, len(newest.columns), newest.at)
    )
    return (each.name, *of_newest, each.owner, each.meaning)


def _version_row(each: Manifest) -> tuple[object, ...]:
    return each.number, each.at, each.change, each.rows, each.added, each.removed, each.id[:12]


def _rejected_row(each: RejectedLine) -> tuple[object, ...]:
    causes = ", ".join(f"{cause}: {rows}" for cause, rows in each.causes.items())
    return each.dataset, causes, each.name.rpartition("/rejected/")[2]
