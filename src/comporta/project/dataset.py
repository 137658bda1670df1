"""A dataset as a user declares it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from comporta.records import Change, Column, DatasetSchema, Record, Subject, duration
from comporta.records.csv_files import CsvFiles


class Dataset(Record, frozen=True):
    """A table that gets a new version each time its source returns other rows.

    name: how commands and other declarations refer to it.
    source: a function that returns a polars, pandas or Arrow frame, or a glob of Parquet or CSV files, or
        `csv(glob, ...)` of CSV files that are written in another way.
    key: the column or columns that identify a row.
    subject: the column of the person or thing that a row is about, by whom rows are erased. A `Subject` also
        declares how its values are compared; a name alone: as they are written.
    time: the column of the time at which a row was true.
    arrived: the column of the time at which a row was known. For point-in-time joins, this or `delay`.
    delay: how long after `time` a row is known: `"1h"`, or a timedelta.
    change: what the source returns: `replace` all rows, `append` new rows, `update` changed rows by key.
    columns: expectations of single columns; a breach stops the version.
    fresh: the largest age of the newest row: `"2d"`, or a timedelta.
    owner: who answers for it; shown in the catalog.
    meaning: what it holds; shown in the catalog.

    >>> import polars as pl
    >>> def read_flights():
    ...     return pl.DataFrame({"flight": ["AA1", "UA2"], "late": [True, False]})
    >>> flights = Dataset("flights", read_flights, key="flight", change="append")
    >>> flights.shape().key
    ('flight',)
    """

    name: str
    source: Callable[..., Any] | str | CsvFiles
    key: str | tuple[str, ...]
    subject: str | Subject | None = None
    time: str | None = None
    arrived: str | None = None
    delay: str | timedelta | None = None
    change: Change = "replace"
    columns: tuple[Column, ...] = ()
    fresh: str | timedelta | None = None
    owner: str = ""
    meaning: str = ""

    @property
    def about(self) -> Subject | None:
        """Whom its rows are about; None where it is nobody."""
        return Subject(self.subject) if isinstance(self.subject, str) else self.subject

    def shape(self) -> DatasetSchema:
        """This declaration less its source: plain data. Raises BadProject on a span that is none."""
        said = self.about
        return DatasetSchema(
            name=self.name,
            key=(self.key,) if isinstance(self.key, str) else tuple(self.key),
            subject=said.column if said is not None else None,
            time=self.time,
            arrived=self.arrived,
            delay=None if self.delay is None else duration(self.delay),
            columns=tuple(self.columns),
            fresh=None if self.fresh is None else duration(self.fresh),
            form=said.form if said is not None else "exact",
        )
