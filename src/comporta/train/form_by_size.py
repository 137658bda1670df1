"""Which form of a model answers how many rows: measured where it is loaded, as no table is right everywhere.

LightGBM's own call is the quickest at one row, and takes twice as long as the same trees in ONNX Runtime at a
hundred. Parity was shown of both.
"""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.train.compiled import CompiledModel
from comporta.train.frames import matrix

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from comporta.train.compiled import Columns

MANY = 100
"""Rows of the larger of the two sizes that are measured."""
_TURNS = 5
_WORTH = 0.8  # of the time at that size: below it a second form is worth its memory


FormsFrom = tuple[tuple[int, str], ...]
"""From how many rows on which form answers."""


def form_by_size(
    few: CompiledModel, many: CompiledModel, trial: pl.DataFrame
) -> tuple[CompiledModel, FormsFrom]:
    """The first form, with the second from so many rows on as it is the quicker; and which answers when.
    trial: features that both can answer."""
    alone = ((1, few.form),)
    if few.array is None or many.array is None or trial.is_empty():
        return few, alone
    rows = matrix(trial)
    mine, theirs = _seconds(few, rows, MANY), _seconds(many, rows, MANY)
    if theirs > _WORTH * mine:
        return few, alone
    limit = crossing(_seconds(few, rows, 1), mine, _seconds(many, rows, 1), theirs)
    return _switch(few, many, limit), (*alone, (limit, many.form))


def crossing(few_one: float, few_many: float, many_one: float, many_many: float) -> int:
    """From how many rows on the second form is the quicker, where time grows evenly with rows: of each form
    the seconds at one row and at `MANY`."""
    if many_one <= few_one:
        return 2  # one row stays with the form that was released for it
    gain = (few_many - many_many + many_one - few_one) / (MANY - 1)
    return max(2, min(MANY, ceil(1 + (many_one - few_one) / gain)))


def _switch(few: CompiledModel, many: CompiledModel, limit: int) -> CompiledModel:
    assert few.array is not None and many.array is not None
    short, long = few.array, many.array

    def array(rows: NDArray[Any]) -> Columns:
        return (short if len(rows) < limit else long)(rows)

    return CompiledModel(form=few.form, frame=lambda rows: array(matrix(rows)), array=array, row=few.row)


def _seconds(form: CompiledModel, rows: NDArray[np.float64], n: int) -> float:
    """Of one call with so many rows, the best of a few turns. Of single rows all are asked in turn: one that
    is asked again and again finds its way through the trees in less time than any other would."""
    assert form.array is not None
    asked = list(rows[:, None, :]) if n == 1 else [np.resize(rows, (n, rows.shape[1]))]
    took = []
    for _ in range(_TURNS):
        # Of this thread, in which both forms work: what else the machine does must not choose for it.
        began = time.thread_time()
        for each in asked:
            form.array(each)
        took.append((time.thread_time() - began) / len(asked))
    return min(took)
