"""Leaving out blocks gives the interval that resampling gives, sooner."""

from unittest.mock import Mock

import numpy as np
import pytest

from comporta.stats.bootstrap import intervals
from comporta.stats.clusters import Clusters
from comporta.stats.jackknife import MANY, WITHIN_MANY, quick_intervals
from comporta.stats.metrics import ScoredRows, statistic


def drawn(seed, rows):
    draw = np.random.default_rng(seed)
    truth = (draw.random(rows) < 0.3).astype(np.int64)
    score = 1 / (1 + np.exp(-(draw.normal(size=rows) + truth)))
    return ScoredRows(
        classes=2,
        truth=truth,
        label=(score > 0.5).astype(np.int64),
        probability=np.column_stack([1 - score, score]),
    )


def test_it_is_as_wide_as_the_bootstrap():
    seen = drawn(0, 8000)
    names = ["roc_auc", "average_precision", "log_loss", "balanced_accuracy"]
    makers = [statistic(name, seen) for name in names]
    for one, other in zip(
        quick_intervals(makers, 8000, seed=1), intervals(makers, 8000, seed=1, replicates=400), strict=True
    ):
        assert one.value == other.value
        assert one.high - one.low == pytest.approx(other.high - other.low, rel=0.35)


def test_it_covers_the_truth():
    held, middle = [], []
    for seed in range(150):
        values = np.random.default_rng(seed).exponential(size=6000)
        seen = ScoredRows(classes=0, truth=values, number=np.zeros(6000))
        mean, median = quick_intervals(
            [statistic("mae", seen), statistic("median_ae", seen)], 6000, seed=seed
        )
        held.append(mean.low <= 1 <= mean.high)
        middle.append(median.low <= np.log(2) <= median.high)
    assert 0.9 <= np.mean(held) < 1
    assert np.mean(middle) >= 0.88


def test_groups_are_left_out_whole():
    draw = np.random.default_rng(0)
    units = np.repeat(np.arange(6000), 3)
    values = np.abs(np.repeat(draw.normal(size=6000), 3))
    mean = statistic("mae", ScoredRows(classes=0, truth=values, number=np.zeros(18_000)))
    (whole,) = quick_intervals([mean], 18_000, clusters=Clusters(unit=units))
    (alone,) = quick_intervals([mean], 18_000)
    assert (whole.high - whole.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(3), rel=0.3)


def test_rows_that_are_independent_are_resampled():
    seen = drawn(0, 300)
    maker = statistic("roc_auc", seen)
    assert quick_intervals([maker], 300, seed=2) == intervals([maker], 300, seed=2)
    assert MANY == 5000


def test_few_days_of_many_rows_are_left_out_one_by_one_and_cover_the_truth():
    held = []
    for seed in range(150):
        draw = np.random.default_rng(seed)
        days = np.sort(draw.integers(0, 40, 6000))
        values = draw.exponential(size=6000) * draw.gamma(4, 0.25, 40)[days]
        seen = ScoredRows(classes=0, truth=values, number=np.zeros(6000))
        mean = Mock(side_effect=statistic("mae", seen))
        (found,) = quick_intervals([mean], 6000, clusters=Clusters(day=days))
        assert mean.call_count == 1 + 40 + WITHIN_MANY and found.units == 40
        held.append(found.low <= 1 <= found.high)
    assert 0.9 <= np.mean(held) < 1
