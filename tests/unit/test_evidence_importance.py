"""How much each feature matters, how sure that is, and whether explanations add up."""

import numpy as np
import polars as pl
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge
from comporta.checks.explanation import measure as explanation
from comporta.checks.explanation.attribution import attribute
from comporta.checks.explanation.check import explained
from comporta.checks.explanation.codes import BY_ORDERS, BY_WEIGHTS
from comporta.checks.importance_change import measure as importance_change
from comporta.checks.importance_change.check import importance_change as gate
from comporta.checks.importance_change.measure import measure_change
from comporta.checks.shared.measuring import importance
from comporta.checks.shared.measuring.codes import FEWER_THAN_TWO_TARGETS, NOTHING_LOST
from comporta.checks.shared.measuring.importance import important
from comporta.checks.shared.measuring.reference import importances, reference_of
from comporta.opened.sentences import sentence
from comporta.records import Figure, Findings, ModelOutput, UnmeasuredFigure, condition, conditions, encode
from comporta.records.reference import Importances
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.checks import CheckContract
from comporta.train.asking import refit_estimator

WEIGHTS = np.array([2.0, 1.0, 0.5, 0.0])


def table(rows, seed=0, weights=WEIGHTS, task="numbers"):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(rows, len(weights)))
    y = X @ weights + draw.normal(size=rows)
    target = {"numbers": y, "two": y > 0, "three": np.array(["a", "b", "c"])[np.digitize(y, [-1, 1])]}[task]
    return pl.DataFrame({f"f{n}": X[:, n] for n in range(len(weights))} | {"__target": target})


def model(rows, estimator, output="both"):
    def fit(X: np.ndarray, y):
        return estimator.fit(X, y)

    return refit_estimator(rows, fit=fit, params={}, task=None, output=output, seed=0)


def small(kind, **also):
    return kind(n_estimators=20, num_leaves=8, verbose=-1, n_jobs=1, **also)


def figures(found, metric):
    return {condition(each, "feature"): each for each in found.figures if each.metric == metric}


def verdict(check, found):
    (need,) = check.needs()
    evidence = evidence_of(need, found)
    return judge((check,), {need: evidence})[0]


def test_the_loss_by_permuting_is_that_of_theory_and_of_scikit_learn():
    rows = table(3_000)
    asked = model(rows, LinearRegression())
    found = figures(important(asked, rows), "permutation_importance")
    for n, weight in enumerate(WEIGHTS):
        assert found[f"f{n}"].value == pytest.approx(2 * weight**2, rel=0.12, abs=0.02)
    X, y = rows.select("f0", "f1", "f2", "f3").to_numpy(), rows["__target"].to_numpy()
    oracle = permutation_importance(
        asked.estimator, X, y, scoring="neg_mean_squared_error", n_repeats=5, random_state=0
    )
    told = [found[f"f{n}"].value for n in range(4)]
    assert told == pytest.approx(oracle.importances_mean, rel=0.1, abs=0.01)


def test_shares_sum_to_one_and_ranks_follow_them():
    rows = table(2_000, task="two")
    found = important(model(rows, LogisticRegression()), rows)
    assert sum(each.value for each in figures(found, "importance").values()) == pytest.approx(1)
    assert [figures(found, "importance_rank")[f"f{n}"].value for n in range(4)] == [1, 2, 3, 4]
    assert all(each.low <= each.value <= each.high for each in found.figures)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    asked = model(table(20_000), LinearRegression())
    truth = 2 * asked.estimator.coef_**2
    held = []
    for seed in range(40):
        found = figures(important(asked, table(800, seed=100 + seed), seed=seed), "permutation_importance")
        held += [found[f"f{n}"].low <= truth[n] <= found[f"f{n}"].high for n in range(3)]
    assert np.mean(held) > 0.88


def test_groups_that_hold_together_widen_the_intervals():
    rows = pl.concat([table(100)] * 20).with_columns(pl.Series("__keep_who", np.tile(np.arange(100), 20)))
    asked = model(rows, LinearRegression())
    alone, whole = (
        figures(important(asked, rows, group=group), "permutation_importance")["f0"]
        for group in (None, "who")
    )
    assert whole.high - whole.low > 1.5 * (alone.high - alone.low)


def test_nothing_learned_is_told_as_missing_and_not_as_shares():
    rows = table(400, weights=np.zeros(3))

    class Mean:
        estimator = None
        signature = model(rows, LinearRegression()).signature

        def __call__(self, frame):
            return ModelOutput(np.zeros((frame.height, 1)), np.zeros(frame.height))

    found = important(Mean(), rows)
    assert found.unmeasured == (UnmeasuredFigure(metric="importance", why=NOTHING_LOST()),)
    assert importances(found) is None
    none = important(Mean(), rows.drop("__target"))
    assert none.unmeasured == (
        UnmeasuredFigure(metric="permutation_importance", why=FEWER_THAN_TWO_TARGETS()),
    )


def test_labels_alone_and_three_classes_have_importances_too():
    rows = table(1_500, task="three")
    for output in ("both", "label"):
        found = important(model(rows, small(LGBMClassifier), output), rows)
        assert figures(found, "importance_rank")["f0"].value == 1


def test_linear_values_are_the_formula_and_add_up_behind_scaler_and_imputer():
    rows = table(500, task="two").with_columns(
        f1=pl.when(pl.int_range(500) % 9 == 0).then(None).otherwise(pl.col("f1"))
    )
    asked = model(rows, make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()))
    told = attribute(asked, rows, rows.head(100), 0)
    assert told.method == BY_WEIGHTS()
    margin = asked.estimator.decision_function(asked.numbers(rows))
    assert (told.values.sum(axis=1) + told.base)[:, 0] == pytest.approx(margin)
    assert told.residual < 1e-12 and told.apart == 0


@pytest.mark.parametrize("task", ["numbers", "two", "three"])
def test_lightgbms_own_values_add_up_to_what_it_says(task):
    rows = table(600, task=task)
    kind = LGBMRegressor if task == "numbers" else LGBMClassifier
    told = attribute(model(rows, small(kind)), rows, rows.head(50), 0)
    assert told.values.shape == (600, 4, 3 if task == "three" else 1)
    assert told.residual < 1e-9 and told.apart < 1e-9


def test_sampled_values_of_a_linear_model_near_the_exact_ones_and_add_up():
    rows = table(2_000)
    background = rows.head(200)

    class Hidden:
        """The same model, so that it cannot be read."""

        inner = model(rows, LinearRegression())
        estimator = None
        signature = inner.signature

        def __call__(self, frame):
            return self.inner(frame)

        def attribution(self, rows, background):
            return None

    sampled = attribute(Hidden(), rows, background, 0)
    exact = attribute(Hidden.inner, rows.head(len(sampled.values)), background, 0)
    assert sampled.method.code == BY_ORDERS.id and sampled.residual < 1e-9
    apart = sampled.values - exact.values
    assert np.abs(apart.mean(axis=0)).max() < 0.15
    assert np.corrcoef(sampled.values[:, 0, 0], exact.values[:, 0, 0])[0, 1] > 0.9


@pytest.mark.parametrize("kind", [RandomForestClassifier, RandomForestRegressor])
def test_forests_are_explained_by_sampling_and_say_so(kind):
    rows = table(400, task="two" if kind is RandomForestClassifier else "numbers")
    told = attribute(model(rows, kind(5, random_state=0)), rows, rows.head(50), 0)
    assert told.method.code == BY_ORDERS.id and told.residual < 1e-9
    assert told.sizes.mean(axis=0).argmax() == 0


def test_an_explanation_of_another_model_than_the_one_asked_does_not_pass():
    rows = table(300)
    told = attribute(model(rows, LinearRegression()), rows, rows.head(50), 0)
    names = ["f0", "f1", "f2", "f3"]
    assert verdict(explained(), explanation.findings_of(told, names, 300, "")).outcome == "pass"
    off = told._replace(values=told.values + 1e-3)
    assert verdict(explained(), explanation.findings_of(off, names, 300, "")).outcome == "fail"
    other = told._replace(apart=0.1)
    assert verdict(explained(), explanation.findings_of(other, names, 300, "")).outcome == "fail"
    wild = told._replace(values=told.values * np.nan)
    assert verdict(explained(), explanation.findings_of(wild, names, 300, "")).outcome == "inconclusive"


def test_shares_of_shapley_values_have_intervals_that_hold_the_truth_and_widen_with_groups():
    asked = model(table(20_000), LinearRegression())
    names = [f"f{n}" for n in range(4)]
    sizes = np.abs(asked.estimator.coef_)
    truth, held = sizes / sizes.sum(), []
    for seed in range(60):
        rows = table(500, seed=300 + seed)
        told = attribute(asked, rows, table(20_000, seed=1), seed)
        found = figures(explanation.findings_of(told, names, 500, "", seed=seed), "shap_share")
        assert sum(each.value for each in found.values()) == pytest.approx(1)
        held += [found[f"f{n}"].low <= truth[n] <= found[f"f{n}"].high for n in range(3)]
    assert np.mean(held) > 0.88
    again = told._replace(values=np.tile(told.values[:50], (10, 1, 1)))
    units = np.tile(np.arange(50), 10)
    alone, whole = (
        figures(explanation.findings_of(again, names, 500, "", units=each), "shap_share")["f0"]
        for each in (None, units)
    )
    assert whole.high - whole.low > 1.5 * (alone.high - alone.low)


def test_shapley_values_are_made_by_one_step_alone():
    rows = table(400)
    asked = model(rows, RandomForestRegressor(5, random_state=0))

    class Counts:
        estimator, signature, numbers = asked.estimator, asked.signature, asked.numbers
        rows = 0

        def __call__(self, frame):
            self.rows += frame.height
            return asked(frame)

    counting = Counts()
    important(counting, rows)
    assert counting.rows == 400 * 5, "each feature permuted once, and nothing besides"


def test_additivity_of_sampled_values_is_no_reassurance():
    rows = table(300)
    told = attribute(model(rows, RandomForestRegressor(5, random_state=0)), rows, rows.head(50), 0)
    found = explanation.findings_of(told, ["f0", "f1", "f2", "f3"], 300, "")
    said = verdict(explained(), found)
    assert told.residual < 1e-9 and said.outcome == "does not apply"
    assert "sampled" in sentence(said.reason) and "additivity shows nothing" in sentence(said.reason)
    assert figures(found, "shap_share")["f0"].value > 0.3
    unsteady = told._replace(answer=told.answer + 1)
    assert (
        verdict(explained(), explanation.findings_of(unsteady, ["f0", "f1", "f2", "f3"], 300, "")).outcome
        == "fail"
    )


def test_the_importance_of_the_same_model_on_other_rows_has_not_moved():
    asked = model(table(5_000), LinearRegression())
    shown = 0
    for seed in range(20):
        was, now = (importances(important(asked, table(600, seed=2 * seed + n), seed=seed)) for n in (50, 51))
        found = measure_change(now, {1: was})
        shown += figures(found, "importance_moved")[None].low > 0
        assert verdict(gate(), found).outcome == "pass"
    assert shown <= 3


def test_a_model_that_leans_on_another_feature_is_found():
    was, now = (
        importances(important(model(rows, LinearRegression()), rows))
        for rows in (table(2_000), table(2_000, weights=WEIGHTS[::-1]))
    )
    found = measure_change(now, {1: was})
    said = verdict(gate(), found)
    assert said.outcome == "fail" and said.figure.value > 0.9
    ranks = figures(found, "rank_changed")
    assert ranks["f0"].value == 3 and ranks["f0"].low >= 2
    assert verdict(gate(1, ranks=1), found).outcome == "fail"
    assert verdict(gate(1, ranks=3), found).outcome == "pass"


def test_a_feature_of_one_version_alone_has_no_share_in_the_other():
    rows = table(1_000)
    was = importances(important(model(rows.drop("f0"), LinearRegression()), rows.drop("f0")))
    found = measure_change(importances(important(model(rows, LinearRegression()), rows)), {1: was})
    assert figures(found, "importance_moved")[None].value > 0.6


def test_without_an_earlier_version_it_does_not_apply_and_without_its_importance_it_is_in_doubt():
    kept = importances(important(model(table(500), LinearRegression()), table(500)))
    assert verdict(gate(), measure_change(kept, {})).outcome == "does not apply"
    assert verdict(gate(), measure_change(kept, {1: None})).outcome == "inconclusive"
    assert verdict(gate(), measure_change(None, {1: kept})).outcome == "inconclusive"


def test_the_steps_keep_what_they_found_and_the_reference_holds_it():
    at = StepContext(store=MemoryStore(), keys=derive(bytes(32)), seed=3)
    rows = table(400, task="two")
    asked = model(rows, small(LGBMClassifier))
    test, nothing = write(at, rows), at.put(b"", "model")

    def opened(_context, _model, _signature):
        return asked

    made = importance.measure(at, model=nothing, signature=nothing, test=test, opened=opened)
    again = importance.measure(at, model=nothing, signature=nothing, test=test, opened=opened)
    assert made == again
    found = at.get_json(made["findings"], Findings)
    assert isinstance(importances(found), Importances)
    reference = reference_of(rows.with_columns(__prediction=1.0), asked.signature.features)
    kept = at.put_json(type(reference)(**{**_dict(reference), "importance": importances(found)}))
    moved = importance_change.measure(at, importance=made["findings"], **{"earlier 1": kept})
    assert figures(at.get_json(moved["findings"], Findings), "importance_moved")[None].value == 0
    told = explanation.measure(at, model=nothing, signature=nothing, test=test, opened=opened)
    assert at.get_json(told["findings"], Findings).notes[1].values["digest"] == nothing.digest
    asked = model(rows, LogisticRegression())
    told = explanation.measure(at, model=nothing, signature=nothing, test=test, opened=opened)
    assert at.get_json(told["findings"], Findings).notes[1].values["digest"] == told["background"].digest


def test_forty_features_keep_their_importance_in_few_bytes():
    rows = table(600, weights=np.linspace(2, 0, 40))
    kept = importances(important(model(rows, LinearRegression()), rows))
    assert len(encode(kept)) < 60_000


def _dict(record):
    return {name: getattr(record, name) for name in record.__struct_fields__}


class TestImportanceChange(CheckContract):
    good = (
        Figure(
            metric="importance_moved",
            value=0.1,
            low=0.0,
            high=0.2,
            compared_with="earlier",
            under=conditions(earlier=1),
        ),
    )
    bad = (
        Figure(
            metric="importance_moved",
            value=0.8,
            low=0.7,
            high=0.9,
            compared_with="earlier",
            under=conditions(earlier=1),
        ),
    )

    @staticmethod
    def check():
        return gate()


class TestExplained(CheckContract):
    good = (
        Figure(metric="additivity_residual", value=0.0),
        Figure(metric="explained_less_given", value=0.0),
    )
    bad = (
        Figure(metric="additivity_residual", value=1.0),
        Figure(metric="explained_less_given", value=0.0),
    )

    @staticmethod
    def check():
        return explained()
