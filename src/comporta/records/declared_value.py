"""A value that is declared of a column, in the column's own type; the one place where that is decided."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from comporta.errors import wording
from comporta.records.column_type import base_type, type_kind
from comporta.records.dataset import Column
from comporta.records.instant import FinerThanMicroseconds, require_microseconds

_ORDERED = frozenset(("whole", "real", "decimal", "date", "datetime", "time"))
"""Kinds of types of which a smallest or largest value can be declared."""

_TIMES: dict[str, tuple[Any, str]] = {
    "date": (date, wording("a date as text, such as '2026-01-31'")),
    "datetime": (datetime, wording("a time as text, such as '2026-01-31T10:00:00Z'")),
    "time": (time, wording("a time of day as text, such as '10:00:00'")),
}
_FLOATING = wording("a number that 64 bits of floating point hold")
_LARGEST_WHOLE = 2**127 - 1
_LARGEST_DECIMAL = Decimal(10) ** 38
_TRUTHS = {"true": True, "false": False, 0: False, 1: True}


def declared_bound(value: Any, column_type: str, *, lower: bool) -> Any:
    """A smallest (lower) or largest value in the column's type: int, float, Decimal, date, datetime (in UTC,
    without a zone) or time. column_type: as polars writes it.

    A fraction bounds whole numbers by the next one inside. Raises ValueError, saying what was expected.
    """
    kind = type_kind(column_type)
    if kind not in _ORDERED:
        raise ValueError(
            f"no bound, for values of the type {base_type(column_type)} are not compared by size"
        )
    if kind in _TIMES:
        return _time(value, column_type)
    number = _number(value, text=False)
    if kind == "whole":
        if abs(number) > _LARGEST_WHOLE:  # past all that a column holds
            return _LARGEST_WHOLE if number > 0 else -_LARGEST_WHOLE
        return math.ceil(number) if lower else math.floor(number)
    return _decimal(value) if kind == "decimal" else float(number)


def declared_member(value: Any, column_type: str) -> Any:
    """One of the allowed values in the column's type, as `declared_bound` gives them; of Boolean and text
    columns bool and str. Raises ValueError, saying what was expected."""
    kind, name = type_kind(column_type), base_type(column_type)
    if kind in ("text", "category"):
        if not isinstance(value, str):
            raise ValueError(f"text, for the column is {name}: {str(value)!r}")
        return value
    if kind == "boolean":
        key = value.lower() if isinstance(value, str) else value
        if key not in _TRUTHS:
            raise ValueError("True or False, for the column is Boolean")
        return _TRUTHS[key]
    if kind in _TIMES:
        return _time(value, column_type)
    if kind == "decimal":
        return _decimal(value)
    if kind == "whole":
        number = _number(value, text=True)
        if abs(number) > _LARGEST_WHOLE or number != number // 1:
            raise ValueError(f"a whole number of at most 128 bits, for the column is {name}")
        return int(number)
    if kind == "real":
        return float(_number(value, text=True))
    raise ValueError(f"none, for values of the type {name} cannot be listed")


def value_faults(column: Column, column_type: str) -> Iterator[tuple[str, str]]:
    """(field, message) for each declared value that no value of this type can be compared with.

    column_type: as polars writes it; empty where it is not known. A column that has no type yet, for want of
    any value, has none.
    """
    fields = (("at_least", (column.at_least,)), ("at_most", (column.at_most,)), ("one_of", column.one_of))
    huge = [field for field, values in fields for each in values if isinstance(each, int) and not _fits(each)]
    said = wording(f"found a number of too many digits, expected {_FLOATING}")
    yield from ((field, said) for field in huge)
    if huge or not column_type or type_kind(column_type) == "null":
        return
    for field, value, lower in (("at_least", column.at_least, True), ("at_most", column.at_most, False)):
        if value is not None and (said := _fault(value, column_type, lower)):
            yield field, said
    for each in column.one_of:
        if said := _fault(each, column_type, None):
            yield "one_of", said


def _fault(value: Any, column_type: str, lower: bool | None) -> str:
    """What is wrong with a bound, or (lower: None) with an allowed value; empty: nothing."""
    try:
        if lower is None:
            declared_member(value, column_type)
        else:
            declared_bound(value, column_type, lower=lower)
    except ValueError as error:
        plain = int(value) if isinstance(value, float) and value.is_integer() else value
        return f"found {plain!r}, expected {error}"
    return ""


def bound_text(bound: Any) -> str:
    """A declared bound as people read it."""
    return str(bound) if isinstance(bound, str | int) else f"{bound or 0:.15g}"


def _number(value: Any, *, text: bool) -> int | float:
    """text: whether one that is written as text is a number too."""
    try:
        if isinstance(value, str) and text:
            value = float(value) if not value.strip().lstrip("+-").isdigit() else int(value)
    except ValueError:
        pass
    if isinstance(value, str) or not isinstance(value, int | float):
        raise ValueError("a number")
    if isinstance(value, int) and not _fits(value):
        raise ValueError(_FLOATING)
    if value != value:
        raise ValueError("a number; how many values may be missing is said by nulls=")
    return int(value) if isinstance(value, bool) else value


def _fits(number: int) -> bool:
    """Whether a float holds it, digits apart: no type of a column goes further."""
    try:
        float(number)
    except OverflowError:
        return False
    return True


def _decimal(value: Any) -> Decimal:
    try:
        made = Decimal(value if isinstance(value, str) else repr(_number(value, text=False)))
    except InvalidOperation:
        raise ValueError("a number") from None
    if not made.is_finite() or abs(made) >= _LARGEST_DECIMAL:
        raise ValueError("a finite number of at most 38 digits")
    return made


def _time(value: Any, column_type: str) -> Any:
    what, example = _TIMES[type_kind(column_type)]
    if not isinstance(value, str):
        raise ValueError(f"{example}, for the column is {base_type(column_type)}")
    try:
        made = what.fromisoformat(value)
        require_microseconds(value)
    except FinerThanMicroseconds:
        raise ValueError("a time of at most microseconds") from None
    except ValueError:
        raise ValueError(f"{example}, for the column is {base_type(column_type)}") from None
    if isinstance(made, datetime) and made.tzinfo is not None:
        try:
            return made.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            raise ValueError("a time from the year 1 to 9999 in UTC") from None
    if isinstance(made, time) and made.tzinfo is not None:
        raise ValueError(f"{example}, without a zone")
    return made
