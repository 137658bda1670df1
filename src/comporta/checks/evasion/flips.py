"""The cheapest change that turns a decision, found by asking alone, within declared bounds.

For all rows at once, step by step: each change of one feature that the budget still pays for is tried (a
number moved to points of its range, a word to the others, at first also several numbers together by chance).
Those that flip the decision are halved back toward where they were, and the cheapest is kept; from the one
that brings the decision nearest for its cost, without flipping it, the next step goes on. This is exact where
the score is linear: the budget belongs to the feature with the most score for its cost, up to the end of its
range, then to the next. Elsewhere it finds a way, not the cheapest: the share found is a lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from comporta.checks.shared.measuring.changes import asked_of
from comporta.checks.shared.measuring.perturbation import kind_of, values_of
from comporta.records import FittedModel, ModelOutput
from comporta.stats.spread import robust_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GRID, STEPS, HALVINGS, WORDS, TOGETHER, FEW = 8, 4, 10, 12, 16, 1_000


class ChangeableFeature(NamedTuple):
    """One feature that may change. values: its words or booleans, which stand as their place; a missing one
    does not change. unit: what a change of 1 costs; None: any change costs the same. low, high: the range."""

    name: str
    kind: str
    values: tuple[Any, ...]
    unit: float | None
    low: float
    high: float


class Flips(NamedTuple):
    """By row: at what cost it flipped (inf: not within the budget), and by which feature most."""

    cost: Floats
    by: NDArray[np.object_]
    rows_asked: int


def ways_of(
    asked: FittedModel, test: pl.DataFrame, changeable: Sequence[str], ranges: Mapping[str, Sequence[float]]
) -> list[ChangeableFeature]:
    """What may change and what it costs, from the test rows. Free text, and numbers that are all one
    value, do not."""
    found = []
    for field in asked.signature.features:
        kind = kind_of(field)
        if field.name not in changeable or kind == "text":
            continue
        if kind in ("words", "boolean"):
            values: tuple[Any, ...] = tuple(field.values) if kind == "words" else (False, True)
            found.append(ChangeableFeature(field.name, kind, values, None, 0, len(values) - 1))
            continue
        known = values_of(test[field.name])
        known = known[np.isfinite(known)]
        unit = robust_scale(known)
        low, high = ranges.get(field.name, (known.min(), known.max()) if len(known) else (0.0, 0.0))
        if unit > 0 and high > low:
            found.append(ChangeableFeature(field.name, kind, (), 1 / unit, float(low), float(high)))
    return found


class _Rows:
    """Rows whose changeable features are numbers, and are made a frame again to be asked."""

    def __init__(
        self, asked: FittedModel, rows: pl.DataFrame, ways: Sequence[ChangeableFeature], place: int
    ) -> None:
        self.asked, self.rows, self.ways, self.place, self.count = asked, rows, ways, place, 0
        self.pools = ThreadpoolController()

    def start(self) -> Floats:
        """(n, ways)."""
        columns = []
        for way in self.ways:
            series = self.rows[way.name]
            if way.kind == "words":
                words = list(way.values)
                text = series.cast(pl.String)
                series = text.replace_strict(
                    words, list(range(len(words))), default=None, return_dtype=pl.Int64
                )
            columns.append(values_of(series))
        return np.column_stack(columns) if columns else np.empty((self.rows.height, 0))

    def margin(self, of: NDArray[np.int64], at: Floats) -> Floats:
        """How far from refused these are, above 0 where they are not; of: which rows; at: (m, ways)."""
        if not len(of):
            return np.empty(0)
        frame = self.rows[of].with_columns(
            self._column(way, at[:, column], self.rows[way.name][of]) for column, way in enumerate(self.ways)
        )
        self.count += len(of)
        # Of a few rows, threads that wait for each other cost a hundred times the work.
        with self.pools.limit(limits=1) if len(of) <= FEW else nullcontext():
            (said,) = asked_of(self.asked, [frame])
        return _margin(said, self.place)

    @staticmethod
    def _column(way: ChangeableFeature, at: Floats, before: pl.Series) -> pl.Series:
        if way.kind == "words":
            words = pl.Series(list(way.values), dtype=pl.String)
            place = pl.Series(at, nan_to_null=True).cast(pl.UInt32)
            new = words.gather(place).cast(before.dtype, strict=False)
        elif way.kind == "boolean":
            new = pl.Series(at, nan_to_null=True).cast(pl.Boolean).cast(before.dtype)
        else:
            new = pl.Series(at, nan_to_null=True).cast(before.dtype, strict=False)
        # What the numbers cannot say stays as it was: a missing value, a word that is in no list.
        return new.zip_with(new.is_not_null(), before).alias(way.name)


def _margin(said: ModelOutput, place: int) -> Floats:
    """In log-odds where there are probabilities: there a linear model's are linear."""
    decided = np.asarray(said.decisions) != place
    scores = np.log(np.clip(said.scores, 1e-12, None))
    gap = np.delete(scores, place, axis=1).max(axis=1) - scores[:, place]
    # The decision has the last word: a threshold may be the estimator's own.
    return np.asarray(np.where(decided, np.maximum(gap, 1e-12), np.minimum(gap, 0.0)), dtype=np.float64)


class _Tries(NamedTuple):
    """Changes to try: of which row, to what (m, ways), in which column (-1: in several), and which way."""

    of: NDArray[np.int64]
    at: Floats
    column: NDArray[np.int64]
    sign: Floats


def search(
    asked: FittedModel,
    rows: pl.DataFrame,
    ways: Sequence[ChangeableFeature],
    place: int,
    budget: float,
    word_cost: float,
    seed: int = 0,
) -> Flips:
    """The cheapest flip found of each row, all rows together."""
    held, draw = _Rows(asked, rows, ways, place), np.random.default_rng(seed)
    start = held.start()
    n = rows.height
    cost, best = np.full(n, np.inf), start.copy()
    if not ways:
        return Flips(cost, np.full(n, "", object), 0)
    now, margin = start.copy(), held.margin(np.arange(n), start)
    left = np.arange(n)
    for step in range(STEPS):
        # What costs more than a flip that is known is not looked at.
        tries = _alone(now, start, left, ways, np.minimum(budget, cost[left]), word_cost)
        if step == 0:
            tries = _join(tries, _several(start, left, ways, budget, word_cost, draw))
        if not len(tries.of):
            break
        tried = held.margin(tries.of, tries.at)
        done = _flips(held, tries, tried, now, start, word_cost)
        if len(done.of):
            price = _cost(done.at, start[done.of], ways, word_cost)
            first = _best(done.of, np.where(price < cost[done.of], -price, -np.inf))
            best[done.of[first]], cost[done.of[first]] = done.at[first], price[first]
        gain, spent = tried - margin[tries.of], _cost(tries.at, start[tries.of], ways, word_cost)
        more = spent - _cost(now[tries.of], start[tries.of], ways, word_cost)
        # The most for its cost; among equals the farthest, up to the end of a range.
        worth = gain / np.maximum(more, 1e-9) * (1 + 1e-6 * spent)
        worth[(gain <= 1e-12) | (tries.column < 0) | (tried > 0)] = -np.inf
        moved = _best(tries.of, worth)
        left = tries.of[moved]
        now[left], margin[left] = tries.at[moved], tried[moved]
    flipped = np.flatnonzero(np.isfinite(cost))
    best = _brought_back(held, start, best, flipped)
    cost[flipped] = _cost(best[flipped], start[flipped], ways, word_cost)
    each = np.column_stack([_cost_of(best[:, p], start[:, p], way, word_cost) for p, way in enumerate(ways)])
    return Flips(cost, np.array([way.name for way in ways], object)[each.argmax(axis=1)], held.count)


def _alone(
    now: Floats,
    start: Floats,
    rows: NDArray[np.int64],
    ways: Sequence[ChangeableFeature],
    budget: Floats,
    word_cost: float,
) -> _Tries:
    """Every change of one feature that a row's budget still pays for."""
    made: list[_Tries] = []
    rest = budget - _cost(now[rows], start[rows], ways, word_cost)
    for place, way in enumerate(ways):
        here, from_ = now[rows, place], start[rows, place]
        reach = rest + _cost_of(here, from_, way, word_cost)  # what this feature alone may cost
        if way.unit is None:
            steps: Sequence[float] = range(min(len(way.values), WORDS))
        else:
            steps = [s for s in np.linspace(-1, 1, 2 * GRID + 1) if s != 0]
        for step in steps:
            if way.unit is None:
                to = np.full(len(rows), float(step))
            else:
                to = np.clip(from_ + step * reach / way.unit, way.low, way.high)
                if way.kind == "integer":
                    to = np.where(step > 0, np.floor(to + 1e-9), np.ceil(to - 1e-9))
            fits = np.isfinite(from_) & (to != here) & (_cost_of(to, from_, way, word_cost) <= reach + 1e-9)
            at = now[rows[fits]]
            at[:, place] = to[fits]
            count = int(fits.sum())
            made.append(_Tries(rows[fits], at, np.full(count, place), np.full(count, np.sign(step))))
    return _join(*made)


def _several(
    start: Floats,
    rows: NDArray[np.int64],
    ways: Sequence[ChangeableFeature],
    budget: float,
    word_cost: float,
    draw: np.random.Generator,
) -> _Tries:
    """Numbers changed together, the budget shared among them by chance: where no change of one alone moves
    the score at all, as of a model that gives labels only."""
    numbers = [place for place, way in enumerate(ways) if way.unit is not None]
    if len(numbers) < 2:
        return _join()
    of = np.repeat(rows, TOGETHER)
    at = start[of]
    share = draw.dirichlet(np.ones(len(numbers)), len(of)) * draw.choice([-1.0, 1.0], (len(of), len(numbers)))
    for nth, place in enumerate(numbers):
        way = ways[place]
        to = np.clip(at[:, place] + share[:, nth] * budget / (way.unit or 1.0), way.low, way.high)
        at[:, place] = np.where(share[:, nth] > 0, np.floor(to), np.ceil(to)) if way.kind == "integer" else to
    # A value outside of its range at first is not pulled into it beyond the budget.
    fits = _cost(at, start[of], ways, word_cost) <= budget + 1e-9
    return _Tries(of[fits], at[fits], np.full(int(fits.sum()), -1), np.zeros(int(fits.sum())))


def _join(*tries: _Tries) -> _Tries:
    some = [each for each in tries if len(each.of)]
    if not some:
        return _Tries(np.empty(0, np.int64), np.empty((0, 0)), np.empty(0, np.int64), np.empty(0))
    return _Tries(*(np.concatenate(part) for part in zip(*some, strict=True)))


def _flips(held: _Rows, tries: _Tries, tried: Floats, now: Floats, start: Floats, word_cost: float) -> _Tries:
    """Of each row, feature and direction the least change tried that flips, halved toward where it was."""
    good = np.flatnonzero(tried > 0)
    if not len(good):
        return _join()
    ways = held.ways
    of, at, column, sign = tries.of[good], tries.at[good], tries.column[good], tries.sign[good]
    spent = _cost(at, start[of], ways, word_cost)
    order = np.lexsort((spent, sign, column, of))
    keys = np.column_stack([of, column, sign])[order]
    first = order[np.flatnonzero(np.r_[True, (np.diff(keys, axis=0) != 0).any(axis=1)])]
    of, at, column, sign = of[first], at[first].copy(), column[first], sign[first]
    number = np.array([way.unit is not None for way in ways] + [False])  # the last: several at once
    some = np.flatnonzero(number[column])
    if len(some):
        whole = np.array([way.kind == "integer" for way in ways])[column[some]]
        near, far = now[of[some], column[some]], at[some, column[some]]
        # What lies outside of its range at first must come into it.
        near = np.clip(near, *np.array([(way.low, way.high) for way in ways])[column[some]].T)
        for _ in range(HALVINGS):
            middle = (near + far) / 2
            middle = np.where(whole, np.where(far > near, np.ceil(middle), np.floor(middle)), middle)
            trial = at[some].copy()
            trial[np.arange(len(some)), column[some]] = middle
            stays = held.margin(of[some], trial) > 0
            # A whole number that was tried already ends its search.
            far, near = np.where(stays, middle, far), np.where(stays, near, middle)
        at[some, column[some]] = far
    return _Tries(of, at, column, sign)


def _best(of: NDArray[np.int64], worth: Floats) -> NDArray[np.int64]:
    """The place of the best of each row that has one."""
    if not len(of):
        return np.empty(0, np.int64)
    order = np.lexsort((-worth, of))
    first = order[np.flatnonzero(np.diff(of[order], prepend=-1))]
    return np.asarray(first[np.isfinite(worth[first])], dtype=np.int64)


def _brought_back(held: _Rows, start: Floats, now: Floats, flipped: NDArray[np.int64]) -> Floats:
    """Each changed feature is put back, or halved back toward where it was, as far as the decision stays."""
    ways, now = held.ways, now.copy()
    for place, way in enumerate(ways):
        changed = flipped[now[flipped, place] != start[flipped, place]]
        changed = changed[np.isfinite(start[changed, place])]
        if not len(changed):
            continue
        without = now[changed].copy()
        without[:, place] = start[changed, place]
        free = held.margin(changed, without) > 0
        now[changed[free], place] = start[changed[free], place]
        left = changed[~free]
        if way.unit is None or not len(left):
            continue
        near, far = np.clip(start[left, place], way.low, way.high), now[left, place].copy()
        for _ in range(HALVINGS):
            middle = (near + far) / 2
            if way.kind == "integer":
                middle = np.where(far > near, np.ceil(middle), np.floor(middle))
            trial = now[left].copy()
            trial[:, place] = middle
            stays = held.margin(left, trial) > 0
            far, near = np.where(stays, middle, far), np.where(stays, near, middle)
        now[left, place] = far
    return now


def _cost(at: Floats, start: Floats, ways: Sequence[ChangeableFeature], word_cost: float) -> Floats:
    """(m,) the sum over features."""
    total = np.zeros(len(at))
    for place, way in enumerate(ways):
        total += _cost_of(at[:, place], start[:, place], way, word_cost)
    return total


def _cost_of(at: Floats, start: Floats, way: ChangeableFeature, word_cost: float) -> Floats:
    same = (at == start) | (np.isnan(at) & np.isnan(start))
    if way.unit is None:
        return np.where(same, 0.0, word_cost)
    return np.where(same, 0.0, np.abs(at - start) * way.unit)
