"""The average precision of few positives: none, or as wide as what is absent leaves it."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from comporta.stats.bootstrap import Interval
from comporta.stats.clusters import INDEPENDENT, Clusters
from comporta.stats.metrics import ScoredRows
from comporta.stats.precisions import apart_with_few, with_few
from comporta.stats.shares import metric_intervals


def scored(positives, rows=400, seed=0, classes=2):
    draw = np.random.default_rng(seed)
    truth = np.zeros(rows, np.int64)
    truth[:positives] = 1
    truth[positives : 2 * positives] = classes - 1
    score = draw.normal(size=(rows, classes)) + 1.5 * np.eye(classes)[truth]
    chance = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    return ScoredRows(classes=classes, truth=truth, probability=chance)


def interval(seen, **clusters):
    (found,) = metric_intervals(seen, ["average_precision"], clusters=Clusters(**clusters))
    return found


def test_fewer_than_twenty_rows_of_a_class_have_no_interval():
    assert interval(scored(9)).low is None and np.isfinite(interval(scored(9)).value)
    assert interval(scored(15)).low is not None, "twice as many are of the second class"
    assert interval(scored(15, classes=3)).low is None
    few_units = np.minimum(np.arange(400) // 4, 99)
    assert interval(scored(20), unit=few_units).low is None, "forty positives in ten groups"


def test_it_is_wide_enough_for_negatives_that_are_absent_and_would_stand_before_all():
    seen = scored(15)
    positive = seen.truth == 1
    more = 1 - 0.025 ** (1 / (~positive).sum())
    at = round(1000 * more * (~positive).sum())
    first = np.concatenate([seen.probability[:, 1], [2.0]])
    weight = np.concatenate([np.ones(400), [at / 1000]])
    worse = average_precision_score(np.append(positive, False), first, sample_weight=weight)
    value = average_precision_score(positive, seen.probability[:, 1])
    found = with_few(Interval(value=value, low=value, high=value, units=400), seen, INDEPENDENT)
    last = value * (1 - 0.025 ** (1 / positive.sum()))
    assert value - found.low == pytest.approx(np.hypot(value - worse, last), rel=1e-3)
    assert value < found.high <= 1


def test_two_models_that_answer_alike_may_differ_by_what_is_absent():
    seen = scored(30)
    alike = Interval(value=0.0, low=None, high=None, units=400)
    found = apart_with_few(alike, seen, seen, INDEPENDENT)
    assert found.low == pytest.approx(-found.high) and found.low < -0.05
    none = apart_with_few(alike, scored(8), scored(8), INDEPENDENT)
    assert none.low is None
