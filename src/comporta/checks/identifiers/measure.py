"""Features that name the row, or count it: what a model learns of them means nothing of the next row."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import stats

from comporta.checks.identifiers.codes import CLOCK, COUNT_OF_ROWS, TOO_FEW_TRAINING_ROWS, VALUES_OF_ONE_ROW
from comporta.checks.identifiers.figures import IDENTIFIERS
from comporta.checks.identifiers.tables import IDENTIFYING
from comporta.checks.shared.measuring.codes import OF_FEATURE
from comporta.checks.shared.measuring.these import these
from comporta.checks.shared.tables import FEATURE, WHY
from comporta.records import Artifact, Figure, Findings, Message, UnmeasuredFigure
from comporta.records.columns import AT
from comporta.stats.table import feature_names
from comporta.store.context import StepContext
from comporta.store.frames import read

UNIQUE = 0.95
DENSE = 3.0
STEADY = 0.999
FEWEST = 100


def measure(context: StepContext, *, train: Artifact) -> dict[str, Artifact]:
    """`findings`: see `identifying`. All training rows are read."""
    rows = read(context, train)
    print(f"{len(feature_names(rows))} features of {rows.height:,} training rows looked at")
    return {"findings": context.put_json(identifying(rows))}


def identifying(rows: pl.DataFrame) -> Findings:
    """How many features are identifiers: words of which 95 % are of one row; whole numbers of which 95 %
    are, and that fill a third of their range, as counted ones do; or numbers that rise or fall with the
    row's time (Spearman's rank correlation of 0.999)."""
    if rows.height < FEWEST:
        few = TOO_FEW_TRAINING_ROWS(rows=rows.height, least=FEWEST)
        return Findings(unmeasured=(UnmeasuredFigure(metric=IDENTIFIERS.metric, why=few),))
    at = _ranks(rows[AT].to_physical()) if AT in rows.columns and not rows[AT].null_count() else None
    why = {name: found for name in feature_names(rows) if (found := _why(rows[name], at)) is not None}
    named = tuple(OF_FEATURE(feature=name, what=found) for name, found in why.items())
    return Findings(
        figures=(
            Figure(metric=IDENTIFIERS.metric, value=float(len(why)), rows=rows.height, notes=these(named)),
        ),
        rows=rows.height,
        of=rows.height,
        notes=named,
        tables=(IDENTIFYING.of({FEATURE: name, WHY: found} for name, found in why.items()),),
    )


def _why(column: pl.Series, at: np.ndarray | None) -> Message | None:
    values = column.drop_nulls()
    if len(values) < FEWEST:
        return None
    words = isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum)
    if words or column.dtype.is_integer():
        unique = values.n_unique() / len(values)
        if unique >= UNIQUE:
            if words:
                return VALUES_OF_ONE_ROW(share=unique)
            low, high = int(values.min()), int(values.max())  # type: ignore[arg-type]
            if high - low + 1 <= DENSE * len(values):
                return COUNT_OF_ROWS(share=unique)
    if at is not None and column.dtype.is_numeric() and not column.null_count():
        numbers = column.cast(pl.Float64).to_numpy()
        if np.isfinite(numbers).all() and np.ptp(numbers) > 0 and column.n_unique() >= FEWEST:
            # Few rows rule out nearly every feature before all are put in order.
            step = max(1, len(numbers) // 2000)
            steady = abs(
                float(np.corrcoef(stats.rankdata(numbers[::step]), stats.rankdata(at[::step]))[0, 1])
            )
            if steady >= STEADY - 0.01 and abs(float(np.corrcoef(_ranks(column), at)[0, 1])) >= STEADY:
                return CLOCK()
    return None


def _ranks(column: pl.Series) -> np.ndarray:
    return column.rank("average").to_numpy()
