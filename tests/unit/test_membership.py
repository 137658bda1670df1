import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from comporta.acts.judge.evidence import evidence_of
from comporta.checks.membership.check import membership
from comporta.checks.membership.measure import measure, reference
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Figure, Findings, conditions
from comporta.stats.tail import rate_above
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.checks import CheckContract
from comporta.train import steps
from comporta.train.asking import open_estimator, refit_estimator


def people(seed, rows, task="binary", later=0.0):
    """later: how far features and their meaning move after training."""
    draw = np.random.default_rng(seed)
    X = draw.normal(later / 2, 1, (rows, 6))
    line = X[:, 0] + X[:, 1] * X[:, 2] + later * X[:, 3] + draw.normal(0, 1, rows)
    frame = pl.DataFrame({f"x{place}": X[:, place] for place in range(6)})
    word = pl.Series("word", draw.choice(["a", "b", None], rows))
    y = {"binary": line > 0, "multiclass": np.digitize(line, [-1, 1]).astype(str), "regression": line}[task]
    return frame.with_columns(
        word, pl.Series("__subject", draw.integers(0, rows // 2, rows)), __target=pl.Series(y)
    )


def logistic(X, y):
    return LogisticRegression().fit(X, y)


def tree(X, y, *, seed=0):
    return DecisionTreeClassifier(random_state=seed).fit(X, y)


def forest(X, y, *, seed=0):
    return RandomForestClassifier(30, random_state=seed, n_jobs=1).fit(X, y)


def nearest(X, y):
    return KNeighborsClassifier(1).fit(X, y)


def line(X, y):
    return LinearRegression().fit(X, y)


def nearest_number(X, y):
    return KNeighborsRegressor(1).fit(X, y)


def attacked(fit, seed=0, rows=2000, task="binary", later=0.0, fits=0, group=None, frames=None, **columns):
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=seed)
    frames = frames or [people(2 * seed + each, rows, task, later * each).drop("word") for each in (0, 1)]
    train, test = (write(context, each.with_columns(**columns)) for each in frames)
    kept = steps.fit(context, train=train, fit=fit)
    told = {"params": {}, "task": None, "output": "both", "fits": fits, "group": group}
    made = measure(
        context,
        **kept,
        train=train,
        test=test,
        opened=open_estimator,
        fit=fit,
        refitted=refit_estimator,
        **told,
    )
    return context.get_json(made["findings"], Findings)


def judged(check, found):
    (asked,) = check.needs()
    return check.judge((evidence_of(asked, found),))


def test_the_rate_of_two_normal_kinds_is_covered_at_both_shares():
    # Members are one standard deviation higher: the true rate is 1 - Phi(z(share) - 1).
    missed = {0.01: 0, 0.001: 0}
    for seed in range(80):
        draw = np.random.default_rng(seed)
        member, other = draw.normal(1, 1, 1500), draw.normal(0, 1, 6000)
        for share in missed:
            true = stats.norm.sf(stats.norm.isf(share) - 1)
            found = rate_above(member, other, share)
            missed[share] += not found.low <= true <= found.high
    assert max(missed.values()) <= 5


def test_too_few_rows_promise_nothing_and_equal_values_are_put_in_order_by_lot():
    found = rate_above(np.ones(500), np.zeros(500), 0.001)
    assert found.low == 0.0 and found.high == 1.0
    same = rate_above(np.ones(5000), np.ones(5000), 0.01)
    assert same.low <= 0.01 <= same.high < 0.02


@pytest.mark.parametrize("fit", [nearest, tree, forest], ids=lambda fit: fit.__name__)
def test_a_model_that_reveals_its_members_is_found(fit):
    verdict = judged(membership(), attacked(fit))
    assert verdict.outcome == "fail"
    assert "ROC curve" in sentence(verdict.reason) or "1.0%" in sentence(verdict.reason)


def imputed(X, y):
    return make_pipeline(SimpleImputer(keep_empty_features=True), LogisticRegression()).fit(X, y)


def test_a_feature_without_any_value_tells_the_attacker_nothing():
    gone = pl.lit(None, pl.Float64)
    assert judged(membership(), attacked(imputed, x5=gone)).outcome == "pass"


def test_fits_of_the_projects_own_find_more():
    ours, own = attacked(forest), attacked(forest, fits=3)
    assert own.figures[2].low > ours.figures[2].high > 0.7


@pytest.mark.parametrize("later", [0.0, 1.0])
def test_a_sound_model_is_let_through_also_where_time_has_changed_the_data(later):
    found = [attacked(logistic, seed, rows=1200, later=later) for seed in range(8)]
    assert all(judged(membership(tpr_at_01pct=0.01), each).outcome == "pass" for each in found)
    assert np.mean([each.figures[0].value for each in found]) < 0.02


def wide(seed, rows, spread):
    """Two features tell; how far they reach."""
    draw = np.random.default_rng(seed)
    X = draw.normal(0, spread, (rows, 6))
    line = X[:, 0] + 0.5 * X[:, 1] + draw.normal(0, 1, rows)
    return pl.DataFrame({f"x{place}": X[:, place] for place in range(6)}).with_columns(
        __target=pl.Series(line > 0)
    )


@pytest.mark.parametrize(("trained", "tested"), [(1.0, 0.5), (1.0, 0.3), (3.0, 1.0)])
def test_a_narrower_population_in_the_test_is_no_memory(trained, tested):
    for seed in range(2):
        found = attacked(logistic, frames=(wide(seed, 1000, trained), wide(9 + seed, 1000, tested)))
        assert judged(membership(), found).outcome == "pass"
    assert judged(membership(), attacked(tree, frames=(wide(0, 2000, 1.0), wide(1, 2000, 0.5)))).outcome == (
        "fail"
    )


def test_test_rows_of_elsewhere_leave_open_what_would_fail():
    trained = people(0, 2000).drop("word")
    elsewhere = people(1, 2000, later=3.0).drop("word")
    numbers = [name for name in elsewhere.columns if name.startswith("x")]
    elsewhere = elsewhere.with_columns(pl.col(numbers) * 0.5 + 0.75)
    verdict = judged(membership(), attacked(tree, frames=(trained, elsewhere)))
    assert verdict.outcome == "inconclusive" and verdict.figure.low > verdict.limit
    assert "of another population" in sentence(verdict.reason)
    assert judged(membership(), attacked(logistic, frames=(trained, elsewhere))).outcome != "fail"


def test_a_feature_that_is_missing_in_every_row_is_left_out_of_the_reference():
    rows = people(0, 400).drop("word", "__subject")
    asked = refit_estimator(rows, fit=logistic, params={}, task=None, output="both", seed=0)
    rows = rows.with_columns(x5=pl.lit(None, dtype=pl.Float64))
    alone = replace(asked.signature, features=asked.signature.features[-1:])
    for takes in (asked.signature, alone):
        assert np.isfinite(reference(rows, takes, 0)(rows)).all()


def test_many_classes_and_numbers_are_attacked_too():
    assert judged(membership(), attacked(logistic, task="multiclass")).outcome == "pass"
    assert judged(membership(), attacked(nearest, task="multiclass")).outcome == "fail"
    assert judged(membership(), attacked(line, task="regression")).outcome == "pass"
    assert judged(membership(), attacked(nearest_number, task="regression")).outcome == "fail"


def test_one_row_of_each_group_is_read_and_the_same_seed_says_the_same():
    found = attacked(logistic, group="subject")
    assert found.rows < 1600 < found.of == 4000
    assert found == attacked(logistic, group="subject")


def test_too_few_rows_open_nothing():
    verdict = judged(membership(), attacked(logistic, rows=300))
    assert verdict.outcome == "inconclusive" and "at least 200" in sentence(verdict.reason)


def test_fits_of_its_own_are_for_the_audit():
    assert membership().level == "release"
    assert membership(fits=4).level == "audit"
    assert membership(fits=4).name != membership().name


@pytest.mark.parametrize("wrong", [{"tpr_at_1pct": 0.001}, {"fits": 99}, {"on": "luck"}, {"area": 0.2}])
def test_a_wrong_declaration_is_refused(wrong):
    with pytest.raises(BadProject):
        membership(**wrong)


def rates(one, area):
    one_percent, a_tenth = conditions(false_positives=0.01), conditions(false_positives=0.001)
    rate = "attack_true_positives"
    return (
        Figure(metric=rate, under=one_percent, value=one, low=one * 0.8, high=one * 1.2, rows=2000),
        Figure(metric=rate, under=a_tenth, value=one / 10, low=0.0, high=one, rows=2000),
        Figure(metric="attack_area", value=area, low=area - 0.02, high=area + 0.02),
    )


class TestMembership(CheckContract):
    check = staticmethod(lambda: membership(tpr_at_01pct=0.01))
    good, bad = rates(0.012, 0.52), rates(0.2, 0.6)


class TestMembershipByTheArea(CheckContract):
    check = staticmethod(membership)
    good, bad = rates(0.012, 0.52), rates(0.012, 0.8)
