"""Traffic moves by pointer; a rollback goes to the champion before, and further when repeated."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.errors import Refused
from comporta.ledger.decoding import Decoding
from comporta.ledger.upcasts import UPCASTS
from comporta.records import Event, Release, Route, Share
from comporta.records.facts import VersionReleased
from comporta.release import ROUTES, release, rollback

AT = datetime(2026, 1, 1, tzinfo=UTC)


def evolve(route: Route | None, fact: VersionReleased) -> Route:
    event = Event(seq=1, at=AT, kind=fact.kind, schema=1, body=b"", prev="", hash="")
    ((key, state),) = ROUTES.apply[VersionReleased](fact, event, lambda key: route)
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


def moved(*shares: Share, previous: int | None = None, number: int = 1) -> VersionReleased:
    return VersionReleased(
        release=Release(
            model="late", number=number, kind="release", shares=shares, previous=previous, by="ana",
            reason="", at=AT,
        )
    )  # fmt: skip


def test_the_champion_is_named_and_not_the_largest_share():
    small = Share(version=1, weight=0.2, role="champion")
    route = evolve(None, moved(small, Share(version=2, weight=0.8, role="challenger")))
    assert route.champion == 1
    further = evolve(route, release(route, "late", 3, by="ana", reason="", at=AT))
    assert further.history[-1].previous == 1
    assert back(further).champion == 1, "a rollback goes to the champion, not to the largest share"


def test_whatever_leaves_the_shares_is_told_whichever_role_it_had():
    shares = (
        Share(version=1, weight=0.9),
        Share(version=2, weight=0.1, role="canary"),
        Share(version=3, weight=0, role="shadow"),
    )
    route = evolve(None, moved(*shares))
    assert release(route, "late", 2, by="ana", reason="", at=AT).release.retired == (1, 3)


@pytest.mark.parametrize(
    ("shares", "rule"),
    [
        ((), "found 0 champions"),
        ((Share(version=1, weight=0.5), Share(version=2, weight=0.5)), "found 2 champions"),
        ((Share(version=1, weight=0.9),), "sum to 0.9, expected 1"),
        ((Share(version=1, weight=1.0), Share(version=2, weight=0.1, role="shadow")), "answers nobody"),
        ((Share(version=1, weight=1.0), Share(version=2, weight=0.0, role="canary")), "above 0"),
        (
            (Share(version=1, weight=0.8), *[Share(version=2, weight=0.1, role="canary")] * 2),
            "twice in one role",
        ),
    ],
)
def test_shares_that_make_no_sense_are_no_release(shares, rule):
    with pytest.raises(ValueError, match=rule):
        moved(*shares)


def test_a_control_is_the_champions_version_in_an_arm_of_its_own():
    arms = (
        Share(version=1, weight=0.8),
        Share(version=2, weight=0.1, role="canary"),
        Share(version=1, weight=0.1, role="control"),
    )
    assert moved(*arms).release.champion == 1


def read(body: dict[str, object]) -> VersionReleased:
    event = Event(
        seq=1, at=AT, kind="version.released", schema=1, body=msgspec.json.encode(body), prev="", hash=""
    )
    fact = Decoding([VersionReleased], UPCASTS).fact(event)
    assert isinstance(fact, VersionReleased)
    return fact


def test_of_an_older_release_the_largest_share_is_the_champion_and_the_one_before_it_retired():
    body = {
        "release": {
            "model": "late", "number": 2, "kind": "release", "previous": 1, "by": "Ana", "reason": "better",
            "at": "2026-01-01T00:00:00Z",
            "shares": [{"version": 2, "weight": 0.25}, {"version": 3, "weight": 0.75}],
        }
    }  # fmt: skip
    read_ = read(body).release
    assert [(share.version, share.role) for share in read_.shares] == [(2, "challenger"), (3, "champion")]
    assert read_.retired == (1,)
    assert (read_.by, read_.reason) == ("Ana", "better")


def test_a_rollback_passes_over_the_arms_of_a_plan():
    route = go(go(None, 1), 2)
    arms = (
        Share(version=2, weight=0.9),
        Share(version=2, weight=0.05, role="control"),
        Share(version=3, weight=0.05, role="canary"),
    )
    fact = moved(*arms, previous=2, number=3)
    route = evolve(
        route,
        msgspec.structs.replace(fact, release=msgspec.structs.replace(fact.release, kind="arms", plan="p1")),
    )
    assert (route.champion, route.plan, route.number) == (2, "p1", 3)
    route = back(route)
    assert (route.champion, route.plan) == (1, "")
    with pytest.raises(Refused, match="no earlier release"):
        back(route)
