"""What is declared of a dataset, and what is kept of each of its versions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec import UNSET, UnsetType

from comporta.records.record import Record
from comporta.records.subject import Form

Value = str | float | int | bool
Change = Literal["append", "update", "replace"]
Breach = Literal["stop", "report"]
Aggregate = Literal["count", "sum", "mean", "min", "max", "last", "distinct"]
"""What a window makes of a column's values: `count` and `distinct` of those that are not missing."""


class Column(Record, frozen=True):
    """What is expected of one column. A breach stops the version, or is left to the check `expectations`.

    name: the column's, as the source has it.
    type: polars' name, such as `Int64`, `Float64`, `String`, `Boolean`, `Datetime` or `Date`; empty: any.
    nulls: the largest share of missing values, 0 to 1.
    at_least: the smallest value, inclusive, of dates and times as ISO 8601 text; None: no bound.
    at_most: the largest value, likewise; None: no bound.
    one_of: the allowed values; empty: any. They are compared in the type that the column has.
    unique: whether each value may occur only once.
    personal: whether it can identify a person; its values are then never shown.
    meaning: what it holds; shown in the catalog.
    breach: `stop` makes no version; `report` makes it, and the check `expectations` judges its rows.

    >>> Column("departures", type="Int64", nulls=0.0, at_least=0, breach="report").at_least
    0
    """

    name: str
    type: str = ""
    nulls: float = 1.0
    at_least: float | str | None = None
    at_most: float | str | None = None
    one_of: tuple[Value, ...] = ()
    unique: bool = False
    personal: bool = False
    meaning: str = ""
    breach: Breach = "stop"


class ExpectationCount(Record, frozen=True, kw_only=True):
    """How one expectation stands on the rows of one version. column: empty for one of the dataset.

    expects: the declaration's word: `nulls`, `at_least`, `fresh` … allowed: the share of rows that may break
    it. breach: what a broken one does when rows are taken in.
    """

    column: str
    expects: str
    rows: int
    broken: int
    allowed: float = 0.0
    breach: Breach = "stop"


class DatasetSchema(Record, frozen=True, kw_only=True):
    """A dataset less its source: what the data room needs to place, check and join its rows.

    key: columns that name a row. subject: the column of the person or thing a row is about, form: how its
    values are compared.
    time: when a row was true. arrived: the column of when it was known; delay: or how long after `time`.
    fresh: the newest `time` may be at most this long ago.
    """

    name: str
    key: tuple[str, ...]
    subject: str | None = None
    time: str | None = None
    arrived: str | None = None
    delay: timedelta | None = None
    columns: tuple[Column, ...] = ()
    fresh: timedelta | None = None
    form: Form = "exact"


class Fragment(Record, frozen=True, kw_only=True):
    """One immutable Parquet file. id: names the object. logical: digest that only redaction changes.

    low, high: the range of the placement hash, inclusive. since, until: coarse bounds of time, inclusive.
    masks: objects that name rows which this version no longer shows; hidden: how many those are.
    numbered: its rows carry their first row numbers, which masks speak of (after a redaction).
    """

    id: str
    logical: str
    rows: int
    size: int
    low: int
    high: int
    since: datetime | None = None
    until: datetime | None = None
    masks: tuple[str, ...] = ()
    hidden: int = 0
    numbered: bool = False


class Segment(Record, frozen=True, kw_only=True):
    """An append, or a period: fragments that cover disjoint ranges of the placement hash.

    period: of a log, the UTC day that all its rows lie in, as `2026-01-31`, or `late`; `appended` of what was
    appended to another dataset, or updated in it; else empty.
    of: of one that an older Comporta merged, the logical digests of what it merged; since then each row of a
    merged fragment carries that of the fragment it came in.
    """

    id: str
    fragments: tuple[Fragment, ...]
    period: str = ""
    of: tuple[str, ...] = ()


class Manifest(Record, frozen=True, kw_only=True):
    """One version, never changed. columns: name → polars type, in order.

    id: keyed digest of the stored bytes, in which it is empty. at: when it was made.
    added, removed: rows shown now and not before, and the reverse; a changed row counts in both.
    """

    id: str = ""
    dataset: str
    number: int
    parent: str | None
    change: Change
    at: datetime
    shape: DatasetSchema
    columns: dict[str, str]
    segments: tuple[Segment, ...]
    rows: int
    added: int
    removed: int


class JoinWindow(Record, frozen=True, kw_only=True):
    """The rows that are younger than a span, as single values.

    over: the span. of: feature name → what is made of which column of the table.
    """

    over: timedelta
    of: dict[str, tuple[Aggregate, str]]


class Join(Record, frozen=True, kw_only=True):
    """A slower table, as it was known at the time of the request: its newest row, or a window of its rows.

    on: request column → key column of the table. columns: table column → its name among the features.
    tolerance: how old a row may be, inclusive; None: any age.
    window: unset, and then not stored, where the newest row is joined; else `columns` is empty.
    """

    dataset: str
    on: dict[str, str]
    columns: dict[str, str]
    tolerance: timedelta | None = None
    window: JoinWindow | UnsetType = UNSET

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns that it adds, in order."""
        return tuple(self.columns.values() if isinstance(self.window, UnsetType) else self.window.of)

    @property
    def value_columns(self) -> tuple[str, ...]:
        """The columns of the table whose values it brings, each once."""
        if isinstance(self.window, UnsetType):
            return tuple(self.columns)
        return tuple(dict.fromkeys(column for _, column in self.window.of.values()))
