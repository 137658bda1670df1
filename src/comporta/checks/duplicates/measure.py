"""Rows of the training data that were made from one another, and equal rows with different labels."""

from __future__ import annotations

import numpy as np
import polars as pl

from comporta.checks.duplicates.codes import NEAR_BY_CHANCE, REPEATED_BY_CHANCE
from comporta.checks.duplicates.figures import CONTRADICTORY, DUPLICATES, NEAR_DUPLICATES
from comporta.checks.duplicates.tables import DUPLICATED
from comporta.checks.shared.measuring.data_rows import of_data
from comporta.records import Artifact, Figure, Findings, Quantity
from comporta.records.columns import TARGET
from comporta.stats.table import feature_names
from comporta.stats.twins import codes, grids, likeness, repeats
from comporta.store.context import StepContext
from comporta.store.frames import read

SHOWN = 20
OFTEN = 0.01


def measure(context: StepContext, *, train: Artifact) -> dict[str, Artifact]:
    """`findings`: shares of the training rows. All rows are read."""
    rows = read(context, train)
    print(f"{rows.height:,} training rows compared, all of them")
    return {"findings": context.put_json(find_duplicates(rows))}


def find_duplicates(rows: pl.DataFrame) -> Findings:
    """Shares of rows: alike to an earlier one in features and target (`duplicates`), nearly alike
    (`near duplicates`), and alike in features to a row of another target (`contradictory duplicates`).

    In a table whose rows repeat by chance (`stats.twins`) equal rows may be no copies: none of them, or all,
    is the interval. Where more than one row in a hundred is equal to another there, it does not apply, and
    says how many are.
    """
    names = feature_names(rows)
    features = rows[list(names)]
    whole, alone = codes(rows[[*names, TARGET]]), codes(features)
    same, again = repeats(whole), repeats(alone)
    share, opposed = float(same.mean()), _contradictory_rows(alone, whole)
    copied = likeness(features).is_copy
    if again.mean() > OFTEN and not copied:
        return Findings(
            without=REPEATED_BY_CHANCE(equal=share, opposed=float(opposed.mean())),
            rows=rows.height,
            of=rows.height,
        )
    figures = [_figure(DUPLICATES, share, rows.height, copied)]
    notes = []
    cells = grids(features, features)
    if cells:
        near = np.zeros(rows.height, dtype=bool)
        for each in cells:
            near |= repeats(codes(each))
        value = float((near & ~again).mean())
        if all(likeness(each).is_copy for each in cells) or value == 0:
            figures.append(_figure(NEAR_DUPLICATES, value, rows.height, sure=True))
        else:
            notes.append(NEAR_BY_CHANCE(share=value))
    figures.append(_figure(CONTRADICTORY, float(opposed.mean()), rows.height, copied))
    shown = rows.filter(pl.Series(opposed | same))[names[:8]].head(SHOWN)
    return Findings(
        figures=tuple(figures),
        rows=rows.height,
        of=rows.height,
        notes=tuple(notes),
        tables=(DUPLICATED.of(of_data(shown.cast(pl.String))),),
    )


def _figure(what: Quantity, share: float, rows: int, sure: bool) -> Figure:
    return Figure(metric=what.metric, value=share, low=share if sure else 0.0, high=share, rows=rows)


def _contradictory_rows(features: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Rows whose features another row has with another target."""
    table = pl.DataFrame({"features": features, "whole": whole})
    return table.select((pl.col("whole").n_unique().over("features") > 1).alias("opposed"))[
        "opposed"
    ].to_numpy()
