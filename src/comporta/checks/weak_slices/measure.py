"""Where the model is weak, found by itself: searched on one half of the test rows, confirmed on the other.

The half that confirms was never searched, so its figures are not the best of thousands. Of the few slices
brought to it, those that false-discovery control lets stand are told, with intervals that allow for choosing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.checks.shared.tables import LOSS, ROWS, SLICE, WHERE, P
from comporta.checks.weak_slices.codes import (
    COLUMNS_SEARCHED,
    CONSTANT_COSTS_NOTHING,
    NO_COLUMN_TO_SLICE_BY,
    SLICES_CONFIRMED,
    TOO_FEW_UNITS,
)
from comporta.checks.weak_slices.figures import CONFIRMED, TO_CONSTANT, TO_OVERALL
from comporta.checks.weak_slices.tables import (
    CONFIRMED_SLICE,
    CONSTANT,
    OVERALL,
    OVERALL_HIGH,
    OVERALL_LOW,
    SLICES,
)
from comporta.records import (
    FEWEST_ROWS,
    Artifact,
    Condition,
    Conditions,
    Figure,
    Findings,
    Message,
    Record,
    TableRow,
    UnmeasuredFigure,
    conditions,
    place_of,
)
from comporta.records.columns import KEPT
from comporta.stats.bins import bin_values
from comporta.stats.bootstrap import Interval
from comporta.stats.lattice import Where, within, worst_cells
from comporta.stats.losses import Losses, losses
from comporta.stats.many import discoveries, selected_level
from comporta.stats.means import higher_inside, part_to_whole, ratio_of
from comporta.stats.predictions import scored_rows, shares_of_mean, with_truth
from comporta.stats.subjects import few, subjects_of
from comporta.stats.table import column, feature_names
from comporta.stats.units import units_of
from comporta.store import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Inside = NDArray[np.bool_]

FEWEST_UNITS = 4
COLUMNS = 60
LOOKED_AT = 500
ALIKE = 0.5


class Weak(Record, frozen=True, kw_only=True):
    """One slice as the confirming half sees it. where: its conditions.

    p: one-sided, of a mean loss so much above that of the rows outside by chance. rows: of the confirming
    half in it. loss: their mean. overall: over that of all rows; constant: over what the best constant of the
    slice's searched rows would have cost there.
    """

    where: Conditions
    p: float
    confirmed: bool
    rows: int
    loss: float
    level: float
    overall: Interval
    constant: Interval


class Half(Record, frozen=True, kw_only=True):
    """Rows and what was lost on them. codes: (columns, n). weight: (n,) how much each row counts."""

    codes: NDArray[np.int32]
    losses: Losses
    units: NDArray[np.int64] | None
    subjects: NDArray[np.int64] | None
    weight: Floats


def measure(
    context: StepContext,
    *,
    predictions: Artifact,
    group: str | None = None,
    support: float = 0.02,
    depth: int = 2,
    top: int = 10,
    loss: str = "",
) -> dict[str, Artifact]:
    """`findings`. support: the smallest share of rows a slice may have. depth: conditions at most, 1 to 3.
    top: how many slices are brought to the confirming half. loss: see `stats.losses`."""
    rows = with_truth(read(context, predictions))
    found = weak_slices(
        rows, group=group, support=support, depth=depth, top=top, loss=loss, seed=context.seed
    )
    print(f"weak slices: {sum(len(each.rows) for each in found.tables)} looked at, on {found.rows:,} rows")
    return {"findings": context.put_json(found)}


def weak_slices(
    rows: pl.DataFrame,
    *,
    group: str | None = None,
    support: float = 0.02,
    depth: int = 2,
    top: int = 10,
    loss: str = "",
    seed: int = 0,
) -> Findings:
    """Figures: how many slices were confirmed, and of each its mean loss to that of all rows and to that of
    its own best constant. Their conditions stand in the table `slices`."""
    names = _names(rows, group)
    units, subjects = units_of(rows, group), subjects_of(rows)
    first = halves(rows.height, units, seed)
    if (why := _too_few(units, first, names)) is not None:
        lost_all = UnmeasuredFigure(metric=CONFIRMED.metric, why=why)
        return Findings(unmeasured=(lost_all,), rows=rows.height, of=rows.height)
    lost = losses(scored_rows(rows), loss)
    bins = [bin_values(column(rows, name)) for name in names]
    codes = np.stack([code for code, _ in bins])
    weight = np.ones(rows.height) * shares_of_mean(rows)
    search, confirm = (_part(codes, lost, units, subjects, weight, half) for half in (first, ~first))
    told = _telling(search)
    cells = worst_cells(
        np.ascontiguousarray(search.codes[told]),
        search.losses.row,
        fewest=max(FEWEST_ROWS, round(support * len(search.losses.row))),
        keep=LOOKED_AT,
        depth=min(depth, len(told)),
        weight=search.weight / search.weight.mean(),
    )
    wheres = [tuple((told[at], bin) for at, bin in cell.where) for cell in cells]
    inside = [within(each, search.codes) for each in wheres]
    wheres = [
        each
        for each, here in zip(wheres, inside, strict=True)
        if here.sum() >= FEWEST_ROWS and search.weight[here].sum() > 0 and not few(search.subjects, here)
    ]
    apart = _apart(wheres, search.codes, top)
    slices = [tuple(Condition(names[at], bins[at][1][bin]) for at, bin in where) for where in apart]
    weak = _confirm(apart, search, confirm, slices)
    return _findings(weak, lost.name, rows.height, len(names), len(told))


def halves(rows: int, units: NDArray[np.int64] | None, seed: int) -> Inside:
    """Which rows are searched: those of half of the units, whole; the others confirm."""
    count = rows if units is None else int(units.max(initial=-1)) + 1
    first = np.zeros(count, dtype=bool)
    first[np.random.default_rng(seed).permutation(count)[: count // 2]] = True
    return first if units is None else first[units]


def _names(rows: pl.DataFrame, group: str | None) -> list[str]:
    """Features, and columns kept beside them; not the group, whose values are single things."""
    kept = [name.removeprefix(KEPT) for name in rows.columns if name.startswith(KEPT)]
    return [name for name in dict.fromkeys([*feature_names(rows), *kept]) if name != group]


def _too_few(units: NDArray[np.int64] | None, first: Inside, names: list[str]) -> Message | None:
    if not names:
        return NO_COLUMN_TO_SLICE_BY()
    for half in (first, ~first):
        count = int(half.sum()) if units is None else len(np.unique(units[half]))
        if count < FEWEST_UNITS or half.sum() < 2 * FEWEST_ROWS:
            return TOO_FEW_UNITS(
                rows=int(half.sum()), units=count, least=2 * FEWEST_ROWS, least_units=FEWEST_UNITS
            )
    return None


def _part(
    codes: NDArray[np.int32],
    lost: Losses,
    units: NDArray[np.int64] | None,
    subjects: NDArray[np.int64] | None,
    weight: Floats,
    half: Inside,
) -> Half:
    return Half(
        codes=codes[:, half],
        losses=Losses(name=lost.name, row=lost.row[half], outcome=lost.outcome[half]),
        units=None if units is None else units[half],
        subjects=None if subjects is None else subjects[half],
        weight=weight[half],
    )


def _telling(search: Half) -> list[int]:
    """The columns whose bins differ most in mean loss, at most sixty, in their order: pairs of all columns of
    a wide table would be too many."""
    if len(search.codes) <= COLUMNS:
        return list(range(len(search.codes)))
    row, weight = search.losses.row, search.weight
    mean = np.average(row, weights=weight)
    between = []
    for code in search.codes:
        count = np.bincount(code, weights=weight)
        sums = np.bincount(code, weights=weight * row)
        held = count > 0
        between.append(float((count[held] * (sums[held] / count[held] - mean) ** 2).sum()))
    return sorted(np.argsort(-np.asarray(between), kind="stable")[:COLUMNS].tolist())


def _apart(wheres: list[Where], codes: NDArray[np.int32], top: int) -> list[Where]:
    """The first ones that are not mostly the same rows as one before them."""
    kept: list[tuple[Where, Inside]] = []
    for where in wheres:
        inside = within(where, codes)
        if all((inside & other).sum() < ALIKE * (inside | other).sum() for _, other in kept):
            kept.append((where, inside))
        if len(kept) == top:
            break
    return [where for where, _ in kept]


def _confirm(wheres: list[Where], search: Half, confirm: Half, slices: list[Conditions]) -> list[Weak]:
    """Each slice on rows that were never searched; of fewer than 30 rows or ten subjects there, it is not
    told."""
    looked = [(where, said, within(where, confirm.codes)) for where, said in zip(wheres, slices, strict=True)]
    looked = [each for each in looked if each[2].sum() >= FEWEST_ROWS and not few(confirm.subjects, each[2])]
    looked = [each for each in looked if confirm.weight[each[2]].sum() > 0]
    row, units, weight = confirm.losses.row, confirm.units, confirm.weight
    p = [higher_inside(row, inside, units, weight) for _, _, inside in looked]
    stand = discoveries(p)
    found = []
    for (where, said, inside), chance, one in zip(looked, p, stand, strict=True):
        level = selected_level(sum(stand), len(p)) if one else 0.95
        here = within(where, search.codes)
        constant = confirm.losses.constant(search.losses.outcome[here], search.weight[here])[inside]
        count = weight[inside]
        found.append(
            Weak(
                where=said,
                p=chance,
                confirmed=one,
                rows=int(inside.sum()),
                loss=float(np.average(row[inside], weights=count)),
                level=level,
                overall=part_to_whole(row, inside, units, level, weight),
                constant=ratio_of(
                    count * row[inside], count * constant, None if units is None else units[inside], level
                ),
            )
        )
    return sorted(found, key=lambda each: (not each.confirmed, -each.overall.value))


def _findings(weak: list[Weak], loss: str, rows: int, names: int, told: int) -> Findings:
    stand = [each for each in weak if each.confirmed]
    count = float(len(stand))
    figures = [Figure(metric=CONFIRMED.metric, value=count, low=count, high=count, rows=rows)]
    lost = []
    for number, each in enumerate(stand, start=1):
        under = conditions(slice_number=number)
        for of, found in ((TO_OVERALL, each.overall), (TO_CONSTANT, each.constant)):
            if not np.isfinite(found.value):
                lost.append(
                    UnmeasuredFigure(
                        metric=of.metric, where=each.where, under=under, why=CONSTANT_COSTS_NOTHING()
                    )
                )
                continue
            figures.append(
                found.figure(of.metric, each.rows, where=each.where, under=under, level=each.level)
            )
    notes = [SLICES_CONFIRMED(confirmed=len(stand), slices=len(weak), loss=loss)]
    if told < names:
        notes.append(COLUMNS_SEARCHED(columns=names, searched=told))
    return Findings(
        figures=tuple(figures),
        unmeasured=tuple(lost),
        rows=rows,
        of=rows,
        notes=tuple(notes),
        tables=(SLICES.of(_row(number, each) for number, each in enumerate(weak, start=1)),),
    )


def _row(number: int, weak: Weak) -> TableRow:
    return {
        SLICE: number,
        WHERE: place_of(weak.where),
        ROWS: weak.rows,
        LOSS: weak.loss,
        OVERALL: weak.overall.value,
        OVERALL_LOW: weak.overall.low,
        OVERALL_HIGH: weak.overall.high,
        CONSTANT: weak.constant.value if np.isfinite(weak.constant.value) else None,
        P: weak.p,
        CONFIRMED_SLICE: weak.confirmed,
    }
