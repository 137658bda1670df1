"""How much better the model is on the rows it learned from than on those it never saw."""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from comporta.checks.fit_gap.figures import FIT_GAP
from comporta.checks.shared.measuring.codes import NOT_DEFINED
from comporta.records import Artifact, Findings, Unmeasured, conditions
from comporta.records.metric import metric as named
from comporta.stats.bootstrap import Interval
from comporta.stats.means import difference_of
from comporta.stats.predictions import given, labelled, metrics_for, seen
from comporta.stats.shares import metric_intervals
from comporta.stats.units import units_of
from comporta.store import StepContext
from comporta.store.frames import read

USUAL = {"probability": "roc_auc", "label": "balanced_accuracy", "number": "r2"}


def measure(
    context: StepContext, *, train: Artifact, test: Artifact, group: str | None = None, metric: str = ""
) -> dict[str, Artifact]:
    """`findings`. train, test: predictions of each part's rows."""
    found = fit_gap(
        labelled(read(context, train)),
        labelled(read(context, test)),
        metric=metric,
        group=group,
        seed=context.seed,
    )
    print(f"fit gap: {', '.join(f'{each.metric} {each.value:.4g}' for each in found.figures)}")
    return {"findings": context.put_json(found)}


def fit_gap(
    train: pl.DataFrame, test: pl.DataFrame, *, metric: str = "", group: str | None = None, seed: int = 0
) -> Findings:
    """Figures: the gap, positive where the test rows go worse, and the metric of each part.

    Both parts are resampled by themselves and their intervals put together. metric: empty for roc_auc of
    probabilities, balanced_accuracy of labels, r2 of numbers. Raises BadProject on one these cannot have.
    """
    name = metric or next(USUAL[each] for each in ("probability", "number", "label") if each in given(test))
    metrics_for(test, [name])
    parts = {"train": _measured(train, name, group, seed), "test": _measured(test, name, group, seed)}
    learned, unseen = parts["train"], parts["test"]
    if learned.low is None:
        # A model that has its training rows by heart leaves no spread in them, and they are all there are.
        learned = replace(learned, low=learned.value, high=learned.value)
    mine, theirs = (learned, unseen) if named(name).higher else (unseen, learned)
    gap = difference_of(mine, theirs)
    rows = {"train": train.height, "test": test.height}
    figures = [gap.figure(FIT_GAP.metric, test.height, under=conditions(metric=name))]
    figures += [found.figure(name, rows[part], under=conditions(part=part)) for part, found in parts.items()]
    held = tuple(each for each in figures if each.value == each.value)
    lost = tuple(
        Unmeasured(metric=each.metric, under=each.under, rows=each.rows, why=NOT_DEFINED())
        for each in figures
        if each not in held
    )
    return Findings(
        figures=held, unmeasured=lost, rows=train.height + test.height, of=train.height + test.height
    )


def _measured(rows: pl.DataFrame, name: str, group: str | None, seed: int) -> Interval:
    units = units_of(rows, group)
    (found,) = metric_intervals(seen(rows), [name], units=units, seed=seed)
    return found
