"""Cells of CSV text as the values that JSON would hold: one grammar of numbers for both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from comporta.serve.columns import Kind

MISSING = frozenset({"", "NaN", "nan", "NA"})
"""What stands for a missing value among numbers, booleans, dates and times, beside JSON's null. Of text only
the empty cell does: `NA` is a word there."""
_NO_TIME = MISSING | {"NaT", "null"}
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False, "null": None}
_INFINITE = frozenset({"inf", "-inf", "Infinity", "-Infinity"})
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_numbers = msgspec.json.Decoder(list[int | float | None])


def parse_cells(kind: Kind, cells: Sequence[str]) -> list[Any]:
    """The values of a column, missing as None. What is none of its kind stays text, which the check of the
    column then refuses by row."""
    if kind in ("int", "float"):
        return _parse_numbers(cells)
    if kind == "bool":
        return [None if cell in MISSING else _BOOLEANS.get(cell.strip().lower(), cell) for cell in cells]
    if kind in ("date", "datetime"):
        return [None if cell in _NO_TIME else cell for cell in cells]
    return [cell if cell else None for cell in cells]


def _parse_numbers(cells: Sequence[str]) -> list[Any]:
    text = ",".join(["null" if cell in MISSING else cell for cell in cells])
    found = _decode(text)
    # A cell may hold a comma: then there are more values than cells, never fewer.
    if found is not None and len(found) == len(cells):
        return found
    return [_parse_number(cell) for cell in cells]


def _parse_number(cell: str) -> Any:
    found = [None] if cell in MISSING else _decode(cell)
    if found is not None and len(found) == 1:
        return found[0]
    # Told apart from text, though no column takes it: infinite, or written so that it is.
    return float(cell) if cell in _INFINITE or _NUMBER.fullmatch(cell) else cell


def _decode(text: str) -> list[Any] | None:
    try:
        return _numbers.decode(f"[{text}]")
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return None
