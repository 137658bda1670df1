"""Whether the target leaked into the features: in several together, in what is missing, or as a leap past the
champion that no sound change makes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
from msgspec.structs import replace

from comporta.checks.leakage.absence import ToldByAbsence, told_by_absence
from comporta.checks.leakage.codes import (
    NAMES,
    NAMES_AND_MORE,
    REMOVED_IN_ORDER,
    TOO_FEW_TO_TELL,
    WHERE_MISSING,
    WHERE_THERE,
)
from comporta.checks.leakage.figures import ERRORS_OF_CHAMPION, ERRORS_WITHOUT, TOLD_BY_ABSENCE, TOLD_BY_ALL
from comporta.checks.leakage.labelled import LabelledRows, label_rows
from comporta.checks.leakage.leap import leap_past
from comporta.checks.leakage.removal import Removal, ratio_interval, remove_in_turn, told_interval
from comporta.checks.leakage.tables import (
    ABSENCE,
    LEFT_TELL,
    OF_CLASS,
    OF_CLASS_OVERALL,
    REMOVED,
    SIDE,
    TOLD,
)
from comporta.checks.shared.tables import FEATURE, ROWS
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    Message,
    TableRow,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.columns import KEY, TARGET
from comporta.stats.bootstrap import Interval
from comporta.stats.many import together
from comporta.stats.predictions import classes_of, task_of, with_truth
from comporta.stats.table import feature_names
from comporta.stats.units import groups_of, units_of
from comporta.store.context import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Units = NDArray[np.int64] | None

CHAMPION = "champion"
MOST_REMOVED, AT_ONCE = 12, 3
"""How many features are taken away, and over how many of them together a cliff is looked for."""
FEWEST = 20
"""Test rows of another class than the most common, below which nothing is told."""
FEWEST_TOGETHER = AT_ONCE**2
"""How many intervals hold together at 95 %, at least: one at 95 % by itself is too short for few positives
near the end of the scale, and most cliffs are looked for in so many anyway."""
NAMED, SHOWN = 6, 100


def measure(
    context: StepContext,
    *,
    predictions: Artifact,
    train: Artifact,
    above: float,
    strong: Sequence[str] = (),
    champion: Artifact | None = None,
    champion_train: Artifact | None = None,
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: see `find_leaks`. predictions, champion: of the same test rows."""
    learned = read(context, train)
    trained = [learned[KEY], *([] if champion_train is None else [read(context, champion_train)[KEY]])]
    found = find_leaks(
        learned,
        read(context, predictions),
        None if champion is None else read(context, champion),
        trained=trained,
        above=above,
        strong=strong,
        group=group,
        seed=context.seed,
    )
    print(f"leakage: {len(found.figures)} figures on {found.rows:,} test rows")
    return {"findings": context.put_json(found)}


def find_leaks(
    train: pl.DataFrame,
    predictions: pl.DataFrame,
    champion: pl.DataFrame | None = None,
    *,
    trained: Sequence[pl.Series] = (),
    above: float = 0.95,
    strong: Sequence[str] = (),
    group: str | None = None,
    seed: int = 0,
) -> Findings:
    """Figures: `told by all features`, the area under the ROC curve (or R²) of boosted trees of ours.
    `errors without features`: how many times as many pairs of rows are ordered wrongly (or how many times the
    variance is left) once up to three features more are gone, for each of these, where what the trees told
    before was shown to be above `above`; its condition names all that are gone. `errors of the champion`: see
    `leap_past`. `told by absence`: see `told_by_absence`, of the training rows."""
    classes, task = classes_of(predictions), task_of(predictions)
    test = label_rows(with_truth(predictions), classes, task)
    past = label_rows(train.filter(pl.col(TARGET).is_not_null()), classes, task)
    names = [name for name in feature_names(past.rows) if name in test.rows.columns]
    few = min(test.told_apart, past.told_apart)
    if few < FEWEST or not names:
        why = TOO_FEW_TO_TELL(found=few, least=FEWEST)
        lost = UnmeasuredFigure(metric=TOLD_BY_ALL.metric, why=why)
        return Findings(unmeasured=(lost,), of=predictions.height)
    units = units_of(test.rows, group)
    steps = remove_in_turn(
        past.rows.select(names), test.rows.select(names), past.truth, test.truth,
        classes=test.classes, most=MOST_REMOVED, until=partial(_is_past, above=above), stay=strong, seed=seed,
    )  # fmt: skip
    figures = _cliffs(steps, test, units, above)
    if champion is not None:
        sure = together(FEWEST_TOGETHER)
        leap = leap_past(test.rows, champion, trained, above=above, fewest=FEWEST, group=group, level=sure)
        if leap is not None:
            figures.append(
                leap.figure(ERRORS_OF_CHAMPION.metric, test.rows.height, compared_with=CHAMPION, level=sure)
            )
    level = together(2 * len(names))
    # Days are no units here: what is filled in afterwards is so row by row.
    owners = None if group is None else groups_of(past.rows, group)
    asked = past.rows.select(name for name in names if name not in strong)
    sides = list(told_by_absence(asked, past.truth, owners, level))
    figures += [_absence(each, level) for each in sides]
    strongest = sorted(sides, key=lambda each: -each.interval.value)[:SHOWN]
    return Findings(
        figures=tuple(figures),
        rows=test.rows.height,
        of=predictions.height,
        notes=(REMOVED_IN_ORDER(rows=past.rows.height, times=len(steps)),),
        tables=(REMOVED.of(map(_removal_row, steps)), ABSENCE.of(map(_absence_row, strongest))),
    )


def _is_past(steps: Sequence[Removal], above: float) -> bool:
    """Whether no cliff can come any more: none begins where little is told, and one is not so wide."""
    last = max((at for at, each in enumerate(steps) if 1 - each.errors.value > above), default=-AT_ONCE)
    return len(steps) - 1 - last >= AT_ONCE


def _cliffs(steps: Sequence[Removal], test: LabelledRows, units: Units, above: float) -> list[Figure]:
    """What all features tell, and how many times as many errors there are past each step that may be a
    cliff."""
    if not steps:
        return []
    rows, level = len(test.truth), together(max(FEWEST_TOGETHER, AT_ONCE * (len(steps) - 1)))
    all_tell = told_interval(steps[0].errors, test.truth, test.classes, units)
    figures = [all_tell.figure(TOLD_BY_ALL.metric, rows)]
    for at, before in enumerate(steps):
        told = told_interval(before.errors, test.truth, test.classes, units, level).low
        if told is None or not told > above:
            continue
        for count, after in enumerate(steps[at + 1 : at + 1 + AT_ONCE], start=1):
            found = ratio_interval(after.errors, before.errors, test.truth, test.classes, units, level)
            found = _for_each(found, count)
            gone = conditions(features=_name_features(after.removed))
            figures.append(found.figure(ERRORS_WITHOUT.metric, rows, under=gone, level=level))
    return figures


def _for_each(ratio: Interval, features: int) -> Interval:
    """The ratio for each feature of those that went: three sound ones of eight take much with them."""
    low, high = ratio.low, ratio.high
    return replace(
        ratio,
        value=ratio.value / features,
        low=None if low is None else low / features,
        high=None if high is None else high / features,
    )


def _name_features(features: Sequence[str]) -> Message:
    """The features by name, the last ones first: those at which the cliff is."""
    names = tuple(reversed(features))
    if len(names) <= NAMED:
        return NAMES(names=names)
    return NAMES_AND_MORE(names=names[:NAMED], more=len(names) - NAMED)


def _absence(side: ToldByAbsence, level: float) -> Figure:
    where = WHERE_MISSING() if side.missing else WHERE_THERE()
    under = conditions(feature=side.feature, kind=where)
    return side.interval.figure(TOLD_BY_ABSENCE.metric, side.rows, under=under, level=level)


def _removal_row(step: Removal) -> TableRow:
    return {FEATURE: step.removed[-1] if step.removed else None, LEFT_TELL: 1 - step.errors.value}


def _absence_row(side: ToldByAbsence) -> TableRow:
    return {
        FEATURE: side.feature,
        SIDE: WHERE_MISSING() if side.missing else WHERE_THERE(),
        ROWS: side.rows,
        OF_CLASS: side.share,
        OF_CLASS_OVERALL: side.overall,
        TOLD: side.interval.value,
    }
