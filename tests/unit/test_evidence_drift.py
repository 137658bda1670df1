"""Answers and features that moved since earlier versions are found; those that did not raise no alarm."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from scipy import stats

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge
from comporta.checks.feature_drift import measure as features
from comporta.checks.feature_drift.check import feature_drift
from comporta.checks.feature_drift.codes import ANOTHER_KIND
from comporta.checks.prediction_drift import measure as predictions
from comporta.checks.prediction_drift.check import prediction_drift
from comporta.checks.shared.measuring.reference import reference_of
from comporta.checks.shared.tables import FEATURE, HIGH, LOW, REPLICATES, RESAMPLED, SHARE
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Field, Figure, Findings, UnmeasuredFigure, conditions, decode, encode
from comporta.records.reference import Importances, Reference
from comporta.stats.distance import between, noncentral, paired_distance
from comporta.stats.profiles import LARGEST, merge, moments, profile, recount
from comporta.stats.ratios import paired_ratio, ratio
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.checks import CheckContract
from comporta.testing.messages import slice_text

FIELDS = (
    *(Field(name=f"f{n}", type="Float64") for n in range(8)),
    Field(name="town", type="String", values=("a", "b", "c")),
)


def answers(rows, seed, rate=0.3, shift=0.0, feature=0.0, rare=None):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 8))
    x[:, 0] += feature
    chance = 1 / (1 + np.exp(-(draw.normal(size=rows) + np.log(rate / (1 - rate)) + shift)))
    label = draw.random(rows) < rare if rare is not None else chance > 0.5
    return pl.DataFrame(
        {f"f{n}": x[:, n] for n in range(8)}
        | {
            "town": draw.choice(["a", "b", "c"], rows),
            "__key": [f"{seed} {n}" for n in range(rows)],
            "__at": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(rows)],
            "__target": draw.random(rows) < chance,
            "__label": pl.Series(np.where(label, "yes", "no"), dtype=pl.Enum(["no", "yes"])),
            "__probability_0": 1 - chance,
            "__probability_1": chance,
        }
    )


def verdict(check, found: Findings):
    (need,) = check.needs()
    evidence = evidence_of(need, found)
    return judge((check,), {need: evidence})[0]


def test_the_two_sample_statistic_is_scipys():
    was, now = np.array([40.0, 55, 70, 35]), np.array([60.0, 45, 80, 90])
    found = between(was, now)
    oracle = stats.chi2_contingency([was, now], correction=False)
    assert found.statistic == pytest.approx(oracle.statistic)
    assert found.p == pytest.approx(oracle.pvalue)


def test_the_paired_statistic_of_two_cells_is_walds_of_mcnemars_table():
    was = np.repeat([0, 0, 1, 1], [50, 20, 35, 60])
    now = np.repeat([0, 1, 0, 1], [50, 20, 35, 60])
    rows, b, c = len(was), 20, 35
    wald = (b - c) ** 2 / ((b + c) - (b - c) ** 2 / rows)
    assert paired_distance(was, now, 2).statistic == pytest.approx(wald)


def test_the_noncentrality_is_scipys():
    for statistic, free in ((40.0, 19), (300.0, 9), (9_000.0, 20)):
        for below in (0.025, 0.975):
            found = noncentral(statistic, free, below)
            assert stats.ncx2.cdf(statistic, free, found) == pytest.approx(below, abs=1e-6)
    near, far = noncentral(9_999.0, 20, 0.975), noncentral(10_001.0, 20, 0.975)
    assert near == pytest.approx(far, rel=2e-3)


def test_a_ratio_of_rare_rates_has_scipys_exact_limits():
    found = ratio(40, 20_000, 80, 20_000)
    oracle = stats.binomtest(80, 120).proportion_ci(0.95, method="exact")
    assert found.value == pytest.approx(2)
    assert found.low == pytest.approx(oracle.low / (1 - oracle.low))
    assert found.high == pytest.approx(oracle.high / (1 - oracle.high))
    assert ratio(0, 100, 0, 100).at[1] == 1
    assert ratio(0, 10_000, 30, 10_000).at[1] > 5


def test_a_paired_ratio_holds_what_both_say():
    assert paired_ratio(100, 0, 0, 1_000).at == (1, 1, 1)
    found = paired_ratio(100, 10, 40, 1_000)
    assert found.value == pytest.approx(140 / 110)
    assert 1 < found.low < found.value < found.high
    assert paired_ratio(100, 10, 40, 1_000, effect=10).low < 1


def test_the_first_version_has_nothing_to_be_compared_with():
    for found, check in (
        (predictions.measure_drift(answers(100, 0), None, {}), prediction_drift()),
        (features.measure_drift(answers(100, 0), {}, None), feature_drift()),
    ):
        said = verdict(check, found)
        assert said.outcome == "does not apply" and said.opens


@pytest.mark.parametrize("rows", [300, 3_000])
def test_steady_answers_and_features_raise_an_alarm_in_at_most_5_percent_of_seeds(rows):
    shown = {"score_drift": 0, "rate_ratio": 0, "feature drift": 0}
    for seed in range(40):
        was = {1: reference_of(answers(rows, 2 * seed), FIELDS)}
        now = answers(rows, 2 * seed + 1)
        for found in (predictions.measure_drift(now, None, was), features.measure_drift(now, was, None)):
            for metric in shown:
                none = 1.0 if metric == "rate_ratio" else 0.0
                shown[metric] += any(f.metric == metric and f.low > none for f in found.figures)
            check = prediction_drift() if found.figures[0].metric == "score_drift" else feature_drift()
            assert verdict(check, found).outcome == "pass"
    # Of 40 seeds, 2 expected at most; 7 are seen less than once in a hundred times.
    assert max(shown.values()) < 7


def test_scores_that_moved_are_found_against_champion_and_earlier_version():
    was, now = answers(4_000, 1), answers(4_000, 1, shift=1.0)
    found = predictions.measure_drift(now, was, {1: reference_of(was, FIELDS)})
    drifted = {slice_text(f): f.low for f in found.figures if f.metric == "score_drift"}
    assert set(drifted) == {"champion, class yes", "earlier 1, class yes"}
    assert min(drifted.values()) > 0.25
    said = verdict(prediction_drift(), found)
    assert said.outcome == "fail" and "expected at most" in sentence(said.reason)
    assert verdict(prediction_drift(9, rates=99), found).outcome == "pass"


def test_two_samples_of_one_population_do_not_fail_by_the_value_of_a_rare_class():
    failed = 0
    for seed in range(40):
        was = {1: reference_of(answers(500, 2 * seed, rare=0.01), ())}
        found = predictions.measure_drift(answers(500, 2 * seed + 1, rare=0.01), None, was)
        failed += verdict(prediction_drift(on="value"), found).outcome == "fail"
        (rate,) = (each for each in found.figures if each.metric == "rate_ratio")
        assert sentence(rate.notes[0]) == f"(chance alone gives up to {rate.high / rate.value:.3g})"
    assert failed <= 4


def test_a_rare_class_that_doubled_is_found_where_no_histogram_moved():
    was = {1: reference_of(answers(60_000, 1, rare=0.002), FIELDS)}
    found = predictions.measure_drift(answers(60_000, 2, rare=0.004), None, was)
    said = verdict(prediction_drift(), found)
    assert said.outcome == "fail" and said.figure.metric == "rate_ratio"
    assert said.figure.value == pytest.approx(2, abs=0.5)
    assert all(f.low < 0.01 for f in found.figures if f.metric.endswith("drift"))


def test_the_same_answers_to_the_same_rows_are_no_drift_at_all():
    rows = answers(500, 3)
    found = predictions.measure_drift(rows, rows.sample(500, shuffle=True, seed=1), {})
    assert all(f.value == f.low == f.high for f in found.figures if f.metric != "compared")
    assert verdict(prediction_drift(0, rates=1), found).outcome == "pass"


def test_rows_the_champion_learned_from_are_left_out():
    rows = answers(600, 3)
    found = predictions.measure_drift(rows, rows, {}, trained=rows["__key"].head(200))
    assert {f.rows for f in found.figures if f.metric != "compared"} == {400}


def test_a_champion_that_cannot_be_compared_leaves_the_check_in_doubt():
    rows = answers(300, 4)
    earlier = {1: reference_of(rows, FIELDS)}
    said = verdict(prediction_drift(), predictions.measure_drift(rows, rows.clear(), earlier))
    assert said.outcome == "inconclusive" and "champion" in sentence(said.reason)


def test_a_regression_is_compared_by_its_numbers():
    draw = np.random.default_rng(0)
    was = pl.DataFrame({"__prediction": draw.normal(size=2_000)})
    found = predictions.measure_drift(was + 0.6, was, {1: reference_of(was, ())})
    assert {slice_text(f) for f in found.figures if f.low and f.low > 0.1} == {
        "champion, class prediction",
        "earlier 1, class prediction",
    }
    assert verdict(prediction_drift(0.1), found).outcome == "fail"


def test_many_classes_have_a_rate_each():
    draw = np.random.default_rng(0)
    kinds = pl.Enum(["a", "b", "c"])
    was, now = (
        pl.DataFrame({"__label": pl.Series(draw.choice(list("abc"), 5_000, p=p), dtype=kinds)})
        for p in ((0.9, 0.09, 0.01), (0.9, 0.07, 0.03))
    )
    found = predictions.measure_drift(now, None, {1: reference_of(was, ())})
    low = {slice_text(f): f.low for f in found.figures if f.metric == "rate_ratio"}
    assert set(low) == {"earlier 1, class a", "earlier 1, class b", "earlier 1, class c"}
    assert low["earlier 1, class c"] > 1.5 and low["earlier 1, class a"] < 1.02


def weights(**shares):
    names = (*(f"f{n}" for n in range(8)), "town")
    told = tuple(shares.get(name, 0.0) for name in names)
    return Importances(
        method="", features=names, shares=told, low=told, high=told, replicates=(told, told), rows=1
    )


def test_a_moved_feature_counts_as_much_as_the_model_leans_on_it():
    was = {1: reference_of(answers(3_000, 1), FIELDS)}
    now = answers(3_000, 2, feature=1.0)
    leaning = features.measure_drift(now, was, weights(f0=0.9, f1=0.1))
    said = verdict(feature_drift(), leaning)
    assert said.outcome == "fail" and "f0" in sentence(said.reason)
    assert (leaning.notes[0].values["found"], leaning.notes[0].values["comparisons"]) == (1, 9)
    careless = features.measure_drift(now, was, weights(f0=0.001, f1=0.999))
    assert verdict(feature_drift(), careless).outcome == "pass"
    row = leaning.table("features").by_id[0]
    assert row["feature"] == "f0" and row["mean_moved_by_spreads"] == pytest.approx(1, abs=0.1)


def test_a_feature_that_went_missing_or_changed_its_words_is_found():
    was = {1: reference_of(answers(3_000, 1), FIELDS)}
    now = answers(3_000, 2).with_columns(
        f3=pl.when(pl.int_range(3_000) % 2 == 0).then(pl.col("f3")),
        town=pl.col("town").replace("a", "never seen"),
    )
    low = {
        slice_text(f): f.low
        for f in features.measure_drift(now, was, None).figures
        if f.metric == "feature_drift"
    }
    assert {name for name, each in low.items() if each > 0.25} == {
        "earlier 1, feature f3",
        "earlier 1, feature town",
    }


def importances(**shares):
    names, values = tuple(shares), tuple(shares.values())
    return Importances(
        method="permutation", features=names, shares=values, low=values, high=values,
        replicates=(values, values), rows=1_000,
    )  # fmt: skip


def reference_with(rows, **shares):
    return replace(reference_of(rows, FIELDS), importance=importances(**shares))


@pytest.mark.parametrize(
    "broken", [pl.lit(0.7), pl.lit(None, pl.Float64), pl.lit(float("nan"))], ids=["stuck", "missing", "nan"]
)
def test_a_feature_that_broke_counts_as_it_mattered_before(broken):
    was = reference_with(answers(2_000, 1), f0=0.6, f1=0.4)
    now = answers(2_000, 2).with_columns(f0=broken)
    found = features.measure_drift(now, {1: was}, importances(f0=0.0, f1=1.0))
    said = verdict(feature_drift(), found)
    assert said.outcome == "fail" and slice_text(said.figure) == "earlier 1, feature f0"
    weighted = next(each for each in found.figures if each.metric == "weighted_drift")
    assert weighted.low > 0.25  # it holds the mean of 0.6 and 0 of the importance


def test_a_feature_that_mattered_neither_before_nor_now_is_named_and_not_judged():
    was = reference_with(answers(2_000, 1), f1=1.0)
    now = answers(2_000, 2, feature=2.0)
    said = verdict(feature_drift(), features.measure_drift(now, {1: was}, importances(f1=1.0)))
    assert said.outcome == "pass"
    assert sentence(said.reason).endswith(
        "Moved by more than 0.25, and not judged alone, with under 2 % of the importance before and now: f0."
    )


def test_where_importance_was_never_measured_each_of_many_features_is_judged():
    many = tuple(Field(name=f"g{n}", type="Float64") for n in range(60))

    def rows(seed, shift):
        x = np.random.default_rng(seed).normal(size=(1_000, 60))
        x[:, 7] += shift
        return pl.DataFrame({f"g{n}": x[:, n] for n in range(60)}).with_columns(__prediction=pl.lit(0.0))

    was = {1: reference_of(rows(1, 0), many)}
    said = verdict(feature_drift(weighted=9), features.measure_drift(rows(2, 2), was, None))
    assert said.outcome == "fail" and slice_text(said.figure) == "earlier 1, feature g7"


def test_a_feature_that_is_read_no_more_is_named_in_the_evidence():
    found = features.measure_drift(
        answers(300, 2).drop("f3"), {1: reference_of(answers(300, 1), FIELDS)}, None
    )
    assert "Read by earlier 1 and not by this version: f3." in [sentence(each) for each in found.notes]


@pytest.mark.parametrize("scale", [1e300, 1e308])
def test_a_feature_near_the_largest_double_is_kept_and_compared(scale):
    def far(seed):
        return answers(300, seed).with_columns(f0=(pl.col("f0").clip(-1.7, 1.7)) * scale)

    was = decode(encode(reference_of(far(1), FIELDS)), Reference)
    found = decode(encode(features.measure_drift(far(2), {1: was}, None)), Findings)
    assert not found.unmeasured
    (row,) = (each for each in found.table("features").by_id if each["feature"] == "f0")
    assert row["mean_is"] == pytest.approx((far(2)["f0"] / scale).mean() * scale)
    assert row.get("mean_moved_by_spreads") is None


def test_the_moments_of_numbers_are_numpys_and_stay_doubles():
    numbers = np.random.default_rng(0).normal(3, 2, 500)
    mean, square = moments(numbers)
    assert (mean, square) == (numbers.mean(), pytest.approx(((numbers - numbers.mean()) ** 2).sum()))
    scaled = moments(numbers * 1e150)
    assert scaled == (pytest.approx(mean * 1e150), pytest.approx(square * 1e300))
    assert moments(numbers * 1e300) == (pytest.approx(mean * 1e300), LARGEST)
    ends = profile(pl.Series([LARGEST, -LARGEST] * 20))
    both = merge(ends, recount(pl.Series([LARGEST] * 40), ends))
    assert both.mean == pytest.approx(LARGEST / 2) and both.square == LARGEST


def test_a_feature_of_another_kind_leaves_the_check_in_doubt():
    was = {1: reference_of(answers(300, 1), FIELDS)}
    found = features.measure_drift(answers(300, 2).with_columns(f0=pl.lit("word")), was, None)
    why = ANOTHER_KIND(found="String", expected="numbers")
    assert found.unmeasured == (
        UnmeasuredFigure(
            metric="feature_drift",
            compared_with="earlier",
            under=conditions(earlier=1, feature="f0"),
            why=why,
        ),
    )
    assert verdict(feature_drift(), found).outcome == "inconclusive"


def test_rows_of_few_groups_do_not_look_like_drift():
    alarms = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        frames = []
        for _ in range(2):
            unit = draw.integers(0, 60, 3_000)
            frames.append(
                pl.DataFrame({"f0": draw.normal(size=60)[unit], "__keep_who": unit, "__prediction": 0.0})
            )
        was = {1: reference_of(frames[0], FIELDS[:1], group="who")}
        found = features.measure_drift(frames[1], was, None, group="who")
        alarms += next(f.low for f in found.figures if f.metric == "feature_drift") > 0
    assert alarms <= 6


def test_a_rare_class_that_few_groups_have_is_no_drift_where_others_are_drawn():
    kinds, failed = pl.Enum(["no", "yes"]), 0
    for seed in range(30):
        draw = np.random.default_rng(seed)
        was, now = (
            pl.DataFrame(
                {
                    "__keep_shop": np.repeat(np.arange(20), 100),
                    "__label": pl.Series(
                        np.where(draw.random(2_000) < np.repeat(draw.beta(0.02, 0.98, 20), 100), "yes", "no"),
                        dtype=kinds,
                    ),
                }
            )
            for _ in range(2)
        )
        found = predictions.measure_drift(now, None, {1: reference_of(was, (), group="shop")}, group="shop")
        failed += verdict(prediction_drift(), found).outcome == "fail"
    assert failed <= 2


def test_older_versions_are_told_but_not_judged():
    near, far = answers(2_000, 1), answers(2_000, 2, shift=2, feature=2)
    earlier = {1: reference_of(near, FIELDS), 2: reference_of(far, FIELDS)}
    found = predictions.measure_drift(answers(2_000, 3), None, earlier)
    assert verdict(prediction_drift(), found).outcome == "pass"
    assert verdict(prediction_drift(versions=2), found).outcome == "fail"
    moved = features.measure_drift(answers(2_000, 3), earlier, None)
    assert verdict(feature_drift(), moved).outcome == "pass"
    assert verdict(feature_drift(versions=2), moved).outcome == "fail"


def test_the_steps_read_what_the_engine_hands_them():
    at = StepContext(store=MemoryStore(), keys=derive(bytes(32)))
    rows = answers(400, 1)
    earlier = at.put_json(reference_of(rows, FIELDS))
    said = write(at, answers(400, 2))
    found = predictions.measure(
        at, predictions=said, champion=said, champion_train=write(at, rows), **{"earlier 1": earlier}
    )
    assert at.get_json(found["findings"], Findings).figures
    row = {FEATURE: "f0", SHARE: 1.0, LOW: 1.0, HIGH: 1.0, RESAMPLED: (1.0, 1.0)}
    importance = at.put_json(Findings(tables=(REPLICATES.of([row]),)))
    found = features.measure(at, predictions=said, importance=importance, **{"earlier 1": earlier})
    assert at.get_json(found["findings"], Findings).figures[0].rows == 400


def test_limits_that_mean_nothing_are_refused():
    for wrong in (
        lambda: prediction_drift(-1),
        lambda: prediction_drift(rates=0.5),
        lambda: feature_drift(share=2),
    ):
        with pytest.raises(BadProject):
            wrong()


def drift(metric, value, compared_with, **under):
    return Figure(
        metric=metric,
        value=value,
        low=value - 0.01,
        high=value + 0.01,
        rows=100,
        compared_with=compared_with,
        under=conditions(**under),
    )


class TestPredictionDrift(CheckContract):
    good = (drift("score_drift", 0.05, "champion"),)
    bad = (drift("score_drift", 0.5, "champion"),)

    @staticmethod
    def check():
        return prediction_drift()


class TestFeatureDrift(CheckContract):
    good = (drift("feature_drift", 0.05, "earlier", earlier=1, feature="f0"),)
    bad = (drift("weighted_drift", 0.5, "earlier", earlier=1),)

    @staticmethod
    def check():
        return feature_drift()
