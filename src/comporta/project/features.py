"""Features as a user declares them: what a request carries, what is joined, what is computed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

from comporta.project.dataset import Dataset
from comporta.records import Join, JoinWindow, Record, duration
from comporta.records.dataset import Aggregate


class AsOf(Record, frozen=True):
    """A point-in-time join: the newest row of another table that was known at the time of the request.

    dataset: the table that is joined; it declares `time`, and `arrived` or `delay`.
    on: the columns that match: one name, several, or request column → table column.
    columns: what to bring: names, or table column → feature name.
    tolerance: the largest age of the row, inclusive: `"3h"`, or a timedelta; None: any age.

    >>> from comporta import Dataset
    >>> weather = Dataset("weather", "weather/*.parquet", key=("city", "hour"), time="hour", delay="10m")
    >>> AsOf(weather, on="city", columns=("wind",), tolerance="3h").join().columns
    {'wind': 'wind'}
    """

    dataset: Dataset
    on: str | tuple[str, ...] | dict[str, str]
    columns: tuple[str, ...] | dict[str, str]
    tolerance: str | timedelta | None = None

    def join(self) -> Join:
        """This declaration as plain data."""

        return Join(
            dataset=self.dataset.name,
            on=_pairs(self.on),
            columns=_pairs(self.columns),
            tolerance=None if self.tolerance is None else duration(self.tolerance),
        )


class Window(Record, frozen=True):
    """Aggregates of another table's rows: those of the last days that were known at the time of the request.

    dataset: the table that is joined; it declares `time`, and `arrived` or `delay`.
    on: the columns that match: one name, several, or request column → table column.
    over: how long the window is: `"7d"`, or a timedelta. A row exactly that old is no longer in it.
    of: feature name → what is made of which column: `("sum", "amount")`. There are `count` and `distinct`, of
        the values that are not missing; `sum` and `mean`; `min`, `max`, and `last`, the newest row's value.

    >>> from comporta import Dataset
    >>> orders = Dataset("orders", "orders/*.parquet", key="order", time="paid", delay="5m")
    >>> spend = Window(orders, on="customer", over="7d", of={"spend": ("sum", "amount")})
    >>> spend.join().feature_names
    ('spend',)
    """

    dataset: Dataset
    on: str | tuple[str, ...] | dict[str, str]
    over: str | timedelta
    of: dict[str, tuple[str, ...]]

    def join(self) -> Join:
        """This declaration as plain data."""
        of: dict[str, Any] = {name: tuple(made) for name, made in self.of.items()}
        window = JoinWindow(over=duration(self.over), of=of)
        return Join(dataset=self.dataset.name, on=_pairs(self.on), columns={}, window=window)


JoinDeclaration = AsOf | Window
"""What `Features.joins` holds."""
AGGREGATES: tuple[Aggregate, ...] = get_args(Aggregate)


class Features(Record, frozen=True):
    """The table a model learns from and is asked with: one row for each row of `of`.

    name: how commands refer to it.
    of: the dataset whose rows are the requests.
    known: the columns of `of` that a request carries; `compute` and the model see no others of it.
    joins: other tables, as they were known at the time of the request: `AsOf` or `Window`.
    compute: functions from a frame of known and joined columns to a frame of new columns, with the same rows
        in the same order. The values of a row may depend on that row only; requests run the same functions.
    use: the known and joined columns that the model sees as they are; None: all but key, subject and time.

    >>> from comporta import Dataset
    >>> flights = Dataset("flights", "flights.csv", key="flight", time="leaves")
    >>> features = Features("at_gate", of=flights, known=("flight", "leaves", "distance"), use=("distance",))
    >>> [table.name for table in features.tables()]
    ['flights']
    """

    name: str
    of: Dataset
    known: tuple[str, ...]
    joins: tuple[JoinDeclaration, ...] = ()
    compute: tuple[Callable[[Any], Any], ...] = ()
    use: tuple[str, ...] | None = None

    def tables(self) -> tuple[Dataset, ...]:
        """The datasets that it reads: of the rows, and of each join."""
        return (self.of, *(join.dataset for join in self.joins))


def _pairs(names: str | tuple[str, ...] | dict[str, str]) -> dict[str, str]:
    if isinstance(names, str):
        return {names: names}
    return dict(names) if isinstance(names, dict) else {name: name for name in names}
