"""A slower table made ready to be asked what was known at a time.

The answer at time t: among the key's rows with event ≤ t and arrival ≤ t, the greatest by (event, arrival,
row key). Rows lie in that order, key by key.

- A constant delay d keeps the order: arrival ≤ t is event ≤ t - d, and one binary search answers.
- With arrival times the search is by event, then a few steps back over rows not yet arrived. The first that
  has is the answer: those behind it are smaller.
- Where many rows of a key are under way at once, the steps would be long. Then a second order serves: by
  when a row was *known* (the later of event and arrival), without rows whose event is older than one known
  before. What is left rises in both times, so the last row known by t is the answer. Dropping is right: an
  older event known later never wins; an equal event known later arrived later, so it stays, and wins.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import polars as pl

from comporta.data.features_match import KeyCoder, common_type, key_coder, matchable
from comporta.data.features_order import TimeOrder, order_by_event, order_by_known, ranks_of
from comporta.data.features_time import Ints, Unit, shift_times, span, ticks, unit_of
from comporta.data.history_column import ColumnValues
from comporta.errors import BadProject
from comporta.records import DatasetSchema, Join, Record
from comporta.records.duration import duration_text
from comporta.records.named_column import by_names, exact_column

NONE = -1
STEPS = 8
SHARED = 50_000


class HistoryRows(Record, frozen=True, kw_only=True):
    """frame: the columns of the table's rows that have a key and are known at some time. types: in which
    keys compare. event, arrived: of each row, in `unit`, or None where there are none."""

    frame: pl.DataFrame | Mapping[str, ColumnValues]
    join: Join
    shape: DatasetSchema
    types: list[pl.DataType]
    unit: Unit
    event: Ints | None
    arrived: Ints | None

    @property
    def late(self) -> int:
        """By how much a row is known after its event, where that is constant."""
        delay = None if self.arrived is not None or self.shape.time is None else self.shape.delay
        return span(max(timedelta(), delay or timedelta()), self.unit)

    def fresh(self, at: pl.Series | None, found: Ints) -> Ints:
        """Rows older than the tolerance are no answer: nothing newer was known either."""
        if self.join.tolerance is None or self.event is None or not len(self.event):
            return found
        # Rounded up, where the requests' times are finer than the table's: the bound is exact.
        times = ticks(request_times(at, self.shape), self.unit, up=True)
        oldest = shift_times(times, -span(self.join.tolerance, self.unit))
        return np.where((found != NONE) & (self.event[found] >= oldest), found, NONE)


class Timeline(HistoryRows, frozen=True, kw_only=True):
    """The rows of a table in the order in which they can be answers.

    order: by event. by_known: the second order, made when first asked for; None where events suffice.
    """

    frame: pl.DataFrame
    coder: KeyCoder
    order: TimeOrder
    by_known: Callable[[], TimeOrder] | None

    def match(self, requests: pl.DataFrame, at: pl.Series | None, *, steps: int = STEPS) -> Ints:
        """The row of `frame` that each request reads, or -1: in the order of the requests.

        at: the time of each request; None only for a table without times.
        steps: back over rows not yet arrived, before the second order is made.
        """
        found = np.full(requests.height, NONE, dtype=np.int64)
        if not requests.height or not self.frame.height:
            return found
        keys = matchable(requests, list(self.join.on), self.types)
        codes = self.coder.codes(keys)
        asking = codes >= 0
        for column in keys.get_columns():
            if column.null_count():
                asking &= column.is_not_null().to_numpy()
        if self.event is None:
            times = np.zeros(requests.height, dtype=np.int64)
        else:
            when = request_times(at, self.shape)
            times = ticks(when, self.unit)
            if when.null_count():
                asking &= when.is_not_null().to_numpy()
        asked = np.arange(requests.height) if asking.all() else np.flatnonzero(asking)
        if not asking.all():
            codes, times = codes[asked], times[asked]
        found[asked] = self._newest_in_threads(codes, times, steps)
        if not self.coder.exact:
            self._told_apart(keys, requests, at, found)
        return self.fresh(at, found)

    def _newest_in_threads(self, codes: Ints, times: Ints, steps: int) -> Ints:
        """`_newest`, on every core where there is much to ask: numpy's searches let other threads run."""
        cores = pl.thread_pool_size()
        if len(codes) < SHARED or cores == 1:
            return self._newest(codes, times, steps)
        with ThreadPoolExecutor(cores) as pool:
            parts = (np.array_split(codes, cores), np.array_split(times, cores))
            return np.concatenate(list(pool.map(self._newest, *parts, [steps] * cores)))

    def _newest(self, codes: Ints, times: Ints, steps: int) -> Ints:
        """The row for each code and time, or -1."""
        slots = _last(self.order, codes, shift_times(times, -self.late))
        if self.arrived is None or self.by_known is None:
            return _rows(self.order, slots)
        rows = _rows(self.order, slots)
        under_way = np.flatnonzero((rows != NONE) & (self.arrived[rows] > times))
        for _ in range(steps):
            if not len(under_way):
                return rows
            back = slots[under_way] - 1
            slots[under_way] = back
            ours = (back >= 0) & ((self.order.slots[back] >> self.order.bits) == codes[under_way])
            rows[under_way[~ours]] = NONE
            under_way, back = under_way[ours], back[ours]
            step = self.order.row(back)
            rows[under_way] = step
            under_way = under_way[self.arrived[step] > times[under_way]]
        if len(under_way):
            known = self.by_known()
            rows[under_way] = _rows(known, _last(known, codes[under_way], times[under_way]))
        return rows

    def _told_apart(
        self, keys: pl.DataFrame, requests: pl.DataFrame, at: pl.Series | None, found: Ints
    ) -> None:
        """Where the row found has another key of the same code, asks again among the rows of these keys."""
        asked = np.flatnonzero(found != NONE)
        theirs = list(self.join.on.values())
        read = matchable(self.frame.select(by_names(theirs))[found[asked]], theirs, self.types)
        mine = keys if len(asked) == len(found) else keys[asked]
        other = np.zeros(len(asked), dtype=bool)
        for one, two in zip(mine.get_columns(), read.get_columns(), strict=True):
            other |= (one != two).to_numpy()
        if not other.any():
            return
        wrong = asked[other]
        every = matchable(self.frame, theirs, self.types).with_row_index("row")
        among = (
            every.join(keys[wrong].unique(), on=by_names(keys.columns), how="semi")["row"]
            .cast(pl.Int64)
            .to_numpy()
        )
        part = timeline(self.frame[among], self.join, self.shape, requests.schema, exact=True)
        again = part.match(requests[wrong], None if at is None else at[wrong])
        found[wrong] = NONE
        found[wrong[again != NONE]] = among[again[again != NONE]]


def timeline(
    table: pl.DataFrame,
    join: Join,
    shape: DatasetSchema,
    requests: pl.Schema,
    *,
    exact: bool = False,
    hash_bits: int | None = None,
) -> Timeline:
    """The table made ready. requests: the types of the columns that will ask.

    exact: no two keys share a code. hash_bits: fewer than there are, for tests.
    Raises BadProject when the declarations do not fit each other.
    """
    require_joinable(join, shape, table.schema, requests)
    ours = list(join.on.values())
    types = [
        common_type(requests[theirs], table.schema[mine], f"{join.dataset}.{mine} joined on {theirs}")
        for theirs, mine in join.on.items()
    ]
    clock = clocks(shape)
    table = _without_nulls(table, [*ours, *clock])
    unit = unit_for(shape, table.schema)
    event = ticks(table[clock[0]], unit) if clock else None
    arrived = ticks(table[clock[1]], unit) if len(clock) > 1 else None
    bits = max(1, table.height.bit_length())
    keys = matchable(table, ours, types)
    code = key_coder(keys, 62 - bits, exact=exact, hash_bits=hash_bits)
    when = event if event is not None else np.zeros(table.height, dtype=np.int64)
    then = [] if arrived is None else [arrived]
    order = order_by_event(code.codes(keys), when, bits, table, then, list(shape.key))

    @functools.cache
    def by_known() -> TimeOrder:
        assert event is not None and arrived is not None
        known = np.maximum(event, arrived)
        whole = order_by_event(code.codes(keys), known, bits, table, then, list(shape.key))
        return order_by_known(whole, event)

    return Timeline(
        frame=table, join=join, shape=shape, types=types, coder=code, unit=unit, event=event,
        arrived=arrived, order=order, by_known=None if arrived is None else by_known,
    )  # fmt: skip


def clocks(shape: DatasetSchema) -> tuple[str, ...]:
    """The columns of event and arrival; where only one is declared, it serves as the event."""
    return tuple(name for name in (shape.time, shape.arrived) if name is not None)


def unit_for(shape: DatasetSchema, table: pl.Schema) -> Unit:
    """The unit in which all its times are exact. Raises BadProject when one is no time."""
    fine = [unit_of(table[name], f"{shape.name}.{name}") == "ns" for name in clocks(shape)]
    return "ns" if any(fine) else "us"


def require_joinable(join: Join, shape: DatasetSchema, table: pl.Schema, requests: pl.Schema) -> None:
    """Raises BadProject when a declared column is missing or the table cannot be joined by time."""
    here = f"join of {join.dataset}"
    if missing := sorted({*join.on.values(), *join.value_columns, *shape.key, *clocks(shape)} - set(table)):
        raise BadProject(f"{here}: found no column {', '.join(missing)}; it has {', '.join(table)}.")
    if missing := sorted(set(join.on) - set(requests)):
        raise BadProject(f"{here}: found no column {', '.join(missing)} to match on. Add it to `known`.")
    if not join.on:
        raise BadProject(f"{here}: found no columns to match on, expected at least one in `on`.")
    if len(set(join.columns.values())) < len(join.columns):
        raise BadProject(f"{here}: found one name for two columns in {join.columns}, expected one each.")
    if shape.time is not None and shape.arrived is None and shape.delay is None:
        raise BadProject(
            f"{here}: when its rows were known is not declared. Give the dataset `arrived`, the column of "
            'that time, or `delay`, how long after `time` ("0s": at once).'
        )
    if join.tolerance is not None and not clocks(shape):
        raise BadProject(f"{here}: found a tolerance, but no time to measure it by. Declare `time`.")
    if join.tolerance is not None and join.tolerance < timedelta():
        found = duration_text(join.tolerance)
        raise BadProject(f"{here}: found tolerance {found}, expected a span from zero up.")


def request_times(at: pl.Series | None, shape: DatasetSchema) -> pl.Series:
    """The requests' times. Raises BadProject where there are none, or they are no times."""
    if at is None:
        raise BadProject(
            f"join of {shape.name}: it is joined by time, but the rows that ask have none. "
            "Declare the `time` of their dataset."
        )
    unit_of(at.dtype, f"join of {shape.name}, at {at.name}")
    return at


def _without_nulls(table: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """A row without key, event or arrival is never known: it cannot be an answer."""
    holes = [exact_column(name).is_not_null() for name in names if table[name].null_count()]
    holes += [exact_column(name).is_not_nan() for name in names if table.schema[name].is_float()]
    return table.filter(holes) if holes else table


def _last(order: TimeOrder, codes: Ints, times: Ints) -> Ints:
    """The last slot of each code at or before each time; -1 where there is none."""
    rank = ranks_of(order.when, times)
    # Rank 0 becomes the last place of the code before: another code, so no answer, as it should be.
    slots = ranks_of(order.slots, (codes << order.bits) + (rank - 1)) - 1
    ours = (slots >= 0) & ((order.slots[slots] >> order.bits) == codes)
    return np.where(ours, slots, NONE)


def _rows(order: TimeOrder, slots: Ints) -> Ints:
    if bool(np.all(slots != NONE)):
        return order.row(slots)
    return np.where(slots != NONE, order.row(np.maximum(slots, 0)), NONE)
