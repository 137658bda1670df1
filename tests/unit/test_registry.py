"""Who may go live: every path to a release leads through the gates."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.errors import Refused
from comporta.ledger import open_ledger
from comporta.opened.sentences import sentence
from comporta.records import (
    Approval,
    Artifact,
    Event,
    Fact,
    Projection,
    Release,
    Share,
    Staleness,
    Verdict,
    Version,
    Waiver,
)
from comporta.records.facts import PersonForgotten, VersionApproved, VersionJudged, VersionReleased
from comporta.records.staleness import STORE_FAILED
from comporta.registry import (
    FORGOTTEN,
    VERSIONS,
    approve,
    carry_over,
    forgotten_approvers,
    inherit_verdicts,
    record_verdicts,
    register,
    require_releasable,
    version_key,
    waive,
    with_current_state,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def candidate(
    number: int = 1,
    needed: int = 0,
    asked: tuple[str, ...] = ("c",),
    forms: dict[str, str] | None = None,
    model: str = "",
    policy: str = "p",
    test: str = "",
) -> Version:
    parts = {"model": model, "test": test}
    return Version(
        model="late", number=number, run="r", at=AT, steps={}, read=(), policy=policy, needed=needed,
        required_checks=asked, forms=forms or {},
        parts={name: Artifact(digest=each, size=1, kind=name) for name, each in parts.items() if each},
    )  # fmt: skip


def verdict(outcome: str, required: bool = True, check: str = "c", form: str = "") -> Verdict:
    return Verdict(
        check=check, outcome=outcome, required=required, reason="because", form=form  # type: ignore[arg-type]
    )  # fmt: skip


def fold(reading: Projection[Version], facts: list[Fact]) -> dict[str, Version]:
    states: dict[str, Version] = {}
    for seq, fact in enumerate(facts, 1):
        event = Event(seq=seq, at=AT, kind=fact.kind, schema=1, body=b"", prev="", hash="")
        if type(fact) in reading.apply:
            for key, state in reading.apply[type(fact)](fact, event, states.get):
                assert state is not None
                states[key] = state
    return states


def after(*facts: Fact) -> Version:
    return fold(VERSIONS, list(facts))[version_key("late", 1)]


def told(version: Version, verdicts: tuple[Verdict, ...], policy: str = "p") -> VersionJudged:
    fact = record_verdicts(version, verdicts, policy)
    assert fact is not None, "the first judging, or another"
    return fact


def released(number: int, previous: int | None = None) -> VersionReleased:
    return VersionReleased(
        release=Release(
            model="late", number=1, kind="release", shares=(Share(version=number, weight=1.0),),
            previous=previous, retired=() if previous is None else (previous,), by="ana", reason="", at=AT,
        )
    )  # fmt: skip


def shared(*shares: Share, retired: tuple[int, ...] = ()) -> VersionReleased:
    return VersionReleased(
        release=Release(
            model="late", number=1, kind="release", shares=shares, previous=None, retired=retired, by="ana",
            reason="", at=AT,
        )
    )  # fmt: skip


def test_a_candidate_without_verdicts_cannot_be_released():
    with pytest.raises(Refused, match="no verdicts"):
        require_releasable(after(register(candidate(), ())), AT)


def test_what_is_measured_later_is_kept_with_the_version_and_what_it_has_stays():
    first, other = (Artifact(digest=each * 64, size=1, kind="json") for each in "ab")
    registered = register(candidate(), ())
    bare = record_verdicts(candidate(), (verdict("pass"),), "p")
    assert bare is not None and bare.parts == {}
    fact = record_verdicts(after(registered, bare), (verdict("pass"),), "p", measured={"reference": first})
    assert fact is not None, "nothing else is new"
    version = after(registered, bare, fact)
    assert version.parts["reference"] == first
    assert record_verdicts(version, (verdict("pass"),), "p", measured={"reference": other}) is None


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
    assert record_verdicts(passed, (verdict("pass"),), "p") is None
    again = record_verdicts(passed, (verdict("fail"),), "p")
    assert again is not None
    assert after(register(candidate(), ()), told(candidate(), (verdict("pass"),)), again).state == "refused"


def test_what_serves_stays_released_when_it_is_judged_again():
    facts: list[Fact] = [register(candidate(), ()), told(candidate(), (verdict("pass"),)), released(1)]
    facts.append(told(after(*facts), (verdict("fail"),)))
    assert after(*facts).state == "released"
    with pytest.raises(Refused, match="required checks block"):
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
    now = carry_over((verdict("fail"),), (verdict("fail", required=False),), ("c",), {})
    assert [(each.required, each.carried) for each in now] == [(True, True)]


def test_a_check_that_comes_back_is_judged_by_todays_evidence():
    for form in ("", "first"):
        first = {"c": form} if form else {}
        kept = carry_over((verdict("fail", form=form),), (), ("c",), first)
        again = verdict("pass", form=form)
        assert carry_over(kept, (again,), ("c",), first) == (again,)


def seen(verdicts: tuple[Verdict, ...]) -> list[tuple[str, str, bool]]:
    return [(sentence(each.display_title), each.outcome, each.carried) for each in verdicts]


FIRST = {"c": "first"}


@pytest.mark.parametrize("then", ["pass", "fail"])
@pytest.mark.parametrize("since", ["pass", "fail"])
def test_a_check_changed_under_its_name_is_judged_beside_the_one_that_was_asked_at_first(then, since):
    before = (verdict(then, form="first"),)
    now = carry_over(before, (verdict(since, form="other"),), ("c",), FIRST)
    assert seen(now) == [("c, as changed since", since, False), ("c", then, True)]
    assert carry_over(now, (verdict("pass", form="third"),), ("c",), FIRST)[-1] == now[-1], "and so on"
    assert seen(carry_over(now, (verdict("fail", form="first"),), ("c",), FIRST)) == [("c", "fail", False)]


def test_a_check_changed_into_a_report_leaves_only_what_it_said_at_first():
    before = (verdict("fail", form="first"),)
    now = carry_over(before, (verdict("pass", required=False, form="other"),), ("c",), FIRST)
    assert seen(now) == [("c", "fail", True)]


def test_a_version_of_an_older_release_holds_its_checks_by_name():
    assert seen(carry_over((verdict("fail"),), (verdict("pass", form="other"),), ("c",), {})) == [
        ("c", "pass", False)
    ]


def test_a_waiver_of_the_first_check_does_not_open_the_changed_one():
    asked = candidate(forms=FIRST)
    facts: list[Fact] = [register(asked, ()), told(asked, (verdict("fail", form="first"),))]
    facts.append(waive(after(*facts), waiver(), AT))
    assert after(*facts).state == "passed"
    facts.append(told(after(*facts), (verdict("fail", form="other"),)))
    assert [(each.check, each.changed) for each in after(*facts).blocking_verdicts(AT)] == [("c", True)]


def test_the_policy_stays_as_it_was_fixed_and_what_judged_last_is_told_beside_it():
    facts: list[Fact] = [register(candidate(), ()), told(candidate(), (verdict("fail"),), "p")]
    assert (after(*facts).policy, after(*facts).judged_by) == ("p", "p")
    facts.append(told(after(*facts), (verdict("pass"),), "q"))
    assert (after(*facts).policy, after(*facts).judged_by) == ("p", "q")
    assert record_verdicts(after(*facts), (verdict("pass"),), "q") is None


def test_the_very_same_model_built_another_way_stays_asked_what_it_was_asked():
    first = candidate(needed=2, forms=FIRST, model="same")
    refused = after(register(first, ()), told(first, (verdict("fail", form="first"),)))
    second = candidate(2, asked=("d",), forms={"d": "its own"}, model="same", policy="q")
    entered = inherit_verdicts(second, (refused,))
    assert (entered.required_checks, entered.needed, entered.policy) == (("c", "d"), 2, "p")
    assert entered.forms == {"c": "first", "d": "its own"}
    fact = told(entered, (verdict("pass", check="d", form="its own"),))
    assert seen(fact.verdicts) == [("d", "pass", False), ("c", "fail", True)]
    other = candidate(2, asked=("d",), model="another")
    assert inherit_verdicts(other, (refused,)) == other


def test_of_other_test_rows_the_very_same_model_inherits_no_pass():
    first = candidate(asked=("c", "d"), model="same", test="these")
    passed = after(register(first, ()), told(first, (verdict("pass"), verdict("fail", check="d"))))
    there = candidate(2, asked=("c", "d"), model="same", test="these")
    assert seen(inherit_verdicts(there, (passed,)).verdicts) == [("c", "pass", False), ("d", "fail", False)]
    other = candidate(2, asked=("c", "d"), model="same", test="others")
    assert seen(inherit_verdicts(other, (passed,)).verdicts) == [("d", "fail", False)]


OUTCOMES = st.sampled_from(["pass", "fail", "inconclusive", "does not apply"])
TODAY = st.lists(
    st.tuples(st.sampled_from(["c", "d", "e"]), OUTCOMES, st.booleans(), st.sampled_from(["1", "2", "3"])),
    max_size=3,
    unique_by=lambda each: each[0],
)


@given(st.lists(TODAY, max_size=5), st.lists(OUTCOMES, min_size=2, max_size=2))
def test_no_sequence_of_other_gates_opens_what_was_asked_at_first(rounds, first):
    asked = candidate(asked=("c", "d"), forms={"c": "1", "d": "1"})
    now = told(
        asked, tuple(verdict(said, check=name, form="1") for name, said in zip("cd", first, strict=True))
    )
    version = after(register(asked, ()), now)
    truth = dict(zip("cd", first, strict=True))
    for gates in rounds:
        today = tuple(verdict(said, required, name, form) for name, said, required, form in gates)
        truth |= {each.check: each.outcome for each in today if each.required and each.form == "1"}
        fact = record_verdicts(version, today, "p")
        version = version if fact is None else fold_onto(version, fact)[0]
        assert len({(each.check, each.changed) for each in version.verdicts}) == len(version.verdicts)
        said = {each.check: each.outcome for each in version.verdicts if not each.changed}
        assert {name: said[name] for name in "cd"} == {name: truth[name] for name in "cd"}
        assert all(each.required for each in version.verdicts if each.check in ("c", "d"))


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
    with pytest.raises(Refused, match="required checks block"):
        require_releasable(version, AT + timedelta(days=31))


def test_a_waiver_does_not_outlive_the_check_it_was_given_for():
    first = candidate(asked=())
    facts: list[Fact] = [register(first, ()), told(first, (verdict("fail", form="2"),))]
    facts.append(waive(after(*facts), waiver(), AT))
    assert not after(*facts).blocking_verdicts(AT)
    facts.append(told(after(*facts), (verdict("fail", form="3"),), "q"))
    assert [each.check for each in after(*facts).blocking_verdicts(AT)] == ["c"]


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


def test_where_none_is_closed_there_is_nothing_to_waive():
    version = after(register(candidate(), ()), told(candidate(), (verdict("pass"),)))
    with pytest.raises(Refused, match="found no check 'unknown', and none that blocks"):
        waive(version, waiver(check="unknown"), AT)


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


ONE, TWO = "person-00000000000000aa", "person-00000000000000bb"


def test_two_spellings_of_a_name_are_one_person():
    version = candidate(needed=2)
    facts: list[Fact] = [register(version, ()), told(version, (verdict("pass"),))]
    facts.append(approve(after(*facts), Approval(by="Ana", role="owner", reason="ok", at=AT)))
    with pytest.raises(Refused, match="ANA approved it already"):
        approve(after(*facts), Approval(by=ONE, role="owner", reason="ok", at=AT), " ANA ")
    facts.append(VersionApproved(
        model="late", number=1, approval=Approval(by=" ana", role="owner", reason="ok", at=AT)
    ))  # fmt: skip
    assert after(*facts).state == "passed", "what an older Comporta took for two is one"


def test_an_approval_by_who_was_forgotten_counts_no_more():
    version = candidate(needed=1)
    facts: list[Fact] = [register(version, ()), told(version, (verdict("pass"),))]
    facts.append(approve(after(*facts), Approval(by=ONE, role="", reason="", at=AT), "ana"))
    require_releasable(after(*facts), AT)
    with pytest.raises(Refused, match="found 0 approvals, expected 1"):
        require_releasable(after(*facts), AT, (), frozenset({ONE}))
    facts.append(approve(after(*facts), Approval(by=TWO, role="", reason="", at=AT), "rui"))
    require_releasable(after(*facts), AT, (), frozenset({ONE}))


def test_whatever_left_the_shares_is_retired_whichever_role_it_had():
    states = fold(
        VERSIONS,
        [
            register(candidate(1), ()),
            register(candidate(2), (candidate(1),)),
            register(candidate(3), (candidate(1), candidate(2))),
            shared(Share(version=1, weight=0.9), Share(version=2, weight=0.1, role="canary")),
            shared(Share(version=3, weight=1.0), retired=(1, 2)),
        ],
    )
    assert [states[version_key("late", number)].state for number in (1, 2, 3)] == [
        "retired",
        "retired",
        "released",
    ]


def test_a_stale_version_is_refused_even_when_approved():
    passed = after(register(candidate(), ()), told(candidate(), ()))
    fresh = Staleness(dataset="flights", answer="fresh")
    require_releasable(passed, AT, (fresh,))
    with pytest.raises(Refused, match="erased since, from weather"):
        require_releasable(passed, AT, (fresh, Staleness(dataset="weather", answer="erased")))


def test_a_version_of_which_nobody_can_tell_whether_it_is_stale_is_not_released_and_is_told_why():
    passed = after(register(candidate(), ()), told(candidate(), ()))
    cause = STORE_FAILED(why="permission denied")
    with pytest.raises(Refused, match=r"weather: the store could not be read \(permission denied"):
        unknown = (Staleness(dataset="weather", answer="unknown", cause=cause),)
        require_releasable(passed, AT, unknown, say=sentence)


def test_a_version_is_approved_only_by_people_who_still_count(tmp_path):
    who, other = "person-0123456789abcdef", "person-fedcba9876543210"
    with closing(
        open_ledger("memory://", [VERSIONS, FORGOTTEN], key=b"k" * 32, clock=lambda: AT, root=tmp_path)
    ) as ledger:

        def stands() -> str:
            (found,) = (version for _, version in ledger.scan(VERSIONS))
            return with_current_state(ledger, found).state

        def happens(*facts: Fact) -> None:
            ledger.transact(lambda tx: [tx.append(each) for each in facts])

        def approval(by: str) -> VersionApproved:
            said = Approval(by=by, role="", reason="", at=AT)
            return VersionApproved(model="late", number=1, approval=said)

        happens(register(candidate(needed=1), ()), told(candidate(needed=1), ()), approval(who))
        assert stands() == "approved"
        happens(PersonForgotten(person=who))
        assert stands() == "passed"
        (found,) = (version for _, version in ledger.scan(VERSIONS))
        with pytest.raises(Refused, match="found 0 approvals, expected 1"):
            require_releasable(found, AT, uncounted=forgotten_approvers(ledger, found))
        happens(approval(other))
        assert stands() == "approved"
        happens(released(1), PersonForgotten(person=other))
        assert stands() == "released", "whoever is forgotten takes nothing out of service"


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
    return [new for _, new in VERSIONS.apply[type(fact)](fact, event, lambda key: state)]


def test_a_version_survives_its_own_json():
    version = candidate()
    assert msgspec.json.decode(msgspec.json.encode(version), type=Version) == version


def test_a_refused_release_tells_the_way_on_and_that_a_loosened_gate_takes_nothing_back():
    def refusal(carried: bool) -> str:
        failed = msgspec.structs.replace(verdict("fail", check="c?at_most=1"), carried=carried)
        version = msgspec.structs.replace(candidate(), verdicts=(failed,), state="refused")
        with pytest.raises(Refused, match="required checks block it") as refused:
            require_releasable(version, AT, say=sentence)
        return str(refused.value)

    for text in (refusal(False), refusal(True)):
        assert "comporta run. Or let a validator or owner waive it: " in text
        assert "comporta waive late/1 'c?at_most=1' --reason WHY --until YYYY-MM-DD" in text
    loosened = "It was asked this when it was made"
    assert loosened in refusal(True) and loosened not in refusal(False)
