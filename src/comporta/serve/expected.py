"""What the dataset's declaration expects of a column, held against the values of a request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from comporta.errors import wording
from comporta.records import Column
from comporta.records.declared_value import bound_text, declared_bound, declared_member
from comporta.serve.bad_row import BadRow
from comporta.serve.columns import RequestColumn, Values, first_names, quote


class ExpectedValues(msgspec.Struct, frozen=True):
    """Of one column. place: in the signature. low, high: inclusive, in the column's type (times in UTC,
    without zone); None: any. one_of: in the same; empty: any. Missing values are not judged here."""

    place: int
    name: str
    low: Any
    high: Any
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
        broken = np.zeros(len(numbers), dtype=bool)
        if self.low is not None:
            broken |= numbers < self.low
        if self.high is not None:
            broken |= numbers > self.high
        if self.one_of:
            broken |= ~np.isin(numbers, np.array(sorted(self.one_of), dtype=np.float64)) & ~np.isnan(numbers)
        return int(broken.argmax()) if broken.any() else -1

    def _first(self, values: Sequence[Any]) -> int:
        return next((row for row, value in enumerate(values) if self.is_broken(value)), -1)

    def is_broken(self, value: Any) -> bool:
        """Whether a value is none of these."""
        if value is None or value != value:
            return False
        if isinstance(value, datetime):
            value = value.replace(tzinfo=None)
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            return True
        return bool(self.one_of) and value not in self.one_of


def expected_values(
    columns: Sequence[RequestColumn], declared: Sequence[Column]
) -> tuple[ExpectedValues, ...]:
    """What is declared of these columns, as far as one value can break it and a breach stops a version."""
    by_name = {column.name: column for column in declared if column.breach == "stop"}
    found = []
    for place, column in enumerate(columns):
        said = by_name.get(column.name)
        if said is None:
            continue
        try:
            low, high, one_of = _in_type_of(column, said)
        except ValueError:  # `comporta check` names it; a version of before cannot be mended by a request
            continue
        if one_of or low is not None or high is not None:
            found.append(ExpectedValues(place, column.name, low, high, one_of, _range_text(said)))
    return tuple(found)


def _in_type_of(column: RequestColumn, said: Column) -> tuple[Any, Any, frozenset[Any]]:
    """The bounds and the allowed values, in the type of the column. Raises ValueError on another's."""
    kind, ordered = str(column.dtype), column.kind not in ("bool", "text")
    low, high = said.at_least if ordered else None, said.at_most if ordered else None
    return (
        None if low is None else declared_bound(low, kind, lower=True),
        None if high is None else declared_bound(high, kind, lower=False),
        frozenset(declared_member(each, kind) for each in said.one_of),
    )


def never_missing(declared: Sequence[Column]) -> list[str]:
    """The columns of which no value may be missing."""
    return [column.name for column in declared if column.nulls == 0 and column.breach == "stop"]


def _range_text(said: Column) -> str:
    parts = [] if said.at_least is None else [f"at least {bound_text(said.at_least)}"]
    parts += [] if said.at_most is None else [f"at most {bound_text(said.at_most)}"]
    if said.one_of and not said.personal:
        parts.append(f"one of {first_names(tuple(map(str, said.one_of)))}")
    elif said.one_of:
        parts.append(wording("one of those that are declared"))
    return " and ".join(parts)
