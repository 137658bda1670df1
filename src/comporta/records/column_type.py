"""The type of a column, stored as polars writes it, and the kind of values it has: read in one place."""

from __future__ import annotations

from functools import cache
from typing import Literal

TypeKind = Literal[
    "whole",
    "real",
    "decimal",
    "boolean",
    "text",
    "category",
    "date",
    "datetime",
    "time",
    "duration",
    "null",
    "other",
]
"""text: any; category: of a set of words. null: no value was seen yet. other: lists, structs, bytes."""

_KINDS: dict[str, TypeKind] = {
    **{f"{sign}Int{bits}": "whole" for sign in ("", "U") for bits in (8, 16, 32, 64, 128)},
    **{f"Float{bits}": "real" for bits in (16, 32, 64)},
    "Decimal": "decimal",
    "Boolean": "boolean",
    "String": "text",
    "Categorical": "category",
    "Enum": "category",
    "Date": "date",
    "Datetime": "datetime",
    "Time": "time",
    "Duration": "duration",
    "Null": "null",
}


def base_type(text: str) -> str:
    """`Datetime` of `Datetime(time_unit='us', time_zone=None)`."""
    return text.partition("(")[0]


@cache
def type_kind(text: str) -> TypeKind:
    """The kind of values that a column of this type has."""
    return _KINDS.get(base_type(text), "other")
