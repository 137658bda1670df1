"""A candidate behind the real request path, in a fresh process: faults are planted there and found."""

import json
import sys
import urllib.request

import msgspec
import numpy as np
import polars as pl
import psutil
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from comporta.acts.judge.candidate import serve_candidate
from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge
from comporta.checks import parity as parity_check
from comporta.checks import stress as stress_check
from comporta.checks.acceptance import measure as acceptance
from comporta.checks.evasion import measure as evasion
from comporta.checks.noise import measure as noise
from comporta.checks.parity import measure as parity
from comporta.checks.scenario import measure as scenario
from comporta.checks.stress import measure as stress
from comporta.checks.stress.codes import FAR_VALUE, MALFORMED, NO_BODY, OUT_OF_RANGE
from comporta.checks.stress.malformed import Bad
from comporta.checks.stress.measure import clear, growth, machine
from comporta.errors import BadProject, Refused
from comporta.opened.sentences import sentence
from comporta.records import Findings, Signature
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import read, write
from comporta.testing.generated import measure_contract
from comporta.testing.messages import slice_text
from comporta.train import steps
from comporta.train.asking import open_estimator

ROWS = 600
draw = np.random.default_rng(3)
known = draw.normal(size=ROWS)
WORD = draw.choice(["x", "y", "z"], ROWS)
chance = 1 / (1 + np.exp(-2 * known - (WORD == "x")))
NUMBERS = pl.DataFrame(
    {
        "known": known,
        "count": draw.integers(0, 9, ROWS),
        "flag": draw.random(ROWS) < 0.3,
        "__key": [f'["{number}"]' for number in range(ROWS)],
        "__target": draw.random(ROWS) < chance,
    }
).with_columns(known=pl.when(pl.int_range(ROWS) % 31 == 0).then(None).otherwise(pl.col("known")))
WORDS = NUMBERS.with_columns(word=pl.Series(WORD)).with_columns(
    word=pl.when(pl.int_range(ROWS) % 23 == 0).then(None).otherwise(pl.col("word"))
)
MADE = {}
FEW = {"n_estimators": 15, "num_leaves": 7, "verbose": -1, "n_jobs": 1}


def boosted(X, y):
    return LGBMClassifier(**FEW).fit(X, y)


def histogram(X, y):
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    columns = make_column_transformer((codes, ["word"]), remainder="passthrough")
    return make_pipeline(columns, HistGradientBoostingClassifier(max_iter=10)).fit(X, y)


def numbers(X, y):
    return LGBMRegressor(**FEW).fit(X, y)


def made(table, fit, output="both"):
    """A step context, and the parts of a candidate on it."""
    asked = (table.write_json(), fit, output)
    if asked not in MADE:
        MADE[asked] = _made(table, fit, output)
    return MADE[asked]


def _made(table, fit, output):
    at = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=7)
    parts = {"train": write(at, table.head(400)), "test": write(at, table.tail(200))}
    parts |= steps.fit(at, train=parts["train"], fit=fit, params={}, output=output)
    parts |= steps.export(at, model=parts["model"], signature=parts["signature"], train=parts["train"])
    said = steps.predict(at, model=parts["model"], signature=parts["signature"], table=parts["test"])
    return at, parts | said


def only(parts, *names):
    return {name: parts[name] for name in names if name in parts}


def measured(step, at, parts, **others):
    rows = "predictions" if step is parity else "test"
    given = only(parts, "model", "signature", "parity", "trial", "onnx", rows)
    tools = {"served": serve_candidate, "opened": open_estimator}
    return at.get_json(step.measure(at, **given, **tools, **others)["findings"], Findings)


def verdict(check, found):
    (wanted,) = check.needs()
    evidence = evidence_of(wanted, found)
    return judge((check,), {wanted: evidence})[0]


def figure(found, metric, where=""):
    return next(each for each in found.figures if (each.metric, slice_text(each)) == (metric, where))


THREE = WORDS.with_columns(
    __target=pl.Series(np.array(["low", "middle", "high"])[np.digitize(known, [-0.5, 0.7])])
)
MONEY = WORDS.with_columns(__target=pl.Series(known * 10))


@pytest.mark.parametrize(
    ("table", "fit", "output"),
    [
        (NUMBERS, boosted, "both"),
        (THREE, histogram, "label"),
        (MONEY, numbers, "both"),
        pytest.param(WORDS, histogram, "both", marks=pytest.mark.soak),
        pytest.param(THREE, boosted, "both", marks=pytest.mark.soak),
    ],
)
def test_every_form_answers_as_research_did(table, fit, output):
    at, parts = made(table, fit, output)
    found = measured(parity, at, parts)
    said = verdict(parity_check(tolerance=1e-5), found)
    assert said.outcome == "pass"
    assert ", from the request on." in sentence(said.reason)
    forms = {slice_text(each) for each in found.figures}
    assert {"form=native", "form=onnx"} <= forms
    assert ("form=lightgbm" in forms) is (fit is not histogram)
    assert found.rows == found.of == 200


def test_one_row_in_two_hundred_that_is_another_is_found_and_named():
    at, parts = made(NUMBERS, boosted)
    rows = read(at, parts["predictions"])
    changed = rows.with_columns(
        __probability_1=pl.when(pl.int_range(200) == 137).then(0.123).otherwise("__probability_1")
    )
    found = measured(parity, at, parts | {"predictions": write(at, changed)})
    said = verdict(parity_check(tolerance=1e-3), found)
    assert said.outcome == "fail"
    assert "1 of 200 rows differ by more than 1e-03" in sentence(said.reason)
    line = next(each for each in found.table("differences").by_id if each["beyond"] == 1e-3)
    assert (line["first_row"], line["column"], line["research"]) == (137, "probability of true", 0.123)


def test_a_label_that_is_another_counts_as_far_as_the_probabilities_would_have_to_move():
    at, parts = made(NUMBERS, boosted)
    rows = read(at, parts["predictions"])
    turned = rows.with_columns(
        __label=pl.when(pl.int_range(200) == 5)
        .then(pl.when(pl.col("__label") == "true").then(pl.lit("false")).otherwise(pl.lit("true")))
        .otherwise(pl.col("__label").cast(pl.String))
        .cast(rows["__label"].dtype)
    )
    found = measured(parity, at, parts | {"predictions": write(at, turned)})
    apart = abs(rows["__probability_1"][5] - 0.5)
    assert figure(found, "largest_difference", "form=native").value == pytest.approx(apart)
    assert found.table("differences").by_id[0]["column"] == "label"


def test_a_row_on_the_other_side_of_a_threshold_by_rounding_is_no_difference_and_is_counted():
    at, parts = made(NUMBERS, boosted)
    rows = read(at, parts["predictions"])
    trees = open_estimator(at, parts["model"], parts["signature"])
    cuts = trees.estimator.booster_.trees_to_dataframe()
    cut = float(cuts[cuts["split_feature"] == "known"]["threshold"].iloc[0])
    # Just above the threshold in 64 bits, on it in 32: the graph goes left, the estimator goes right.
    near = np.nextafter(cut, np.inf)
    edge = rows.with_columns(known=pl.when(pl.int_range(200) == 9).then(near).otherwise("known"))
    said = steps.predict(at, model=parts["model"], signature=parts["signature"], table=write(at, edge))
    found = measured(parity, at, parts | said)
    assert verdict(parity_check(tolerance=1e-5), found).outcome == "pass"
    assert figure(found, "rows_apart_by_rounding", "form=native").value == 0
    # And one that rounding does not explain is not excused beside it.
    kept = read(at, said["predictions"])
    wrong = kept.with_columns(
        __probability_1=pl.when(pl.int_range(200) == 9).then(0.001).otherwise("__probability_1")
    )
    found = measured(parity, at, parts | {"predictions": write(at, wrong)})
    assert verdict(parity_check(tolerance=1e-5), found).outcome == "fail"


def test_a_graph_of_another_model_and_a_row_the_door_refuses_are_found():
    at, parts = made(WORDS, histogram)
    _, other = made(WORDS.with_columns(__target=~pl.col("__target")), histogram)
    fresh = made(WORDS.with_columns(__target=~pl.col("__target")), histogram)[0]
    graph = at.put(fresh.get(other["onnx"]), "onnx")
    rows = read(at, parts["predictions"])
    strange = rows.with_columns(known=pl.when(pl.int_range(200) == 7).then(float("inf")).otherwise("known"))
    swapped = verdict(
        parity_check(), measured(parity, at, parts | {"onnx": graph})
    )  # its trial rows tell it at once
    assert swapped.outcome == "fail"
    assert "1 of its forms cannot be served by a fresh process (onnx)" in sentence(swapped.reason)
    found = measured(parity, at, parts | {"predictions": write(at, strange)})
    assert figure(found, "rows_refused", "form=native").value == 1
    said = verdict(parity_check(), found)
    assert said.outcome == "fail"
    assert "rows refused" in sentence(said.reason)
    assert found.table("differences").by_id[0]["first_row"] == 7


def test_a_candidate_whose_requests_are_not_known_is_not_shown_to_agree_and_says_so():
    at, parts = made(NUMBERS, boosted)
    takes = at.get_json(parts["signature"], Signature)
    raw = msgspec.structs.replace(takes, raw=(takes.features[0],))
    found = measured(parity, at, parts | {"signature": at.put_json(raw)})
    said = verdict(parity_check(tolerance=1e-5), found)
    assert said.outcome == "inconclusive"
    assert "what a request is turned into was not measured" in sentence(said.reason)


def test_a_model_that_a_fresh_process_does_not_serve_is_refused_by_parity_in_its_own_words():
    at, parts = made(NUMBERS, boosted)
    trial = at.get_json(parts["trial"], dict)
    trial["answers"] = [[answer + 0.3 for answer in row] for row in trial["answers"]]
    found = measured(parity, at, parts | {"trial": at.put_json(trial)})
    said = verdict(parity_check(), found)
    assert said.outcome == "fail"
    assert sentence(said.reason).startswith("3 of its forms cannot be served by a fresh process (native, ")
    lines = found.table("not_served").by_id
    assert [line["form"] for line in lines] == ["native", "lightgbm", "onnx"]
    assert all("its answers to the trial rows" in line["why"] for line in lines)


@pytest.mark.parametrize(
    ("server", "says"),
    [
        ("import sys, time; sys.stdin.readline(); time.sleep(60)", "was not ready within 0.5 seconds"),
        ("print('\"Comporta serves on http://127.0.0.1:1\"')", "its server ended before it answered"),
    ],
    ids=["late", "ended"],
)
def test_a_server_that_never_answers_is_given_up_and_gone(tmp_path, monkeypatch, server, says):
    at, parts = made(NUMBERS, boosted)
    (tmp_path / "python").write_text(f"#!{sys.executable}\n{server}\n")
    (tmp_path / "python").chmod(0o755)
    before = psutil.Process().children()
    monkeypatch.setattr("comporta.acts.judge.candidate.SECONDS", 0.5)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(Refused, match=says), serve_candidate(at, parts):
        raise AssertionError("it answers")
    assert not set(psutil.Process().children()) - set(before)


def test_a_server_of_a_candidate_ends_with_the_with_and_tells_what_it_cannot_serve():
    at, parts = made(NUMBERS, boosted)
    with serve_candidate(at, parts) as there:
        process = psutil.Process(there.pid)
        told = json.load(urllib.request.urlopen(f"{there.url}/v2/models/candidate"))
        assert told["name"] == "candidate"
    assert not process.is_running()
    with pytest.raises(Refused, match="no such"), serve_candidate(at, parts, ("no such form",)):
        pass
    with (
        pytest.raises((Refused, BadProject)),
        serve_candidate(at, only(parts, "model", "signature"), ("onnx",)),
    ):
        pass


# Under load.

STRANGE = """
import time
from sklearn.linear_model import LogisticRegression

KEPT = []


class Slow(LogisticRegression):
    def predict_proba(self, X):
        time.sleep(0.02)
        return super().predict_proba(X)


class Keeps(LogisticRegression):
    def predict_proba(self, X):
        KEPT.append(b"x" * 200_000)  # written to, or it would hold no memory
        return super().predict_proba(X)


class Raises(LogisticRegression):
    def predict_proba(self, X):
        if abs(X).max() > 1e6:
            raise ValueError("too far")
        return super().predict_proba(X)


class Ends(LogisticRegression):
    def predict_proba(self, X):
        if abs(X).max() > 1e6:
            import os

            os._exit(3)
        return super().predict_proba(X)
"""


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """Estimators of a project file."""
    folder = tmp_path_factory.mktemp("strange")
    (folder / "strange_estimators.py").write_text(STRANGE)
    sys.path.insert(0, str(folder))
    import strange_estimators

    yield strange_estimators
    sys.path.remove(str(folder))


PLAIN = NUMBERS.select(pl.col("known").fill_null(0.0), "__key", "__target")


def stressed(kind, **limits):
    def fit(X: "np.ndarray", y):
        return kind().fit(X, y)

    at, parts = made(PLAIN, fit)
    parts["parity"] = at.put_json({"forms": {}})  # as it is, in no other form
    found = measured(stress, at, parts, connections=4, seconds=0.6)
    return verdict(stress_check(**limits), found), found


def test_a_sound_model_stands_load_and_rubbish():
    at, parts = made(WORDS, boosted)
    found = measured(stress, at, parts, connections=4, seconds=0.6)
    said = verdict(stress_check(p99_ms=1000), found)
    assert said.outcome == "pass", sentence(said.reason)
    assert found.table("unclear").by_id == ()
    assert figure(found, "p99_ms").low <= figure(found, "p99_ms").value
    assert found.table("machine").by_id[0]["digest"] == machine().digest
    assert figure(found, "server_errors").rows > 180


def test_a_slow_model_fails_its_limit_and_only_where_there_is_one(strange):
    said, found = stressed(strange.Slow, p99_ms=15)
    assert said.outcome == "fail"
    assert figure(found, "p50_ms").value > 20
    assert verdict(stress_check(), found).outcome == "pass"


def test_memory_that_grows_is_found(strange):
    said, found = stressed(strange.Keeps)
    assert said.outcome == "fail"
    assert figure(found, "memory_growth").value > 20_000
    _, steady = stressed(LogisticRegression)
    assert figure(steady, "memory_growth").value < 1024


def test_a_model_that_raises_far_from_what_it_knew_is_a_server_error(strange):
    said, found = stressed(strange.Raises)
    assert said.outcome == "fail"
    assert "server errors" in sentence(said.reason)
    assert FAR_VALUE() in [each["what"] for each in found.table("unclear").by_id]


def test_a_model_that_takes_the_server_down_is_found(strange):
    said, found = stressed(strange.Ends)
    assert said.outcome == "fail"
    assert figure(found, "server_errors").value > 1


def test_clear_is_a_refusal_that_says_why_or_a_whole_answer():
    wrong, far = Bad(NO_BODY, MALFORMED, b""), Bad(FAR_VALUE, OUT_OF_RANGE, b"")
    why, whole = b'{"error":"found text"}', b'{"outputs":[{"data":[0.5]}]}'
    assert clear(wrong, 400, why) and clear(far, 413, why) and clear(far, 200, whole)
    for bad, status, body in (
        (wrong, 200, whole),
        (wrong, 500, why),
        (wrong, 0, b""),
        (wrong, 400, b"<html>"),
        (wrong, 400, b'{"error":""}'),
        (far, 200, b'{"outputs":[{"data":[NaN]}]}'),
        (wrong, 400, json.dumps({"error": "Traceback (most recent call last)"}).encode()),
    ):
        assert not clear(bad, status, body)


def test_growth_is_the_slope_and_one_jump_is_none():
    MB = 2**20
    assert growth([0, 3 * MB, 6 * MB, 9 * MB], [1000] * 3) == pytest.approx(3 * 1024)
    assert growth([0, 1, 1, 1, 1, 1, 9 * MB], [1000] * 6) == 0
    assert growth([0, 5 * MB, 5 * MB, 5 * MB], [1000] * 3) == 0
    assert growth([0, MB, 2 * MB, 3 * MB], [10] * 3) == 0, "too little to tell"


# What any measuring must do.


def enough(rows, predictions):
    return predictions.height == rows.height


def same(rows):
    return rows


LEVEL = {"levels": [0.05], "repeats": 1}
SAME, OF_NUMBERS = {"change": same, "metric": "accuracy"}, {"change": same, "metric": "r2"}
MAY = {"changeable": ["known", "word"], "cost": 1.0}


@pytest.mark.parametrize(
    ("step", "table", "fit", "extra"),
    [
        (noise, WORDS, boosted, LEVEL),
        (noise, THREE, boosted, LEVEL),
        (noise, MONEY, numbers, LEVEL),
        (scenario, WORDS, boosted, SAME),
        (scenario, THREE, boosted, SAME),
        (scenario, MONEY, numbers, OF_NUMBERS),
        (evasion, WORDS, boosted, MAY),
        (evasion, THREE, boosted, MAY),
        (evasion, MONEY, numbers, MAY),
        (acceptance, WORDS, boosted, {"function": enough}),
        (acceptance, THREE, boosted, {"function": enough}),
        (acceptance, MONEY, numbers, {"function": enough}),
    ],
)
def test_measuring_keeps_its_promises_for_every_task(step, table, fit, extra):
    at, parts = made(table, fit)
    given = only(parts, "model", "signature", "test")
    if step is acceptance:
        given |= only(parts, "train", "predictions")
    found = measure_contract(step.measure, at, **given, opened=open_estimator, **extra)
    if step is acceptance:
        assert found.figures[0].value == 1
    elif step is evasion and fit is numbers:
        assert found.without
    else:
        assert found.rows == (200 if step is not evasion else found.rows)
