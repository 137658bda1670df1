"""Confident learning, held against cleanlab, and label errors as a check."""

import warnings

import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge, label_errors
from comporta.checks.label_errors.codes import TOO_FEW_LABELS
from comporta.checks.label_errors.measure import measure_label_errors
from comporta.opened.sentences import sentence
from comporta.stats.confident import find_label_errors, joint, share_contradicted, thresholds
from comporta.stats.residuals import far_off

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cleanlab.count import estimate_joint, get_confident_thresholds
    from cleanlab.filter import find_label_issues


def noisy(classes, seed, *, rows=2000, noise=0.08, share=None, apart=2.5):
    draw = np.random.default_rng(seed)
    truth = draw.choice(classes, rows, p=share)
    score = draw.normal(size=(rows, classes)) + apart * (np.arange(classes) == truth[:, None])
    chance = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    given = np.where(draw.random(rows) < noise, draw.choice(classes, rows), truth)
    return given.astype(np.int64), chance, truth


@pytest.mark.parametrize(
    ("classes", "share"), [(2, None), (3, None), (6, None), (2, [0.97, 0.03]), (3, [0.9, 0.08, 0.02])]
)
@pytest.mark.parametrize("seed", range(4))
def test_the_joint_and_the_rows_listed_are_cleanlabs(classes, share, seed):
    given, chance, _ = noisy(classes, seed, share=share)
    assert thresholds(given, chance) == pytest.approx(get_confident_thresholds(given, chance))
    assert joint(given, chance) == pytest.approx(estimate_joint(given, chance), abs=2 / len(given))
    # With many classes a cell of the joint may be rounded to one row more or less.
    assert (find_label_errors(given, chance) != find_label_issues(given, chance)).sum() <= (
        0 if classes < 4 else 2
    )


def test_a_class_that_no_row_has_is_no_error():
    given, chance, _ = noisy(3, 0, share=[0.5, 0.5, 0.0], noise=0.0)
    given[given == 2] = 0
    assert np.isfinite(joint(given, chance)).all()
    assert np.isfinite(share_contradicted(given, chance)(np.ones(len(given))))


@pytest.mark.parametrize(("classes", "share"), [(2, None), (2, [0.97, 0.03]), (4, None)])
def test_the_share_with_all_weights_one_is_that_of_the_rows_listed(classes, share):
    given, chance, _ = noisy(classes, 1, share=share)
    listed = find_label_errors(given, chance).mean()
    assert share_contradicted(given, chance)(np.ones(len(given))) == pytest.approx(listed, abs=0.004)


def test_most_rows_listed_are_wrong_and_most_wrong_rows_are_listed():
    given, chance, truth = noisy(3, 2, apart=6.0)
    found, wrong = find_label_errors(given, chance), given != truth
    assert (found & wrong).sum() >= 0.9 * found.sum()
    assert (found & wrong).sum() >= 0.9 * wrong.sum()


def frame(given, chance):
    names = [str(place) for place in range(chance.shape[1])]
    return pl.DataFrame(
        {
            "__key": [str(n) for n in range(len(given))],
            "__target": given,
            "__label": pl.Series([names[p] for p in chance.argmax(axis=1)], dtype=pl.Enum(names)),
            **{f"__probability_{p}": chance[:, p] for p in range(chance.shape[1])},
        }
    )


def verdict(check, found):
    (asked,) = check.needs()
    (said,) = judge((check,), {asked: evidence_of(asked, found)})
    return said


def test_labels_swapped_in_one_of_ten_rows_fail_and_clean_ones_pass():
    clean = measure_label_errors(frame(*noisy(3, 3, noise=0.0, apart=7.0)[:2]))
    dirty = measure_label_errors(frame(*noisy(3, 3, noise=0.15, apart=7.0)[:2]))
    assert verdict(label_errors(required=True), clean).outcome == "pass"
    said = verdict(label_errors(required=True), dirty)
    assert said.outcome == "fail" and not said.opens
    assert said.figure.low < 0.1 < said.figure.high, "15 % drawn anew among three classes are 10 % wrong"
    assert len(dirty.table("labels").by_id) == 100 and dirty.table("labels").by_id[0]["distance"] > 0.9


def test_a_model_without_probabilities_has_no_label_errors():
    table = frame(*noisy(2, 0)[:2]).drop("__probability_0", "__probability_1")
    said = verdict(label_errors(required=True), measure_label_errors(table))
    assert said.outcome == "does not apply" and "probabilities" in sentence(said.reason)


def test_fewer_than_a_hundred_labels_are_not_judged():
    found = measure_label_errors(frame(*noisy(2, 0, rows=60)[:2]))
    assert not found.figures
    assert [each.why for each in found.unmeasured] == [TOO_FEW_LABELS(rows=60, least=100)]


@pytest.mark.parametrize("errors", ["normal", "skewed"])
def test_numbers_in_another_unit_are_found_and_honest_errors_are_not(errors):
    alarms, found = [], []
    for seed in range(20):
        draw = np.random.default_rng(seed)
        said = 10 + 5 * draw.random(1000)
        error = draw.normal(size=1000) if errors == "normal" else draw.exponential(size=1000)
        truth = said + 0.05 * said * error
        alarms.append(far_off(truth, said)[1].mean())
        wrong = draw.random(1000) < 0.05
        listed = far_off(np.where(wrong, truth * 3.28, truth), said)[1]
        found.append((listed & wrong).sum() / wrong.sum())
        assert (listed & ~wrong).mean() < 0.01
    assert np.mean(alarms) < 0.002
    assert np.mean(found) > 0.99
