import numpy as np
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from comporta.acts.judge.evidence import evidence_of
from comporta.checks.attribute_inference.check import attribute_inference
from comporta.checks.attribute_inference.measure import _guess, measure
from comporta.checks.shared.measuring.answers_told import as_told
from comporta.checks.shared.measuring.codes import LISTED, VALUES_TOO_SMALL
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Condition, Figure, Findings, Signature, Words, condition, conditions
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.checks import CheckContract
from comporta.testing.messages import slice_text
from comporta.train import steps
from comporta.train.asking import open_estimator


def people(seed, rows=1500, *, reads=False, proxy=0.0, task="binary"):
    draw = np.random.default_rng(seed)
    sex = draw.random(rows) < 0.5
    income, height = draw.normal(0, 1, rows), draw.normal(0, 1, rows) + proxy * sex
    y = income + height + draw.normal(0, 1, rows) + (0.5 * sex if reads else 0)
    return pl.DataFrame(
        {
            "income": income,
            "height": height,
            ("sex" if reads else "__keep_sex"): np.where(sex, "m", "f"),
            "__target": y if task == "regression" else y > 0.3,
        }
    )


def logistic(X, y):
    return LogisticRegression().fit(X, y)


def line(X, y):
    return LinearRegression().fit(X, y)


def with_sex(X, y):
    coded = make_column_transformer((OrdinalEncoder(), ["sex"]), remainder="passthrough")
    return make_pipeline(coded, LogisticRegression()).fit(X, y)


def attacked(fit, of="sex", columns=(), seed=0, **how):
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=seed)
    train, test = (write(context, people(2 * seed + each, **how)) for each in (0, 1))
    kept = steps.fit(context, train=train, fit=fit)
    made = measure(context, **kept, train=train, test=test, opened=open_estimator, of=of, columns=columns)
    return context.get_json(made["findings"], Findings)


def judged(check, found):
    (asked,) = check.needs()
    return check.judge((evidence_of(asked, found),))


CHECK = attribute_inference(of="sex")


def test_a_model_that_reads_the_attribute_gives_it_away_to_who_knows_the_rest():
    verdict = judged(CHECK, attacked(with_sex, reads=True))
    assert verdict.outcome == "fail" and "sex=m" in sentence(verdict.reason)
    assert verdict.figure.value > 0.3


def test_answers_and_explanations_that_lean_on_a_proxy_give_it_away():
    found = attacked(logistic, proxy=2.5)
    by = {condition(each, "signal"): each.value for each in found.figures}
    assert by["explanations"] > by["answers"] > 0.05
    assert judged(CHECK, found).outcome == "fail"


def test_nothing_is_given_away_where_nothing_is_told():
    found = [attacked(logistic, seed=seed, rows=800) for seed in range(10)]
    assert all(
        judged(attribute_inference(of="sex", advantage=0.03), each).outcome == "pass" for each in found
    )
    assert abs(np.mean([figure.value for each in found for figure in each.figures])) < 0.02


def test_what_the_attacker_could_guess_anyway_is_no_leak():
    # The features tell it, and the attacker has them: the model adds nothing.
    found = attacked(logistic, proxy=2.5, columns=["income", "height"])
    assert (
        judged(attribute_inference(of="sex", knows=("income", "height"), advantage=0.03), found).outcome
        == "pass"
    )


def test_a_number_is_guessed_by_quarters_and_a_regression_is_asked_too():
    found = attacked(line, of="income", task="regression")
    assert len({slice_text(each) for each in found.figures}) == 8
    assert judged(attribute_inference(of="income"), found).outcome == "fail"


def test_one_value_alone_opens_nothing():
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    rows = people(0).with_columns(pl.lit("f").alias("__keep_sex"))
    train = write(context, rows)
    kept = steps.fit(context, train=train, fit=logistic)
    made = measure(context, **kept, train=train, test=train, opened=open_estimator, of="sex")
    assert judged(CHECK, context.get_json(made["findings"], Findings)).outcome == "inconclusive"


def test_values_too_rare_to_be_judged_are_told_in_the_verdict_and_named_in_the_notes():
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    area = [*(f"town {n % 9}" for n in range(1480)), *["tiny"] * 20]
    train = write(context, people(0).with_columns(pl.Series("__keep_area", area)))
    kept = steps.fit(context, train=train, fit=logistic)
    made = measure(context, **kept, train=train, test=train, opened=open_estimator, of="area")
    found = context.get_json(made["findings"], Findings)
    verdict = judged(attribute_inference(of="area"), found)
    assert (
        "not judged: values under 30 rows or ten subjects (1), values too rare to be tried (1)."
        in sentence(verdict.reason)
    )
    assert VALUES_TOO_SMALL(least=30, values=LISTED(values=(Words("tiny"),))) in found.notes
    assert "not judged" not in sentence(judged(CHECK, attacked(logistic)).reason)


@pytest.mark.parametrize(
    "wrong",
    [
        {"of": ""},
        {"of": "sex", "advantage": 2},
        {"of": "sex", "knows": ("sex",)},
        {"of": "sex", "level": "x"},
    ],
)
def test_a_wrong_declaration_is_refused(wrong):
    with pytest.raises(BadProject):
        attribute_inference(**wrong)


class TestAttributeInference(CheckContract):
    check = staticmethod(lambda: attribute_inference(of="sex"))
    good = (
        Figure(
            metric="advantage",
            value=0.01,
            low=-0.01,
            high=0.03,
            where=(Condition("sex", "m"),),
            under=conditions(signal="answers"),
        ),
    )
    bad = (
        *good,
        Figure(
            metric="advantage",
            value=0.3,
            low=0.2,
            high=0.4,
            where=(Condition("sex", "m"),),
            under=conditions(signal="explanations"),
        ),
    )


def test_an_attacker_who_knows_a_column_without_any_value_knows_the_rest():
    draw = np.random.default_rng(0)
    known = np.column_stack([np.full(400, np.nan), draw.normal(size=400)])
    place = (known[:, 1] > 0).astype(np.int64)
    mine = np.arange(400) < 300
    chances = _guess(known, place, mine, seed=0)
    assert ((chances[:, 1] > 0.5) == (place[~mine] == 1)).mean() > 0.9


@pytest.mark.parametrize(("output", "decimals", "expected"), [
    ("both", None, [[0.126, 0.874], [0.51, 0.49]]),
    ("probability", 1, [[0.1, 0.9], [0.5, 0.5]]),
    ("label", None, [[0.0, 1.0], [1.0, 0.0]]),
])  # fmt: skip
def test_an_attack_sees_what_answers_tell_and_no_more(output, decimals, expected) -> None:
    takes = Signature(
        raw=(), features=(), output=output, task="binary", classes=("no", "yes"), label="String"
    )
    scores = np.array([[0.126, 0.874], [0.51, 0.49]])
    assert as_told(takes, decimals)(scores).tolist() == expected
    regression = Signature(raw=(), features=(), output="label", task="regression", label="Float64")
    assert as_told(regression, 1)(scores).tolist() == scores.tolist()
