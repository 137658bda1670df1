"""A value that is declared of a column, in the column's own type; the one place where that is decided."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from comporta.errors import wording
from comporta.records.dataset import Column

WHOLE = frozenset(
    f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64, 128)
)  # as polars names them
REAL = frozenset(("Float16", "Float32", "Float64"))
TEXT = frozenset(("String", "Categorical", "Enum"))
ORDERED = frozenset((*WHOLE, *REAL, "Decimal", "Date", "Datetime", "Time"))
"""Types of which a smallest or largest value can be declared."""

_TIMES: dict[str, tuple[Any, str]] = {
    "Date": (date, wording("a date as text, such as '2026-01-31'")),
    "Datetime": (datetime, wording("a time as text, such as '2026-01-31T10:00:00Z'")),
    "Time": (time, wording("a time of day as text, such as '10:00:00'")),
}
_TRUTHS = {"true": True, "false": False, 0: False, 1: True}


def base_type(text: str) -> str:
    """`Datetime` of `Datetime(time_unit='us', time_zone=None)`."""
    return text.partition("(")[0]


def declared_bound(value: Any, kind: str, *, lower: bool) -> Any:
    """A smallest (lower) or largest value in the column's type: int, float, Decimal, date, datetime (in UTC,
    without a zone) or time. kind: polars' name of the type.

    A fraction bounds whole numbers by the next one inside. Raises ValueError, saying what was expected.
    """
    kind = base_type(kind)
    if kind not in ORDERED:
        raise ValueError(f"no bound, for values of the type {kind} are not compared by size")
    if kind in _TIMES:
        return _time(value, kind)
    number = _number(value, text=False)
    if kind in WHOLE:
        if math.isinf(number):
            return (-1 if number < 0 else 1) * (2**127 - 1)
        return math.ceil(number) if lower else math.floor(number)
    return _decimal(value) if kind == "Decimal" else float(number)


def declared_member(value: Any, kind: str) -> Any:
    """One of the allowed values in the column's type, as `declared_bound` gives them; of Boolean and text
    columns bool and str. Raises ValueError, saying what was expected."""
    kind = base_type(kind)
    if kind in TEXT:
        if not isinstance(value, str):
            raise ValueError(f"text, for the column is {kind}: {str(value)!r}")
        return value
    if kind == "Boolean":
        key = value.lower() if isinstance(value, str) else value
        if key not in _TRUTHS:
            raise ValueError("True or False, for the column is Boolean")
        return _TRUTHS[key]
    if kind in _TIMES:
        return _time(value, kind)
    if kind == "Decimal":
        return _decimal(value)
    if kind in WHOLE:
        number = _number(value, text=True)
        if number != number // 1 or math.isinf(number):
            raise ValueError(f"a whole number, for the column is {kind}")
        return int(number)
    if kind in REAL:
        return float(_number(value, text=True))
    raise ValueError(f"none, for values of the type {kind} cannot be listed")


def value_faults(column: Column, kind: str) -> Iterator[tuple[str, str]]:
    """(field, message) for each declared value that no value of this type can be compared with.

    kind: polars' name of the column's type; empty where it is not known. A column that has no type yet, for
    want of any value, has none.
    """
    if base_type(kind) in ("", "Null"):
        return
    for field, value, lower in (("at_least", column.at_least, True), ("at_most", column.at_most, False)):
        if value is not None and (said := _fault(value, kind, lower)):
            yield field, said
    for each in column.one_of:
        if said := _fault(each, kind, None):
            yield "one_of", said


def _fault(value: Any, kind: str, lower: bool | None) -> str:
    """What is wrong with a bound, or (lower: None) with an allowed value; empty: nothing."""
    try:
        if lower is None:
            declared_member(value, kind)
        else:
            declared_bound(value, kind, lower=lower)
    except ValueError as error:
        plain = int(value) if isinstance(value, float) and value.is_integer() else value
        return f"found {plain!r}, expected {error}"
    return ""


def bound_text(bound: Any) -> str:
    """A declared bound as people read it."""
    return bound if isinstance(bound, str) else f"{bound or 0:g}"


def _number(value: Any, *, text: bool) -> int | float:
    """text: whether one that is written as text is a number too."""
    try:
        if isinstance(value, str) and text:
            value = float(value) if not value.strip().lstrip("+-").isdigit() else int(value)
    except ValueError:
        pass
    if isinstance(value, str) or not isinstance(value, int | float):
        raise ValueError("a number")
    if math.isnan(value):
        raise ValueError("a number; how many values may be missing is said by nulls=")
    return int(value) if isinstance(value, bool) else value


def _decimal(value: Any) -> Decimal:
    try:
        made = Decimal(value if isinstance(value, str) else repr(_number(value, text=False)))
    except InvalidOperation:
        raise ValueError("a number") from None
    if not made.is_finite():
        raise ValueError("a finite number")
    return made


def _time(value: Any, kind: str) -> Any:
    what, example = _TIMES[kind]
    if not isinstance(value, str):
        raise ValueError(f"{example}, for the column is {kind}")
    try:
        made = what.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{example}, for the column is {kind}") from None
    if isinstance(made, datetime) and made.tzinfo is not None:
        try:
            return made.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            raise ValueError("a time from the year 1 to 9999 in UTC") from None
    if isinstance(made, time) and made.tzinfo is not None:
        raise ValueError(f"{example}, without a zone")
    return made
