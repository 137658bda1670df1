"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NO_COLUMN_TO_SLICE_BY = code("evidence.no_column_to_slice_by", "the table has no column to slice by")
TOO_FEW_UNITS = code(
    "evidence.too_few_units",
    "{rows:,} rows of {units:,} units in one half of the test rows, at least {least} of {least_units} "
    "expected",
    rows=int, units=int, least=int, least_units=int,
)  # fmt: skip
CONSTANT_COSTS_NOTHING = code("evidence.constant_costs_nothing", "a constant would cost nothing there")
SLICES_CONFIRMED = code(
    "evidence.slices_confirmed",
    "{confirmed} of {slices} slices with the highest {loss} were confirmed on the other half.",
    confirmed=int, slices=int, loss=str,
)  # fmt: skip
COLUMNS_SEARCHED = code(
    "evidence.columns_searched",
    "Of {columns} columns the {searched} whose bins differ most were searched.",
    columns=int, searched=int,
)  # fmt: skip
