"""How well each feature alone tells the target: out of sample in training, and on the test rows."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from comporta.checks.shared.tables import FEATURE, FEATURES
from comporta.checks.single_feature.codes import (
    MEASURED_BY_AUC,
    MEASURED_BY_AUC_ALONE,
    MEASURED_BY_R2,
    NO_FEATURE_DEFINED,
    NO_KNOWN_CLASS,
    TOO_FEW_NUMBERS,
    TOO_FEW_OF_OTHER_CLASSES,
)
from comporta.checks.single_feature.figures import IN_TRAINING, ON_TEST, WHERE_SET
from comporta.checks.single_feature.tables import ON_TEST_ROWS, ON_TRAINING_ROWS
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    Message,
    TableRow,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.columns import TARGET
from comporta.stats.alone import encode_target, interval_of_auc, interval_of_r2, line_of, on_line, parts_of
from comporta.stats.bootstrap import Interval
from comporta.stats.classes import places
from comporta.stats.many import together
from comporta.stats.metrics import statistic
from comporta.stats.predictions import classes_of, scored_rows, task_of, with_truth
from comporta.stats.table import feature_names
from comporta.stats.units import renumber, units_of
from comporta.store.context import StepContext
from comporta.store.frames import read

SHOWN = 100
FEWEST, SELDOM = 10, 0.1
FEWEST_SET, LEAST_SET, MOST_SET = 50, 0.2, 0.9


def measure(
    context: StepContext, *, train: Artifact, predictions: Artifact, group: str | None = None
) -> dict[str, Artifact]:
    """`findings`: see `alone`. predictions: of the test rows. All rows are read."""
    rows, said = read(context, train), read(context, predictions)
    found = alone(rows, said, group=group, seed=context.seed)
    asked = sum(each.metric == ON_TEST.metric for each in found.figures)
    print(f"{asked} features told alone, on {rows.height:,} and {said.height:,} rows")
    return {"findings": context.put_json(found)}


def alone(
    train: pl.DataFrame, predictions: pl.DataFrame, *, group: str | None = None, seed: int = 0
) -> Findings:
    """For each feature: what it tells of the test rows (`told by one feature`: the area under the ROC curve,
    or R²), and how much better it tells one half of the training rows from the other (`told in training
    only`). Where a value, or none, stands in a tenth to four fifths of the training rows, the same is asked
    of the other rows alone (`told where one feature is set`): a column that was filled in later for some is
    the label there, however little it tells of all. Intervals hold for all features together (Bonferroni).

    What is lost is looked for among the values that the test rows have too: a month tells much of a year and
    nothing of the month that the test is, and no fault is in it. And it is no more than training tells above
    nothing, of numbers twice that: a mean that moved makes any R² as low as it likes."""
    rows = with_truth(predictions)
    train = train.filter(pl.col(TARGET).is_not_null())
    was = scored_rows(rows)
    names = [name for name in feature_names(train) if name in rows.columns]
    if was.classes == 0:
        learn = train[TARGET].cast(pl.Float64).to_numpy()
    else:
        classes = classes_of(predictions)
        learn = places(train[TARGET], classes)
        train, learn = train.filter(pl.Series(learn >= 0)), learn[learn >= 0]
        known = was.truth >= 0
        rows, was_truth = rows.filter(pl.Series(known)), was.truth[known]
    truth = was.truth if was.classes == 0 else was_truth
    if not len(truth) or not names:
        return _nothing(NO_KNOWN_CLASS())
    units, own = units_of(rows, group), units_of(train, group)
    first = _first_half(train.height, own, seed)
    level = together(len(names))
    # A few rows are told apart by some feature or other by chance, and their interval has no width then.
    few = min(_told_apart(each, was.classes) for each in (truth, learn[first], learn[~first]))
    if few < FEWEST:
        why = TOO_FEW_NUMBERS if was.classes == 0 else TOO_FEW_OF_OTHER_CLASSES
        return _nothing(why(found=few, least=FEWEST))
    data = _Rows(train, rows, learn, truth, was.classes)
    figures: list[Figure] = []
    table: list[TableRow] = []
    for name in names:
        there, here = _both(data, name, first, units, own, level)
        table.append({FEATURE: name, ON_TEST_ROWS: there.value, ON_TRAINING_ROWS: here.value})
        if not (math.isfinite(there.value) and math.isfinite(here.value)):
            continue
        figures += [
            there.figure(ON_TEST.metric, len(truth), under=conditions(feature=name), level=level),
            _lost_figure(name, here, there, was.classes, len(truth), level),
            *_figures_of_value(train[name], learn, rows[name], truth, units, was.classes, level),
        ]
    whole = _whole(predictions, was.classes)
    if not figures:
        return _nothing(NO_FEATURE_DEFINED())
    return Findings(
        figures=tuple(figures),
        rows=predictions.height,
        of=predictions.height,
        notes=(_measured_by(task_of(predictions), whole),),
        tables=(FEATURES.of(sorted(table, key=lambda each: -_number(each[ON_TEST_ROWS]))[:SHOWN]),),
    )


class _Rows(NamedTuple):
    """The training and test rows, and what came true of each, (n,) and (m,): places of classes, or
    numbers."""

    train: pl.DataFrame
    test: pl.DataFrame
    learn: np.ndarray
    truth: np.ndarray
    classes: int


def _both(
    data: _Rows,
    name: str,
    first: np.ndarray,
    units: np.ndarray | None,
    own: np.ndarray | None,
    level: float,
) -> tuple[Interval, Interval]:
    """What one feature tells of the test rows, and of the second half of the training rows from the first."""
    mine = _CodedFeature(data.train[name], data.learn, data.classes)
    code = mine.parts.codes(data.test[name])
    there = mine.of(None, code, data.test[name], data.truth, units, level)
    met = ~first & _is_in_both(mine.code, code)
    if _told_apart(data.learn[met], data.classes) < FEWEST:
        met = ~first
    rest = renumber(own, met)
    inside = mine.column.filter(pl.Series(met))
    return there, mine.of(first, mine.code[met], inside, data.learn[met], rest, level)


def _nothing(why: Message) -> Findings:
    return Findings(unmeasured=(UnmeasuredFigure(metric=ON_TEST.metric, why=why),))


def _measured_by(task: str, whole: float) -> Message:
    if task == "regression":
        return MEASURED_BY_R2(whole=float(whole))
    return MEASURED_BY_AUC(whole=float(whole)) if math.isfinite(whole) else MEASURED_BY_AUC_ALONE()


def _told_apart(truth: Any, classes: int) -> int:
    """Rows that are not of the most common class; of numbers, all that are not the most common one."""
    if not len(truth):
        return 0
    counts = np.bincount(truth) if classes else np.unique(truth, return_counts=True)[1]
    return len(truth) - int(counts.max())


def _first_half(rows: int, units: np.ndarray | None, seed: int) -> np.ndarray:
    """Half of the rows, or of their groups, at random."""
    draw = np.random.default_rng(seed)
    if units is None:
        return draw.permutation(rows) < rows // 2
    count = int(units.max()) + 1
    return np.asarray((draw.permutation(count) < max(1, count // 2))[units])


class _CodedFeature:
    """One feature of the training rows, coded once."""

    def __init__(self, column: pl.Series, truth: Any, classes: int) -> None:
        self.column, self.truth, self.classes = column, truth, classes
        self.parts = parts_of(column)
        self.code = self.parts.codes(column)

    def of(self, by: Any, code: Any, column: pl.Series, truth: Any, units: Any, level: float) -> Interval:
        """How well the rule made from the rows `by` (None: all) tells others. Of a number to be told the
        better of the table and the straight line, as it looks on the rows it was made from."""
        learn, mine = (self.truth, self.code) if by is None else (self.truth[by], self.code[by])
        said = encode_target(mine, learn, self.classes, self.parts.size)
        if self.classes:
            return interval_of_auc(said, code, truth, units=units, level=level)
        made_of = self.column if by is None else self.column.filter(pl.Series(by))
        line = line_of(made_of, learn)
        if line is not None:
            left = float(((learn - on_line(line, made_of)) ** 2).mean())
            if left < float(((learn - said[mine, 0]) ** 2).mean()):
                return interval_of_r2(on_line(line, column), truth, units=units, level=level)
        return interval_of_r2(said[code, 0], truth, units=units, level=level)


def _figures_of_value(
    column: pl.Series, learn: Any, tested: pl.Series, truth: Any, units: Any, classes: int, level: float
) -> tuple[Figure, ...]:
    """What it tells of the rows in which it has not its most common value, or any; nothing where these are
    too few to judge, or nearly all."""
    common = _common(column)
    mine, theirs = (_other(each, common) for each in (column, tested))
    share = float(mine.mean())
    few = min(_told_apart(learn[mine], classes), _told_apart(truth[theirs], classes))
    if not LEAST_SET <= share <= MOST_SET or few < FEWEST_SET:
        return ()
    told_of = _CodedFeature(column.filter(pl.Series(mine)), learn[mine], classes)
    rows = tested.filter(pl.Series(theirs))
    whose = renumber(units, theirs)
    found = told_of.of(None, told_of.parts.codes(rows), rows, truth[theirs], whose, level)
    if not math.isfinite(found.value):
        return ()
    under = conditions(feature=column.name)
    return (found.figure(WHERE_SET.metric, int(theirs.sum()), under=under, level=level),)


def _common(column: pl.Series) -> Any:
    """The most common value; None where most often there is none."""
    plain = column.fill_nan(None) if column.dtype.is_float() else column
    if plain.dtype.is_nested() or plain.dtype == pl.Binary or plain.head(1000).n_unique() > 900:
        return None
    counts = plain.alias("value").value_counts().sort("count", "value", descending=True)
    return counts["value"][0]


def _other(column: pl.Series, common: Any) -> np.ndarray:
    """Whether there is a value, and another than the common one."""
    plain = column.fill_nan(None) if column.dtype.is_float() else column
    there = plain.is_not_null()
    if common is None:
        return np.asarray(there.to_numpy())
    same = plain == pl.Series([common], dtype=plain.dtype)
    return np.asarray((there & ~same.fill_null(False)).to_numpy())


def _is_in_both(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Training rows whose value, or part of the range, is not ten times as rare in the test rows."""
    size = int(max(here.max(initial=0), there.max(initial=0))) + 1
    shares = [np.bincount(each, minlength=size) / max(1, len(each)) for each in (here, there)]
    return np.asarray((shares[1] >= SELDOM * shares[0])[here])


def _lost_figure(name: str, here: Interval, there: Interval, classes: int, rows: int, level: float) -> Figure:
    """Training's less the test's; their rows are apart, so their variances add."""
    value = here.value - max(there.value, 0.5 if classes else -abs(here.value))
    halves = [
        (found.high - found.low) / 2
        for found in (here, there)
        if found.low is not None and found.high is not None
    ]
    half = math.hypot(*halves) if len(halves) == 2 else math.inf
    sure = math.isfinite(half)
    return Figure(
        metric=IN_TRAINING.metric,
        value=value,
        low=value - half if sure else None,
        high=value + half if sure else None,
        level=level,
        rows=rows,
        groups=min(here.units, there.units),
        under=conditions(feature=name),
    )


def _whole(predictions: pl.DataFrame, classes: int) -> float:
    rows = with_truth(predictions)
    was = scored_rows(rows)
    if classes and was.probability is None:
        return math.nan
    return statistic("roc_auc" if classes else "r2", was)(np.ones(rows.height))


def _number(value: object) -> float:
    return value if isinstance(value, float) and math.isfinite(value) else -math.inf
