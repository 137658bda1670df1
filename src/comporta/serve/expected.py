"""What the dataset's declaration expects of a column, held against the values of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from comporta.errors import BadRequest
from comporta.records import Column
from comporta.serve.columns import RequestColumn, Values, first_names, quoted


class ExpectedValues(msgspec.Struct, frozen=True):
    """Of one column. place: in the signature. low, high: inclusive, where declared. one_of: numbers, or texts
    as polars writes them; empty: any. Missing values are not judged here."""

    place: int
    name: str
    low: float
    high: float
    one_of: frozenset[Any]
    texts: bool
    expected: str

    def require(self, values: Values) -> None:
        """Raises BadRequest for the first value that is none of these."""
        row = self._first_in_array(values) if isinstance(values, np.ndarray) else self._first(values)
        if row >= 0:
            raise BadRequest(
                f"column {quoted(self.name)}, row {row}: found a value outside of what the project declares, "
                f"expected {self.expected}."
            )

    def _first_in_array(self, values: NDArray[Any]) -> int:
        numbers = values.astype(np.float64)
        broken = (numbers < self.low) | (numbers > self.high)
        if self.one_of and self.texts:
            return self._first(values.tolist())
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
        return bool(self.one_of) and (_text(value) if self.texts else value) not in self.one_of


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
        number = column.kind in ("int", "float")
        low = -np.inf if said.at_least is None or not number else said.at_least
        high = np.inf if said.at_most is None or not number else said.at_most
        texts = any(isinstance(each, str) for each in said.one_of)
        one_of = frozenset(_text(each) if texts else each for each in said.one_of)
        if one_of or low > -np.inf or high < np.inf:
            found.append(
                ExpectedValues(place, column.name, low, high, one_of, texts, _expected(said, low, high))
            )
    return tuple(found)


def never_missing(declared: Sequence[Column]) -> list[str]:
    """The columns of which no value may be missing."""
    return [column.name for column in declared if column.nulls == 0 and column.breach == "stop"]


def _expected(said: Column, low: float, high: float) -> str:
    parts = [f"at least {low:g}"] if low > -np.inf else []
    parts += [f"at most {high:g}"] if high < np.inf else []
    if said.one_of and not said.personal:
        parts.append(f"one of {first_names(tuple(map(str, said.one_of)))}")
    elif said.one_of:
        parts.append("one of those that are declared")
    return " and ".join(parts)


def _text(value: Any) -> str:
    """As polars casts it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
