"""Predictions made up, row by row, with no model behind them: what the judgements of the grid see."""

from __future__ import annotations

from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl

from comporta.checks.champion import measure
from comporta.records import Findings
from comporta.records.columns import CHANCE, KEY, LABEL, NUMBER, TARGET

WORDS = pl.Series(["false", "true"], dtype=pl.Enum(["false", "true"]))


def labels(truth: np.ndarray, label: np.ndarray, **keep: Any) -> pl.DataFrame:
    """A frame of predictions of two classes that gives labels only. truth, label: (n,) of bool. keep: columns
    that stand beside, by name."""
    return pl.DataFrame(
        {
            KEY: _keys(len(truth)),
            TARGET: truth,
            LABEL: WORDS.gather(label.astype(np.uint32)),
            **{f"__keep_{name}": column for name, column in keep.items()},
        }
    )


def chances(truth: np.ndarray, chance: np.ndarray, **keep: Any) -> pl.DataFrame:
    """The same with probabilities; the label is the class of at least one half."""
    return labels(truth, chance >= 0.5, **keep).with_columns(
        **{f"{CHANCE}0": 1 - chance, f"{CHANCE}1": chance}
    )


def numbers(truth: np.ndarray, said: np.ndarray, **keep: Any) -> pl.DataFrame:
    """A frame of predictions of numbers."""
    return pl.DataFrame(
        {
            KEY: _keys(len(truth)),
            TARGET: truth,
            NUMBER: said,
            **{f"__keep_{name}": column for name, column in keep.items()},
        }
    )


def versus(mine: pl.DataFrame, theirs: pl.DataFrame, metric: str, **asked: Any) -> Findings:
    """The comparison as a project has it, less the bootstrap beside an exact test, which is not judged."""
    with patch.object(measure, "DRAWN", 0):
        return measure.versus(mine, theirs, metric, **asked)


@cache
def _keys(rows: int) -> pl.Series:
    return pl.int_range(rows, eager=True).cast(pl.String)
