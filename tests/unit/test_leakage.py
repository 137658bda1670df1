"""A leak spread over columns, or told by what is missing, is found; sound strong features raise no alarm."""

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge, leakage, standard
from comporta.checks.leakage.measure import find_leaks
from comporta.checks.leakage.removal import ErrorShare, errors_of, ratio_interval
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Figure, conditions
from comporta.testing.checks import CheckContract
from comporta.testing.messages import slice_text

ROWS = 3_000


class TestLeakage(CheckContract):
    check = staticmethod(leakage)
    good = (Figure(metric="told_by_all_features", value=0.8, low=0.75, high=0.85, rows=900),)
    bad = (
        *good,
        Figure(metric="errors_without_features", value=40.0, low=20.0, high=80.0, rows=900),
    )


def honest(seed=0, rows=ROWS, strength=1.0):
    """Eight numbers, of which each tells a little: trees tell about 0.72 of the classes."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 8))
    score = strength * x @ np.linspace(0.5, 0.1, 8)
    came = draw.random(rows) < 1 / (1 + np.exp(-score))
    return pl.DataFrame({f"f{n}": x[:, n] for n in range(8)}), came, draw


def said(features, came, champion=None, **options):
    """The verdict on three quarters that train and a quarter that tests."""
    rows = features.with_columns(
        __key=pl.Series([str(n) for n in range(len(came))]), __target=pl.Series(came)
    )
    learned = rows[: 3 * len(came) // 4]
    test = answered(rows[3 * len(came) // 4 :], np.full(len(came) - learned.height, 0.5))
    theirs = None if champion is None else answered(test, champion(test))
    if "candidate" in options:
        test = answered(test, options.pop("candidate")(test))
    check = leakage(**options)
    (need,) = check.needs()
    found = find_leaks(
        learned, test, theirs, trained=[learned["__key"]], strong=check.strong, above=check.above, seed=1
    )
    return judge((check,), {need: evidence_of(need, found)})[0]


def answered(rows, chance):
    label = pl.Series(
        ["true" if each > 0.5 else "false" for each in chance], dtype=pl.Enum(["false", "true"])
    )
    return rows.with_columns(
        __label=label, __probability_0=pl.Series(1 - chance), __probability_1=pl.Series(chance)
    )


def noisy(came, draw, noise):
    return pl.Series(came + noise * draw.normal(size=len(came)))


def test_features_that_share_what_they_know_are_no_leak():
    for strength, rows in ((1.0, ROWS), (12.0, 4 * ROWS)):
        features, came, _ = honest(strength=strength, rows=rows)
        verdict = said(features, came)
        assert verdict.outcome == "pass"
    # The strong ones: nearly all is told, and by all of them.
    assert verdict.figure.metric == "errors_without_features"


def test_a_leak_that_is_spread_over_three_columns_is_found_and_all_are_named():
    features, came, draw = honest(rows=2 * ROWS)
    parts = {f"leak{n}": noisy(came, draw, 0.45) for n in range(3)}
    verdict = said(features.with_columns(**parts), came)
    assert verdict.outcome == "fail"
    assert all(f"leak{n}" in slice_text(verdict.figure) for n in range(3))


def test_seven_columns_that_leak_the_same_are_gone_when_the_cliff_comes():
    features, came, draw = honest()
    leak = noisy(came, draw, 0.35)
    parts = {f"leak{n}": leak + 0.01 * pl.Series(draw.normal(size=ROWS)) for n in range(7)}
    assert said(features.with_columns(**parts), came).outcome == "fail"


def test_one_feature_of_0975_among_weak_ones_is_found_unless_it_is_declared_as_known_in_time():
    features, came, draw = honest()
    features = features.with_columns(delay=noisy(came, draw, 0.36))
    verdict = said(features, came)
    assert verdict.outcome == "fail" and slice_text(verdict.figure).endswith("delay")
    assert said(features, came, strong="delay").outcome == "pass"


def test_a_column_filled_in_once_the_outcome_was_known_is_found_by_being_there():
    features, came, draw = honest()
    cancelled = np.where(came & (draw.random(ROWS) < 0.5), 1.0, np.nan)
    verdict = said(features.with_columns(cancelled=pl.Series(cancelled)), came)
    assert verdict.outcome == "fail"
    assert slice_text(verdict.figure) == "feature cancelled, not missing"


def test_values_that_are_missing_more_often_for_one_class_are_no_leak():
    features, came, draw = honest()
    seldom = np.where(draw.random(ROWS) < np.where(came, 0.6, 0.2), np.nan, 1.0)
    assert said(features.with_columns(seldom=pl.Series(seldom)), came).outcome == "pass"


def test_a_leap_past_the_champion_is_found_though_our_trees_see_no_leak():
    features, came, draw = honest()
    chance = {
        name: dict(zip(map(str, range(ROWS)), np.clip(values, 0.001, 0.999), strict=True))
        for name, values in (
            ("candidate", came * 0.5 + 0.25 + 0.08 * draw.normal(size=ROWS)),
            ("champion", came * 0.2 + 0.4 + 0.25 * draw.normal(size=ROWS)),
        )
    }

    def of(name):
        return lambda rows: np.array([chance[name][key] for key in rows["__key"]])

    verdict = said(features, came, champion=of("champion"), candidate=of("candidate"))
    assert verdict.outcome == "fail" and verdict.figure.metric == "errors_of_champion"
    assert said(features, came, champion=of("candidate"), candidate=of("candidate")).outcome == "pass"


@pytest.mark.parametrize("noise", [0.05, 3.0])
def test_of_numbers_the_variance_that_is_left_is_told(noise):
    draw = np.random.default_rng(2)
    x = draw.normal(size=(ROWS, 4))
    amount = x @ [1.0, 0.5, 0.3, 0.2] + draw.normal(size=ROWS)
    features = pl.DataFrame({f"f{n}": x[:, n] for n in range(4)})
    features = features.with_columns(paid=pl.Series(amount + noise * draw.normal(size=ROWS)))
    rows = features.with_columns(__key=pl.int_range(ROWS).cast(pl.String), __target=pl.Series(amount))
    test = rows[2_000:].with_columns(__prediction=pl.lit(0.0))
    (need,) = leakage().needs()
    found = find_leaks(rows[:2_000], test)
    (verdict,) = judge((leakage(),), {need: evidence_of(need, found)})
    assert verdict.outcome == ("fail" if noise < 1 else "pass")


def test_hostile_features_are_looked_at_like_any():
    features, came, draw = honest(rows=1_000)
    hostile = features.with_columns(
        empty=pl.lit(None, pl.Float64),
        nothing=pl.lit(None),
        word=pl.Series(draw.choice(["a", "b"], 1_000)),
        huge=pl.col("f0") * 1e300,
        infinite=pl.when(pl.col("f1") > 1).then(float("inf")).otherwise(pl.col("f1")),
        one=pl.lit(1),
    )
    assert said(hostile, came).outcome == "pass"


def test_too_few_rows_of_a_class_are_no_pass():
    features, came, _ = honest(rows=300)
    verdict = said(features, came & (np.arange(300) % 30 == 0))
    assert verdict.outcome == "inconclusive" and "at least 20 expected" in sentence(verdict.reason)


def test_the_errors_are_scikit_learns_and_their_ratio_has_a_width():
    from sklearn.metrics import r2_score, roc_auc_score

    draw = np.random.default_rng(0)
    truth = draw.integers(0, 2, 400)
    scores = np.column_stack([np.zeros(400), truth + draw.normal(size=400)])
    errors = errors_of(scores, truth, 2)
    assert errors.value == pytest.approx(1 - roc_auc_score(truth, scores[:, 1]))
    numbers = draw.normal(size=400)
    told = numbers + 0.5 * draw.normal(size=400)
    assert errors_of(told[:, None], numbers, 0).value == pytest.approx(1 - r2_score(numbers, told))
    none = ErrorShare(0.0, np.zeros(400))
    found = ratio_interval(errors, none, truth, 2, None)
    assert found.value == pytest.approx(errors.value / (0.5 / min(truth.sum(), 400 - truth.sum())))
    assert found.low < found.value < found.high


def test_the_standard_gates_take_what_is_known_in_time():
    (check,) = (each for each in standard(strong="delay") if each.kind == "leakage")
    assert check.required and check.strong == ("delay",)
    with pytest.raises(BadProject, match=r"leakage: found strong=\[1\]"):
        leakage(strong=[1])
    assert replace(check, strong=()).name == leakage().name
    assert conditions(features="a")[0].name == "features"
