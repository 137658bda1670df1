import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer

from comporta.records.metric import METRICS
from comporta.stats.metrics import ScoredRows, statistic

NAMES = [name for name, each in METRICS.items() if "binary" in each.tasks]
NUMBERS = [name for name, each in METRICS.items() if "regression" in each.tasks]


def binary(draw, rows, ties):
    truth = (draw.random(rows) < 0.4).astype(np.int64)
    truth[:2] = [0, 1]
    chance = 1 / (1 + np.exp(-(draw.normal(size=rows) + truth)))
    if ties:
        chance = np.round(chance, 1).clip(0.05, 0.95)
    return truth, chance, (chance > 0.5).astype(np.int64)


def oracle(name, truth, label, probability, weights):
    y, chances, more = truth, probability, {"sample_weight": weights}
    many = probability.shape[1] > 2
    score = chances if many else chances[:, 1]
    mean = {"average": "macro"} if many else {}
    return {
        "roc_auc": lambda: theirs.roc_auc_score(y, score, multi_class="ovr", **more),
        "average_precision": lambda: theirs.average_precision_score(
            np.eye(chances.shape[1])[y] if many else y, score, **more
        ),
        "log_loss": lambda: theirs.log_loss(y, chances, **more),
        "brier": lambda: theirs.brier_score_loss(y, score, **more),
        "accuracy": lambda: theirs.accuracy_score(y, label, **more),
        "balanced_accuracy": lambda: theirs.balanced_accuracy_score(y, label, **more),
        "precision": lambda: theirs.precision_score(y, label, zero_division=0, **mean, **more),
        "recall": lambda: theirs.recall_score(y, label, zero_division=0, **mean, **more),
        "f1": lambda: theirs.f1_score(y, label, zero_division=0, **mean, **more),
        "mcc": lambda: theirs.matthews_corrcoef(y, label, **more),
    }[name]()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20)
@example(731224, 10, False)
@given(st.integers(0, 10**6), st.integers(10, 200), st.booleans())
def test_two_classes_are_measured_as_scikit_learn_does_with_any_weights(name, seed, rows, ties):
    draw = np.random.default_rng(seed)
    truth, chance, label = binary(draw, rows, ties)
    probability = np.column_stack([1 - chance, chance])
    ours = statistic(name, ScoredRows(classes=2, truth=truth, label=label, probability=probability))
    counts = draw.integers(0, 4, rows).astype(float)
    counts[:2] = 1
    for weights in (np.ones(rows), counts):
        if np.isnan(found := ours(weights)):
            # Undefined where scikit-learn says 0: few rows may be of one class, or all be called one.
            there = weights > 0
            assert min(len({*truth[there]}), len({*label[there]})) < 2
            continue
        assert found == pytest.approx(oracle(name, truth, label, probability, weights), abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_four_classes_are_measured_as_scikit_learn_does_with_any_weights(name):
    draw = np.random.default_rng(1)
    truth = draw.integers(0, 4, 300)
    probability = draw.dirichlet(np.ones(4), 300)
    label = probability.argmax(axis=1)
    ours = statistic(name, ScoredRows(classes=4, truth=truth, label=label, probability=probability))
    for weights in (np.ones(300), draw.integers(0, 4, 300).astype(float)):
        assert ours(weights) == pytest.approx(oracle(name, truth, label, probability, weights), abs=1e-9)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_measured_as_scikit_learn_does_with_any_counts(name):
    draw = np.random.default_rng(2)
    truth = draw.normal(10, 3, 301)
    said = truth + draw.normal(size=301)
    ours = statistic(name, ScoredRows(classes=0, truth=truth, number=said))
    measure = {
        "mae": theirs.mean_absolute_error,
        "rmse": theirs.root_mean_squared_error,
        "r2": theirs.r2_score,
        "median_ae": theirs.median_absolute_error,
        "mape": theirs.mean_absolute_percentage_error,
    }[name]
    for counts in (np.ones(301, int), draw.integers(0, 4, 301)):
        # Drawing a row twice is having it twice.
        again = np.repeat(np.arange(301), counts)
        assert ours(counts.astype(float)) == pytest.approx(measure(truth[again], said[again]), rel=1e-9)


def test_the_auc_of_mean_concave_points_is_the_published_one():
    """scikit-learn's documentation ranks breast cancer's features; the AUC of `mean concave points` is
    Mann and Whitney's U over the pairs, asked of scipy here."""
    from scipy.stats import mannwhitneyu

    data = load_breast_cancer()
    score, truth = -data.data[:, 7], data.target.astype(np.int64)
    u = mannwhitneyu(score[truth == 1], score[truth == 0]).statistic
    seen = ScoredRows(classes=2, truth=truth, probability=np.column_stack([-score, score]))
    ours = statistic("roc_auc", seen)(np.ones(len(truth)))
    assert ours == pytest.approx(u / (truth.sum() * (1 - truth).sum()), abs=1e-12)
    assert ours == pytest.approx(0.96, abs=0.01)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_with_one_class_only_a_ranking_is_not_defined(name):
    seen = ScoredRows(classes=2, truth=np.zeros(5, np.int64), probability=np.full((5, 2), 0.5))
    assert np.isnan(statistic(name, seen)(np.ones(5)))


@pytest.mark.parametrize("name", NAMES)
def test_a_class_the_model_never_saw_counts_against_it(name):
    draw = np.random.default_rng(3)
    truth, *_ = binary(draw, 100, False)
    unseen = np.where(np.arange(100) < 20, -1, truth)
    sure = np.column_stack([1 - truth, truth]).astype(float)
    value = statistic(name, ScoredRows(classes=2, truth=unseen, label=truth, probability=sure))(np.ones(100))
    best = statistic(name, ScoredRows(classes=2, truth=truth, label=truth, probability=sure))(np.ones(100))
    assert np.isfinite(value)
    assert value <= best if METRICS[name].higher else value >= best
