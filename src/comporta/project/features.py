"""Features as a user declares them: what a request carries, what is joined, what is computed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from comporta.project.dataset import Dataset
from comporta.records import Join, Record, duration


class AsOf(Record, frozen=True):
    """The newest row of a slower table that was known at the time of the request.

    dataset: the table. on: the columns that match: a name, or request column → table column.
    columns: what to bring: names, or table column → feature name.
    tolerance: how old the row may be, inclusive ("3h").
    """

    dataset: Dataset
    on: str | tuple[str, ...] | dict[str, str]
    columns: tuple[str, ...] | dict[str, str]
    tolerance: str | timedelta | None = None

    def join(self) -> Join:
        """This declaration as plain data."""

        def pairs(names: str | tuple[str, ...] | dict[str, str]) -> dict[str, str]:
            if isinstance(names, str):
                return {names: names}
            return dict(names) if isinstance(names, dict) else {name: name for name in names}

        return Join(
            dataset=self.dataset.name,
            on=pairs(self.on),
            columns=pairs(self.columns),
            tolerance=None if self.tolerance is None else duration(self.tolerance),
        )


class Features(Record, frozen=True):
    """The table a model learns from, one row per row of `of`.

    name: how commands name it.
    of: the dataset whose rows are the requests. known: those of its columns that a request carries;
    nothing else of it is seen by `compute` or the model.
    use: features as they stand: `known` or joined columns; None: all of them but key, subject and time.
    joins: slower tables, as they were known at the time of the request.
    compute: functions from a frame (known and joined columns) to a frame of new columns, the same rows
    in the same order; each row's values may depend on that row only. The same code serves requests.
    """

    name: str
    of: Dataset
    known: tuple[str, ...]
    joins: tuple[AsOf, ...] = ()
    compute: tuple[Callable[[Any], Any], ...] = ()
    use: tuple[str, ...] | None = None

    def tables(self) -> tuple[Dataset, ...]:
        """The datasets that it reads: of the rows, and of each join."""
        return (self.of, *(join.dataset for join in self.joins))
