"""What of the training rows a model holds by its build alone: rows kept, leaves of a few, weights to spare.

The questions are those of statistical disclosure control (Smith et al. 2022, "Machine learning models in
trusted research environments: understanding operational risks"; the structural screen of SACRO-ML): asked
of the fitted estimator and of everything inside it, without one prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from comporta.checks.privacy_structure.codes import OF_WORDS, UNKNOWN_BUILD
from comporta.checks.privacy_structure.figures import (
    RARE_WORDS,
    ROWS_IN_SMALL_LEAVES,
    ROWS_KEPT,
    WEIGHTS_PER_ROW,
)
from comporta.checks.privacy_structure.tables import (
    IN_SMALL_LEAVES,
    KEPT,
    LEAVES,
    RARE_WORD_COUNT,
    SMALLEST_LEAF,
    TREES,
    TREES_GROWN,
    WORDS,
)
from comporta.checks.shared.measuring.these import these
from comporta.checks.shared.tables import FEATURE, ROWS, WHERE
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    FittedModel,
    ModelPart,
    Signature,
    TableRow,
    UnmeasuredFigure,
)
from comporta.store.context import StepContext
from comporta.store.frames import read

FEW = 5


class LeafCounts(NamedTuple):
    """One tree: training rows in it, leaves, rows in leaves of fewer than five, rows of the smallest."""

    rows: int
    leaves: int
    few: int
    least: int


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    train: Artifact,
    opened: Callable[[StepContext, Artifact, Artifact], FittedModel],
) -> dict[str, Artifact]:
    """`findings`: shares of the training rows that are kept, and in leaves of fewer than five; weights for
    each row; words that few rows have."""
    asked = opened(context, model, signature)
    rows = read(context, train)
    found = screen(asked.parts(), rows.height, rare_words(rows, asked.signature))
    print(f"privacy structure: {len(found.figures)} figures of {type(asked.estimator).__name__}")
    return {"findings": context.put_json(found)}


def screen(parts: Sequence[ModelPart], rows: int, rare: Mapping[str, int]) -> Findings:
    """parts: the estimator first, and all inside it. rows: it was trained on. rare: feature → words of fewer
    than five rows."""
    if not any(each.known for each in parts):
        why = UNKNOWN_BUILD(estimator=parts[0].kind)
        lost = UnmeasuredFigure(metric=ROWS_KEPT.metric, why=why)
        return Findings(unmeasured=(lost,), rows=rows, of=rows)
    kept = {
        f"{each.kind}.{name}": many
        for each in parts
        for name, many, keeps in each.tables
        if keeps or many == rows
    }
    trees = [_leaves(counts) for each in parts for counts in each.leaves]
    weights = sum(each.weights for each in parts)
    largest = sorted((name for name, many in kept.items() if many), key=lambda name: -kept[name])
    share = max(kept.values(), default=0) / rows
    figures = [Figure(metric=ROWS_KEPT.metric, value=share, rows=rows, notes=these(largest))]
    if trees:
        few = float(np.mean([each.few / max(each.rows, 1) for each in trees]))
        figures.append(Figure(metric=ROWS_IN_SMALL_LEAVES.metric, value=few, rows=rows))
    if weights:
        figures.append(Figure(metric=WEIGHTS_PER_ROW.metric, value=weights / rows, rows=rows))
    whose = these([OF_WORDS(feature=name, words=many) for name, many in rare.items() if many])
    figures.append(Figure(metric=RARE_WORDS.metric, value=float(sum(rare.values())), rows=rows, notes=whose))
    return Findings(
        figures=tuple(figures),
        rows=rows,
        of=rows,
        tables=(
            KEPT.of({WHERE: name, ROWS: many} for name, many in kept.items()),
            TREES.of([_table_row(trees)] if trees else []),
            WORDS.of({FEATURE: name, RARE_WORD_COUNT: many} for name, many in [*rare.items()][:200]),
        ),
    )


def rare_words(rows: pl.DataFrame, signature: Signature) -> dict[str, int]:
    """Features whose list of words, which the model keeps, names some that fewer than five rows have."""
    found = {}
    for field in signature.features:
        if field.values and field.name in rows.columns:
            counts = rows[field.name].drop_nulls().alias("value").value_counts()["count"]
            if few := int((counts < FEW).sum()):
                found[field.name] = few
    return found


def _leaves(counts: Any) -> LeafCounts:
    counts = np.asarray(counts)
    return LeafCounts(
        int(counts.sum()), len(counts), int(counts[counts < FEW].sum()), int(counts.min(initial=0))
    )


def _table_row(trees: list[LeafCounts]) -> TableRow:
    return {
        TREES_GROWN: len(trees),
        LEAVES: sum(each.leaves for each in trees),
        IN_SMALL_LEAVES: sum(each.few for each in trees),
        SMALLEST_LEAF: min(each.least for each in trees),
    }
