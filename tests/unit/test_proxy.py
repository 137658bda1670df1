import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from comporta.acts.judge.evidence import evidence_of
from comporta.checks.proxy.check import no_proxy
from comporta.checks.proxy.measure import codes, measure, telling
from comporta.checks.shared.measuring.codes import LISTED, VALUES_NOT_TOLD_APART, VALUES_TOO_SMALL
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Condition, Field, Figure, Findings, Signature, Words, conditions
from comporta.records.columns import CHANCE, LABEL
from comporta.stats.auc import auc, told_by
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.checks import CheckContract

FEATURES = ["income", "height", "town"]


def people(seed, rows=2000, *, learned=0.0, groups=None):
    """Sex is protected; height tells it; the score leans on height by `learned`."""
    draw = np.random.default_rng(seed)
    sex = draw.random(rows) < 0.5
    height = draw.normal(0, 1, rows) + 1.5 * sex
    income = draw.normal(0, 1, rows)
    chance = 1 / (1 + np.exp(-(income + learned * height)))
    said = chance > 0.5
    return pl.DataFrame(
        {
            "income": income,
            "height": height,
            "town": draw.choice(["Faro", "Porto"], rows),
            "__keep_sex": np.where(sex, "m", "f"),
            "__target": said,
            LABEL: pl.Series(np.array(["false", "true"])[said.astype(int)], dtype=pl.Enum(["false", "true"])),
            f"{CHANCE}0": 1 - chance,
            f"{CHANCE}1": chance,
        }
    )


def judged(check, found):
    (asked,) = check.needs()
    return check.judge((evidence_of(asked, found),))


def test_the_area_is_that_of_scikit_learn_with_ties_and_its_interval_holds_it():
    missed = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        positive = draw.random(300) < 0.3
        score = np.round(draw.normal(0, 1, 300) + positive, 1)
        found = auc(positive, score)
        assert found.value == pytest.approx(roc_auc_score(positive, score))
        missed += not found.low <= 0.7602 <= found.high  # Phi(1 / sqrt(2))
    assert missed <= 20


def test_units_that_are_alike_widen_the_interval():
    draw = np.random.default_rng(0)
    person = np.repeat(np.arange(100), 10)
    positive, score = (draw.random(100) < 0.5)[person], draw.normal(size=100)[person]
    alone, whole = auc(positive, score), auc(positive, score, person)
    assert whole.high - whole.low > 2.5 * (alone.high - alone.low)


def test_what_a_code_tells_is_learned_from_other_rows():
    # With no tie at all, 2.5 % of the intervals may lie above a half.
    alarms = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        positive, codes_, learn = draw.random(800) < 0.5, draw.integers(0, 60, 800), np.arange(800) % 2 == 0
        alarms += auc(positive[~learn], told_by(codes_, positive, learn)).low > 0.5
    assert alarms <= 12
    found = auc(positive[~learn], told_by(positive.astype(int), positive, learn))
    assert found.value == 1.0


def test_missing_and_strange_numbers_have_a_place_of_their_own():
    place = codes(pl.Series([1.0, None, 2.0, float("nan"), float("inf"), 1.0]))
    assert place[0] == place[5] != place[2]
    assert place[1] == place[3] == place[4]
    assert len(set(codes(pl.Series(["a", None, "b"])))) == 3


def test_answers_that_learned_the_attribute_are_found():
    check = no_proxy(of="sex", at_most=0.65, features=False, owner="Ethics board")
    verdict = judged(check, telling(people(0, learned=1.0), FEATURES, "sex"))
    assert verdict.outcome == "fail"
    assert "of the predictions" in sentence(verdict.reason) and "Ethics board" in sentence(verdict.reason)


def test_a_feature_that_is_a_proxy_is_named():
    found = telling(people(0), FEATURES, "sex")
    verdict = judged(no_proxy(of="sex", owner="O"), found)
    assert verdict.outcome == "fail" and "feature height, sex=m" in sentence(verdict.reason)
    assert judged(no_proxy(of="sex", owner="O", features=False), found).outcome == "pass"


def test_a_tie_that_goes_up_and_down_is_seen_too():
    draw = np.random.default_rng(0)
    rows = people(0).with_columns(
        pl.Series("__keep_sex", np.where(np.abs(people(0)["income"]) < 0.7, "f", "m"))
    )
    found = telling(rows, ["income"], "sex", seed=int(draw.integers(9)))
    assert max(each.value for each in found.figures) > 0.95


def test_nothing_is_shown_where_nothing_is_told():
    alarms = 0
    for seed in range(100):
        found = telling(people(seed, rows=1000), ["income", "town"], "sex", seed=seed)
        alarms += judged(no_proxy(of="sex", owner="O", at_most=0.5), found).outcome == "fail"
    assert alarms <= 7


def test_more_values_and_numbers_are_each_told_from_the_rest():
    draw = np.random.default_rng(0)
    rows = people(0).with_columns(pl.Series("__keep_age", draw.normal(40, 10, 2000)))
    found = telling(rows, FEATURES, "age")
    assert len({each.where for each in found.figures}) == 4
    assert judged(no_proxy(of="age", owner="O"), found).outcome == "pass"


def test_the_protected_attribute_among_the_features_is_found():
    rows = people(0).with_columns(pl.col("__keep_sex").alias("sex"))
    assert judged(no_proxy(of="sex", owner="O"), telling(rows, [*FEATURES, "sex"], "sex")).outcome == "fail"


def test_a_regression_and_a_single_value():
    rows = (
        people(0)
        .drop(LABEL, f"{CHANCE}0", f"{CHANCE}1")
        .with_columns((pl.col("height") * 2).alias("__prediction"))
    )
    check = no_proxy(of="sex", owner="O", features=False)
    assert judged(check, telling(rows, FEATURES, "sex")).outcome == "fail"
    same = rows.with_columns(pl.lit("f").alias("__keep_sex"))
    assert judged(check, telling(same, FEATURES, "sex")).outcome == "inconclusive"


def test_the_step_reads_some_rows_and_says_how_many():
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    fields = tuple(Field(name=name, type="Float64") for name in FEATURES)
    signature = context.put_json(
        Signature(raw=fields, features=fields, output="both", task="binary", classes=("false", "true"))
    )
    made = measure(context, predictions=write(context, people(0, rows=25_000)), signature=signature, of="sex")
    found = context.get_json(made["findings"], Findings)
    assert (found.rows, found.of) == (20_000, 25_000)


def test_values_too_rare_to_be_judged_are_told_in_the_verdict_and_named_in_the_notes():
    draw = np.random.default_rng(0)
    common = draw.choice([f"town {n:02}" for n in range(14)], 1990)
    rows = people(0).with_columns(pl.Series("__keep_area", [*common, *"AAAABBBCCC"]))
    found = telling(rows, ["income"], "area")
    verdict = judged(no_proxy(of="area", owner="O"), found)
    assert verdict.outcome == "pass"
    assert (
        "not judged: values under 30 rows or ten subjects (3), values too rare to be tried (2)."
        in sentence(verdict.reason)
    )
    rare = LISTED(values=tuple(map(Words, "ABC")))
    assert VALUES_TOO_SMALL(least=30, values=rare) in found.notes
    assert {each.rows for each in found.figures if each.metric == "values_too_small"} == {10}


def test_a_value_in_too_few_groups_to_be_told_apart_is_told_too():
    rows = people(0).with_columns(
        pl.Series("__keep_area", ["A"] * 980 + ["B"] * 980 + ["C"] * 40),
        pl.Series("__keep_person", [*(str(n // 4) for n in range(1960)), *["one"] * 40]),
    )
    # The one person with that value is on one side of the halves: learned from, or tried on.
    found = telling(rows, ["income"], "area", group="person", seed=3)
    verdict = judged(no_proxy(of="area", owner="O"), found)
    assert "not judged: values in too few rows or groups to be told apart (1)" in sentence(verdict.reason)
    assert VALUES_NOT_TOLD_APART(values=LISTED(values=(Words("C"),))) in found.notes


def test_where_every_value_is_judged_nothing_is_added():
    found = telling(people(0), ["income"], "sex")
    assert found.notes == ()
    assert "not judged" not in sentence(judged(no_proxy(of="sex", owner="O"), found).reason)


def test_a_wrong_declaration_is_refused():
    for wrong in (
        lambda: no_proxy(of="", owner="O"),
        lambda: no_proxy(of="sex", owner="O", at_most=0.4),
        lambda: no_proxy(of="sex", owner=" "),
    ):
        with pytest.raises(BadProject):
            wrong()


class TestNoProxy(CheckContract):
    check = staticmethod(lambda: no_proxy(of="sex", owner="O"))
    good = (
        Figure(
            metric="answers_tell",
            value=0.55,
            low=0.53,
            high=0.57,
            where=(Condition("sex", "m"),),
            under=conditions(answer="label"),
        ),
    )
    bad = (
        *good,
        Figure(metric="feature_tells", value=0.8, low=0.78, high=0.82, where=(Condition("sex", "m"),)),
    )
