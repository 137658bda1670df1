"""Ids and routes: pure functions."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from comporta.records import Share
from comporta.serve.paths import PATHS, MatchedPath, match_path
from comporta.serve.prediction_ids import Ids, is_id
from comporta.serve.traffic_split import choose_share
from comporta.store import keyed_hash

KEY = b"r" * 32


def choose_version(*args: Any, plan: str = "") -> int:
    return choose_share(*args, plan).version


def shares(**weights: float) -> tuple[Share, ...]:
    return tuple(Share(version=int(name[1:]), weight=weight) for name, weight in weights.items())


def test_ids_sort_by_time_and_never_repeat() -> None:
    ids = Ids()
    made = [ids.new(1_700_000_000_000_000_000 + 1_000_000 * step) for step in range(3000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(is_id(each) for each in made)


def test_ids_of_one_moment_differ() -> None:
    ids = Ids()
    assert len({ids.new(5) for _ in range(3000)}) == 3000


def test_many_ids_at_once_are_as_those_made_one_by_one() -> None:
    ids, at = Ids(), 1_700_000_000_000_000_000
    made = [*ids.many(at, 3000), ids.new(at)]
    assert len(set(made)) == 3001
    assert all(is_id(each) for each in made)
    assert len({each[:12] for each in made}) == 1
    assert ids.many(at, 0) == []


@given(st.text(max_size=40))
def test_a_unit_is_always_answered_by_the_same_version(unit: str) -> None:
    canary = shares(v3=0.9, v4=0.1)
    assert choose_version(canary, KEY, "late", unit) == choose_version(
        tuple(reversed(canary)), KEY, "late", unit
    )


@given(st.text(max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_a_unit_in_a_canary_stays_in_it_while_it_grows(unit: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    before = choose_version(shares(v3=1 - small, v4=small), KEY, "late", unit)
    after = choose_version(shares(v3=1 - large, v4=large), KEY, "late", unit)
    assert not (before == 4 and after == 3)


def test_shares_are_what_they_say() -> None:
    found = Counter(
        choose_version(shares(v1=0.7, v2=0.2, v3=0.1), KEY, "late", f"unit {n}") for n in range(20_000)
    )
    assert abs(found[1] / 20_000 - 0.7) < 0.015
    assert abs(found[3] / 20_000 - 0.1) < 0.015


def test_two_models_do_not_put_the_same_units_in_their_canaries() -> None:
    canary = shares(v1=0.5, v2=0.5)
    same = sum(
        choose_version(canary, KEY, "a", str(n)) == choose_version(canary, KEY, "b", str(n))
        for n in range(4000)
    )
    assert 1800 < same < 2200


def test_a_version_without_weight_answers_nobody() -> None:
    assert {choose_version(shares(v1=1.0, v2=0.0), KEY, "late", str(n)) for n in range(500)} == {1}


def test_every_route_is_found_by_its_own_path_and_by_no_other_method() -> None:
    for route in PATHS:
        path = route.path.replace("{model}", "late").replace("[/versions/{version}]", "/versions/3")
        found = match_path(route.method, path)
        assert isinstance(found, MatchedPath)
        assert found.route == route
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"} - {route.method}:
            assert match_path(method, path) == [route.method]


@given(st.text(max_size=60))
def test_a_path_that_is_not_in_the_table_is_not_served(path: str) -> None:
    found = match_path("GET", path)
    assert isinstance(found, list) or found.route.pattern.fullmatch(path)


def canary_at(x: float) -> tuple[Share, ...]:
    """Champion 3 and canary 4, as a plan ramps it: at one half the champion plays the control arm."""
    if x == 0.5:
        return (Share(version=3, weight=0.5), Share(version=4, weight=0.5, role="canary"))
    return (
        Share(version=3, weight=1 - 2 * x),
        Share(version=3, weight=x, role="control"),
        Share(version=4, weight=x, role="canary"),
    )


def arm_at(x: float, unit: str, plan: str = "p1") -> str:
    return choose_share(canary_at(x), KEY, "late", unit, plan).role


@given(st.text(max_size=40), st.sampled_from((0.01, 0.05, 0.25, 1 / 3, 0.49, 0.5)))
def test_an_arm_is_a_range_at_one_end_of_the_units(unit: str, x: float) -> None:
    place = keyed_hash(KEY, f"p1\0late\0{unit}") / 2**64
    expected = "canary" if place < x else "control" if place >= 1 - x else "champion"
    assert arm_at(x, unit) == ("champion" if x == 0.5 and expected == "control" else expected)


@given(st.text(max_size=40))
def test_a_unit_once_in_an_arm_stays_in_it_while_the_plan_ramps(unit: str) -> None:
    arms = [arm_at(x, unit) for x in (0.01, 0.05, 0.25, 0.4)]
    first = next((at for at, arm in enumerate(arms) if arm != "champion"), len(arms))
    assert len({*arms[first:]}) <= 1


def test_each_plan_tries_other_units_first() -> None:
    units = [str(n) for n in range(20_000)]
    one, other = ({unit for unit in units if arm_at(0.05, unit, plan) == "canary"} for plan in ("p1", "p2"))
    assert abs(len(one) / 20_000 - 0.05) < 0.007
    assert len(one & other) < 2 * 0.05 * 0.05 * 20_000


def test_a_holdback_keeps_the_units_that_the_control_had() -> None:
    held = (Share(version=4, weight=0.9), Share(version=3, weight=0.1, role="holdback"))
    for n in range(2000):
        if choose_share(held, KEY, "late", str(n), "p1").role == "holdback":
            assert arm_at(0.1, str(n)) == "control"
