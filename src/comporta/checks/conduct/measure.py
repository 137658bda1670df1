"""Whether a decision is taken that a rule forbids: on test rows, and on rows made to lie under the rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.checks.conduct.codes import NO_ROW_MADE, NO_ROW_UNDER_RULE
from comporta.checks.conduct.figures import FORBIDDEN
from comporta.checks.conduct.tables import BROKEN_BY
from comporta.checks.shared.measuring.data_rows import of_data
from comporta.errors import BadProject
from comporta.records import Artifact, Figure, Findings, FittedModel, Signature, UnmeasuredFigure, conditions
from comporta.records.columns import KEPT, LABEL, NUMBER
from comporta.records.named_column import by_names, exact_column
from comporta.stats.table import feature_names
from comporta.store.context import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

When = Callable[[pl.DataFrame], Any]
TRIED = 50_000
MADE = 2_000
EDGES = 500
HALVINGS = 24


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    predictions: Artifact,
    opened: Callable[[StepContext, Artifact, Artifact], FittedModel],
    when: When,
    decision: str = "",
    above: float | None = None,
    below: float | None = None,
    columns: Sequence[str] = (),
) -> dict[str, Artifact]:
    """`findings`: how many rows under the rule were given the forbidden decision. when: the features and the
    kept columns in, true where the decision is forbidden; a boolean column or an expression of polars."""
    takes = context.get_json(signature, Signature)
    forbidden = _forbids(takes, decision, above, below)
    rows = read(context, predictions)
    seen = plain(rows)
    hit = under(when, seen)
    taken = hit & forbidden(_outputs(rows, takes))
    made = made_rows(when, seen, feature_names(rows), hit, context.seed)
    broken = (
        np.zeros(0, bool) if made.is_empty() else forbidden(opened(context, model, signature)(made).decisions)
    )
    print(f"conduct: {int(hit.sum()):,} of {rows.height:,} test rows under the rule, {made.height:,} made")
    return {"findings": context.put_json(_findings(rows.height, hit, taken, made, broken))}


def _findings(rows: int, hit: Bools, taken: Bools, made: pl.DataFrame, broken: Bools) -> Findings:
    figures = []
    notes = []
    if hit.any():
        figures.append(
            Figure(
                metric=FORBIDDEN.metric,
                value=float(taken.sum()),
                rows=int(hit.sum()),
                under=conditions(rows="test"),
            )
        )
    if made.height:
        figures.append(
            Figure(
                metric=FORBIDDEN.metric,
                value=float(broken.sum()),
                rows=made.height,
                under=conditions(rows="generated"),
            )
        )
    else:
        notes.append(NO_ROW_MADE())
    lost = UnmeasuredFigure(metric=FORBIDDEN.metric, why=NO_ROW_UNDER_RULE())
    return Findings(
        figures=tuple(figures),
        unmeasured=() if figures else (lost,),
        rows=rows,
        of=rows,
        notes=tuple(notes),
        tables=(BROKEN_BY.of(of_data(made.filter(pl.Series(broken, dtype=pl.Boolean)).head(20))),),
    )


def plain(rows: pl.DataFrame) -> pl.DataFrame:
    """What a rule sees: features and kept columns by their own names."""
    kept = {name: name.removeprefix(KEPT) for name in rows.columns if name.startswith(KEPT)}
    features = feature_names(rows)
    return rows.select(
        *by_names(features),
        *(exact_column(name).alias(to) for name, to in kept.items() if to not in features),
    )


def under(when: When, rows: pl.DataFrame) -> Bools:
    """(n,) where the rule holds; missing is no. Raises BadProject where it gives no booleans."""
    said = when(rows)
    if isinstance(said, pl.Expr):
        said = rows.select(said).to_series()
    found = pl.Series(said)
    if found.dtype not in (pl.Boolean, pl.Null) or len(found) != rows.height:
        raise BadProject(
            f"never: the rule gave {len(found)} values of {found.dtype} for {rows.height} rows, expected a "
            "boolean for each. Return a comparison of columns, e.g. rows['age'] < 18."
        )
    return found.cast(pl.Boolean).fill_null(False).to_numpy()


def read_by(when: When, rows: pl.DataFrame, features: Sequence[str]) -> list[str]:
    """The features that the rule cannot do without: it fails where one is not there."""
    few = rows.head(8)
    found = []
    for name in features:
        try:
            under(when, few.select(by_names(each for each in few.columns if each != name)))
        except Exception:  # the project's own function: whatever it raises, the column is missed
            found.append(name)
    return found


def made_rows(when: When, rows: pl.DataFrame, features: Sequence[str], hit: Bools, seed: int) -> pl.DataFrame:
    """Test rows with the features that the rule reads set to other values of theirs, and beyond, kept where
    the rule holds; and for numbers the rows just inside of its edge. Other columns stay as they are."""
    reads = read_by(when, rows, features)
    base = rows.filter(pl.Series(~hit))
    if not reads or base.is_empty():
        return rows.clear()
    draw = np.random.default_rng(seed)
    base = base[draw.integers(0, base.height, TRIED)]
    changed = base.with_columns(_another(rows[name], base[name], draw) for name in reads)
    inside = under(when, changed)
    base, changed = base.filter(pl.Series(inside)).head(MADE), changed.filter(pl.Series(inside)).head(MADE)
    if changed.is_empty():
        return rows.clear()
    edges = [_edge(when, base.head(EDGES), changed.head(EDGES), name) for name in reads]
    return pl.concat([changed, *edges])


def _another(values: pl.Series, now: pl.Series, draw: np.random.Generator) -> pl.Series:
    """Seven times in ten another value of the column, for numbers as often one at its ends or beyond."""
    kept = now.drop_nulls().head(0)
    among = values.drop_nulls().unique().sort()
    if among.is_empty():
        return now
    if values.dtype.is_numeric():
        numbers = among.cast(pl.Float64).to_numpy()
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            return now
        low, high = float(numbers.min()), float(numbers.max())
        spread = (high - low) or 1.0
        beyond = [low - spread, low - 1, low, 0.0, high, high + 1, high + spread]
        if values.dtype.is_integer():
            beyond = [round(each) for each in beyond]
        some = draw.choice(numbers, 200)
        among = (
            pl.Series([*some, *(beyond * (200 // len(beyond)))]).cast(kept.dtype, strict=False).drop_nulls()
        )
    picked = among.cast(kept.dtype)[draw.integers(0, len(among), len(now))].alias(now.name)
    keep = pl.Series(draw.random(len(now)) < 0.7)
    return pl.select(pl.when(keep).then(picked).otherwise(now).alias(now.name)).to_series()


def _edge(when: When, base: pl.DataFrame, inside: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows inside, this number moved as far back to where it was as the rule still holds."""
    dtype = base[name].dtype
    if not dtype.is_numeric():
        return inside.clear()
    there = base[name].is_not_null() & inside[name].is_not_null() & (base[name] != inside[name])
    base, inside = base.filter(there), inside.filter(there)
    outside = ~under(when, inside.with_columns(base[name]))
    base, inside = base.filter(pl.Series(outside)), inside.filter(pl.Series(outside))
    if inside.is_empty():
        return inside
    out, held = base[name].cast(pl.Float64).to_numpy(), inside[name].cast(pl.Float64).to_numpy()

    def move(values: NDArray[np.float64]) -> pl.DataFrame:
        numbers = pl.Series(name, np.round(values) if dtype.is_integer() else values)
        return inside.with_columns(numbers.cast(dtype))

    for _ in range(HALVINGS):
        middle = (out + held) / 2
        still = under(when, move(middle))
        out, held = np.where(still, out, middle), np.where(still, middle, held)
    rows = move(held)
    return rows.filter(pl.Series(under(when, rows)))


def _forbids(
    takes: Signature, decision: str, above: float | None, below: float | None
) -> Callable[[NDArray[Any]], Bools]:
    if takes.task == "regression":
        if decision:
            raise BadProject(f"never {decision!r}: the model gives numbers; say above= or below=.")
        low, high = -np.inf if below is None else below, np.inf if above is None else above
        return lambda said: np.asarray((said < low) | (said > high))
    if decision not in takes.classes:
        classes = ", ".join(takes.classes)
        raise BadProject(f"never {decision!r}: found no such class, expected one of {classes}.")
    place = takes.classes.index(decision)
    return lambda said: np.asarray(said == place)


def _outputs(rows: pl.DataFrame, takes: Signature) -> NDArray[Any]:
    if takes.task == "regression":
        return rows[NUMBER].to_numpy()
    return rows[LABEL].to_physical().cast(pl.Int64).to_numpy()
