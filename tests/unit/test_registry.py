"""Who may go live: every path to a release leads through the gates."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.errors import Refused
from comporta.records import Approval, Event, Fact, Reading, Release, Share, Verdict, Version
from comporta.records.facts import VersionReleased
from comporta.registry import VERSIONS, approve, judged, register, require_releasable, version_key

AT = datetime(2026, 1, 1, tzinfo=UTC)


def candidate(number: int = 1, needed: int = 0) -> Version:
    return Version(
        model="late", number=number, run="r", at=AT, steps={}, parts={}, read=(), policy="p", needed=needed
    )


def verdict(outcome: str, required: bool = True) -> Verdict:
    return Verdict(check="c", outcome=outcome, required=required, reason="because")  # type: ignore[arg-type]


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


def released(number: int, previous: int | None = None) -> VersionReleased:
    return VersionReleased(
        release=Release(
            model="late", number=1, kind="release", shares=(Share(version=number, weight=1.0),),
            previous=previous, by="ana", reason="", at=AT,
        )
    )  # fmt: skip


def test_a_candidate_without_verdicts_cannot_be_released():
    with pytest.raises(Refused, match="no verdicts"):
        require_releasable(after(register(candidate(), ())))


def test_a_refused_version_names_the_check_that_closed_the_way():
    fact = judged(candidate(), (verdict("fail"), verdict("pass")), "p")
    with pytest.raises(Refused, match="because"):
        require_releasable(after(register(candidate(), ()), fact))


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_only_what_is_required_closes_the_way(outcome):
    fact = judged(candidate(), (verdict(outcome, required=False),), "p")
    require_releasable(after(register(candidate(), ()), fact))


def test_other_gates_than_those_asked_for_cannot_judge():
    with pytest.raises(Refused, match="gates other"):
        judged(candidate(), (), "another policy")


def test_a_version_is_judged_once():
    passed = after(register(candidate(), ()), judged(candidate(), (verdict("fail"),), "p"))
    with pytest.raises(Refused, match="judged once"):
        judged(passed, (verdict("pass"),), "p")


def test_approvals_are_counted_by_person():
    version = candidate(needed=2)
    facts: list[Fact] = [register(version, ()), judged(version, (verdict("pass"),), "p")]
    with pytest.raises(Refused, match="found 0 approvals, expected 2"):
        require_releasable(after(*facts))
    facts.append(approve(after(*facts), Approval(by="ana", role="owner", reason="ok", at=AT)))
    assert after(*facts).state == "passed"
    with pytest.raises(Refused, match="another person"):
        approve(after(*facts), Approval(by="ana", role="owner", reason="ok", at=AT))
    facts.append(approve(after(*facts), Approval(by="rui", role="validator", reason="ok", at=AT)))
    assert after(*facts).state == "approved"
    require_releasable(after(*facts))


def test_a_stale_version_is_refused_even_when_approved():
    passed = after(register(candidate(), ()), judged(candidate(), (), "p"))
    with pytest.raises(Refused, match="erased since, from weather"):
        require_releasable(passed, ("weather",))


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
    state = after(register(version, ()), judged(version, verdicts, "p"))
    for number in range(had):
        if state.state != "refused":
            fact = approve(state, Approval(by=f"p{number}", role="", reason="", at=AT))
            state = next(iter(fold_onto(state, fact)))
    opens = all(not r or o in ("pass", "does not apply") for o, r in given_)
    try:
        require_releasable(state)
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
