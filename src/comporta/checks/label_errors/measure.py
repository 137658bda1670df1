"""Labels that models which never saw the row contradict."""

from __future__ import annotations

import numpy as np
import polars as pl

from comporta.checks.label_errors import tables
from comporta.checks.label_errors.codes import NEEDS_PROBABILITIES, TOO_FEW_LABELS, WRONG_BY_JOINT
from comporta.checks.label_errors.figures import CONTRADICTED
from comporta.checks.label_errors.tables import LABELS
from comporta.records import Artifact, Figure, Findings, Message, UnmeasuredFigure, as_cell
from comporta.records.columns import KEY, NUMBER, TARGET
from comporta.stats.bootstrap import intervals
from comporta.stats.confident import find_label_errors, joint, share_contradicted
from comporta.stats.means import ratio_of
from comporta.stats.predictions import classes_of, scored_rows, shares_of_mean, with_truth
from comporta.stats.residuals import far_off
from comporta.stats.spread import share_of
from comporta.stats.units import renumber, units_of
from comporta.store.context import StepContext
from comporta.store.frames import read

FEWEST = 100
SHOWN = 100
SHOWN_COLUMNS = {
    KEY: tables.KEY,
    TARGET: tables.TARGET,
    NUMBER: tables.PREDICTION,
    "likelier": tables.LIKELIER,
    "distance": tables.DISTANCE,
}


def measure(context: StepContext, *, oof: Artifact, group: str | None = None) -> dict[str, Artifact]:
    """`findings`: see `measure_label_errors`. oof: the training rows, predicted by models that never saw
    them. All rows are read."""
    rows = read(context, oof)
    found = measure_label_errors(rows, group=group, seed=context.seed)
    print(f"{found.rows:,} labels held against predictions out of fold")
    return {"findings": context.put_json(found)}


def measure_label_errors(oof: pl.DataFrame, *, group: str | None = None, seed: int = 0) -> Findings:
    """The share contradicted, with an interval by the declared group, by day, or by row. Classes:
    confident learning (`stats.confident`), and by class; numbers: residuals far outside those of rows that
    were told the like (`stats.residuals`). The table has the rows to look at first."""
    rows = with_truth(oof)
    was = scored_rows(rows)
    if rows.height < FEWEST:
        few = TOO_FEW_LABELS(rows=rows.height, least=FEWEST)
        return Findings(unmeasured=(UnmeasuredFigure(metric=CONTRADICTED.metric, why=few),))
    units = units_of(rows, group)
    if was.classes == 0:
        assert was.number is not None, "predictions of a regression are numbers"
        distance, found = far_off(was.truth.astype(np.float64), was.number)
        count = np.ones(rows.height) * shares_of_mean(rows)
        share = ratio_of(count * found, count, units)
        shown = rows.select(KEY, TARGET, NUMBER).with_columns(distance=pl.Series(distance))
        return _findings(
            [share.figure(CONTRADICTED.metric, rows.height)], shown.filter(pl.Series(found)), rows.height
        )
    if was.probability is None:
        return Findings(without=NEEDS_PROBABILITIES())
    known = was.truth >= 0
    given, chance = was.truth[known].astype(np.int64), was.probability[known]
    rows = rows.filter(pl.Series(known))
    of = renumber(units, known)
    # Each resample costs a pass over the rows: 400 are enough for a share.
    counted, weight = share_contradicted(given, chance), shares_of_mean(rows)
    (share,) = intervals(
        [lambda times: counted(times * weight)], len(given), units=of, replicates=400, seed=seed
    )
    if share.low is None and not share.value:
        share = share_of(np.zeros(len(given)), of)
    table, found = joint(given, chance), find_label_errors(given, chance)
    names = classes_of(rows)
    own = chance[np.arange(len(given)), given]
    shown = rows.select(KEY, TARGET).with_columns(
        likelier=pl.Series([names[place] for place in np.argmax(chance, axis=1)]),
        distance=pl.Series(chance.max(axis=1) - own),
    )
    notes = (WRONG_BY_JOINT(share=float(1 - np.trace(table)), listed=int(found.sum())),)
    return _findings(
        [share.figure(CONTRADICTED.metric, len(given))], shown.filter(pl.Series(found)), len(given), notes
    )


def _findings(
    figures: list[Figure], shown: pl.DataFrame, rows: int, notes: tuple[Message, ...] = ()
) -> Findings:
    first = shown.sort("distance", descending=True, maintain_order=True).head(SHOWN)
    table = first.with_columns(pl.col(TARGET).cast(pl.String))
    columns = [SHOWN_COLUMNS[name] for name in table.columns]
    labels = LABELS.of(dict(zip(columns, map(as_cell, row), strict=True)) for row in table.iter_rows())
    return Findings(figures=tuple(figures), rows=rows, of=rows, notes=notes, tables=(labels,))
