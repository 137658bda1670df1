"""Candidate minus champion in one metric, on rows that neither was trained on, by the test that fits it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from msgspec.structs import replace

from comporta.checks.champion.codes import (
    CHAMPION_COULD_NOT_ANSWER,
    CHAMPION_GIVES_NO,
    CHAMPION_OTHER_CLASSES,
    NO_CHAMPION,
    NO_ROW_OF_BOTH,
    NO_SLICE_DEFINED,
    NO_TABLE_DEFINED,
    NOT_DEFINED_IN_SLICE,
)
from comporta.checks.champion.tables import (
    BOOTSTRAP_HIGH,
    BOOTSTRAP_LOW,
    LABELS_TO_SHOW,
    P_WILCOXON,
    SMALLEST_SEEN,
    TESTS,
)
from comporta.checks.shared.tables import DIFFERENCE, HIGH, LOW, METHOD, ROWS, SLICE, P
from comporta.errors import BadData
from comporta.records import (
    FEWEST_ROWS,
    Artifact,
    Conditions,
    Figure,
    Findings,
    Message,
    TableRow,
    UnmeasuredFigure,
    conditions,
    place_of,
)
from comporta.records.columns import CHANCE, KEY, LABEL, NUMBER
from comporta.records.metric import MAIN
from comporta.records.metric import metric as named
from comporta.stats.absent_rows import with_absent
from comporta.stats.areas import apart_of_units
from comporta.stats.bootstrap import Interval, ratio_of_sums
from comporta.stats.clusters import Clusters, clusters_of
from comporta.stats.discordance import with_discordance
from comporta.stats.heavy_tail import SQUARED, doubt_of_difference
from comporta.stats.jackknife import MANY, quick_intervals
from comporta.stats.metrics import ScoredRows, statistic
from comporta.stats.paired import PairedDifference, delong, mean_difference, right, wilcoxon
from comporta.stats.power import rows_to_show, smallest_seen
from comporta.stats.precisions import apart_with_few
from comporta.stats.predictions import (
    classes_of,
    main_of,
    metrics_for,
    output_kinds,
    scored_rows,
    task_of,
    with_classes,
    with_truth,
)
from comporta.stats.subjects import too_few
from comporta.stats.units import slices_of
from comporta.store.context import StepContext
from comporta.store.frames import read

DRAWN = MANY
"""Rows above which the bootstrap is left out where there is an exact test: they tell the same."""
CHAMPION = "champion"
ROOMS = (0.01, 0.005)
"""Margins for which it is told how many labels would show two equal models to be equal within them."""

_THEIRS = "their "
"""What the names of the champion's answers begin with, beside the candidate's."""


def measure(
    context: StepContext,
    *,
    predictions: Artifact,
    train: Artifact,
    metric: str,
    by: str = "",
    champion: Artifact | None = None,
    champion_train: Artifact | None = None,
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: see `versus`. predictions, champion: of the same test rows. train, champion_train: the rows
    each learned from. All rows are read."""
    if champion is None:
        return {"findings": context.put_json(Findings(without=NO_CHAMPION()))}
    trained = [read(context, each)[KEY] for each in (train, champion_train) if each is not None]
    found = versus(
        read(context, predictions),
        read(context, champion),
        metric,
        by,
        trained=trained,
        group=group,
        seed=context.seed,
    )
    print(f"{found.rows:,} of {found.of:,} test rows predicted by both and learned from by neither")
    return {"findings": context.put_json(found)}


def versus(
    mine: pl.DataFrame,
    theirs: pl.DataFrame,
    metric: str,
    by: str = "",
    *,
    trained: Sequence[pl.Series] = (),
    group: str | None = None,
    seed: int = 0,
) -> Findings:
    """The difference in this metric, overall or by each value of a column (slices of 30 rows and
    ten subjects or more).
    metric: `main` for the task's main one that both models' answers allow.

    Its interval, where rows are units: Tango's for accuracy and for recall of two classes, DeLong's for the
    area under the ROC curve of two classes, Student's for means of errors; elsewhere, and where rows come in
    groups or days, the paired bootstrap or the jackknife of whole ones. Up to 5,000 rows there is the
    bootstrap's beside an exact one, under `method`; the table `tests` has both with their p-values.
    """
    metrics_for(mine, (metric,))
    both, why = together(mine, theirs, trained)
    if why is None and metric == MAIN:
        metric = main_of(mine, theirs)
    if why is None and named(metric).needs not in output_kinds(theirs):
        why = CHAMPION_GIVES_NO(needs=named(metric).needs)
    if why is not None:
        return Findings(
            unmeasured=(UnmeasuredFigure(metric=metric, compared_with=CHAMPION, why=why),), of=mine.height
        )
    figures: list[Figure] = []
    table: list[TableRow] = []
    lost: list[UnmeasuredFigure] = []
    for where, some in slices_of(both, [by] if by else []):
        if (not where) is bool(by) or (by and (some.height < FEWEST_ROWS or too_few(some) is not None)):
            continue
        found, tests = _compare(some, metric, where, group, seed)
        table.append(tests)
        figures += found
        if by and not found:
            why = NOT_DEFINED_IN_SLICE(rows=some.height)
            lost.append(
                UnmeasuredFigure(
                    metric=metric, compared_with=CHAMPION, where=where, rows=some.height, why=why
                )
            )
    nowhere = NO_SLICE_DEFINED(column=by, least=FEWEST_ROWS) if by else NO_TABLE_DEFINED(least=FEWEST_ROWS)
    return Findings(
        figures=tuple(figures),
        unmeasured=tuple(lost)
        if figures
        else (UnmeasuredFigure(metric=metric, compared_with=CHAMPION, why=nowhere),),
        rows=both.height,
        of=mine.height,
        tables=(TESTS.of(table),),
    )


def together(
    mine: pl.DataFrame, theirs: pl.DataFrame, trained: Sequence[pl.Series] = ()
) -> tuple[pl.DataFrame, Message | None]:
    """The labelled rows that both predicted and neither learned from, the champion's answers in columns that
    begin with `their `; or why there are none. Raises BadData on a key that stands twice."""
    rows = with_truth(mine)
    if rows[KEY].is_duplicated().any() or theirs[KEY].is_duplicated().any():
        raise BadData("versus: found a key twice among the predictions of one model, expected each once.")
    theirs = with_classes(theirs, classes_of(mine))
    if theirs.is_empty():
        return rows.clear(), CHAMPION_COULD_NOT_ANSWER()
    if classes_of(mine) != classes_of(theirs) or task_of(mine) != task_of(theirs):
        return rows.clear(), CHAMPION_OTHER_CLASSES()
    if trained:
        learned = pl.concat([keys.cast(pl.String) for keys in trained]).unique()
        rows = rows.filter(~pl.col(KEY).is_in(learned.implode()))
    answers = [n for n in theirs.columns if n in (LABEL, NUMBER) or n.startswith(CHANCE)]
    other = theirs.select(KEY, *(pl.col(n).alias(f"{_THEIRS}{n}") for n in answers))
    rows = rows.join(other, on=KEY, how="inner", maintain_order="left")
    return rows, None if rows.height else NO_ROW_OF_BOTH()


def _compare(
    rows: pl.DataFrame, metric: str, where: Conditions, group: str | None, seed: int
) -> tuple[list[Figure], TableRow]:
    """What is judged first, then the bootstrap beside it; none where the metric is not defined."""
    other = _theirs(rows)
    clusters, mine, theirs = clusters_of(other, group), scored_rows(rows), scored_rows(other)
    # An exact test knows rows that count alike.
    exact = None if not clusters.alone or mine.weight is not None else _exact(metric, mine, theirs)
    tests: TableRow = {SLICE: place_of(where), ROWS: rows.height}
    drawn = None
    if exact is None or rows.height <= DRAWN:
        drawn = _bootstrap(metric, mine, theirs, clusters, seed)
        tests |= {DIFFERENCE: drawn.value, BOOTSTRAP_LOW: drawn.low, BOOTSTRAP_HIGH: drawn.high}
    if exact is not None:
        tests |= {DIFFERENCE: exact.value, METHOD: exact.method}
        tests |= {LOW: exact.low, HIGH: exact.high, P: exact.p}
        if exact.test == "student":
            tests[P_WILCOXON] = wilcoxon(_rowwise(metric, mine), _rowwise(metric, theirs))
    if exact is None and drawn is not None:
        drawn = with_discordance(metric, mine, theirs, drawn, clusters=clusters, seed=seed)
        if metric == "roc_auc":
            drawn = apart_of_units(drawn, mine, theirs, clusters)
        if metric == "average_precision":
            drawn = apart_with_few(drawn, mine, theirs, clusters)
    notes = () if clusters.note is None else (clusters.note,)
    found = with_absent(replace(_interval(exact, drawn, rows.height), notes=notes), metric, mine)
    if metric in SQUARED:
        square, its = ((each.truth - each.number) ** 2 for each in (mine, theirs) if each.number is not None)
        found = replace(found, doubt=doubt_of_difference(square - its))
    if not math.isfinite(found.value):
        return [], tests
    if found.low is not None and found.high is not None:
        tests[SMALLEST_SEEN] = smallest_seen(found.low, found.high)
        for room in ROOMS:
            rooms = rows_to_show(found.low, found.high, rows.height, room)
            tests[LABELS_TO_SHOW.of(room)] = rooms
    figures = [found.figure(metric, rows.height, where=where, compared_with=CHAMPION)]
    if exact is not None and drawn is not None and math.isfinite(drawn.value):
        beside = drawn.figure(
            metric,
            rows.height,
            where=where,
            compared_with=CHAMPION,
            under=conditions(method="bootstrap"),
        )
        figures.append(beside)
    return figures, tests


def _interval(exact: PairedDifference | None, drawn: Interval | None, rows: int) -> Interval:
    if exact is not None:
        return Interval(value=exact.value, low=exact.low, high=exact.high, units=rows)
    assert drawn is not None, "what has no exact test is drawn"
    return drawn


def _bootstrap(metric: str, mine: ScoredRows, theirs: ScoredRows, clusters: Clusters, seed: int) -> Interval:
    """The paired bootstrap of rows or groups, or the jackknife of clusters."""
    first, second = _rowwise(metric, mine), _rowwise(metric, theirs)
    if first is None or second is None:
        a, b = statistic(metric, mine), statistic(metric, theirs)
        (found,) = quick_intervals([lambda w: a(w) - b(w)], len(mine.truth), clusters=clusters, seed=seed)
        return found
    counts: Any = np.ones(len(first)) if mine.weight is None else mine.weight
    mean = ratio_of_sums((first - second) * counts, counts)
    (found,) = quick_intervals([mean], len(mine.truth), clusters=clusters, seed=seed)
    return found


def _theirs(rows: pl.DataFrame) -> pl.DataFrame:
    answers = [name for name in rows.columns if name.startswith(_THEIRS)]
    champion = rows.drop(
        name for name in (each.removeprefix(_THEIRS) for each in answers) if name in rows.columns
    )
    return champion.rename({name: name.removeprefix(_THEIRS) for name in answers})


def _exact(metric: str, mine: ScoredRows, theirs: ScoredRows) -> PairedDifference | None:
    """The test that fits this metric where rows are units; None where there is none."""
    if metric in ("accuracy", "recall") and mine.label is not None and theirs.label is not None:
        of = np.ones(len(mine.truth), dtype=bool)
        if metric == "recall":
            if mine.classes != 2:
                return None
            of = mine.truth == 1
        if not of.any():
            return None
        return right((mine.label == mine.truth)[of], (theirs.label == theirs.truth)[of])
    if metric == "roc_auc" and mine.classes == 2:
        if mine.probability is None or theirs.probability is None:
            return None
        return delong(mine.truth == 1, mine.probability[:, 1], theirs.probability[:, 1])
    if metric == "accuracy":
        return None
    first, second = _rowwise(metric, mine), _rowwise(metric, theirs)
    return None if first is None or second is None else mean_difference(first, second)


def _rowwise(metric: str, was: ScoredRows) -> Any:
    """What each row adds to the metric, where that is the mean of its rows; else None."""
    if metric == "accuracy" and was.label is not None:
        return (was.label == was.truth).astype(float)
    if metric in ("mae", "mape") and was.number is not None:
        off = np.abs(was.truth - was.number)
        if metric == "mae":
            return off
        # A row with the truth 0 has no percentage, and so the mean of the rows has no value.
        return None if (was.truth == 0).any() else off / np.abs(was.truth)
    if was.probability is None or (was.truth < 0).any():
        return None
    truth = was.truth.astype(np.int64)
    if metric == "log_loss":
        chance = was.probability[np.arange(len(truth)), truth]
        return -np.log(np.clip(chance, np.finfo(np.float64).eps, 1.0))
    if metric == "brier":
        came = np.arange(was.classes) == truth[:, None]
        return ((was.probability - came) ** 2).sum(axis=1) / (2 if was.classes == 2 else 1)
    return None
