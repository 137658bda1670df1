"""How alike a model treats groups of people, and pairs of groups: rates, errors and calibration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import polars as pl
from msgspec.structs import replace

from comporta.checks.fairness import codes
from comporta.checks.fairness import figures as names
from comporta.checks.fairness.codes import FEWER_THAN_TWO_GROUPS, GROUPS_TOO_SMALL, NO_PROBABILITY, NO_RATE
from comporta.checks.fairness.figures import (
    CALIBRATION_DIFFERENCE,
    ERROR_RATE_DIFFERENCE,
    FALSE_POSITIVE_DIFFERENCE,
    MEAN_ABSOLUTE_ERROR_DIFFERENCE,
    MEAN_ERROR_DIFFERENCE,
    MEAN_PREDICTION_DIFFERENCE,
    SELECTION_DIFFERENCE,
    SELECTION_RATIO,
    TRUE_POSITIVE_DIFFERENCE,
)
from comporta.checks.fairness.tables import GROUP, GROUPS, QUANTITY
from comporta.checks.shared.tables import CLASS, HIGH, LOW, ROWS, VALUE
from comporta.errors import BadProject
from comporta.records import (
    Artifact,
    Code,
    Condition,
    Conditions,
    Figure,
    Findings,
    Message,
    Quantity,
    TableRow,
    UnmeasuredFigure,
    Words,
)
from comporta.records.columns import NUMBER
from comporta.records.named_column import frame_of
from comporta.stats.codes import TARGET_ALIKE
from comporta.stats.disparity import (
    Pairs,
    Rates,
    differences,
    is_judged,
    is_shown,
    limits,
    pairs_of,
    rates,
    ratios,
)
from comporta.stats.metrics import ScoredRows
from comporta.stats.predictions import classes_of, scored_rows, spreadless, weights_of
from comporta.stats.subjects import subjects_of
from comporta.stats.table import column
from comporta.stats.units import coarse, units_of
from comporta.store.context import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

Criterion = Literal["parity", "impact", "odds", "opportunity", "error", "calibration"]
MOST_GROUPS = 40
MOST_PAIRS = 400


class Quotient(NamedTuple):
    """One quantity that is compared: top and bottom are (n,); share: of rows, or a mean. least: (n,) the
    variance that a row has by the model's own word."""

    rate: Code
    figure: Quantity
    of: str
    top: NDArray[np.float64]
    bottom: NDArray[np.float64]
    share: bool
    least: NDArray[np.float64] | None = None


class GroupTable(NamedTuple):
    """Rows by the values of one column, or of two. group: (n,) places among the names."""

    by: str
    group: NDArray[np.int64]
    names: tuple[str, ...]
    groups: tuple[Conditions, ...]
    left_out: int


def measure(
    context: StepContext,
    *,
    predictions: Artifact,
    columns: Sequence[str],
    criterion: Criterion,
    favourable: str = "",
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: the disparity of every two groups that can be judged, and the rates of each group."""
    rows = read(context, predictions)
    found = compare(rows, columns, criterion, favourable, units_of(rows, group), subjects_of(rows))
    print(f"bias: {len(found.figures)} figures of {rows.height:,} rows by {', '.join(columns)}")
    return {"findings": context.put_json(found)}


def compare(
    rows: pl.DataFrame,
    columns: Sequence[str],
    criterion: Criterion,
    favourable: str = "",
    unit: NDArray[np.int64] | None = None,
    subject: NDArray[np.int64] | None = None,
) -> Findings:
    """rows: a frame of predictions. subject: (n,) whom each row is about. Raises BadProject on a column or a
    class that is not there."""
    if spreadless(rows):
        return Findings(unmeasured=(UnmeasuredFigure(why=TARGET_ALIKE()),), rows=rows.height, of=rows.height)
    parts, without = parts_of(rows, criterion, favourable)
    if without is not None:
        return Findings(without=without, rows=rows.height, of=rows.height)
    tables, weight = list(tables_of(rows, columns)), weights_of(rows)
    found = [
        (
            part,
            table,
            rates(
                part.top,
                part.bottom,
                table.group,
                len(table.names),
                unit=unit,
                share=part.share,
                least=part.least,
                subject=subject,
                weight=weight,
            ),
        )
        for part in parts
        for table in tables
    ]
    family = sum(pairs_of(each) for _, _, each in found)
    measured: Callable[[Rates, int], Pairs] = ratios if criterion == "impact" else differences
    figures: list[Figure] = []
    for part, table, each in found:
        figures += _figures(part, table, each, measured(each, family))
    figures = _decisive(figures, higher=criterion == "impact")
    small, few = _too_small(found)
    lost = tuple(_columns_without_pairs(found)) or (() if figures else (_too_few_groups(columns),))
    if small and figures:
        figures.append(Figure(metric=names.GROUPS_TOO_SMALL.metric, value=float(len(small)), rows=few))
    return Findings(
        figures=tuple(figures),
        unmeasured=lost,
        rows=rows.height,
        of=rows.height,
        notes=(GROUPS_TOO_SMALL(groups=len(small)),) if small else (),
        tables=(GROUPS.of(tuple(_table_rows(found))[:200]),),
    )


def tables_of(rows: pl.DataFrame, columns: Sequence[str]) -> Iterator[GroupTable]:
    """By each column, then by every two of them; numbers of many values by quarters. The groups after the
    40 largest are one that is not judged."""
    coarsened = {each: coarse(column(rows, each)) for each in columns}
    names = {each: groups.labels.fill_null("missing") for each, groups in coarsened.items()}
    for by in [*((each,) for each in names), *combinations(names, 2)]:
        text = pl.select(pl.concat_str([pl.lit(f"{each}=") + names[each] for each in by], separator=", "))
        values = text.to_series()
        counts = values.value_counts(sort=True)
        kept = sorted(counts[values.name][:MOST_GROUPS].to_list())
        place = values.replace_strict(kept, range(len(kept)), default=len(kept), return_dtype=pl.Int64)
        names_ = (*kept, "others") if counts.height > MOST_GROUPS else tuple(kept)
        labels = frame_of(coarsened[each].labels.alias(each) for each in by)
        first = {text: labels.row(values.index_of(text) or 0) for text in kept}
        groups = tuple(
            tuple(coarsened[each].condition(each, label) for each, label in zip(by, first[text], strict=True))
            for text in kept
        )
        yield GroupTable(", ".join(by), place.to_numpy(), names_, groups, max(0, counts.height - MOST_GROUPS))


def parts_of(
    rows: pl.DataFrame, criterion: Criterion, favourable: str
) -> tuple[list[Quotient], Message | None]:
    """What a criterion compares, or why it has no meaning here."""
    was = scored_rows(rows)
    if NUMBER in rows.columns:
        return _of_numbers(was, criterion)
    classes = classes_of(rows)
    if favourable and favourable not in classes:
        raise BadProject(f"bias: found the class {favourable!r}, expected one of {', '.join(classes)}.")
    if criterion == "error":
        wrong = np.not_equal(was.truth, was.label).astype(float)  # type: ignore[arg-type]
        return [Quotient(codes.ERROR_RATE, ERROR_RATE_DIFFERENCE, "", wrong, np.ones(len(wrong)), True)], None
    if criterion == "calibration" and was.probability is None:
        return [], NO_PROBABILITY()
    which = [classes.index(favourable)] if favourable else list(range(len(classes)))[-1:]
    if len(classes) > 2 and not favourable:
        which = list(range(len(classes)))
    named = len(classes) > 2
    parts = [part for at in which for part in _of_class(was, criterion, at, classes[at] if named else "")]
    return parts, None


def _of_class(was: ScoredRows, criterion: Criterion, at: int, name: str) -> list[Quotient]:
    came, said = was.truth == at, np.equal(was.label, at)  # type: ignore[arg-type]
    one = np.ones(len(came))
    hit = Quotient(
        codes.TRUE_POSITIVE_RATE,
        TRUE_POSITIVE_DIFFERENCE,
        name,
        (came & said).astype(float),
        came.astype(float),
        True,
    )
    if criterion in ("parity", "impact"):
        ratio = criterion == "impact"
        figure = SELECTION_RATIO if ratio else SELECTION_DIFFERENCE
        return [Quotient(codes.SELECTION_RATE, figure, name, said.astype(float), one, True)]
    if criterion == "opportunity":
        return [hit]
    if criterion == "odds":
        false = Quotient(
            codes.FALSE_POSITIVE_RATE,
            FALSE_POSITIVE_DIFFERENCE,
            name,
            (~came & said).astype(float),
            (~came).astype(float),
            True,
        )
        return [hit, false]
    assert was.probability is not None, "asked only where there is one"
    chance = was.probability[:, at]
    return [
        Quotient(
            codes.CALIBRATION, CALIBRATION_DIFFERENCE, name, chance - came, one, False, chance * (1 - chance)
        )
    ]


def _of_numbers(was: ScoredRows, criterion: Criterion) -> tuple[list[Quotient], Message | None]:
    """In standard deviations of the truth, so that a limit means the same for every target."""
    assert was.number is not None, "a regression has numbers"
    spread = float(was.truth.std())
    one = np.ones(len(was.truth))
    error = (was.number - was.truth) / spread
    if criterion == "parity":
        return [
            Quotient(codes.MEAN_PREDICTION, MEAN_PREDICTION_DIFFERENCE, "", was.number / spread, one, False)
        ], None
    if criterion in ("error", "calibration"):
        mean = Quotient(codes.MEAN_ERROR, MEAN_ERROR_DIFFERENCE, "", error, one, False)
        size = Quotient(
            codes.MEAN_ABSOLUTE_ERROR, MEAN_ABSOLUTE_ERROR_DIFFERENCE, "", np.abs(error), one, False
        )
        return [mean] if criterion == "calibration" else [mean, size], None
    return [], NO_RATE()


def _columns_without_pairs(found: Sequence[tuple[Quotient, GroupTable, Rates]]) -> Iterator[UnmeasuredFigure]:
    """Of each quantity the columns by which no two groups can be compared: figures of others hide nothing."""
    for part, table, each in found:
        alone = len(table.groups[0]) == 1
        if alone and is_judged(each)[: len(table.groups)].sum() < 2:
            few = _too_few_groups((table.by,))
            yield replace(few, metric=part.figure.metric, under=_class_of(part))


def _too_few_groups(columns: Sequence[str]) -> UnmeasuredFigure:
    return UnmeasuredFigure(why=FEWER_THAN_TWO_GROUPS(columns=tuple(columns)))


def _class_of(part: Quotient) -> Conditions:
    return (Condition("class", Words(part.of)),) if part.of else ()


def _figures(part: Quotient, table: GroupTable, found: Rates, pairs: Pairs) -> list[Figure]:
    last = len(table.names) - 1 if table.left_out else len(table.names)
    return [
        Figure(
            metric=part.figure.metric,
            value=float(value),
            low=float(low),
            high=float(high),
            rows=int(found.rows[one] + found.rows[other]),
            groups=int(found.units[one] + found.units[other]),
            where=table.groups[one],
            against=table.groups[other],
            under=_class_of(part),
        )
        for one, other, value, low, high in zip(*pairs, strict=True)
        if one < last and other < last
    ]


def _decisive(figures: list[Figure], *, higher: bool) -> list[Figure]:
    """Those that may decide, where there are more than 400: the worst by value and by either end."""
    if len(figures) <= MOST_PAIRS:
        return figures
    sign = 1 if higher else -1
    ends: tuple[Callable[[Figure], float], ...] = (
        lambda each: each.value,
        lambda each: each.low or 0.0,
        lambda each: each.high or 0.0,
    )
    kept: dict[int, Figure] = {}
    for end in ends:
        ranked = sorted(range(len(figures)), key=lambda at: sign * end(figures[at]))
        kept |= {at: figures[at] for at in ranked[: MOST_PAIRS // 3]}
    return list(kept.values())


def _too_small(found: Sequence[tuple[Quotient, GroupTable, Rates]]) -> tuple[set[str], int]:
    """The groups that are not judged for one quantity or another, and the rows in the largest of them all."""
    small: dict[str, int] = {}
    for _, table, each in found:
        for at in np.flatnonzero(~is_judged(each)):
            small[table.names[at]] = int(each.rows[at])
        if table.left_out:
            small[f"{table.by}: others"] = int((table.group == len(table.names) - 1).sum())
    return set(small), sum(small.values())


def _table_rows(found: Sequence[tuple[Quotient, GroupTable, Rates]]) -> Iterator[TableRow]:
    for part, table, each in found:
        low, high = limits(each, 0.025)
        shown = is_shown(each)
        for at, name in enumerate(table.names):
            if shown[at]:
                yield {
                    QUANTITY: part.rate(),
                    **({CLASS: part.of} if part.of else {}),
                    GROUP: name,
                    ROWS: int(each.rows[at]),
                    VALUE: float(each.value[at]),
                    LOW: float(low[at]),
                    HIGH: float(high[at]),
                }
