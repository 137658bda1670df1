"""How well what a model answers, and each feature it reads, tell a protected attribute."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec.structs import replace

from comporta.checks.proxy.codes import TOO_FEW_OF_EACH_VALUE
from comporta.checks.proxy.figures import ANSWERS_TELL, FEATURE_TELLS
from comporta.checks.proxy.tables import TELLING
from comporta.checks.shared.measuring.codes import FEWER_THAN_TWO_VALUES
from comporta.checks.shared.measuring.rare_values import figures_of_rare
from comporta.checks.shared.tables import AUC, HIGH, LOW, WHAT
from comporta.records import (
    FEWEST_ROWS,
    Artifact,
    Condition,
    Conditions,
    Figure,
    Findings,
    Quantity,
    Signature,
    UnmeasuredFigure,
    Words,
    conditions,
    place,
)
from comporta.records.columns import CHANCE, LABEL, NUMBER
from comporta.stats.auc import auc, told_by
from comporta.stats.bins import below
from comporta.stats.subjects import values_of_few
from comporta.stats.table import column
from comporta.stats.units import coarse, units_of
from comporta.store.context import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = 20_000
BINS = 32
WORDS = 200
MOST_VALUES = 12
MISSING = "missing"


def measure(
    context: StepContext, *, predictions: Artifact, signature: Artifact, of: str, group: str | None = None
) -> dict[str, Artifact]:
    """`findings`: the area under the ROC curve with which answers and features tell each value of `of`."""
    rows = read(context, predictions)
    names = [field.name for field in context.get_json(signature, Signature).features]
    found = telling(rows, names, of, group=group, seed=context.seed)
    print(f"proxy: {found.rows:,} of {found.of:,} rows, {len(found.figures)} figures")
    return {"findings": context.put_json(found)}


def telling(
    rows: pl.DataFrame, features: list[str], of: str, *, group: str | None = None, seed: int = 0
) -> Findings:
    """rows: a frame of predictions. features: those the model reads. Raises BadProject on a column that is
    not there."""
    all_ = rows.height
    if all_ > ROWS:
        rows = rows.sample(ROWS, seed=seed)
    groups = coarse(column(rows, of))
    is_of = groups.labels.fill_null(MISSING)
    about_few = values_of_few(rows, is_of)
    values = _values(is_of, about_few)
    if not values:
        none = UnmeasuredFigure(
            metric=ANSWERS_TELL.metric, why=FEWER_THAN_TWO_VALUES(column=of, least=FEWEST_ROWS)
        )
        return Findings(unmeasured=(none,), rows=rows.height, of=all_)
    units = units_of(rows, group)
    draw = np.random.default_rng(seed)
    count = rows.height if units is None else int(units.max()) + 1
    half = draw.permutation(count) % 2 == 0
    learn = half if units is None else half[units]
    tried = None if units is None else units[~learn]
    asked = [(ANSWERS_TELL, under, codes(each)) for under, each in _answers(rows)]
    asked += [(FEATURE_TELLS, conditions(feature=name), codes(rows[name])) for name in features]
    # Answers and features are judged by one limit, so that one must hold for all of them.
    level = 1 - 0.05 / max(1, len(values) * len(asked))
    tells = [
        (value, _tells(kind, under, each, (is_of == value).to_numpy(), learn, tried, level))
        for value in values
        for kind, under, each in asked
    ]
    figures = [
        replace(each, where=(groups.condition(of, None if value == MISSING else value),))
        for value, each in tells
        if each is not None
    ]
    seen = {value for value, each in tells if each is not None}
    rows_of = dict(is_of.alias("value").value_counts(sort=True).iter_rows())
    if len(rows_of) == 2:
        # One of two stands for both.
        values, seen = list(rows_of), set(rows_of)
    left, notes = figures_of_rare(rows_of, values, seen, FEWEST_ROWS, MOST_VALUES, about_few)
    told = sorted(figures, key=lambda each: -each.value)
    lost = UnmeasuredFigure(metric=ANSWERS_TELL.metric, why=TOO_FEW_OF_EACH_VALUE(column=of))
    return Findings(
        figures=(*figures, *left) if figures else (),
        unmeasured=() if figures else (lost,),
        rows=rows.height,
        of=all_,
        notes=notes,
        tables=(
            TELLING.of(
                {WHAT: place(each), AUC: each.value, LOW: each.low, HIGH: each.high} for each in told[:100]
            ),
        ),
    )


def _tells(
    kind: Quantity,
    under: Conditions,
    code: NDArray[np.int64],
    positive: NDArray[np.bool_],
    learn: NDArray[np.bool_],
    tried: NDArray[np.int64] | None,
    level: float,
) -> Figure | None:
    """The area with which these codes tell the positive rows from the others, learned on half of them; None
    where there are too few to say."""
    found = auc(positive[~learn], told_by(code, positive, learn), tried, level)
    if found.low is None:
        return None
    return Figure(
        metric=kind.metric,
        value=found.value,
        low=found.low,
        high=found.high,
        rows=int((~learn).sum()),
        groups=found.units,
        under=under,
    )


def codes(values: pl.Series) -> NDArray[np.int64]:
    """(n,) a place for each value: the 200 most frequent words, or 32 ranges of equal counts; a place of
    their own for missing ones."""
    if values.dtype.is_numeric():
        numbers = values.cast(pl.Float64).to_numpy()
        there = np.isfinite(numbers)
        if not there.any():
            return np.zeros(len(numbers), np.int64)
        cuts = np.unique(np.quantile(numbers[there], np.linspace(0, 1, BINS + 1)[1:-1]))
        place = below(cuts, np.nan_to_num(numbers))
        return np.where(there, place, len(cuts) + 1).astype(np.int64)
    words = values.cast(pl.String).fill_null("")
    common = words.alias("value").value_counts(sort=True)["value"].head(WORDS).to_list()
    return words.replace_strict(
        common, range(len(common)), default=len(common), return_dtype=pl.Int64
    ).to_numpy()


def _values(is_of: pl.Series, few: Collection[str]) -> list[str]:
    counts = is_of.alias("value").value_counts(sort=True).head(MOST_VALUES)
    large = (
        name
        for name, count in counts.iter_rows()
        if count >= FEWEST_ROWS and len(is_of) - count >= FEWEST_ROWS
    )
    kept = [name for name in large if name not in few]
    # The second of two is told as well as the first.
    return sorted(kept)[1:] if is_of.n_unique() == 2 else sorted(kept)


def _answers(rows: pl.DataFrame) -> Iterator[tuple[Conditions, pl.Series]]:
    """The columns in which the model answered; of two probabilities the second, which is all of it."""
    if NUMBER in rows.columns:
        yield conditions(answer="number"), rows[NUMBER]
        return
    yield conditions(answer="label"), rows[LABEL]
    kind = rows[LABEL].dtype
    classes = list(kind.categories) if isinstance(kind, pl.Enum) else []
    for at, name in enumerate(classes):
        if f"{CHANCE}{at}" in rows.columns and (at or len(classes) != 2):
            under = (*conditions(answer="probability"), Condition("class", Words(name)))
            yield under, rows[f"{CHANCE}{at}"]
