"""A dataset as a user declares it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from comporta.records import Change, Column, DatasetSchema, Record, Subject, duration


class Dataset(Record, frozen=True):
    """A table that is versioned each time its source is asked.

    name: how commands and other declarations name it.
    source: a function returning a polars, pandas or Arrow frame, or a glob of Parquet or CSV files.
    key: the column or columns that name a row.
    subject: the column of the person or thing a row is about; what can be erased. A `Subject` says how its
    values are compared, where that is not as they are written.
    time: the column of when a row was true.
    arrived: the column of when it was known, or
    delay: how long after `time` a row is known ("1h"): needed to be joined point-in-time.
    change: what the source returns: `replace` all rows there are, `append` new rows, `update` changed
    rows by key.
    columns: what is expected of them; a breach stops the version.
    fresh: the newest row may be at most this old ("2d").
    owner, meaning: shown in the catalog.
    """

    name: str
    source: Callable[..., Any] | str
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
