"""polars types as text and back, so that a manifest can say what its columns are."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

import polars as pl

from comporta.errors import BadData, wording
from comporta.records.column_type import base_type

__all__ = ["base_type", "cast_advice", "parse_type", "type_text"]


def type_text(dtype: pl.DataType) -> str:
    """How a manifest writes a type: `Int64`, `Datetime(time_unit='us', time_zone='UTC')`."""
    return str(dtype)


@cache
def parse_type(text: str) -> pl.DataType:
    """The type that was written. Raises BadData when polars has none of that name."""
    try:
        made = _evaluate(ast.parse(text, mode="eval").body)
    except (SyntaxError, TypeError, ValueError) as error:
        raise BadData(f"found the column type {text!r}, expected one of polars' types ({error}).") from None
    if isinstance(made, type) and issubclass(made, pl.DataType):
        return made()
    if isinstance(made, pl.DataType):
        return made
    raise BadData(f"found the column type {text!r}, expected one of polars' types.")


def cast_advice(column: str, kind: str) -> str:
    """Where a column gets another type, as a sentence: a source is a function, or files without one."""
    return wording(
        f"Cast it where it is read: in the source's function, or of CSV files by csv(…, "
        f"schema={{{column!r}: {kind!r}}})."
    )


def _evaluate(node: ast.expr) -> Any:
    """Types, lists, dicts and constants only: a manifest is data."""
    match node:
        case ast.Name(id=name):
            found = getattr(pl, name, None)
            if not (isinstance(found, type) and issubclass(found, pl.DataType)):
                raise ValueError(f"no type {name}")
            return found
        case ast.Call(func=function, args=args, keywords=keywords):
            return _evaluate(function)(
                *(_evaluate(each) for each in args),
                **{each.arg or "": _evaluate(each.value) for each in keywords},
            )
        case ast.Constant(value=value):
            return value
        case ast.List(elts=elements):
            return [_evaluate(each) for each in elements]
        case ast.Tuple(elts=elements):
            return tuple(_evaluate(each) for each in elements)
        case ast.Dict(keys=names, values=values):
            return {
                _evaluate(name): _evaluate(value) for name, value in zip(names, values, strict=True) if name
            }
    raise ValueError("not a type")
