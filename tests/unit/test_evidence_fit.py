"""Over- and underfitting: what remembers is told from what learned, and what learned nothing is refused."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from comporta.acts.judge.evidence import evidence_of
from comporta.checks.baselines import measure as baselines_step
from comporta.checks.baselines.check import beats_baselines
from comporta.checks.baselines.measure import baselines
from comporta.checks.fit_gap import measure as gap_step
from comporta.checks.fit_gap.check import fit_gap as gap_gate
from comporta.checks.fit_gap.measure import fit_gap
from comporta.checks.judge import judge
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Findings
from comporta.stats.bootstrap import Interval
from comporta.stats.classes import class_text
from comporta.stats.means import difference_of, mean_of, part_to_whole, ratio_of
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write

ROWS = 1500


def table(seed, *, task="binary", rows=ROWS, signal=1.0):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 4))
    score = signal * (1.5 * x[:, 0] - x[:, 1])
    target = {
        "binary": lambda: draw.random(rows) < 1 / (1 + np.exp(-score)),
        "multiclass": lambda: np.array(["x", "y", "z"])[
            (np.stack([score, 0 * score, -score], 1) + draw.gumbel(size=(rows, 3))).argmax(1)
        ],
        "regression": lambda: 50 + 10 * score + 10 * draw.normal(size=rows),
    }[task]()
    word = pl.Series([None if each == "" else each for each in draw.choice(["a", "b", ""], rows)])
    return pl.DataFrame(
        {
            **{f"x{at}": x[:, at] for at in range(4)},
            "word": word,
            "__target": target,
            "__keep_person": np.arange(rows) // 3,
        }
    )


def numbers(rows):
    return rows.select("x0", "x1", "x2", "x3").to_numpy()


def said(model, rows, *, labels=False):
    if not hasattr(model, "classes_"):
        return rows.with_columns(__prediction=pl.Series(model.predict(numbers(rows))))
    names = [class_text(each) for each in model.classes_]
    chance = model.predict_proba(numbers(rows))
    found = rows.with_columns(__label=pl.Series([names[at] for at in chance.argmax(1)], dtype=pl.Enum(names)))
    if labels:
        return found
    return found.with_columns(**{f"__probability_{at}": chance[:, at] for at in range(len(names))})


def parts(seed, *, task="binary", deep=False, labels=False, signal=1.0, rows=ROWS):
    whole = table(seed, task=task, signal=signal, rows=rows)
    train, test = whole[: rows * 2 // 3], whole[rows * 2 // 3 :]
    if task == "regression":
        model = DecisionTreeRegressor(random_state=0) if deep else Ridge()
    else:
        model = DecisionTreeClassifier(random_state=0) if deep else LogisticRegression()
    model.fit(numbers(train), train["__target"].to_numpy())
    return said(model, test, labels=labels), said(model, train, labels=labels)


def verdict(check, found):
    (need,) = check.needs()
    return judge((check,), {need: evidence_of(need, found)})[0]


KINDS = [("binary", False), ("binary", True), ("multiclass", False), ("regression", False)]


@pytest.mark.parametrize(("task", "labels"), KINDS)
def test_a_model_that_learned_beats_the_baselines_and_has_no_gap(task, labels):
    for seed in range(6):
        test, train = parts(seed, task=task, labels=labels)
        assert verdict(beats_baselines(), baselines(test, train)).outcome == "pass"
        assert verdict(gap_gate(at_most=0.1), fit_gap(train, test)).outcome == "pass"


@pytest.mark.parametrize(("task", "labels"), KINDS)
def test_a_tree_that_remembers_has_a_gap(task, labels):
    test, train = parts(0, task=task, labels=labels, deep=True)
    found = verdict(gap_gate(at_most=0.1), fit_gap(train, test))
    assert found.outcome == "fail"
    assert "train 1" in sentence(found.reason)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_an_overfitted_tree_has_probabilities_worse_than_none(task):
    test, train = parts(0, task=task, deep=True)
    found = verdict(beats_baselines(), baselines(test, train))
    assert found.outcome == "fail"
    assert "expected at least" in sentence(found.reason)


@pytest.mark.parametrize(("task", "labels"), KINDS)
def test_a_model_of_nothing_is_never_let_through_for_long(task, labels):
    outcomes = []
    for seed in range(20):
        test, train = parts(seed, task=task, labels=labels, signal=0.0, rows=900)
        outcomes.append(verdict(beats_baselines(), baselines(test, train, seed=seed)).outcome)
    # One side of a 95 % interval: one in forty; of twenty, more than three are seen one time in a thousand.
    assert outcomes.count("pass") <= 3


def test_a_model_much_worse_than_a_line_is_refused():
    test, train = parts(0, task="regression")
    worse = test.with_columns(__prediction=50 + (pl.col("__prediction") - 50) * 0.3)
    found = verdict(beats_baselines(), baselines(worse, train))
    assert found.outcome == "fail"
    assert "skill less that of a line" in sentence(found.reason)


def test_skill_is_what_scikit_learn_says_of_it():
    test, train = parts(3, task="regression")
    figures = {each.metric: each for each in baselines(test, train).figures}
    truth, got = test["__target"].to_numpy(), test["__prediction"].to_numpy()
    mean = train["__target"].mean()
    assert figures["skill_over_mean"].value == pytest.approx(
        1 - np.square(truth - got).sum() / np.square(truth - mean).sum()
    )
    line = Ridge().fit(numbers(train), train["__target"].to_numpy()).predict(numbers(test))
    # The baseline sees the words too, which tell nothing.
    less = np.square(truth - line).sum() - np.square(truth - got).sum()
    assert figures["skill_less_line"].value == pytest.approx(less / np.square(truth - mean).sum(), abs=0.02)


def test_a_class_that_only_the_test_rows_have_is_no_error():
    test, train = parts(0, task="multiclass")
    train = train.filter(pl.col("__target") != "z")
    figures = baselines(test, train).figures
    assert {each.metric for each in figures} >= {"skill_over_class_shares", "skill_less_line"}


def test_an_interval_by_influence_covers_the_truth_and_counts_groups_once():
    covered, lone = [], []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        units = np.repeat(np.arange(30), 8)
        values = 3 + np.repeat(draw.normal(size=30), 8) + draw.normal(size=240)
        found, alone = mean_of(values, units), mean_of(values)
        covered.append(found.low <= 3 <= found.high)
        lone.append(alone.low <= 3 <= alone.high)
    assert 0.9 < np.mean(covered) < 0.99
    assert np.mean(lone) < 0.75


def test_ratios_cover_the_truth():
    covered, whole = [], []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        bottom = draw.exponential(size=200)
        found = ratio_of(0.7 * bottom + draw.normal(size=200) * 0.2, bottom)
        covered.append(found.low <= 0.7 <= found.high)
        inside = np.arange(400) < 100
        values = draw.exponential(size=400) * np.where(inside, 2.0, 1.0)
        found = part_to_whole(values, inside)
        whole.append(found.low <= 2 / 1.25 <= found.high)
    assert 0.9 < np.mean(covered) <= 0.99
    assert 0.9 < np.mean(whole) <= 0.99


def test_a_difference_of_two_intervals_is_zou_and_donners():
    one = Interval(value=0.5, low=0.4, high=0.7, units=50)
    other = Interval(value=0.3, low=0.1, high=0.4, units=40)
    found = difference_of(one, other)
    assert (found.low, found.high) == pytest.approx((0.2 - np.hypot(0.1, 0.1), 0.2 + np.hypot(0.2, 0.2)))


def test_the_steps_keep_what_they_found():
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=1)
    test, train = (write(context, each) for each in parts(0))
    gap = gap_step.measure(context, train=train, test=test, group="person", metric="log_loss")
    figures = context.get_json(gap["findings"], Findings).figures
    assert [each.metric for each in figures] == ["fit_gap", "log_loss", "log_loss"]
    assert figures[0].value == pytest.approx(figures[2].value - figures[1].value)
    assert figures[0].groups < figures[0].rows
    made = baselines_step.measure(context, predictions=test, train=train, group="person")
    assert made == baselines_step.measure(context, predictions=test, train=train, group="person")


def test_limits_are_checked_and_are_in_no_need():
    assert gap_gate("f1", at_most=0.3).needs() == gap_gate("f1").needs() != gap_gate().needs()
    assert beats_baselines(0.1, simple=0.2).needs() == beats_baselines().needs()
    for fault in ({"metric": "best"}, {"at_most": -1}, {"on": "x"}):
        with pytest.raises(BadProject):
            gap_gate(**fault)
    with pytest.raises(BadProject, match="beats_baselines"):
        beats_baselines(float("nan"))
