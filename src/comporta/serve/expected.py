"""What the dataset's declaration expects of a column, held against the values of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from comporta.errors import wording
from comporta.records import Column
from comporta.records.declared_value import declared_bound, declared_member
from comporta.serve.bad_row import BadRow
from comporta.serve.columns import RequestColumn, Values, first_names, quote


class ExpectedValues(msgspec.Struct, frozen=True):
    """Of one column. place: in the signature. low, high: inclusive, where declared. one_of: in the column's
    type; empty: any. Missing values are not judged here."""

    place: int
    name: str
    low: float
    high: float
    one_of: frozenset[Any]
    expected: str

    def require(self, values: Values) -> None:
        """Raises BadRequest for the first value that is none of these."""
        row = self._first_in_array(values) if isinstance(values, np.ndarray) else self._first(values)
        if row >= 0:
            raise BadRow(
                f"column {quote(self.name)}",
                [row],
                f"found a value outside of what the project declares, expected {self.expected}.",
            )

    def _first_in_array(self, values: NDArray[Any]) -> int:
        numbers = values.astype(np.float64)
        broken = (numbers < self.low) | (numbers > self.high)
        if self.one_of:
            broken |= ~np.isin(numbers, np.array(sorted(self.one_of), dtype=np.float64)) & ~np.isnan(numbers)
        return int(broken.argmax()) if broken.any() else -1

    def _first(self, values: Sequence[Any]) -> int:
        return next((row for row, value in enumerate(values) if self._is_broken(value)), -1)

    def _is_broken(self, value: Any) -> bool:
        if value is None or value != value:
            return False
        if isinstance(value, int | float) and not self.low <= value <= self.high:
            return True
        return bool(self.one_of) and value not in self.one_of


def expected_values(
    columns: Sequence[RequestColumn], declared: Sequence[Column]
) -> tuple[ExpectedValues, ...]:
    """What is declared of these columns, as far as one value can break it and a breach stops a version.

    Dates and times are not compared: a declaration holds none.
    """
    by_name = {column.name: column for column in declared if column.breach == "stop"}
    found = []
    for place, column in enumerate(columns):
        said = by_name.get(column.name)
        if said is None or column.kind in ("date", "datetime"):
            continue
        try:
            low, high, one_of = _in_type_of(column, said)
        except ValueError:  # `comporta check` names it; a version of before cannot be mended by a request
            continue
        if one_of or low > -np.inf or high < np.inf:
            found.append(ExpectedValues(place, column.name, low, high, one_of, _range_text(said, low, high)))
    return tuple(found)


def _in_type_of(column: RequestColumn, said: Column) -> tuple[float, float, frozenset[Any]]:
    """The bounds and the allowed values, in the type of the column. Raises ValueError on another's."""
    kind, number = str(column.dtype), column.kind in ("int", "float")
    low, high = said.at_least if number else None, said.at_most if number else None
    return (
        -np.inf if low is None else declared_bound(low, kind, lower=True),
        np.inf if high is None else declared_bound(high, kind, lower=False),
        frozenset(declared_member(each, kind) for each in said.one_of),
    )


def never_missing(declared: Sequence[Column]) -> list[str]:
    """The columns of which no value may be missing."""
    return [column.name for column in declared if column.nulls == 0 and column.breach == "stop"]


def _range_text(said: Column, low: float, high: float) -> str:
    parts = [f"at least {low:g}"] if low > -np.inf else []
    parts += [f"at most {high:g}"] if high < np.inf else []
    if said.one_of and not said.personal:
        parts.append(f"one of {first_names(tuple(map(str, said.one_of)))}")
    elif said.one_of:
        parts.append(wording("one of those that are declared"))
    return " and ".join(parts)
