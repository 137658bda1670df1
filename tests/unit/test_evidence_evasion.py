import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import evasion, judge
from comporta.checks.evasion.codes import NO_SUCH_FEATURE, NOTHING_REFUSED
from comporta.checks.evasion.flips import search, ways_of
from comporta.checks.evasion.measure import search_flips
from comporta.checks.shared.measuring.codes import NO_SUCH_CLASS, NO_TEST_ROWS
from comporta.errors import BadProject
from comporta.records import Field, ModelOutput, Signature
from comporta.stats.spread import robust_scale

FIELDS = (
    Field(name="income", type="Float64"),
    Field(name="debt", type="Float64"),
    Field(name="loans", type="Int64"),
    Field(name="purpose", type="String", values=("car", "house", "other")),
    Field(name="age", type="Float64"),
)
TAKES = Signature(
    raw=FIELDS, features=FIELDS, output="both", task="binary", classes=("refuse", "grant"), label="String"
)
WEIGHTS = {"income": 1.0, "debt": -0.3, "loans": -0.4, "age": 5.0}


class Model:
    def __init__(self, score, signature=TAKES):
        self.score, self.signature, self.rows = score, signature, []

    def __call__(self, rows):
        self.rows.append(rows)
        score = self.score(rows)
        chance = 1 / (1 + np.exp(-score))
        return ModelOutput(np.column_stack([1 - chance, chance]), (score > 0).astype(np.int64))


def table(n, seed):
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "income": draw.normal(size=n),
            "debt": draw.normal(size=n) * 4,
            "loans": draw.integers(0, 8, n),
            "purpose": draw.choice(["car", "house", "other"], n),
            "age": draw.normal(size=n),
        }
    )


def linear(rows):
    score = sum(weight * rows[name].to_numpy() for name, weight in WEIGHTS.items())
    return score + 0.5 * (rows["purpose"].to_numpy() == "house") - 1


def cheapest(rows, whole, names, limits=None):
    """The closed form: all of the budget to the number with the most score for its cost, up to the end of
    its range, then to the next."""
    need = -linear(rows)
    cost = np.zeros(rows.height)
    for name in sorted(names, key=lambda each: -abs(WEIGHTS[each]) * robust_scale(whole[each].to_numpy())):
        unit = robust_scale(whole[name].to_numpy())
        low, high = (limits or {}).get(name, (whole[name].min(), whole[name].max()))
        room = np.where(WEIGHTS[name] > 0, high - rows[name].to_numpy(), rows[name].to_numpy() - low) / unit
        used = np.minimum(np.maximum(room, 0), np.maximum(need, 0) / (abs(WEIGHTS[name]) * unit))
        cost += used
        need = need - used * abs(WEIGHTS[name]) * unit
    return np.where(need <= 1e-9, cost, np.inf)


@pytest.mark.parametrize("limits", [None, {"income": (-1.0, 0.4), "debt": (-2.0, 9.0)}])
def test_of_a_linear_model_the_cheapest_change_is_that_of_the_closed_form(limits):
    whole = table(3_000, 0)
    rows = whole.filter(pl.Series(linear(whole) <= 0))
    for name, (low, high) in (limits or {}).items():
        rows = rows.filter(pl.col(name).is_between(low, high))
    rows, model = rows.head(200), Model(linear)
    ways = ways_of(model, whole, ("income", "debt"), limits or {})
    found = search(model, rows, ways, 0, 1.5, 1.0)
    exact = cheapest(rows, whole, ("income", "debt"), limits)
    within = exact <= 1.5 * (1 - 1e-3)
    assert within.any() and not within.all()
    assert np.isfinite(found.cost[within]).all()
    assert not np.isfinite(found.cost[exact > 1.5 * (1 + 1e-6)]).any()
    assert found.cost[within] == pytest.approx(exact[within], abs=2e-3)


def test_only_what_may_change_changes_within_its_range_and_whole():
    whole = table(2_000, 1)
    model = Model(linear)
    found = search_flips(
        model, whole, ("loans", "purpose", "income"), 2.0, {"income": (-2.0, 1.0)}, None, 1.0, None, 0
    )
    asked = pl.concat(model.rows[1:])
    assert asked["loans"].dtype == pl.Int64
    assert asked["loans"].is_between(0, 7).all()
    assert set(asked["purpose"]) <= {"car", "house", "other"}
    assert set(asked["age"]) <= set(whole["age"]) and set(asked["debt"]) <= set(whole["debt"])
    moved = asked.filter(~pl.col("income").is_in(whole["income"].implode()))
    assert moved.height and moved["income"].is_between(-2.0, 1.0).all()
    assert 0 < found.figures[0].value < 1


def test_a_flip_it_reports_is_one():
    whole = table(1_000, 2)

    def steps(rows):
        return np.floor(2 * rows["income"].to_numpy()) + np.floor(rows["debt"].to_numpy()) - 1.5

    model = Model(steps)
    rows = whole.filter(pl.Series(steps(whole) <= 0)).head(100)
    ways = ways_of(model, whole, ("income", "debt"), {})
    found = search(model, rows, ways, 0, 1.0, 1.0)
    tried = pl.concat(each for each in model.rows)
    assert np.isfinite(found.cost).any()
    units = [robust_scale(whole[name].to_numpy()) for name in ("income", "debt")]
    for row, cost in zip(rows.iter_rows(named=True), found.cost, strict=True):
        if not np.isfinite(cost):
            continue
        same = tried.filter(pl.col("age") == row["age"])
        spent = sum(abs(same[n] - row[n]) / u for n, u in zip(("income", "debt"), units, strict=True))
        flipped = same.filter((spent <= cost + 1e-9) & pl.Series(steps(same) > 0))
        assert flipped.height


def test_a_word_alone_can_flip_a_decision_at_its_price():
    whole = table(1_000, 3)
    model = Model(lambda rows: np.where(rows["purpose"].to_numpy() == "house", 1.0, -1.0))
    for price, share in ((1.0, 1.0), (1.5, 0.0)):
        found = search_flips(model, whole, ("purpose",), 1.2, {}, None, price, None, 0)
        assert found.figures[0].value == share
    assert found.rows == 300 and found.of > 600


def test_a_model_of_labels_alone_is_searched_too():
    labels = Signature(
        raw=FIELDS, features=FIELDS, output="label", task="binary", classes=("refuse", "grant")
    )

    class Labels(Model):
        def __call__(self, rows):
            said = super().__call__(rows)
            return ModelOutput(np.eye(2)[said.decisions], said.decisions)

    found = search_flips(
        Labels(linear, labels), table(1_000, 4), ("income", "debt"), 1.0, {}, None, 1.0, None, 0
    )
    whole = table(1_000, 4)
    refused = whole.filter(pl.Series(linear(whole) <= 0))
    exact = (cheapest(refused, whole, ("income", "debt")) <= 1.0).mean()
    assert 0.6 * exact < found.figures[0].value <= exact + 0.05


def test_what_cannot_be_asked_is_missing_and_a_regression_refuses_nothing():
    model, whole = Model(linear), table(100, 0)
    for rows, names, unwanted, why in (
        (whole, ("no such",), None, NO_SUCH_FEATURE),
        (whole, ("income",), "perhaps", NO_SUCH_CLASS),
        (whole.clear(), ("income",), None, NO_TEST_ROWS),
    ):
        (lost,) = search_flips(model, rows, names, 1.0, {}, unwanted, 1.0, None, 0).unmeasured
        assert lost.why.code == why.id
    number = Signature(raw=FIELDS, features=FIELDS, output="both", task="regression")
    found = search_flips(Model(linear, number), whole, ("income",), 1.0, {}, None, 1.0, None, 0)
    assert found.without == NOTHING_REFUSED()


def verdict(found, check):
    (wanted,) = check.needs()
    return judge((check,), {wanted: evidence_of(wanted, found)})[0]


def test_a_model_that_a_small_change_turns_fails_and_one_that_resists_passes():
    whole = table(2_000, 5)
    check = evasion(("income",), cost=0.5, at_most=0.2)
    easy = search_flips(
        Model(lambda r: 9 * r["income"].to_numpy() - 2), whole, ("income",), 0.5, {}, None, 1, None, 0
    )
    hard = search_flips(Model(linear), whole, ("income",), 0.5, {}, None, 1, None, 0)
    assert verdict(easy, check).outcome == "fail"
    assert verdict(hard, check).outcome == "pass"


def test_a_changed_limit_asks_for_nothing_new():
    assert evasion("income", at_most=0.1).needs() == evasion("income", at_most=0.2).needs()
    assert evasion("income", cost=1).needs() != evasion("income", cost=2).needs()


@pytest.mark.parametrize(
    "wrong", [{"changeable": ()}, {"cost": 0}, {"at_most": 2}, {"ranges": {"income": (2.0, 1.0)}}]
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadProject):
        evasion(**{"changeable": "income", **wrong})
