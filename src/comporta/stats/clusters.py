"""In which ways rows hang together: by their group, by being alike, and by their day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.records import Message, Record
from comporta.stats.codes import (
    DAYS_INDEPENDENT,
    FEW_DAYS,
    GROUPS_AND_DAYS,
    ONE_DAY_INDEPENDENT,
    ROWS_DIFFERENT,
    ROWS_DIFFERENT_AND_DAYS,
)
from comporta.stats.units import copies_of, dates_of, days_of, effective, groups_of, renumber

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]


class Clusters(Record, frozen=True, kw_only=True):
    """unit: (n,) each row's group, or which of the rows that differ it is; None: each by itself. day: (n,)
    its day, in order; None: no time, or too few days. Both count from 0 without gaps. note: what a reader
    must know of it, where it is not one declared group, or days, or each row for itself."""

    unit: Places | None = None
    day: Places | None = None
    note: Message | None = None

    @property
    def alone(self) -> bool:
        """Whether each row stands by itself."""
        return self.unit is None and self.day is None

    def count(self, rows: int) -> int:
        """How many clusters these rows are in, of the way that has fewest."""
        ways = [each for each in (self.unit, self.day) if each is not None]
        return min((int(np.count_nonzero(np.bincount(each))) for each in ways), default=rows)

    def among(self, kept: NDArray[np.bool_]) -> Clusters:
        """Those of some of the rows."""
        return Clusters(unit=renumber(self.unit, kept), day=renumber(self.day, kept), note=self.note)


INDEPENDENT = Clusters()
FEWEST_BESIDE = 7.5
"""How many days rows must be worth, in equal ones, for days to count beside groups: eight equal ones are 8.
The variance of two ways needs several clusters of both; of three days an interval would tell nothing."""


def clusters_of(rows: pl.DataFrame, group: str | None) -> Clusters:
    """How these rows hang together: by the declared group, else by being alike; and by days, of which there
    must be three or more, beside a group eight. A way whose clusters lie each within one of the other adds
    nothing, and is left out."""
    unit = copies_of(rows) if group is None else groups_of(rows, group)
    day = days_of(rows)
    if unit is None:
        return Clusters(day=day, note=_assumption(rows) if day is None else None)
    units = int(unit.max(initial=-1)) + 1
    if day is not None:
        days = int(day.max()) + 1
        cells = len(np.unique(unit * days + day))
        if cells == units:
            return Clusters(day=day)
        if cells > days and effective(day) >= FEWEST_BESIDE:
            both = ROWS_DIFFERENT_AND_DAYS if group is None else GROUPS_AND_DAYS
            return Clusters(unit=unit, day=day, note=both(units=units, days=days))
        if cells > days:
            return (
                Clusters(day=day)
                if group is None
                else Clusters(unit=unit, note=FEW_DAYS(units=units, days=days))
            )
    return Clusters(unit=unit, note=ROWS_DIFFERENT(units=units) if group is None else None)


def _assumption(rows: pl.DataFrame) -> Message | None:
    """That rows of a day or two were taken as independent: nothing tells how days differ."""
    dates = dates_of(rows)
    if dates is None or not len(dates):
        return None
    days = int(dates.max()) + 1
    return DAYS_INDEPENDENT(days=days) if days > 1 else ONE_DAY_INDEPENDENT()
