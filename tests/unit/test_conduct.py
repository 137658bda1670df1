import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import policy
from comporta.checks.conduct.check import never
from comporta.checks.conduct.measure import made_rows, measure, plain, read_by, under
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Field, Figure, Findings, ModelOutput, Signature, conditions
from comporta.records.columns import LABEL
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.checks import CheckContract

FIELDS = tuple(Field(name=name, type=kind) for name, kind in (("age", "Int64"), ("income", "Float64")))
KINDS = ("approve", "refuse")


def under_age(rows):
    return rows["age"] < 18


def poor_and_young(rows):
    return (pl.col("age") < 21) & (pl.col("income") < -3.0)


def protected(rows):
    return rows["sex"] == "x"


class Model:
    """Approves by income; refuses those younger than `from_age`. It stands for the opened model."""

    def __init__(self, from_age):
        self.from_age = from_age
        self.asked = 0

    def __call__(self, rows):
        self.asked += rows.height
        no = (rows["income"] < -5) | (rows["age"] < self.from_age)
        return ModelOutput(np.eye(2)[no.cast(int).to_numpy()], no.cast(pl.Int64).to_numpy())


def people(model, rows=2000, least=18):
    draw = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "age": draw.integers(least, 80, rows),
            "income": draw.normal(0, 1, rows),
            "__keep_sex": draw.choice(["f", "m", "x"], rows),
            "__target": ["approve"] * rows,
        }
    )
    said = model(frame).decisions
    return frame.with_columns(pl.Series(LABEL, np.array(KINDS)[said], dtype=pl.Enum(KINDS)))


def found(check, model, rows, task="binary"):
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=3)
    signature = Signature(
        raw=FIELDS, features=FIELDS, output="both", task=task, classes=KINDS if task == "binary" else ()
    )
    (asked,) = check.needs()
    made = measure(
        context,
        model=context.put(b"", "model"),
        signature=context.put_json(signature),
        predictions=write(context, rows),
        opened=lambda *_: model,
        when=check.when,
        decision=check.decision,
        above=check.above,
        below=check.below,
        columns=check.columns,
    )
    findings = context.get_json(made["findings"], Findings)
    evidence = evidence_of(asked, findings)
    return check.judge((evidence,))


RULE = never("approve", when=under_age, owner="Credit policy, Ana")


def test_a_forbidden_decision_on_test_rows_is_found_and_its_owner_named():
    verdict = found(RULE, Model(0), people(Model(0), least=10))
    assert verdict.outcome == "fail"
    assert "Credit policy, Ana" in sentence(verdict.reason) and "expected none" in sentence(verdict.reason)


def test_rows_are_made_where_the_test_part_has_none_under_the_rule():
    loose, strict = Model(0), Model(18)
    verdict = found(RULE, loose, people(loose))
    assert verdict.outcome == "fail" and "generated rows" in sentence(verdict.reason)
    verdict = found(RULE, strict, people(strict))
    assert verdict.outcome == "pass" and verdict.figure.rows > 1000


def test_a_decision_just_inside_the_edge_is_found():
    # Only the age of 17 is let through.
    verdict = found(RULE, Model(17), people(Model(17)))
    assert verdict.outcome == "fail"


def test_rules_of_several_features_and_expressions_are_met_at_their_corner():
    rows = people(Model(0))
    features = plain(rows)
    assert read_by(poor_and_young, features, ["age", "income"]) == ["age", "income"]
    made = made_rows(poor_and_young, features, ["age", "income"], under(poor_and_young, features), 0)
    assert made.height > 500 and under(poor_and_young, made).all()
    assert made["age"].max() == 20
    assert -3.001 < made["income"].max() < -3.0


def test_a_rule_of_kept_columns_alone_is_asked_of_test_rows():
    check = never("approve", when=protected, owner="Ethics", columns="sex")
    assert found(check, Model(0), people(Model(0))).outcome == "fail"
    assert found(check, Model(200), people(Model(200))).outcome == "pass"


def test_a_rule_that_nothing_meets_opens_nothing():
    check = never("approve", when=lambda rows: rows["age"] > 10_000, owner="Ethics")
    verdict = found(check, Model(0), people(Model(0)))
    assert verdict.outcome == "inconclusive" and "no test row lies under the rule" in sentence(verdict.reason)


def test_a_regression_has_forbidden_numbers():
    class Line:
        def __call__(self, rows):
            said = rows["age"].cast(pl.Float64).to_numpy() * 10
            return ModelOutput(said[:, None], said)

    rows = people(Model(0)).drop(LABEL).with_columns((pl.col("age") * 10.0).alias("__prediction"))
    assert found(never(above=10_000, when=under_age, owner="O"), Line(), rows, "regression").outcome == "pass"
    assert found(never(below=150, when=under_age, owner="O"), Line(), rows, "regression").outcome == "fail"


def test_missing_values_are_not_under_a_rule_and_nonsense_is_told():
    rows = pl.DataFrame({"age": [10, None, 30]})
    assert under(under_age, rows).tolist() == [True, False, False]
    with pytest.raises(BadProject, match="expected a boolean for each"):
        under(lambda rows: rows["age"] + 1, rows)


def test_a_class_that_the_model_lacks_is_told():
    with pytest.raises(BadProject, match="expected one of approve, refuse"):
        found(never("maybe", when=under_age, owner="O"), Model(0), people(Model(0)))


def test_the_policy_tells_one_rule_from_another():
    assert policy((RULE,)) != policy((never("approve", when=protected, owner="Credit policy, Ana"),))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: never("approve", when="age < 18", owner="O"),
        lambda: never("approve", when=under_age, owner=" "),
        lambda: never(when=under_age, owner="O"),
        lambda: never("approve", above=3, when=under_age, owner="O"),
    ],
)
def test_a_wrong_declaration_is_refused(wrong):
    with pytest.raises(BadProject):
        wrong()


class TestNever(CheckContract):
    check = staticmethod(lambda: never("approve", when=under_age, owner="O"))
    good = (Figure(metric="forbidden_decisions", value=0.0, rows=20, under=conditions(rows="test")),)
    bad = (
        *good,
        Figure(metric="forbidden_decisions", value=1.0, rows=2000, under=conditions(rows="generated")),
    )
