"""Which models use each column, and where it comes from, as project files declare it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from comporta.acts.data.feature_uses import bundle_uses, choose_uses, declared_features
from comporta.errors import NotFound
from comporta.opened.bundle import bundle
from comporta.project import AsOf, Dataset, Features, Model, Window
from comporta.records import at_random


def nothing() -> None:
    return None


def fit(X: object, y: object) -> object:
    return X


orders = Dataset("orders", nothing, key="order", time="paid", delay="5m")
plans = Dataset("plans", nothing, key="plan")
visits = Dataset("visits", nothing, key="visit", time="at")
JOINS = (
    Window(orders, on="customer", over="7d", of={"spend": ("sum", "amount"), "n": ("count", "order")}),
    AsOf(plans, on={"plan_id": "plan"}, columns={"price": "plan_price"}),
)
SEEN = Features(
    "seen",
    of=visits,
    known=("visit", "customer", "plan_id", "at"),
    joins=JOINS,
    compute=(),
    use=("spend", "plan_price"),
)
ALL = Features("all", of=visits, known=("visit", "customer", "at"), joins=JOINS[:1])


def lines(name: str = "") -> list[tuple[str, str, str, str, bool]]:
    """Of two models: `buys` has a version, `leaves` has none."""
    found = []
    for model, features, number in (("buys", SEEN, 2), ("leaves", ALL, None)):
        declared = Model(model, features=features, target="buys", fit=fit, split=at_random(0.2))
        way = bundle(declared, Path(__file__).parent)
        found += bundle_uses(model, number, way, dict.fromkeys(declared_features(way), "Float64"), {})
    uses = choose_uses(sorted(found, key=lambda use: (use.name, use.model)), name)
    return [(use.name, use.made_by, use.source, use.used_by, use.feature) for use in uses]


def test_each_column_says_how_it_is_made_from_what_and_by_which_models_it_is_used() -> None:
    assert lines() == [
        ("at", "known", "visits.at", "buys/2", False),
        ("at", "known", "visits.at", "leaves", False),
        ("customer", "known", "visits.customer", "buys/2", False),
        ("customer", "known", "visits.customer", "leaves", True),
        ("n", "Window count 7d", "orders.order", "buys/2", False),
        ("n", "Window count 7d", "orders.order", "leaves", True),
        ("plan_id", "known", "visits.plan_id", "buys/2", False),
        ("plan_price", "AsOf", "plans.price", "buys/2", True),
        ("spend", "Window sum 7d", "orders.amount", "buys/2", True),
        ("spend", "Window sum 7d", "orders.amount", "leaves", True),
        ("visit", "known", "visits.visit", "buys/2", False),
        ("visit", "known", "visits.visit", "leaves", False),
    ]


@pytest.mark.parametrize("name", ["spend", "orders.amount", "amount"])
def test_a_column_is_found_by_its_name_and_by_what_it_is_made_of(name: str) -> None:
    assert [line[3] for line in lines(name)] == ["buys/2", "leaves"]


def test_a_model_is_found_where_no_column_has_its_name() -> None:
    assert {line[3] for line in lines("leaves")} == {"leaves"}
    with pytest.raises(NotFound, match=r"no column and no model 'spen', expected one of: spend\."):
        lines("spen")


def test_a_computed_column_names_the_functions_of_which_one_makes_it() -> None:
    declared = Model("leaves", features=ALL, target="buys", fit=fit, split=at_random(0.2))
    way = replace(bundle(declared, Path(__file__).parent), compute=("project:week", "lib.dates:season"))
    (use,) = (
        each
        for each in bundle_uses("leaves", 3, way, {"n": "Int64", "day": "Int8"}, {})
        if each.name == "day"
    )
    assert (use.origin, use.source, use.used_by, use.type) == ("compute", "week, season", "leaves/3", "Int8")
