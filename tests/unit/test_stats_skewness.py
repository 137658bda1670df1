"""How skewed a mean is, and how much more of a tail is taken to be than few rows show."""

import numpy as np
import pytest
from scipy import stats

from comporta.stats.skewness import skewness_of_sum, with_unseen_tail


def test_the_skewness_of_a_sum_is_that_of_its_parts_over_the_root_of_their_number():
    part = np.random.default_rng(0).exponential(size=400)
    assert skewness_of_sum(part - part.mean()) == pytest.approx(stats.skew(part) / 20)
    assert skewness_of_sum(np.zeros(4)) == 0


def test_of_few_rows_more_of_the_tail_is_taken_to_be_unseen():
    assert with_unseen_tail(1.0, 30) == pytest.approx(2.05)
    assert with_unseen_tail(1.0, 9_000) == pytest.approx(1.751)
