"""Traffic moves by pointer; a rollback goes to the champion before, and further when repeated."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.errors import Refused
from comporta.records import Event, Route
from comporta.records.facts import VersionReleased
from comporta.release import ROUTES, release, rollback

AT = datetime(2026, 1, 1, tzinfo=UTC)


def evolve(route: Route | None, fact: VersionReleased) -> Route:
    event = Event(seq=1, at=AT, kind=fact.kind, schema=1, body=b"", prev="", hash="")
    ((key, state),) = ROUTES.folds[VersionReleased](fact, event, lambda key: route)
    assert key == "late"
    assert state is not None
    return state


def go(route: Route | None, version: int) -> Route:
    return evolve(route, release(route, "late", version, by="ana", reason="", at=AT))


def back(route: Route | None) -> Route:
    return evolve(route, rollback(route, "late", by="ana", reason="", at=AT))


def test_a_release_gives_all_traffic_to_one_version():
    route = go(None, 3)
    assert route.champion == 3
    assert sum(share.weight for share in route.shares) == 1


def test_releasing_what_serves_already_is_refused():
    with pytest.raises(Refused, match="serves all traffic already"):
        go(go(None, 3), 3)


def test_a_rollback_goes_to_the_champion_before():
    assert back(go(go(None, 1), 2)).champion == 1


def test_a_second_rollback_goes_further_back():
    assert back(back(go(go(go(None, 1), 2), 3))).champion == 1


def test_after_a_rollback_a_new_release_rolls_back_to_where_the_rollback_went():
    route = go(back(go(go(None, 1), 2)), 3)
    assert back(route).champion == 1


def test_there_is_nothing_before_the_first_release():
    for route in (None, go(None, 1), back(go(go(None, 1), 2))):
        with pytest.raises(Refused, match="no earlier release"):
            back(route)


@given(st.lists(st.one_of(st.none(), st.integers(1, 5)), max_size=12))
def test_releases_and_rollbacks_are_a_stack(acts):
    route, stack, moves = None, [], 0
    for act in acts:
        try:
            route = back(route) if act is None else go(route, act)
        except Refused:
            assert (act is None and len(stack) < 2) or (bool(stack) and stack[-1] == act)
            continue
        moves += 1
        stack = stack[:-1] if act is None else [*stack, act]
        assert route.champion == stack[-1]
        assert len(route.history) == moves
