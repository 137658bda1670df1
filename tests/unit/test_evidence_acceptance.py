import importlib.util
import linecache
import sys
import types

import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import accept, judge, policy, scenario
from comporta.checks.acceptance.measure import try_function
from comporta.checks.scenario.codes import (
    CHANGED_NOT_FINITE,
    CHANGED_ROWS_RAISED,
    GAVE_NO_FRAME,
    GAVE_OTHER_ROWS,
    GAVE_ROWS_TWICE,
    LEFT_OUT_FEATURES,
)
from comporta.checks.scenario.measure import measure_change
from comporta.checks.shared.measuring.team_function import ROW, as_said, known_columns
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Field, Figure, ModelOutput, Signature
from comporta.stats.metrics import ScoredRows, statistic

FIELDS = (Field(name="fare", type="Float64"), Field(name="night", type="Boolean"))


class Model:
    """Above 10 is dear."""

    def __init__(self, task="binary"):
        classes = () if task == "regression" else ("false", "true")
        self.signature = Signature(
            raw=FIELDS, features=FIELDS, output="both", task=task, classes=classes, label="Boolean"
        )

    def __call__(self, rows):
        fare = rows["fare"].to_numpy()
        if self.signature.task == "regression":
            return ModelOutput(fare[:, None], fare)
        chance = 1 / (1 + np.exp(10 - fare))
        return ModelOutput(np.column_stack([1 - chance, chance]), (fare > 10).astype(np.int64))


def table(n=400, seed=0):
    draw = np.random.default_rng(seed)
    fare = draw.random(n) * 20
    return pl.DataFrame(
        {
            "fare": fare,
            "night": draw.random(n) < 0.3,
            "__key": [f'["{i}"]' for i in range(n)],
            "__keep_station": draw.choice(["A", "B"], n),
            "__target": fare + draw.normal(size=n) > 10,
        }
    )


def verdict(check, found):
    (wanted,) = check.needs()
    return judge((check,), {wanted: evidence_of(wanted, found)})[0]


HANDED = types.SimpleNamespace(
    rows=known_columns(table()),
    truth=table()["__target"],
    predictions=as_said(Model()(table()), Model().signature),
)


def says(function, **limits):
    return verdict(accept(function, **limits), try_function(function, HANDED))


# What a test may say.


def holds(rows, predictions):
    return predictions.height == rows.height and "station" in rows.columns and "__target" not in rows.columns


def does_not(rows):
    return np.bool_(rows.is_empty())


def share_dear(predictions):
    return predictions["label"].mean()


def asserts(rows):
    assert rows["fare"].max() < 5, f"a fare of {rows['fare'].max()}"
    return True


def nothing(rows):
    rows.height  # noqa: B018


def raises(rows):
    raise KeyError(rows["fare"][0])


def no_number():
    return float("nan")


def text():
    return "yes"


def of_something_else(champion):
    return True


def figure():
    return Figure(metric="own", value=0.5, low=0.4, high=0.6)


def bad_figure():
    return Figure(metric="own", value=float("inf"))


def test_true_passes_and_false_fails():
    assert says(holds).outcome == "pass"
    assert sentence(says(holds).reason) == "holds holds."
    assert says(does_not).outcome == "fail"


def test_a_number_is_held_against_its_limits():
    assert says(share_dear, at_least=0.3, at_most=0.7).outcome == "pass"
    assert says(share_dear, at_least=0.9).outcome == "fail"
    assert says(share_dear, at_most=0.1).outcome == "fail"


def test_a_figure_is_judged_by_its_interval():
    assert says(figure, at_least=0.3).outcome == "pass"
    assert says(figure, at_least=0.45).outcome == "inconclusive"
    assert says(figure, at_least=0.45, on="value").outcome == "pass"
    assert says(figure, at_least=0.7).outcome == "fail"


def test_an_assertion_fails_with_its_line_and_its_words_stay_in_the_evidence():
    found, said = try_function(asserts, HANDED), says(asserts)
    assert said.outcome == "fail"
    assert "test_evidence_acceptance.py:" in sentence(said.reason)
    assert "a fare of" not in sentence(said.reason)
    assert found.table("assertion").by_id[0]["says"].startswith("a fare of")


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (nothing, "it gave nothing"),
        (raises, "it raised KeyError at test_evidence_acceptance.py:"),
        (no_number, "not finite"),
        (text, "it gave a str"),
        (of_something_else, "it asks for champion"),
        (bad_figure, "not finite"),
        (figure, "no at_least or at_most"),
        (share_dear, "no at_least or at_most"),
    ],
)
def test_all_else_is_inconclusive_and_blocks(function, why):
    said = says(function)
    assert said.outcome == "inconclusive"
    assert not said.opens
    assert why in sentence(said.reason)


def test_true_where_a_number_was_expected_is_no_pass():
    assert says(holds, at_least=0.5).outcome == "inconclusive"
    assert says(does_not, at_least=0.5).outcome == "fail"


def test_what_cannot_be_a_test_is_refused():
    for wrong in (None, 3):
        with pytest.raises(BadProject):
            accept(wrong)
    with pytest.raises(BadProject):
        accept(holds, at_least=float("nan"))


# Scenarios.


def double(rows):
    return rows.with_columns(fare=pl.col("fare") * 2)


def shuffled(rows):
    return double(rows).sample(fraction=1.0, shuffle=True, seed=1)


def fewer(rows):
    return rows.head(3)


def twice(rows):
    return pl.concat([rows.head(200), rows.head(200)])


def without_fare(rows):
    return rows.drop("fare")


def station_b_stops(rows):
    return rows.with_columns(fare=pl.when(pl.col("station") == "B").then(0.0).otherwise(pl.col("fare")))


def test_a_scenario_s_figures_are_those_of_the_changed_rows():
    rows = table()
    found = measure_change(Model(), rows, double, "accuracy", None, 0)
    figures = {each.metric: each.value for each in found.figures}
    fare = rows["fare"].to_numpy()
    assert figures["decisions_changed"] == pytest.approx(((fare > 5) & (fare <= 10)).mean())
    after = 1 / (1 + np.exp(10 - 2 * fare))
    assert figures["mean_prediction"] == pytest.approx(after.mean())
    assert figures["mean_prediction_change"] == pytest.approx((after - 1 / (1 + np.exp(10 - fare))).mean())
    truth = rows["__target"].to_numpy().astype(np.int64)
    seen = ScoredRows(classes=2, truth=truth, label=(fare > 5).astype(np.int64))
    assert figures["accuracy"] == pytest.approx(statistic("accuracy", seen)(np.ones(400)))


def test_rows_that_come_back_in_another_order_are_put_right():
    assert measure_change(Model(), table(), shuffled, None, None, 0) == measure_change(
        Model(), table(), double, None, None, 0
    )


def test_a_scenario_may_look_at_a_column_kept_beside_the_features():
    found = measure_change(Model("regression"), table(), station_b_stops, None, None, 0)
    rise = next(each for each in found.figures if each.metric == "mean_prediction_change")
    b = (table()["__keep_station"] == "B").to_numpy()
    assert rise.value == pytest.approx(-(table()["fare"].to_numpy() * b).mean())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (fewer, GAVE_OTHER_ROWS(found=3, expected=400)),
        (twice, GAVE_ROWS_TWICE()),
        (without_fare, LEFT_OUT_FEATURES(features=1, first="fare")),
        (lambda rows: None, GAVE_NO_FRAME(type="NoneType")),
        (raises, CHANGED_ROWS_RAISED(error="KeyError")),
        (lambda rows: rows.with_columns(fare=None), CHANGED_NOT_FINITE(rows=400)),
    ],
)
def test_a_scenario_that_cannot_be_asked_is_no_pass(change, why):
    found = measure_change(Model(), table(), change, None, None, 0)
    assert not found.figures
    assert [each.why for each in found.unmeasured] == [why]
    assert verdict(scenario("x", double, at_most=1.0), found).outcome == "inconclusive"


def test_each_scenario_is_held_to_its_own_limit():
    found = measure_change(Model(), table(), double, "roc_auc", None, 0)
    assert verdict(scenario("fares double", double, at_most=0.4), found).outcome == "pass"
    assert verdict(scenario("fares double", double, at_most=0.1), found).outcome == "fail"
    steady = scenario("fares double", double, metric="roc_auc", at_least=0.8)
    assert verdict(steady, found).outcome == "pass"
    assert sentence(steady.title) == "scenario fares double: roc_auc at least 0.8"
    assert verdict(scenario("x", double, metric="mean prediction", at_most=0.5), found).outcome == "fail"
    for wrong in ({}, {"at_most": 1.0, "metric": "no such"}):
        with pytest.raises(BadProject):
            scenario("x", double, **wrong)


def test_a_scenario_without_change_changes_nothing():
    found = measure_change(Model(), table(), lambda rows: rows.drop(ROW), None, None, 0)
    assert next(each.value for each in found.figures if each.metric == "decisions_changed") == 0


# The policy.


def loaded(file):
    linecache.checkcache(str(file))
    spec = importlib.util.spec_from_file_location("team_tests", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_edited_acceptance_test_is_another_policy(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "team_tests.py"
    digests = []
    for body in ("return rows.height > 5", "return rows.height > 5", "return rows.height > 4   "):
        file.write_text(
            f"def enough(rows):\n    {body}\n\n\ndef other(rows):\n    return {len(digests) > 0}\n"
        )
        digests.append(policy((accept(loaded(file).enough),)))
    assert digests[0] == digests[1], "another function of the file is edited, not this one"
    assert digests[0] != digests[2]


def test_functions_of_one_text_and_other_names_are_other_policies():
    assert policy((accept(holds),)) != policy((accept(does_not),))
    assert policy((accept(holds),)) != policy((accept(holds, required=False),))
    assert policy((scenario("a", double, at_most=0.1),)) != policy((scenario("a", double, at_most=0.2),))
    assert policy((scenario("a", double, at_most=0.1),)) != policy((scenario("a", shuffled, at_most=0.1),))


def test_a_function_that_holds_a_limit_of_its_own_cannot_be_written_down():
    limit = 5

    def closed(rows):
        return rows.height > limit

    for function in (closed, len, Model()):
        with pytest.raises(BadProject, match="cannot be written down"):
            policy((accept(function, "named"),))
