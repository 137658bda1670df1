"""Who may go live: every path to a release leads through the gates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.errors import Refused
from comporta.records import Approval, Event, Fact, Reading, Release, Share, Verdict, Version, Waiver
from comporta.records.facts import VersionJudged, VersionReleased
from comporta.registry import (
    VERSIONS,
    approve,
    carried,
    judged,
    register,
    require_releasable,
    version_key,
    waive,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def candidate(number: int = 1, needed: int = 0, asked: tuple[str, ...] = ("c",)) -> Version:
    return Version(
        model="late", number=number, run="r", at=AT, steps={}, parts={}, read=(), policy="p", needed=needed,
        asked=asked,
    )  # fmt: skip


def verdict(outcome: str, required: bool = True, check: str = "c") -> Verdict:
    return Verdict(check=check, outcome=outcome, required=required, reason="because")  # type: ignore[arg-type]


def fold(reading: Reading[Version], facts: list[Fact]) -> dict[str, Version]:
    states: dict[str, Version] = {}
    for seq, fact in enumerate(facts, 1):
        event = Event(seq=seq, at=AT, kind=fact.kind, schema=1, body=b"", prev="", hash="")
        if type(fact) in reading.folds:
            for key, state in reading.folds[type(fact)](fact, event, states.get):
                assert state is not None
                states[key] = state
    return states


def after(*facts: Fact) -> Version:
    return fold(VERSIONS, list(facts))[version_key("late", 1)]


def told(version: Version, verdicts: tuple[Verdict, ...], policy: str = "p") -> VersionJudged:
    fact = judged(version, verdicts, policy)
    assert fact is not None, "the first judging, or another"
    return fact


def released(number: int, previous: int | None = None) -> VersionReleased:
    return VersionReleased(
        release=Release(
            model="late", number=1, kind="release", shares=(Share(version=number, weight=1.0),),
            previous=previous, by="ana", reason="", at=AT,
        )
    )  # fmt: skip


def test_a_candidate_without_verdicts_cannot_be_released():
    with pytest.raises(Refused, match="no verdicts"):
        require_releasable(after(register(candidate(), ())), AT)


def test_a_refused_version_names_the_check_that_closed_the_way():
    fact = told(candidate(), (verdict("fail"), verdict("pass")))
    with pytest.raises(Refused, match="because"):
        require_releasable(after(register(candidate(), ()), fact), AT)


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_only_what_is_required_closes_the_way(outcome):
    fact = told(candidate(), (verdict(outcome, required=False),))
    require_releasable(after(register(candidate(), ()), fact), AT)


def test_a_version_is_judged_again_only_where_something_is_another():
    passed = after(register(candidate(), ()), told(candidate(), (verdict("pass"),)))
    assert judged(passed, (verdict("pass"),), "p") is None
    again = judged(passed, (verdict("fail"),), "p")
    assert again is not None
    assert after(register(candidate(), ()), told(candidate(), (verdict("pass"),)), again).state == "refused"


def test_what_serves_stays_released_when_it_is_judged_again():
    facts: list[Fact] = [register(candidate(), ()), told(candidate(), (verdict("pass"),)), released(1)]
    facts.append(told(after(*facts), (verdict("fail"),)))
    assert after(*facts).state == "released"
    with pytest.raises(Refused, match="gates refused"):
        require_releasable(after(*facts), AT)


def test_a_check_that_is_dropped_or_loosened_afterwards_still_counts():
    asked = candidate(asked=("auc at least 0.8", "other"))
    first = told(asked, (verdict("fail", check="auc at least 0.8"), verdict("pass", check="other")))
    refused = after(register(asked, ()), first)
    loosened = told(refused, (verdict("pass", check="auc at least 0.7"), verdict("pass", check="other")), "q")
    (kept,) = [each for each in loosened.verdicts if each.carried]
    assert (kept.check, kept.outcome) == ("auc at least 0.8", "fail")
    assert after(register(asked, ()), first, loosened).state == "refused"


def test_a_check_that_came_later_may_go_again():
    first = told(candidate(), (verdict("pass"),))
    tried = told(after(register(candidate(), ()), first), (verdict("pass"), verdict("fail", check="later")))
    refused = after(register(candidate(), ()), first, tried)
    assert refused.state == "refused"
    back = told(refused, (verdict("pass"),))
    assert after(register(candidate(), ()), first, tried, back).state == "passed"


def test_a_required_check_cannot_become_a_report_afterwards():
    now = carried((verdict("fail"),), (verdict("fail", required=False),), ("c",))
    assert [(each.required, each.carried) for each in now] == [(True, True)]


def test_a_check_that_comes_back_is_judged_by_todays_evidence():
    kept = carried((verdict("fail"),), (), ("c",))
    assert carried(kept, (verdict("pass"),), ("c",)) == (verdict("pass"),)


def waiver(check: str = "c", days: int = 30, reason: str = "a known fault of the source") -> Waiver:
    return Waiver(
        check=check, by="rui", role="validator", reason=reason, at=AT, until=AT + timedelta(days=days),
        outcome="fail",
    )  # fmt: skip


def test_a_waiver_opens_one_check_until_its_end():
    facts: list[Fact] = [register(candidate(), ()), told(candidate(), (verdict("fail"),))]
    facts.append(waive(after(*facts), waiver(), AT))
    version = after(*facts)
    assert version.state == "passed"
    require_releasable(version, AT + timedelta(days=29))
    with pytest.raises(Refused, match="gates refused"):
        require_releasable(version, AT + timedelta(days=31))


def test_a_waiver_of_one_check_leaves_the_others():
    two = (verdict("fail"), verdict("inconclusive", check="d"))
    facts: list[Fact] = [register(candidate(), ()), told(candidate(), two)]
    facts.append(waive(after(*facts), waiver(), AT))
    with pytest.raises(Refused, match="d: because"):
        require_releasable(after(*facts), AT)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (waiver(check="unknown"), "no check 'unknown', expected one of: c"),
        (waiver(check="open"), "nothing to waive"),
        (waiver(days=-1), "expected a day to come"),
        (waiver(reason=" "), "without a reason"),
    ],
)
def test_a_waiver_that_makes_no_sense_is_refused(asked, said):
    version = after(
        register(candidate(), ()), told(candidate(), (verdict("fail"), verdict("pass", check="open")))
    )
    with pytest.raises(Refused, match=said):
        waive(version, asked, AT)


def test_approvals_are_counted_by_person():
    version = candidate(needed=2)
    facts: list[Fact] = [register(version, ()), told(version, (verdict("pass"),))]
    with pytest.raises(Refused, match="found 0 approvals, expected 2"):
        require_releasable(after(*facts), AT)
    facts.append(approve(after(*facts), Approval(by="ana", role="owner", reason="ok", at=AT)))
    assert after(*facts).state == "passed"
    with pytest.raises(Refused, match="another person"):
        approve(after(*facts), Approval(by="ana", role="owner", reason="ok", at=AT))
    facts.append(approve(after(*facts), Approval(by="rui", role="validator", reason="ok", at=AT)))
    assert after(*facts).state == "approved"
    require_releasable(after(*facts), AT)


def test_a_stale_version_is_refused_even_when_approved():
    passed = after(register(candidate(), ()), told(candidate(), ()))
    with pytest.raises(Refused, match="erased since, from weather"):
        require_releasable(passed, AT, ("weather",))


def test_the_version_that_was_replaced_is_retired():
    first, second = candidate(1), candidate(2)
    states = fold(
        VERSIONS,
        [register(first, ()), register(second, (first,)), released(1), released(2, previous=1)],
    )
    assert states[version_key("late", 1)].state == "retired"
    assert states[version_key("late", 2)].state == "released"


def test_a_number_that_was_taken_is_refused():
    with pytest.raises(Refused, match="expected 2"):
        register(candidate(1), (candidate(1),))


@given(
    st.lists(
        st.tuples(st.sampled_from(["pass", "fail", "inconclusive", "does not apply"]), st.booleans()),
        max_size=6,
    ),
    st.integers(0, 2),
    st.integers(0, 2),
)
def test_releasable_means_exactly_that_no_required_verdict_is_open_and_approvals_suffice(given_, needed, had):
    version = candidate(needed=needed)
    verdicts = tuple(verdict(outcome, required) for outcome, required in given_)
    state = after(register(version, ()), told(version, verdicts))
    for number in range(had):
        if state.state != "refused":
            fact = approve(state, Approval(by=f"p{number}", role="", reason="", at=AT))
            state = next(iter(fold_onto(state, fact)))
    opens = all(not r or o in ("pass", "does not apply") for o, r in given_)
    try:
        require_releasable(state, AT)
        released_ = True
    except Refused:
        released_ = False
    assert released_ == (opens and had >= needed)


def fold_onto(state: Version, fact: Fact) -> list[Version]:
    event = Event(seq=9, at=AT, kind=fact.kind, schema=1, body=b"", prev="", hash="")
    return [new for _, new in VERSIONS.folds[type(fact)](fact, event, lambda key: state)]


def test_a_version_survives_its_own_json():
    version = candidate()
    assert msgspec.json.decode(msgspec.json.encode(version), type=Version) == version
