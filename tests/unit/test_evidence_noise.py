import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge, noise
from comporta.checks.noise.measure import noisy
from comporta.checks.shared.measuring.changes import asked_of, changes_of
from comporta.checks.shared.measuring.codes import ABOVE_RANGE, BELOW_RANGE, MISSING_VALUE
from comporta.checks.shared.measuring.perturbation import another, extremes, jitter
from comporta.opened.sentences import sentence
from comporta.records import Field, ModelOutput, Signature
from comporta.stats.spread import robust_scale, share_of
from comporta.testing.messages import slice_text


class Model:
    """A score of the rows: above 0 is true. Or the number itself."""

    def __init__(self, score, names, task="binary", values=()):
        fields = tuple(Field(name=name, type="Float64") for name in names) + values
        classes = () if task == "regression" else ("false", "true")
        self.signature = Signature(
            raw=fields, features=fields, output="both", task=task, classes=classes, label="Boolean"
        )
        self.score, self.asked = score, 0

    def __call__(self, rows):
        self.asked += rows.height
        score = self.score(rows).astype(np.float64)
        if self.signature.task == "regression":
            return ModelOutput(score[:, None], score)
        chance = 1 / (1 + np.exp(-np.clip(score, -700, 700)))
        return ModelOutput(np.column_stack([1 - chance, chance]), (score > 0).astype(np.int64))


def table(rows, columns, seed, truth=None):
    X = np.random.default_rng(seed).normal(size=(rows, columns))
    frame = pl.DataFrame({f"x{i}": X[:, i] for i in range(columns)})
    score = X[:, 0] if truth is None else truth(X)
    chance = 1 / (1 + np.exp(-2 * score))
    return frame.with_columns(__target=pl.Series(np.random.default_rng(seed + 1).random(rows) < chance))


def linear(rows):
    return sum(rows[name].fill_null(0.0).to_numpy() for name in ("x0", "x1"))


def digits(rows):
    """Hangs on the third digit."""
    return np.sin(rows["x0"].fill_null(0.0).to_numpy() * 2000)


def figure(found, metric, where):
    return next(each for each in found.figures if (each.metric, slice_text(each)) == (metric, where))


def verdict(found, check=None):
    check = check or noise()
    (wanted,) = check.needs()
    evidence = evidence_of(wanted, found)
    return judge((check,), {wanted: evidence})[0]


def test_the_share_that_flips_is_that_of_the_closed_form():
    # A linear score of normal features: the score before and after have the correlation
    # 1 / sqrt(1 + level^2), and differ in sign with the chance arccos(it) / pi (Sheppard 1899).
    model = Model(linear, ("x0", "x1"))
    found = noisy(model, table(10_000, 2, 0), (0.1, 0.5), 3, None, None, 0)
    for level in (0.1, 0.5):
        exact = np.arccos(1 / np.sqrt(1 + level**2)) / np.pi
        flips = figure(found, "decisions_changed", f"noise={level:g}")
        assert flips.low < exact < flips.high
    assert figure(found, "metric_lost", "roc_auc, noise=0.5").low > 0


def test_a_model_that_hangs_on_digits_fails_and_a_steady_one_passes():
    rows = table(2_000, 3, 1)
    assert verdict(noisy(Model(linear, ("x0", "x1")), rows, (0.05,), 2, None, None, 0)).outcome == "pass"
    brittle = verdict(noisy(Model(digits, ("x0",)), rows, (0.05,), 2, None, None, 0))
    assert brittle.outcome == "fail"
    assert "decisions changed noise=0.05: 0.5" in sentence(brittle.reason)


def test_sound_models_pass_whatever_the_seed():
    model = Model(linear, ("x0", "x1"))
    outcomes = [
        verdict(noisy(model, table(300, 2, seed), (0.05,), 1, None, None, seed)).outcome for seed in range(60)
    ]
    assert outcomes.count("pass") == 60


def test_the_feature_that_matters_is_told_apart_from_one_that_does_not():
    found = noisy(Model(digits, ("x0", "x1")), table(1_000, 2, 0), (0.05,), 1, None, None, 0)
    assert figure(found, "decisions_changed", "noise=0.05, feature x0").value > 0.4
    assert figure(found, "decisions_changed", "noise=0.05, feature x1").value == 0
    assert found.table("features").by_id[0]["feature"] == "x0"


def test_the_change_of_a_number_is_in_the_measure_of_all_numbers():
    model = Model(linear, ("x0", "x1"), "regression")
    rows = table(5_000, 2, 0).with_columns(__target=pl.col("x0") + pl.col("x1"))
    found = noisy(model, rows, (0.1,), 2, None, None, 0)
    # Noise of 0.1 in each of two: its mean size is 0.1 * sqrt(2 / pi) of the score's own spread.
    assert figure(found, "decisions_changed", "noise=0.1").value == pytest.approx(0.0798, rel=0.1)
    assert figure(found, "metric_lost", "r2, noise=0.1").value == pytest.approx(0.01, rel=0.3)


def test_a_model_that_raises_or_answers_no_number_is_told():
    def raises(rows):
        if rows["x0"].null_count():
            raise ValueError("no")
        return linear(rows)

    def no_number(rows):
        return np.where(rows["x0"].fill_null(0.0).to_numpy() > 6, np.nan, linear(rows))

    rows = table(500, 2, 0)
    for score in (raises, no_number):
        said = verdict(noisy(Model(score, ("x0", "x1")), rows, (0.05,), 1, None, None, 0))
        assert said.outcome == "fail"
        assert "rows not answered extremes: " in sentence(said.reason)


def test_the_same_seed_gives_the_same_and_rows_stay_as_they_were():
    rows = table(400, 2, 0)
    before = rows.clone()
    model = Model(linear, ("x0", "x1"))
    assert noisy(model, rows, (0.05,), 2, None, None, 7) == noisy(model, rows, (0.05,), 2, None, None, 7)
    assert rows.equals(before)
    assert model.asked < 2 * 400 * (1 + 2 + 2 * 8)


def test_without_truth_decisions_are_measured_and_a_limit_on_the_metric_is_no_pass():
    rows = table(400, 2, 0).with_columns(__target=pl.lit(None, pl.Boolean))
    found = noisy(Model(linear, ("x0", "x1")), rows, (0.05,), 1, None, None, 0)
    assert figure(found, "decisions_changed", "noise=0.05").value < 0.1
    assert verdict(found).outcome == "inconclusive"
    assert verdict(found, noise(metric_lost=None)).outcome == "pass"


def test_whole_numbers_stay_whole_and_keep_their_noise():
    draw = np.random.default_rng(0)
    count = pl.Series("n", draw.integers(0, 10, 20_000), dtype=pl.UInt8)
    field = Field(name="n", type="UInt8")
    new = jitter(count, field, 0.1, draw)
    assert new.dtype == pl.UInt8
    apart = (new.cast(pl.Int64) - count.cast(pl.Int64)).to_numpy()
    # By chance up or down: its mean stays, but where 0 and 255 end it.
    inner = apart[(count.to_numpy() > 1)]
    assert abs(inner.mean()) < 0.02
    assert 0.2 < (inner != 0).mean() < 0.4
    big = pl.Series("n", [2**62 + 1] * 50 + [0] * 50, dtype=pl.Int64)
    still = jitter(big, Field(name="n", type="Int64"), 1e-30, draw)
    assert still.equals(big), "digits beyond a double's are kept"


def test_categories_become_others_that_were_seen_and_missing_stays_missing():
    draw = np.random.default_rng(0)
    words = pl.Series("w", ["a", "b", "c", None] * 1000)
    field = Field(name="w", type="String", values=("a", "b", "c"))
    swapped = another(words, field, draw)
    assert swapped.null_count() == 1000
    assert (swapped.drop_nulls() != words.drop_nulls()).all()
    assert set(swapped.drop_nulls()) == {"a", "b", "c"}
    some = jitter(words, field, 0.1, draw)
    assert 0.07 < (some.drop_nulls() != words.drop_nulls()).mean() < 0.13
    flags = pl.Series("b", [True, False, None])
    assert another(flags, Field(name="b", type="Boolean"), draw).to_list() == [False, True, None]
    enum = words.cast(pl.Enum(["a", "b", "c"]))
    assert another(enum, field, draw).dtype == enum.dtype


def test_extremes_are_what_their_type_can_hold():
    draw = np.random.default_rng(0)
    ends = extremes(pl.Series("n", [0, 250], dtype=pl.UInt8), Field(name="n", type="UInt8"), draw)
    assert ends[ABOVE_RANGE].to_list() == [255, 255]
    assert ends[BELOW_RANGE].to_list() == [0, 0]
    assert MISSING_VALUE not in extremes(
        pl.Series("x", [1.0, 2.0]), Field(name="x", type="Float64", nullable=False), draw
    )
    assert extremes(pl.Series("t", ["free"]), Field(name="t", type="String", nullable=False), draw) == {}


def test_a_spread_is_not_told_by_a_few_huge_values():
    draw = np.random.default_rng(0)
    values = draw.normal(size=100_000) * 3
    assert robust_scale(values) == pytest.approx(3, rel=0.02)
    assert robust_scale(np.r_[values, [1e12] * 100]) == pytest.approx(3, rel=0.02)
    assert robust_scale(np.array([0.0] * 90 + [1.0] * 10)) == pytest.approx(0.3)
    assert robust_scale(np.array([np.nan])) == 0


def test_a_share_of_none_is_not_known_to_be_none():
    found = share_of(np.zeros(100))
    assert (found.low, found.high) == (0, pytest.approx(1 - 0.025 ** (1 / 100)))
    assert share_of(np.ones(100)).low == pytest.approx(0.025 ** (1 / 100))


def test_frames_asked_together_are_told_apart():
    model = Model(linear, ("x0", "x1"))
    frames = [table(n, 2, n) for n in (3, 60_000, 60_000, 5)]
    said = asked_of(model, frames)
    assert [len(each.decisions) for each in said] == [3, 60_000, 60_000, 5]
    assert np.array_equal(said[3].scores, model(frames[3]).scores)
    assert changes_of(said[0], said[0], model.signature).sum() == 0


def test_a_model_that_noise_does_not_move_may_lose_what_rows_that_none_was_would_cost():
    rows = table(2000, 1, 0).with_columns(pl.col("x0").sign())
    steady = Model(lambda some: np.sign(some["x0"].to_numpy()), ("x0",))
    found = figure(noisy(steady, rows, (0.05,), 2, None, None, 0), "metric_lost", "roc_auc, noise=0.05")
    assert found.value == 0 and -0.01 < found.low < 0 < found.high < 0.01
