"""Which form of a model answers how many rows is measured where it is loaded."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import polars as pl
import pytest

from comporta.train.compiled import CompiledModel
from comporta.train.form_by_size import MANY, crossing, form_by_size
from comporta.train.frames import matrix

TRIAL = pl.DataFrame({"a": [1.0, None, 3.0], "b": [0.5, 2.0, 4.0]})


def form(name: str, *, once: float = 0.0, per_row: float = 0.0, says: float = 0.0) -> CompiledModel:
    """One that works so many seconds a call and a row, and answers one number."""

    def array(rows: Any) -> Any:
        until = time.thread_time() + once + per_row * len(rows)
        while time.thread_time() < until:
            pass
        return np.full(len(rows), says), None

    return CompiledModel(form=name, frame=lambda rows: array(matrix(rows)), array=array)


def test_the_second_form_answers_from_so_many_rows_on_as_it_is_the_quicker() -> None:
    few = form("lightgbm", per_row=1e-4, says=1.0)
    many = form("onnx", once=1e-3, says=2.0)
    both, ((one, first), (limit, second)) = form_by_size(few, many, TRIAL)
    assert both.array is not None and both.form == "lightgbm"
    assert (one, first, second) == (1, "lightgbm", "onnx") and 5 <= limit <= 20, limit
    for n, said in ((1, 1.0), (limit - 1, 1.0), (limit, 2.0), (MANY, 2.0)):
        answer, _ = both.array(np.zeros((n, 2)))
        assert answer is not None and answer.tolist() == [said] * n
    framed, _ = both.frame(pl.concat([TRIAL] * MANY))
    assert framed is not None and set(framed.tolist()) == {2.0}


@pytest.mark.parametrize(
    "many",
    [
        form("onnx", per_row=1e-5),
        CompiledModel(form="onnx", frame=lambda rows: (None, None), array=None),
    ],
)
def test_a_form_that_gains_little_or_takes_no_numbers_is_left_alone(many: CompiledModel) -> None:
    few = form("lightgbm", per_row=1e-5)
    alone = (few, ((1, "lightgbm"),))
    assert form_by_size(few, many, TRIAL) == form_by_size(few, form("onnx"), TRIAL.clear()) == alone


@pytest.mark.parametrize(
    ("seconds", "rows"),
    [
        ((1.0, 100.0, 2.0, 50.0), 3),  # 1 + 1 / (51 / 99)
        ((1.0, 100.0, 50.0, 51.0), 51),
        ((1.0, 100.0, 0.5, 50.0), 2),  # one row stays with what was released for it
        ((1.0, 100.0, 1.0, 50.0), 2),
        ((1.0, 2.0, 1.9, 1.5), 65),
    ],
)
def test_two_straight_lines_cross_where_they_cross(seconds: tuple[float, ...], rows: int) -> None:
    assert crossing(*seconds) == rows
