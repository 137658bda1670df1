"""What a ledger holds under the names of an older release is the same check under its id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from comporta.errors import Refused
from comporta.ledger.upcasts import UPCASTS
from comporta.opened.sentences import sentence
from comporta.records import CheckRenaming, Verdict, Version, Waiver, code
from comporta.records import say as records_say
from comporta.records.verdict import CHANGED
from comporta.registry import find_verdict, record_verdicts, register, renames, waive, with_current_names
from comporta.registry.state import VERSIONS

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
UNTIL = AT + timedelta(days=9)
OLD, ID = "roc_auc at least 0.7", "limit?metric=roc_auc&at_least=0.7"
SAME = CheckRenaming(check=ID, former="old form", form="new form")
FORMER = ((OLD, SAME), ("never asked", CheckRenaming(check="other", former="x", form="y")))
TITLE = code("check.test", "{metric} is fine", metric=str)


def verdict(check: str = OLD, form: str = "old form", outcome: str = "fail", **more: Any) -> Verdict:
    return Verdict(check=check, outcome=outcome, required=True, reason="As it was.", form=form, **more)


def waiver(check: str = OLD, form: str = "old form", **more: Any) -> Waiver:
    return Waiver(
        check=check, by="rui", role="validator", reason="known", at=AT, until=UNTIL, outcome="fail",
        form=form, **more,
    )  # fmt: skip


def version(**more: Any) -> Version:
    held = {
        "required_checks": (OLD,),
        "forms": {OLD: "old form"},
        "verdicts": (verdict(),),
        "waivers": (waiver(),),
        "state": "passed",
        "policy": "old policy",
    }
    made = {"model": "late", "number": 1, "run": "r", "at": AT, "steps": {}, "parts": {}, "read": ()}
    return Version(**{**made, **held, **more})


def fold(state: Version, fact: object) -> Version:
    event: Any = type("Event", (), {"at": AT})
    ((_, folded),) = VERSIONS.apply[type(fact)](fact, event, lambda _: state)
    return folded


def again(state: Version, form: str = "new form", outcome: str = "fail") -> Version:
    """Judged by today's check."""
    found = renames(state, FORMER)
    now = (verdict(ID, form, outcome, title=TITLE(metric="roc_auc")),)
    fact = record_verdicts(state, now, "new policy", renamed=found, as_policy="new policy")
    assert fact is not None
    return fold(state, fact)


def test_its_waiver_holds_and_nothing_counts_as_changed_or_left_out():
    now = again(version())
    (shown,) = now.verdicts
    assert (shown.check, shown.carried, shown.changed) == (ID, False, False)
    assert sentence(shown.reason) == "As it was."
    assert now.required_checks == (ID,)
    assert now.forms == {ID: "new form"}
    assert now.blocking_verdicts(AT) == ()
    assert now.waiver_of(shown, AT) is not None
    assert now.policy == "new policy"
    assert renames(now, FORMER) == {}, "a second time there is nothing to rename"


def test_what_declares_something_else_by_now_has_changed_as_it_would_have_before():
    state = version(forms={OLD: "another form"}, verdicts=(verdict(form="another form"),), waivers=())
    now = again(state, outcome="pass")
    assert [(each.check, each.changed, each.carried) for each in now.verdicts] == [
        (ID, True, False),
        (ID, False, True),
    ]
    assert now.verdicts[1].form == "another form"
    assert sentence(now.verdicts[1].display_title) == OLD
    assert len(now.blocking_verdicts(AT)) == 1


def test_a_waiver_of_the_check_as_it_was_opens_not_the_changed_one():
    state = version(
        forms={OLD: "another form"},
        verdicts=(verdict(form="another form"),),
        waivers=(waiver(form="another form"),),
    )
    now = again(state)
    assert [each.changed for each in now.blocking_verdicts(AT)] == [True]


def test_what_stood_beside_as_changed_keeps_its_own_waiver():
    state = version(
        forms={OLD: "first form"},
        verdicts=(verdict(changed=True), verdict(form="first form", outcome="pass", carried=True)),
        waivers=(waiver(changed=True),),
    )
    now = again(state)
    assert [(each.changed, each.form) for each in now.verdicts] == [(True, "new form"), (False, "first form")]
    assert now.blocking_verdicts(AT) == ()


def test_a_version_of_a_release_without_forms_is_the_same_by_name():
    now = again(version(forms={}, verdicts=(verdict(form=""),), waivers=(waiver(form=""),)))
    assert [(each.check, each.carried) for each in now.verdicts] == [(ID, False)]
    assert now.blocking_verdicts(AT) == ()


def test_what_todays_gates_leave_out_is_carried_under_the_name_that_it_had():
    left = version(
        required_checks=(OLD, "left out"), verdicts=(verdict(outcome="pass"), verdict("left out", "f"))
    )
    now = again(left, outcome="pass")
    assert [(each.check, each.carried) for each in now.verdicts] == [(ID, False), ("left out", True)]


def test_a_check_of_the_projects_own_keeps_its_name_and_takes_todays_form_once():
    own = (("few", CheckRenaming(check="few", former="old form", form="new form")),)
    state = version(
        required_checks=("few",), forms={"few": "old form"}, verdicts=(verdict("few"),), waivers=()
    )
    now = with_current_names(state, renames(state, own))
    assert (now.forms, now.verdicts[0].form) == ({"few": "new form"}, "new form")
    assert renames(now, own) == {}


def test_of_two_checks_that_had_one_name_it_is_the_one_that_declares_the_same():
    other = CheckRenaming(check="another id", former="another form", form="z")
    for former in ((OLD, other), (OLD, SAME)), ((OLD, SAME), (OLD, other)):
        assert renames(version(), former) == {OLD: SAME}
    assert with_current_names(version(), {}) == version()


def test_a_check_is_waived_by_its_id_or_by_its_title_as_shown():
    state = again(version(waivers=()))
    for text in (ID, "roc_auc is fine"):
        assert find_verdict(state, text, say).check == ID
    with pytest.raises(Refused, match=r"expected one of: roc_auc is fine\. Did you mean 'roc_auc is fine'\?"):
        find_verdict(state, "roc_auc is fin", say)
    fact = waive(state, waiver(ID, ""), AT)
    assert (fact.waiver.check, fact.waiver.form) == (ID, "new form")


def say(text: Any) -> str:
    """With the code that this file declares, which no module of the package does."""
    return records_say(text, {TITLE.id: TITLE.template, CHANGED.id: CHANGED.template})


def test_of_two_verdicts_on_one_check_the_id_means_the_closed_one_or_asks_which():
    both = (verdict(ID, changed=True), verdict(ID, "f", "pass", carried=True))
    assert find_verdict(version(verdicts=both), ID, sentence).changed
    title = TITLE(metric="roc_auc")
    shut = (verdict(ID, changed=True, title=title), verdict(ID, "f", carried=True, title=title))
    with pytest.raises(Refused, match="found two checks"):
        find_verdict(version(verdicts=shut), ID, sentence)
    changed = f"{say(title)}, as changed since"
    assert find_verdict(version(verdicts=shut), changed, say).changed
    assert not find_verdict(version(verdicts=shut), say(title), say).changed


def test_facts_of_an_older_release_are_read_as_todays():
    told = {"check": f"{OLD}, as changed since", "reason": "0.75 is above 0.7.", "outcome": "pass"}
    unasked = {"check": "deep", "reason": "Not audited yet: comporta gate late/3 --level audit."}
    (first, second) = UPCASTS["version.judged", 1]({"verdicts": [told, unasked]})["verdicts"]
    assert first == {**told, "check": OLD, "changed": True}
    assert second["reason"] == {
        "type": "message",
        "code": "gate.not_asked",
        "values": {"version": "late/3", "level": "audit"},
    }
    assert UPCASTS["version.waived", 1]({"waiver": {"check": f"{OLD}, as changed since"}}) == {
        "waiver": {"check": OLD, "changed": True}
    }
    registered = UPCASTS["version.registered", 1]({"version": {"model": "late", "verdicts": [told]}})
    assert registered["version"]["verdicts"] == [first]
    assert register(version(), ()).schema == 2
