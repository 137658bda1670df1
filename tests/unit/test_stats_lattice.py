"""The search for weak cells is exact: it agrees with SliceLine and with looking at every cell."""

import warnings
from itertools import combinations, product

import numpy as np
import polars as pl
import pytest
from sliceline.slicefinder import Slicefinder

from comporta.records import Rarer
from comporta.stats.bins import bin_values
from comporta.stats.lattice import within, worst_cells
from comporta.stats.units import slices_of


def drawn(seed, rows=400, columns=5, bins=4):
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, bins, (columns, rows)).astype(np.int32)
    loss = draw.random(rows) ** 2
    loss[(codes[0] == 1) & (codes[2] == 3)] += 0.6
    loss[(codes[1] == 0) & (codes[3] == 2) & (codes[4] == 1)] += 0.9
    return codes, loss


def outright(codes, loss, fewest, keep, depth, alpha):
    found = []
    for size in range(1, depth + 1):
        for columns in combinations(range(len(codes)), size):
            for bins in product(*(range(int(codes[column].max()) + 1) for column in columns)):
                where = tuple(zip(columns, bins, strict=True))
                inside = within(where, codes)
                count = inside.sum()
                if count >= fewest:
                    ratio = loss[inside].mean() / loss.mean()
                    found.append((alpha * (ratio - 1) - (1 - alpha) * (len(loss) / count - 1), where))
    return [(score, where) for score, where in sorted(found, key=lambda x: (-x[0], x[1])) if score > 0][:keep]


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("alpha", [0.8, 0.95, 1.0])
def test_it_finds_what_looking_at_every_cell_finds(depth, alpha):
    for seed in range(3):
        codes, loss = drawn(seed, rows=250)
        cells = worst_cells(codes, loss, fewest=8, keep=6, depth=depth, alpha=alpha)
        slow = outright(codes, loss, 8, 6, depth, alpha)
        assert [cell.where for cell in cells] == [where for _, where in slow]
        assert [cell.score for cell in cells] == pytest.approx([score for score, _ in slow])


@pytest.mark.parametrize("depth", [2, 3])
def test_it_finds_what_sliceline_finds(depth):
    for seed in range(3):
        codes, loss = drawn(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = Slicefinder(alpha=0.95, k=8, max_l=depth, min_sup=10, verbose=False).fit(codes.T, loss)
        wheres = [
            tuple((at, int(bin)) for at, bin in enumerate(row) if bin is not None)
            for row in theirs.top_slices_
        ]
        cells = worst_cells(codes, loss, fewest=10, keep=8, depth=depth)
        assert {cell.where for cell in cells} == set(wheres)
        assert [cell.score for cell in cells] == pytest.approx(
            [each["slice_score"] for each in theirs.top_slices_statistics_]
        )


def test_no_loss_has_no_weak_cell():
    codes, _ = drawn(0)
    assert worst_cells(codes, np.zeros(400), fewest=5) == []
    assert worst_cells(codes, np.ones(400), fewest=5) == []


def test_numbers_words_and_gaps_become_few_bins():
    draw = np.random.default_rng(0)
    codes, names = bin_values(pl.Series(draw.normal(size=1000)))
    assert len(names) == 5 and np.bincount(codes).tolist() == [200] * 5
    codes, names = bin_values(pl.Series([1.0, None, float("nan"), 2.0]))
    assert names == (1.0, 2.0, None) and codes.tolist() == [0, 2, 2, 1]
    codes, names = bin_values(pl.Series([True, False, None, True]))
    assert [names[code] for code in codes] == [True, False, None, True]
    codes, names = bin_values(pl.Series(["common"] * 50 + [f"rare {each}" for each in range(50)] + [None]))
    assert len(names) == 11 and names[0] == "common" and names[-2:] == (Rarer(), None)
    codes, names = bin_values(pl.Series([None, None], dtype=pl.Float64))
    assert names == (None,) and codes.tolist() == [0, 0]


def test_many_equal_numbers_make_no_empty_bin():
    codes, names = bin_values(pl.Series([0.0] * 900 + list(np.linspace(1, 50, 100))))
    assert (np.bincount(codes, minlength=len(names)) > 0).all()
    codes, names = bin_values(pl.Series([*range(20), *([100] * 980)]))
    assert (np.bincount(codes, minlength=len(names)) > 0).all()
    codes, names = bin_values(pl.Series([0.0, float("inf"), -float("inf"), *np.linspace(0, 1, 30)]))
    assert (np.bincount(codes, minlength=len(names)) > 0).all()


def test_a_column_may_be_called_as_the_counting_calls_its_own():
    for name in ("count", "value"):
        codes, names = bin_values(pl.Series(name, [3, 3, 1, None]))
        assert names == (3, 1, None) and codes.tolist() == [0, 0, 1, 2]
        rows = pl.DataFrame({name: ["b", "a", "b"]})
        assert [part.height for _, part in slices_of(rows, [name])] == [3, 1, 2]
