"""Whether test rows were seen in training: the same row, its twin, or another row of the same entity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl

from comporta.checks.contamination.codes import (
    NO_SUBJECT,
    NO_VALUE_IN_TEST,
    SEEN_BEYOND_CHANCE,
    SEEN_BEYOND_OWN,
)
from comporta.checks.contamination.figures import ENTITIES, KEYS, NEAR_TWINS, REQUESTS, TWINS
from comporta.records import Artifact, Figure, Findings, Message, Quantity, UnmeasuredFigure, conditions
from comporta.records.columns import KEY, SUBJECT, TARGET
from comporta.stats.chance_twins import Twins, twins_among
from comporta.stats.table import column, feature_names
from comporta.stats.twins import codes, counts, grids, likeness
from comporta.store.context import StepContext
from comporta.store.frames import read

VARIED, FEWEST_REAL = 0.1, 3


def measure(
    context: StepContext,
    *,
    train: Artifact,
    test: Artifact,
    split: dict[str, Any] | None = None,
    known: Sequence[str] = (),
    columns: Sequence[str] = (),
    subjects: bool = False,
) -> dict[str, Artifact]:
    """`findings`: shares of the test rows that training has seen. columns: those whose values must not stand
    in both parts; the group of a split by group is one by itself. subjects: so must the dataset's subjects.
    known: the columns that a request carries. All rows are read."""
    apart = list(
        dict.fromkeys([*columns, *([split["group"]] if split and split.get("type") == "group" else [])])
    )
    learned, judged = read(context, train), read(context, test)
    found = find_contamination(learned, judged, apart, subjects=subjects, known=known)
    print(f"{judged.height:,} test rows held against {learned.height:,} training rows, all of them")
    return {"findings": context.put_json(found)}


def find_contamination(
    train: pl.DataFrame,
    test: pl.DataFrame,
    columns: Sequence[str] = (),
    *,
    subjects: bool = False,
    known: Sequence[str] = (),
) -> Findings:
    """Keys and entities in both parts, and rows alike in features and target; or, of another subject, in the
    target and all that a request carries, so that what was joined at another time sets copies apart no more.

    Twins, exact or near: the share of test rows with one in training beyond that expected by chance (see
    `stats.chance_twins`), as rows of few distinct values repeat by themselves.
    """
    rows = test.height
    seen = float(test[KEY].is_in(train[KEY].implode()).sum()) / rows
    figures = [Figure(metric=KEYS.metric, value=seen, rows=rows)]
    if subjects and SUBJECT not in test.columns:
        return Findings(unmeasured=(UnmeasuredFigure(metric=ENTITIES.metric, why=NO_SUBJECT()),))
    for name in [*columns, *(["subject"] if subjects else [])]:
        mine, theirs = column(test, name), column(train, name)
        if mine.null_count() == rows:
            return Findings(
                unmeasured=(UnmeasuredFigure(metric=ENTITIES.metric, why=NO_VALUE_IN_TEST(column=name)),)
            )
        seen = float(mine.is_in(theirs.drop_nulls().unique().implode()).fill_null(False).sum()) / rows
        figures.append(Figure(metric=ENTITIES.metric, under=conditions(column=name), value=seen, rows=rows))
    names = [*feature_names(test), TARGET]
    both = pl.concat([train[list(names)], test[list(names)]], how="vertical_relaxed")
    of_each_other = likeness(both).is_copy and _agree_in_target(both)
    alike = [(TWINS, [both], of_each_other), (NEAR_TWINS, grids(both, both[: train.height]), False)]
    notes = []
    for what, tables, is_copy in alike:
        if tables:
            twins = twins_among(tables, train.height, is_copy=is_copy)
            figures.append(_beyond(what, twins, rows))
            notes.append(SEEN_BEYOND_CHANCE(what=what(), share=twins.share, expected=twins.expected))
    asked = [name for name in known if name in names and not test[name].dtype.is_temporal()]
    if SUBJECT in test.columns and _is_varied(train, asked):
        figure, note = _of_others(train, test, [*asked, TARGET])
        figures.append(figure)
        notes.append(note)
    return Findings(figures=tuple(figures), rows=rows, of=rows, notes=tuple(notes))


def _agree_in_target(rows: pl.DataFrame) -> bool:
    """Whether rows alike in all features have one target more often than midway between chance and always:
    copies do, and rows of one shop that all tell the same traits of it do not."""
    features, whole = (counts(codes(each)) - 1 for each in (rows.drop(TARGET), rows))
    shares = rows[TARGET].value_counts(normalize=True)["proportion"].to_numpy()
    chance = float(shares @ shares)
    return float(whole.sum()) > (1 + chance) / 2 * float(features.sum())


def _is_varied(rows: pl.DataFrame, names: Sequence[str]) -> bool:
    """Whether enough of these are real numbers that hardly repeat: who is alike in all is no other."""
    real = [rows[name] for name in names if rows[name].dtype.is_float()]
    return sum(each.n_unique() > VARIED * rows.height for each in real) >= FEWEST_REAL


def _of_others(train: pl.DataFrame, test: pl.DataFrame, names: list[str]) -> tuple[Figure, Message]:
    """Rows of one subject are alike by themselves; those of two are not."""
    both = pl.concat([train[list(names)], test[list(names)]], how="vertical_relaxed")
    whose = pl.concat([train[SUBJECT], test[SUBJECT]])
    every = pl.DataFrame({"code": codes(both), "whose": whose})
    learned, judged = every[: train.height], every[train.height :]
    held = learned.group_by("code").agg(first=pl.col("whose").min(), last=pl.col("whose").max())
    other = ((pl.col("first") != pl.col("whose")) | (pl.col("last") != pl.col("whose"))).fill_null(False)
    in_both, in_train = (
        part.join(held, on="code", how="left", maintain_order="left").select(other).to_series().to_numpy()
        for part in (judged, learned)
    )
    seen, own = float(in_both.mean()), float(in_train.mean())
    # Twins come in pairs at least: each row of them tells half as much.
    error = math.sqrt(2 * (seen * (1 - seen) / test.height + own * (1 - own) / train.height))
    note = SEEN_BEYOND_OWN(what=REQUESTS(), share=seen, own=own)
    return _beyond(REQUESTS, Twins(seen, own, error), test.height), note


def _beyond(what: Quantity, twins: Twins, rows: int) -> Figure:
    """The share of test rows with a twin, less that expected to have one."""
    apart, half = twins.share - twins.expected, 1.96 * twins.error
    value = max(0.0, apart)
    return Figure(
        metric=what.metric,
        value=value,
        low=max(0.0, min(value, apart - half)),
        high=max(value, apart + half),
        rows=rows,
    )
