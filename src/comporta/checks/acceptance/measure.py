"""A team's own tests of a candidate: a plain function, handed what its argument names ask for."""

from __future__ import annotations

import inspect
import math
import traceback
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from comporta.checks.acceptance.codes import (
    ARGUMENTS_UNKNOWN,
    ARGUMENTS_UNREADABLE,
    FUNCTION_RAISED,
    GAVE_ANOTHER_TYPE,
    GAVE_NO_FINITE_FIGURE,
    GAVE_NO_FINITE_NUMBER,
    GAVE_NOTHING,
)
from comporta.checks.acceptance.figures import HOLDS, VALUE
from comporta.checks.acceptance.tables import ASSERTION, SAYS
from comporta.checks.shared.measuring.team_function import as_said, known_columns, predict_rows, truth
from comporta.checks.shared.tables import WHERE
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    FittedModel,
    Message,
    ModelOutput,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.columns import CHANCE, LABEL, NUMBER
from comporta.store import StepContext
from comporta.store.frames import read

Opened = Callable[[StepContext, Artifact, Artifact], FittedModel]


class TestArguments:
    """What a test may ask for, each made when it is asked for."""

    def __init__(
        self,
        context: StepContext,
        asked: Callable[[], FittedModel],
        test: Artifact,
        train: Artifact,
        predictions: Artifact,
    ) -> None:
        self._context, self._opened = context, asked
        self._test, self._train, self._predictions = test, train, predictions

    @cached_property
    def _model(self) -> FittedModel:
        return self._opened()

    @cached_property
    def _test_rows(self) -> pl.DataFrame:
        return read(self._context, self._test)

    @cached_property
    def _train_rows(self) -> pl.DataFrame:
        return read(self._context, self._train)

    @property
    def rows(self) -> pl.DataFrame:
        """The test rows."""
        return known_columns(self._test_rows)

    @property
    def truth(self) -> pl.Series:
        """What came true of them."""
        return truth(self._test_rows)

    @property
    def train(self) -> pl.DataFrame:
        """The training rows."""
        return known_columns(self._train_rows)

    @property
    def train_truth(self) -> pl.Series:
        """What came true of those."""
        return truth(self._train_rows)

    @property
    def predict(self) -> Callable[[pl.DataFrame], pl.DataFrame]:
        """A frame with the features → answers, row for row."""
        return lambda rows: predict_rows(self._model, rows)

    @property
    def predictions(self) -> pl.DataFrame:
        """What was said of the test rows."""
        kept = read(self._context, self._predictions)
        takes = self._model.signature
        if takes.task == "regression":
            numbers = kept[NUMBER].to_numpy()
            return as_said(ModelOutput(numbers.reshape(-1, 1), numbers), takes)
        chances = [name for name in kept.columns if name.startswith(CHANCE)]
        return as_said(
            ModelOutput(kept.select(chances).to_numpy(), kept[LABEL].to_physical().to_numpy()), takes
        )


GIVES = ("rows", "truth", "predict", "predictions", "train", "train_truth")


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    train: Artifact,
    predictions: Artifact,
    opened: Opened,
    function: Callable[..., Any],
) -> dict[str, Artifact]:
    """`findings`: what the function said, as a figure: `holds` 1 or 0, a `value`, or its own."""
    handed = TestArguments(context, lambda: opened(context, model, signature), test, train, predictions)
    found = try_function(function, handed)
    said = found.figures[0].value if found.figures else "not measured"
    print(f"{getattr(function, '__name__', 'a function')}: {said}")
    return {"findings": context.put_json(found)}


def try_function(function: Callable[..., Any], handed: Any) -> Findings:
    """What came of the function. handed: has what it may ask for, by name. Only true or false, a finite
    number, a figure or an AssertionError say anything; all else is missing."""
    try:
        asks = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return _nothing(ARGUMENTS_UNREADABLE())
    unknown = [each.name for each in asks if each.name not in GIVES and each.default is each.empty]
    if unknown or any(each.kind in (each.VAR_POSITIONAL, each.POSITIONAL_ONLY) for each in asks):
        return _nothing(ARGUMENTS_UNKNOWN(found=tuple(unknown) or ("*arguments",), expected=GIVES))
    try:
        said = function(**{each.name: getattr(handed, each.name) for each in asks if each.name in GIVES})
    except AssertionError as fault:
        traceback.print_exc()
        line = _line(fault)
        return Findings(
            figures=(Figure(metric=HOLDS.metric, value=0.0, under=conditions(line=line)),),
            tables=(ASSERTION.of([{WHERE: line, SAYS: str(fault)[:2000]}]),),
        )
    except Exception as fault:  # the team's own code; only the type is told: a message may hold values
        traceback.print_exc()
        return _nothing(FUNCTION_RAISED(error=type(fault).__name__, place=_line(fault)))
    return of_answer(said)


def of_answer(said: Any) -> Findings:
    """What a test returned, as findings."""
    if isinstance(said, bool | np.bool_):
        return Findings(figures=(Figure(metric=HOLDS.metric, value=float(said)),))
    if isinstance(said, int | float | np.integer | np.floating):
        if not math.isfinite(said):
            return _nothing(GAVE_NO_FINITE_NUMBER())
        return Findings(figures=(Figure(metric=VALUE.metric, value=float(said)),))
    if isinstance(said, Figure):
        numbers = [said.value, *(end for end in (said.low, said.high) if end is not None)]
        if not all(isinstance(each, int | float) and math.isfinite(each) for each in numbers):
            return _nothing(GAVE_NO_FINITE_FIGURE())
        return Findings(figures=(said,), rows=said.rows, of=said.rows)
    return _nothing(GAVE_NOTHING() if said is None else GAVE_ANOTHER_TYPE(type=type(said).__name__))


def _nothing(why: Message) -> Findings:
    return Findings(unmeasured=(UnmeasuredFigure(metric=HOLDS.metric, why=why),))


def _line(fault: BaseException) -> str:
    """`file.py:12`: the last line of the function's own file, or of what it called."""
    last = traceback.extract_tb(fault.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
