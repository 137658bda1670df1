"""How steady the answers are when the features are not: a little noise, and the ends of what can come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from comporta.checks.noise.codes import FREE_TEXT, MODEL_RAISED, NO_FEATURES, NOISE_ASKED
from comporta.checks.noise.figures import CHANGED_BY_EXTREME, METRIC_LOST, NOT_ANSWERED
from comporta.checks.noise.tables import CHANGED, PUSHED
from comporta.checks.shared.figures import DECISIONS_CHANGED
from comporta.checks.shared.measuring.changes import (
    asked_of,
    changes_of,
    has_answer,
    seen_of,
    usual_metric,
    worth,
)
from comporta.checks.shared.measuring.codes import NO_TEST_ROWS
from comporta.checks.shared.measuring.perturbation import extremes, jitter, kind_of
from comporta.checks.shared.tables import FEATURE, FEATURES
from comporta.checks.shared.tables import METRIC_LOST as METRIC_LOST_IN
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    FittedModel,
    Message,
    ModelOutput,
    Signature,
    TableRow,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.columns import TARGET
from comporta.records.figure import NOISE_
from comporta.records.metric import metric as metric_named
from comporta.stats.areas import apart_of_units
from comporta.stats.bootstrap import Interval, Statistic
from comporta.stats.clusters import Clusters, clusters_of
from comporta.stats.discordance import with_discordance
from comporta.stats.jackknife import quick_intervals
from comporta.stats.metrics import ScoredRows, statistic
from comporta.stats.predictions import weights_of
from comporta.stats.spread import share_of
from comporta.stats.units import units_of
from comporta.store import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Opened = Callable[[StepContext, Artifact, Artifact], FittedModel]

ROWS, EACH = 10_000, 1_000
Push = float | Message
"""A level of noise, or which extreme."""


class One(NamedTuple):
    """One column pushed: its name, how (a level of noise, or which extreme), and what was said of the rows
    then; None: the model raised."""

    feature: str
    push: Push
    output: ModelOutput | None


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    opened: Opened,
    levels: Sequence[float] = (0.01, 0.05, 0.1),
    repeats: int = 3,
    metric: str | None = None,
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: shares of decisions changed and the metric lost at each level of noise in all features
    (`noise=0.05`), in each (`noise=0.05 in NAME`), and with each at its extremes. Of at most 10,000 rows
    for all features together, 1,000 for each alone."""
    rows = read(context, test)
    found = noisy(opened(context, model, signature), rows, levels, repeats, metric, group, context.seed)
    print(f"{found.rows:,} of {found.of:,} rows; {len(found.figures)} figures")
    return {"findings": context.put_json(found)}


def noisy(
    asked: FittedModel,
    test: pl.DataFrame,
    levels: Sequence[float],
    repeats: int,
    metric: str | None,
    group: str | None,
    seed: int,
) -> Findings:
    """The same from an opened model and a frame. Raises BadProject on a metric the task has not."""
    takes, draw = asked.signature, np.random.default_rng(seed)
    if test.is_empty() or not takes.features:
        why = NO_TEST_ROWS() if takes.features else NO_FEATURES()
        return Findings(unmeasured=(UnmeasuredFigure(metric=DECISIONS_CHANGED.metric, why=why),))
    rows = test.sample(min(ROWS, test.height), seed=seed)
    few = rows.head(EACH)
    name = metric or usual_metric(takes)
    before = asked(rows)
    alone = ModelOutput(before.scores[: few.height], before.decisions[: few.height])

    together = [(level, _all(rows, asked, level, draw)) for level in levels for _ in range(repeats)]
    said = asked_of(asked, [frame for _, frame in together])
    by_level = {
        level: [s for (at, _), s in zip(together, said, strict=True) if at == level] for level in levels
    }
    figures = _levels(by_level, before, rows, asked, name, group, seed)
    figures += [_unanswered_figure(said, "noise")]

    frames = _pushed_frames(takes, few, levels, draw)
    singles = _each(asked, frames)
    figures += _alone(singles, alone, takes, few.height, units_of(few, group))
    extreme = [one.output for one in singles if isinstance(one.push, Message)]
    figures.append(_unanswered_figure(extreme, "extremes", few.height))
    asks = rows.height * (1 + len(together)) + few.height * len(singles)
    return Findings(
        figures=tuple(figures),
        rows=rows.height,
        of=test.height,
        notes=(
            NOISE_ASKED(rows=asks, alone=few.height),
            *(FREE_TEXT(feature=each.name) for each in takes.features if kind_of(each) == "text"),
        ),
        tables=(FEATURES.of(_table(singles, alone, few, asked, name)),),
    )


def _pushed_frames(
    takes: Signature, few: pl.DataFrame, levels: Sequence[float], draw: np.random.Generator
) -> list[tuple[str, Push, pl.DataFrame]]:
    """The rows with one feature pushed: each at every level of noise, then each to its extremes."""
    pushed: list[tuple[str, Push, pl.DataFrame]] = [
        (field.name, level, few.with_columns(jitter(few[field.name], field, level, draw)))
        for field in takes.features
        for level in levels
        if kind_of(field) != "text"
    ]
    pushed += [
        (field.name, how(), few.with_columns(column))
        for field in takes.features
        for how, column in extremes(few[field.name], field, draw).items()
    ]
    return pushed


def _alone(
    singles: Sequence[One], before: ModelOutput, takes: Signature, rows: int, units: NDArray[np.int64] | None
) -> Iterator[Figure]:
    """The share of decisions that change where one feature is pushed."""
    for one in singles:
        if one.output is None:
            continue
        share = share_of(changes_of(before, one.output, takes), units)
        if isinstance(one.push, float):
            changed, under = DECISIONS_CHANGED.metric, conditions(noise=one.push, feature=one.feature)
        else:
            changed, under = CHANGED_BY_EXTREME.metric, conditions(feature=one.feature, push=one.push)
        yield share.figure(changed, rows, under=under)


def _all(rows: pl.DataFrame, asked: FittedModel, level: float, draw: np.random.Generator) -> pl.DataFrame:
    features = asked.signature.features
    return rows.with_columns(jitter(rows[f.name], f, level, draw) for f in features if kind_of(f) != "text")


def _levels(
    by_level: dict[float, list[ModelOutput]],
    before: ModelOutput,
    rows: pl.DataFrame,
    asked: FittedModel,
    name: str,
    group: str | None,
    seed: int,
) -> list[Figure]:
    """The share changed and the metric lost at each level, means over the repeats, paired with no noise."""
    takes, units = asked.signature, units_of(rows, group)
    figures = []
    lost: list[Statistic] = []
    known = rows[TARGET].is_not_null().to_numpy() if TARGET in rows.columns else np.zeros(rows.height, bool)
    truth = rows[TARGET].filter(pl.Series(known)) if known.any() else None
    counts = weights_of(rows)
    weight = None if counts is None else counts[known]
    for level, said in by_level.items():
        share = share_of(np.mean([changes_of(before, each, takes) for each in said], axis=0), units)
        figures.append(share.figure(DECISIONS_CHANGED.metric, rows.height, under=conditions(noise=level)))
        if truth is not None:
            after = [_only(s, known) for s in said]
            lost.append(_loss(name, _only(before, known), after, truth, asked, weight))
    if truth is None:
        return figures
    clusters = clusters_of(rows.filter(pl.Series(known)), group)
    found = quick_intervals(lost, len(truth), clusters=clusters, seed=seed)
    calm = seen_of(_only(before, known), truth, takes, weight)
    for level, drawn in zip(by_level, found, strict=True):
        one = _without_change(name, calm, drawn, clusters)
        if np.isfinite(one.value):
            figures.append(
                one.figure(METRIC_LOST.metric, len(truth), under=conditions(metric=name, noise=level))
            )
    return figures


def _without_change(name: str, seen: ScoredRows, found: Interval, clusters: Clusters) -> Interval:
    """What may be lost all the same where noise moved no answer: as between two models that say the same."""
    if found.low is not None or found.value != 0:
        return found
    if name == "roc_auc":
        return apart_of_units(found, seen, seen, clusters)
    return with_discordance(name, seen, seen, found, clusters=clusters)


def _loss(
    name: str,
    before: ModelOutput,
    after: Sequence[ModelOutput],
    truth: pl.Series,
    asked: FittedModel,
    weight: NDArray[np.float64] | None,
) -> Statistic:
    """The metric without noise less the mean of it with, as a function of row weights."""
    sign = 1.0 if metric_named(name).higher else -1.0
    clean = statistic(name, seen_of(before, truth, asked.signature, weight))
    noised = [statistic(name, seen_of(each, truth, asked.signature, weight)) for each in after]
    return lambda weights: sign * (clean(weights) - float(np.mean([one(weights) for one in noised])))


def _only(said: ModelOutput, where: NDArray[np.bool_]) -> ModelOutput:
    return said if where.all() else ModelOutput(said.scores[where], said.decisions[where])


def _each(asked: FittedModel, frames: Sequence[tuple[str, Push, pl.DataFrame]]) -> list[One]:
    """What is said of each frame; one by one where the model raises on all of them together."""
    try:
        said: list[ModelOutput | None] = [*asked_of(asked, [frame for _, _, frame in frames])]
    except Exception:  # an estimator's own errors: whatever it raises, some frame it cannot answer
        said = []
        for _, _, frame in frames:
            try:
                said.append(asked(frame))
            except Exception as error:
                print(f"the model raised {type(error).__name__}")
                said.append(None)
    return [One(feature, push, one) for (feature, push, _), one in zip(frames, said, strict=True)]


def _unanswered_figure(said: Sequence[ModelOutput | None], push: str, rows: int = 0) -> Figure:
    """How many rows had no finite answer."""
    lost = sum(rows if one is None else int((~has_answer(one)).sum()) for one in said)
    of = sum(rows if one is None else len(one.decisions) for one in said)
    return Figure(metric=NOT_ANSWERED.metric, value=lost, rows=of, under=conditions(push=push))


def _table(
    singles: Sequence[One], before: ModelOutput, few: pl.DataFrame, asked: FittedModel, name: str
) -> list[TableRow]:
    """The features that change the most, first."""
    known = few[TARGET].is_not_null() if TARGET in few.columns else None
    lines: list[TableRow] = []
    base = (
        None
        if known is None or not known.any()
        else worth(name, *_where_known(before, few, known), asked.signature)
    )
    for one in singles:
        line: TableRow = {FEATURE: one.feature, PUSHED: _push_text(one.push)}
        if one.output is None:
            lines.append({**line, CHANGED: MODEL_RAISED()})
            continue
        line[CHANGED] = round(float(changes_of(before, one.output, asked.signature).mean()), 4)
        if base is not None and known is not None:
            after = worth(name, *_where_known(one.output, few, known), asked.signature)
            if np.isfinite(base - after):
                line[METRIC_LOST_IN.of(name)] = round(base - after, 4)
        lines.append(line)
    lines.sort(key=_change)
    return lines[:150]


def _change(line: TableRow) -> float:
    changed = line[CHANGED]
    return -changed if isinstance(changed, float) else -np.inf


def _push_text(push: Push) -> Message:
    return NOISE_(value=push) if isinstance(push, float) else push


def _where_known(said: ModelOutput, rows: pl.DataFrame, known: pl.Series) -> tuple[ModelOutput, pl.Series]:
    return _only(said, known.to_numpy()), rows[TARGET].filter(known)
