"""Places among cuts and numbers without gaps are what NumPy's slower ways find."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from comporta.stats.bins import below
from comporta.stats.profiles import design
from comporta.stats.units import renumber

NUMBERS = st.lists(st.floats(allow_nan=False), max_size=30)


@given(NUMBERS, NUMBERS)
def test_places_among_cuts_are_those_of_searchsorted(cuts, numbers):
    cuts, numbers = np.unique(cuts), np.array(numbers)
    assert below(cuts, numbers).tolist() == np.searchsorted(cuts, numbers, side="left").tolist()
    assert below(cuts, numbers, equal=True).tolist() == np.searchsorted(cuts, numbers, side="right").tolist()


def test_more_cuts_than_a_byte_counts_and_what_is_not_a_number():
    cuts = np.arange(1000.0)
    assert below(cuts, np.array([-1.0, 0.5, 999.5, np.inf, np.nan])).tolist() == [0, 1, 1000, 1000, 0]


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans())))
def test_units_are_numbered_as_unique_numbers_them(rows):
    units = np.array([unit for unit, _ in rows], dtype=np.int64)
    kept = np.array([each for _, each in rows], dtype=bool)
    found = renumber(units, kept)
    assert found is not None
    assert found.tolist() == np.unique(units[kept], return_inverse=True)[1].tolist()
    assert renumber(None, kept) is None


def test_the_design_effect_of_rows_that_come_in_equal_tens_is_ten():
    draw = np.random.default_rng(0)
    place = np.repeat(draw.integers(0, 5, 20_000), 10) * 3  # cells between that nothing is in
    effect, _, units = design(place, 40, np.repeat(np.arange(20_000), 10))
    assert units == 20_000 and abs(effect - 10) < 0.3
    alone, _, _ = design(place[::10], 40, np.arange(20_000))
    assert abs(alone - 1) < 0.05
