"""How far the answers moved: against the champion on the same rows, and against earlier versions' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from comporta.checks.prediction_drift.codes import (
    ANOTHER_TASK,
    BEYOND_EDGES,
    BY_CHANCE,
    DRIFT_IS,
    NO_ROW_TO_COMPARE,
    OTHER_CLASSES,
    TOGETHER_AT,
)
from comporta.checks.prediction_drift.figures import DECISION_DRIFT, RATE_RATIO, SCORE_DRIFT
from comporta.checks.prediction_drift.tables import SCORE, SCORES, UP_TO
from comporta.checks.shared.figures import COMPARED
from comporta.checks.shared.measuring.codes import NO_EARLIER_VERSION
from comporta.checks.shared.measuring.earlier_references import (
    EARLIER_VERSION,
    against,
    earlier_of,
)
from comporta.checks.shared.measuring.reference import scores_of
from comporta.checks.shared.tables import AGAINST, IS, WAS
from comporta.records import (
    Artifact,
    Condition,
    Figure,
    Findings,
    Message,
    TableRow,
    UnmeasuredFigure,
    Words,
)
from comporta.records.columns import KEY, LABEL
from comporta.records.reference import Reference
from comporta.stats.distance import distance, paired_distance
from comporta.stats.many import together
from comporta.stats.predictions import classes_of, task_of
from comporta.stats.profiles import places_of, profile, recount
from comporta.stats.ratios import paired_ratio, ratio
from comporta.stats.units import units_of
from comporta.store.context import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

CHAMPION = "champion"
At = tuple[float, float, float]


class DriftComparison(NamedTuple):
    """One comparison. against: which of the earlier versions, None: the champion. of: the class, or empty
    for all together. rows: of this version. at: value, low and high at a level, which is known when all
    comparisons are."""

    metric: str
    against: int | None
    of: str
    rows: int
    at: Callable[[float], At]


def measure(
    context: StepContext,
    *,
    predictions: Artifact,
    champion: Artifact | None = None,
    champion_train: Artifact | None = None,
    group: str | None = None,
    **others: Any,
) -> dict[str, Artifact]:
    """`findings`: how far scores and decisions moved, with intervals, and how many times as often each class
    is decided. champion: its answers to the same rows. others: references of earlier versions. All rows are
    read."""
    trained = None if champion_train is None else read(context, champion_train)[KEY]
    found = measure_drift(
        read(context, predictions),
        None if champion is None else read(context, champion),
        earlier_of(context, others),
        trained=trained,
        group=group,
    )
    compared = sum(each.metric == COMPARED.metric for each in found.figures)
    print(f"compared with {compared} versions")
    return {"findings": context.put_json(found)}


def measure_drift(
    rows: pl.DataFrame,
    champion: pl.DataFrame | None,
    earlier: Mapping[int, Reference],
    *,
    trained: pl.Series | None = None,
    group: str | None = None,
) -> Findings:
    """The same from frames. trained: keys of rows that the champion learned from, which are left out."""
    if champion is None and not earlier:
        return Findings(without=NO_EARLIER_VERSION(), rows=rows.height, of=rows.height)
    lost: dict[int | None, Message] = {}
    found: list[DriftComparison] = []
    if champion is not None:
        mine, theirs = _unseen(rows, champion, trained)
        why = _unlike(mine, task_of(theirs), classes_of(theirs)) if theirs.height else NO_ROW_TO_COMPARE()
        if why is not None:
            lost[None] = why
        else:
            found += _beside(mine, theirs, units_of(mine, group))
    units = units_of(rows, group)
    for name, reference in earlier.items():
        why = _unlike(rows, reference.task, reference.classes)
        if why is not None:
            lost[name] = why
        else:
            found += _after(name, reference, rows, units)
    rates = together(sum(each.metric == RATE_RATIO.metric for each in found))
    others = together(sum(each.metric != RATE_RATIO.metric for each in found))
    figures = [_figure(each, rates if each.metric == RATE_RATIO.metric else others) for each in found]
    versions: list[int | None] = [*([] if champion is None else [None]), *earlier]
    figures += [
        Figure(metric=COMPARED.metric, value=float(each not in lost), **_versus(each)) for each in versions
    ]
    return Findings(
        figures=tuple(figures),
        unmeasured=tuple(UnmeasuredFigure(**_versus(each), why=why) for each, why in lost.items()),
        rows=rows.height,
        of=rows.height,
        notes=(
            DRIFT_IS(),
            TOGETHER_AT(others=others, rates=rates),
        ),
        tables=(SCORES.of(_shares(rows, earlier)),),
    )


def _shares(rows: pl.DataFrame, earlier: Mapping[int, Reference]) -> Iterator[TableRow]:
    """Shares by cell against the newest earlier version, for a picture."""
    for number, was in list(earlier.items())[:1]:
        for of, series in list(scores_of(rows).items())[:5]:
            if of in was.scores:
                before = was.scores[of]
                now = recount(series, before)
                ends: tuple[str | Message, ...] = (*(f"{edge:.4g}" for edge in before.edges), BEYOND_EDGES())
                for end, a, b in zip(ends, before.counts, now.counts, strict=True):
                    yield {
                        AGAINST: number,
                        SCORE: of,
                        UP_TO: end,
                        WAS: a / max(1, before.rows),
                        IS: b / max(1, now.rows),
                    }


def _beside(mine: pl.DataFrame, theirs: pl.DataFrame, units: Places | None) -> Iterator[DriftComparison]:
    """Two models on the same rows."""
    then = scores_of(theirs)
    for name, series in scores_of(mine).items():
        like = profile(then[name])
        size = len(like.counts) + 1
        one = paired_distance(places_of(then[name], like), places_of(series, like), size, units)
        if one is not None:
            yield DriftComparison(SCORE_DRIFT.metric, None, name, len(series), one.at)
    if LABEL not in mine.columns:
        return
    classes = classes_of(mine)
    was, now = (each[LABEL].to_physical().cast(pl.Int64).to_numpy() for each in (theirs, mine))
    one = paired_distance(was, now, len(classes), units)
    if one is not None:
        yield DriftComparison(DECISION_DRIFT.metric, None, "", len(now), one.at)
    for place in _classes_to_report(
        np.bincount(was, minlength=len(classes)) + np.bincount(now, minlength=len(classes))
    ):
        before, after = was == place, now == place
        if not (before | after).any():
            continue
        counts = (
            int((before & after).sum()),
            int((before & ~after).sum()),
            int((after & ~before).sum()),
            len(now),
        )
        effect = _together(after.astype(float) - before.astype(float), units)
        yield DriftComparison(
            RATE_RATIO.metric, None, classes[place], len(now), partial(_paired_ratio, counts, effect)
        )


def _after(name: int, was: Reference, rows: pl.DataFrame, units: Places | None) -> Iterator[DriftComparison]:
    """This version's answers and an earlier one's, each on its own rows."""
    for of, series in scores_of(rows).items():
        if of in was.scores:
            one = distance(was.scores[of], recount(series, was.scores[of], units))
            if one is not None:
                yield DriftComparison(SCORE_DRIFT.metric, name, of, rows.height, one.at)
    if was.decisions is None or LABEL not in rows.columns:
        return
    now = recount(rows[LABEL], was.decisions, units)
    one = distance(was.decisions, now)
    if one is not None:
        yield DriftComparison(DECISION_DRIFT.metric, name, "", rows.height, one.at)
    # A sample where one group alone, or none, has a rare class does not tell how groups hold together.
    effect = max(was.decisions.effect, now.effect)
    classes = was.decisions.words
    for place in _classes_to_report(
        np.array(was.decisions.counts[: len(classes)]) + now.counts[: len(classes)]
    ):
        counts = was.decisions.counts[place], was.rows, now.counts[place], now.rows
        if counts[0] + counts[2]:
            yield DriftComparison(
                RATE_RATIO.metric, name, classes[place], rows.height, partial(_ratio, counts, effect)
            )


def _ratio(counts: tuple[int, int, int, int], effect: float, level: float) -> At:
    return ratio(*counts, level=level, effects=(effect, effect)).at


def _paired_ratio(counts: tuple[int, int, int, int], effect: float, level: float) -> At:
    return paired_ratio(*counts, level=level, effect=effect).at


def _classes_to_report(counts: NDArray[Any]) -> list[int]:
    """The classes whose rates are told: of two the rarer, which says all."""
    return [int(np.argmin(counts))] if len(counts) == 2 else list(range(len(counts)))


def _together(value: NDArray[np.float64], units: Places | None) -> float:
    """How much more the sum of these varies because rows of a unit are alike; at least 1."""
    square = float((value**2).sum())
    if units is None or not square:
        return 1.0
    return max(1.0, float((np.bincount(units, value) ** 2).sum()) / square)


def _unseen(
    rows: pl.DataFrame, champion: pl.DataFrame, trained: pl.Series | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both on the rows they share, in one order, without those that the champion learned from."""
    if KEY not in rows.columns or rows[KEY].n_unique() < rows.height:
        return (rows, champion) if rows.height == champion.height else (rows.clear(), champion.clear())
    shared = rows.select(KEY).join(champion.select(KEY), on=KEY, how="semi", maintain_order="left")
    if trained is not None:
        shared = shared.join(trained.to_frame(KEY), on=KEY, how="anti", maintain_order="left")
    mine, theirs = (shared.join(each, on=KEY, how="left", maintain_order="left") for each in (rows, champion))
    return mine, theirs


def _unlike(rows: pl.DataFrame, task: str, classes: tuple[str, ...]) -> Message | None:
    if task_of(rows) != task:
        return ANOTHER_TASK(theirs=task, ours=task_of(rows))
    return None if classes_of(rows) == classes else OTHER_CLASSES()


def _figure(found: DriftComparison, level: float) -> Figure:
    value, low, high = found.at(level)
    told = _versus(found.against)
    if found.of:
        told["under"] = (*told["under"], Condition("class", Words(found.of)))
    notes = (BY_CHANCE(times=high / value),) if found.metric == RATE_RATIO.metric else ()
    return Figure(
        metric=found.metric,
        value=value,
        low=low,
        high=high,
        level=level,
        rows=found.rows,
        notes=notes,
        **told,
    )


def _versus(number: int | None) -> dict[str, Any]:
    """What a figure is compared with: which of the earlier versions, or None: the champion."""
    if number is None:
        return {"compared_with": CHAMPION, "under": ()}
    return {"compared_with": EARLIER_VERSION, "under": against(number)}
