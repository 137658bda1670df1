"""The door while something is under way: who is revoked, forgotten or out of time before an act is recorded;
and rights to one model or dataset alone."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace
from tests.flow.test_access import ISSUER, a_team, candidate, doors, job_token, undeclared

from comporta import load
from comporta.access import DENIALS
from comporta.acts.data.compact import compact
from comporta.acts.data.rejected import retry_rejected
from comporta.acts.release.release import approve, models, release, rollback, version_of
from comporta.acts.release.request import request_release
from comporta.acts.serve.score import load_version
from comporta.acts.tokens import tokens
from comporta.acts.trace.trace import trace
from comporta.acts.upkeep.audit import verify, verify_people
from comporta.acts.upkeep.remove_event import remove_event
from comporta.acts.upkeep.storage import sweep
from comporta.acts.upkeep.team import add_person, deny_person, revoke_person
from comporta.api.model import TrainedVersion
from comporta.cli import main
from comporta.errors import BadProject, Forbidden, NotFound, Refused
from comporta.opened.access_phrases import PHRASES
from comporta.opened.actor import acting_person
from comporta.opened.people import find, identify
from comporta.opened.permission import Permission, permission
from comporta.opened.person_key import make_person_key, person_key_file, public_hex
from comporta.opened.project import OpenProject, open_project
from comporta.records import Approval
from comporta.records.facts import VersionApproved, VersionRegistered
from comporta.registry import VERSIONS, version_key

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def opened(folder: Path) -> Iterator[OpenProject]:
    """Of the team, where roles are granted."""
    a_team(folder)
    with open_project(folder) as opened:
        yield opened


def registered(opened: OpenProject, who: Permission) -> None:
    """What a run records in the end, by who asked for it at the beginning."""
    two = opened.ledger.get(VERSIONS, version_key("leaving", 2))
    assert two is not None
    fact = who.sign(VersionRegistered(version=replace(two, number=9), by=who.actor.id))

    def commit(tx) -> None:  # type: ignore[no-untyped-def]
        who.admit(tx, fact)
        tx.append(fact)

    opened.ledger.transact(commit)


@pytest.mark.parametrize("how", ["revoked", "denied", "over"])
def test_who_may_no_more_when_the_training_ends_registers_nothing(opened: OpenProject, how: str) -> None:
    until = opened.now() + timedelta(hours=1)
    add_person(opened, "di", roles=("scientist",), until=until, by="ada")
    who = permission(opened, "version.register", by="di", model="leaving")
    before = opened.ledger.head().seq
    registered(opened, who)
    assert opened.ledger.head().seq == before + 1
    if how == "revoked":
        revoke_person(opened, "di", by="ada")
    elif how == "denied":
        deny_person(opened, "di", "version.register", model="leaving", by="ada")
    else:
        opened.clock = lambda: until
    before = opened.ledger.head().seq
    with pytest.raises(Forbidden, match="'di' may not register a version"):
        registered(opened, who)
    assert opened.ledger.head().seq == before


def test_a_clock_that_is_set_back_brings_no_role_to_life_again(opened: OpenProject) -> None:
    until = opened.now() + timedelta(hours=1)
    add_person(opened, "di", roles=("oncall",), until=until, by="ada")
    assert rollback(opened, "leaving", by="di").champion == 1
    ledger = opened.ledger
    real, ledger._clock = ledger._clock, lambda: until + timedelta(minutes=1)  # type: ignore[attr-defined]
    add_person(opened, "eve", roles=("viewer",), by="ada")
    ledger._clock = real  # type: ignore[attr-defined]
    assert opened.clock() < until
    with pytest.raises(Forbidden, match="'di' may not roll back"):
        rollback(opened, "leaving", by="di")


def test_who_is_forgotten_before_their_act_is_recorded_does_nothing(folder: Path) -> None:
    with open_project(folder) as opened:
        who = permission(opened, "release.request", by="rui", version=version_of(opened, "leaving/1"))
        who.identify()
        undeclared_forget(opened, "rui")
        before = opened.ledger.head().seq
        with pytest.raises(Refused, match="'rui' was forgotten meanwhile"):
            registered(opened, who)
        assert opened.ledger.head().seq == before


def undeclared_forget(opened: OpenProject, name: str) -> None:
    """As a privacy officer does."""
    from comporta.opened.people import forget as forget_name

    forget_name(opened, name)


@pytest.mark.parametrize("did", ["asked for its release", "trained it"])
def test_who_comes_back_under_another_id_does_not_approve_what_they_asked_for_or_trained(
    folder: Path, did: str
) -> None:
    with open_project(folder) as opened:
        identify(opened, "ana")
        candidate(opened, "rui" if did == "trained it" else "zoe")
        if did != "trained it":
            request_release(opened, "leaving/4", by="rui")
        undeclared_forget(opened, "rui")
        with pytest.raises(Forbidden, match=r"expected one of: ana\. The rule: .* was forgotten since"):
            approve(opened, "leaving/4", by="rui")
        assert find(opened, "rui") is None, "nor were they entered"
        assert approve(opened, "leaving/4", by="ana").state == "approved"


def test_rows_are_not_taken_out_in_the_name_of_somebody_who_has_a_key(folder: Path, tmp_path: Path) -> None:
    undeclared(folder)
    with open_project(folder) as opened:
        add_person(opened, "zoe", key=public_hex(make_person_key()))
    target = tmp_path / "rows.parquet"
    export = ["data", "export", "orders", str(target), "--by", "zoe", "--project", str(folder)]
    file = person_key_file()
    away = file.rename(file.with_suffix(".away"))
    assert main(export) == 2
    assert not target.exists()
    away.rename(file)
    assert main(export) == 0


def test_an_audit_finds_an_act_without_proof_in_the_name_of_somebody_who_has_a_key(folder: Path) -> None:
    undeclared(folder)
    with open_project(folder) as opened:
        add_person(opened, "cy", key=public_hex(make_person_key()))
        assert verify_people(opened) == ()
        cy = find(opened, "cy")
        assert cy is not None
        forged = Approval(by=cy.id, role="owner", reason="", at=opened.now())
        # As somebody could who has the project's key and not that of cy.
        opened.ledger.transact(
            lambda tx: tx.append(VersionApproved(model="leaving", number=2, approval=forged))
        )
        seq = opened.ledger.head().seq
        assert [
            each
            for each in verify_people(opened)
            if f"event {seq} (version.approved): found no proof" in each
        ]


def test_the_removal_of_an_event_is_signed_by_who_has_a_key(folder: Path) -> None:
    undeclared(folder)
    with open_project(folder, works=True) as opened:
        at = opened.now()
        old = Approval(by="Zephyrine", role="owner", reason="", at=at)
        opened.ledger.transact(lambda tx: tx.append(VersionApproved(model="worth", number=1, approval=old)))
        seq = opened.ledger.head().seq
        add_person(opened, "ada", roles=("admin",), by="ada")
        add_person(opened, "pia", roles=("privacy_officer",), key=public_hex(make_person_key()), by="ada")
        event = remove_event(opened, seq, reason="erasure")
        proof = msgspec.json.decode(event.body or b"")["proof"]
        assert (proof["kind"], proof["key"]) == ("key", public_hex(make_person_key()))
        add_person(opened, "zoe", roles=("auditor",), by="ada")
        person_key_file().unlink()
        assert verify(opened).sound and verify_people(opened) == ()


# Rights to one model or dataset.


def test_who_has_a_role_for_one_model_reads_that_one_and_no_other(
    opened: OpenProject, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_person(opened, "zoe", roles=("validator",), model="leaving", by="ada")
    assert {each.model for each in models(opened)} == {"leaving"}
    at = ["--project", str(folder)]
    for words in (
        ["models"],
        ["models", "leaving"],
        ["report", "leaving/2"],
        ["compare", "leaving/1", "leaving/2"],
    ):
        assert main([*words, *at]) == 0, words
        assert "worth" not in capsys.readouterr().out
    for words in (["models", "worth"], ["report", "worth/1"]):
        assert main([*words, *at]) == 2
        assert "'zoe' may not read versions and runs" in capsys.readouterr().err
    assert trace(opened, "leaving/2", forward=False).id
    with pytest.raises(Forbidden):
        trace(opened, "worth/1")


def test_who_has_a_role_for_one_dataset_reads_that_one_and_no_other(
    opened: OpenProject, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--project", str(folder)]
    grant = ["people", "add", "zoe", "--role", "auditor", "--dataset", "orders", "--by", "ada", *at]
    assert main(grant) == 0
    assert main(["data", "show", "orders", *at]) == 0
    other = next(each for each in opened.project.tables() if each != "orders")
    assert main(["data", "show", other, *at]) == 2
    capsys.readouterr()
    assert main(["people", "list", *at]) == 2, "nor who is there"
    assert main(["people", "deny", "zoe", "data.read", "--dataset", "orders", "--by", "ada", *at]) == 0
    assert main(["data", "show", "orders", *at]) == 2
    assert "data.read was denied to them (dataset orders)" in capsys.readouterr().err
    assert (
        main(["people", "deny", "zoe", "data.read", "--dataset", "orders", "--lift", "--by", "ada", *at]) == 0
    )
    assert not opened.ledger.scan(DENIALS)
    assert (
        main(["people", "revoke", "zoe", "--role", "auditor", "--dataset", "orders", "--by", "ada", *at]) == 0
    )
    assert main(["data", "show", "orders", *at]) == 2
    capsys.readouterr()
    for words, said in (
        (["--dataset", "nosuch"], "--dataset: found no dataset 'nosuch', expected one of: "),
        (["--dataset", "orders", "--model", "leaving"], "found --model and --dataset, expected one of them"),
    ):
        assert main(["people", "add", "di", "--role", "viewer", *words, "--by", "ada", *at]) == 2
        assert said in " ".join(capsys.readouterr().err.split())


def test_what_is_denied_of_one_model_is_not_got_by_asking_for_all(opened: OpenProject) -> None:
    add_person(opened, "zoe", roles=("engineer",), by="ada")
    for action in ("model.predict", "model.serve", "version.read"):
        deny_person(opened, "zoe", action, model="leaving", by="ada")
    with pytest.raises(Forbidden, match=r"model\.serve was denied to them"):
        permission(opened, "model.serve")
    with pytest.raises(Forbidden, match=r"model\.predict was denied to them \(model leaving\)"):
        load_version(opened, "leaving/2")
    assert {each.model for each in models(opened)} == {"worth"}


def test_who_owns_one_model_issues_tokens_for_it_and_for_no_other(
    opened: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_person(opened, "oz", roles=("owner",), model="leaving", by="ada")
    tokens.add(opened, "shop", models=("leaving",), by="oz")
    tokens.add(opened, "every", by="ada")
    tokens.add(opened, "others", models=("worth", "leaving"), by="ada")
    tokens.rotate(opened, "shop", by="oz")
    for act in (
        lambda: tokens.add(opened, "till", by="oz"),
        lambda: tokens.add(opened, "till", models=("leaving", "worth"), by="oz"),
        lambda: tokens.rotate(opened, "every", by="oz"),
        lambda: tokens.revoke(opened, "others", by="oz"),
        lambda: tokens.revoke(opened, "nosuch", by="oz"),
    ):
        with pytest.raises(Forbidden, match="'oz' may not issue tokens"):
            act()
    monkeypatch.setenv("LOGNAME", "oz")
    assert {each.name for each in tokens.valid(opened)} == {"shop"}
    monkeypatch.setenv("LOGNAME", "ada")
    assert {each.name for each in tokens.valid(opened)} == {"shop", "every", "others"}
    tokens.revoke(opened, "shop", by="oz")
    with pytest.raises(NotFound):
        tokens.revoke(opened, "shop", by="ada")


def test_so_is_every_method_of_a_version(folder: Path) -> None:
    project = load(folder / "project.py")
    version = project.model("leaving/2")
    a_team(folder)
    version = TrainedVersion(version.version, load(folder / "project.py")._opens)
    asked: dict[str, Callable[[], object]] = {
        "version checks": version.checks,
        "version metrics": version.metrics,
        "version evidence": lambda: version.evidence("any"),
        "version training_rows": version.training_rows,
        "version test_rows": version.test_rows,
        "version predictions": version.predictions,
        "version predict": lambda: version.predict({"x": [1]}),
        "version env": version.env,
    }
    told = {route: action for route, action in doors("method").items() if route.startswith("version ")}
    assert asked.keys() == told.keys()
    for name, action in told.items():
        # Who may not read a version is told so first.
        phrases = {PHRASES[action], PHRASES["version.read"]}  # type: ignore[index]
        with pytest.raises(Forbidden) as caught:
            asked[name]()
        assert any(f"'zoe' may not {phrase}" in str(caught.value) for phrase in phrases), name


def test_a_job_that_two_rules_believe_is_the_account_of_the_one_that_asks_more(
    opened: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    x, y = (
        urlsafe_b64encode(each.to_bytes(32, "big")).rstrip(b"=").decode() for each in (numbers.x, numbers.y)
    )
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y}]}))
    at = ["--by", "ada", "--project", str(opened.root)]

    def trust(name: str, *claims: str) -> None:
        rule = ["--issuer", ISSUER, "--audience", "comporta", "--jwks", str(jwks)]
        said = [word for each in claims for word in ("--claim", each)]
        assert main(["people", "trust", name, *rule, *said, *at]) == 0

    trust("any-branch", "repository=acme/churn")
    trust("main-branch", "repository=acme/churn", "ref=refs/heads/main")
    monkeypatch.setenv("JOB", job_token(private, ref="refs/heads/main"))
    with open_project(opened.root) as other:
        other.settings = replace(other.settings, job_token="env://JOB")
        assert acting_person(other).name == "main-branch"
        assert acting_person(other, "any-branch").name == "any-branch"
        with pytest.raises(BadProject, match="expected 'any-branch' or 'main-branch', whose token it is"):
            acting_person(other, "ada")
        monkeypatch.setenv("JOB", job_token(private, ref="refs/heads/x"))
        assert acting_person(other).name == "any-branch"
    trust("fork", "repository=acme/churn", "run_id=4711")
    monkeypatch.setenv("JOB", job_token(private, ref="refs/heads/main"))
    with open_project(opened.root) as other:
        other.settings = replace(other.settings, job_token="env://JOB")
        with pytest.raises(BadProject, match="found a job of fork, main-branch alike"):
            acting_person(other)


def test_fewer_approvals_are_for_as_many_to_agree_on_as_were_needed_before(opened: OpenProject) -> None:
    add_person(opened, "di", roles=("approver",), by="ada")
    candidate(opened, "bo", needed=1)
    approve(opened, "leaving/4", by="cy")
    assert release(opened, "leaving/4", by="bo").champion == 4
    lowered(opened, 5)
    with pytest.raises(Refused, match="found 0 approvals, expected 1, as many as leaving/4 needed"):
        release(opened, "leaving/5", by="bo")
    approve(opened, "leaving/5", by="di")
    assert release(opened, "leaving/5", by="bo").champion == 5
    lowered(opened, 6)
    assert release(opened, "leaving/6", by="bo").champion == 6


def lowered(opened: OpenProject, number: int) -> None:
    """Another version of `leaving`, whose model asks for no approval any more."""
    four = opened.ledger.get(VERSIONS, version_key("leaving", 4))
    assert four is not None
    version = replace(four, number=number, state="passed", approvals=(), needed=0)
    opened.ledger.transact(lambda tx: tx.append(VersionRegistered(version=version)))


def test_who_changes_how_data_is_kept_is_recorded_with_their_proof(folder: Path) -> None:
    undeclared(folder)
    with open_project(folder, works=True) as opened:
        add_person(opened, "zoe", key=public_hex(make_person_key()))
        before = opened.ledger.head().seq
        compact(opened, "orders")
        retry_rejected(opened)
        nobodys = "artifacts/00/" + "0" * 64
        opened.store.put(nobodys, b"x")
        long_ago = next(opened.ledger.events()).at.timestamp() + 60
        os.utime(folder / ".comporta/store" / nobodys, (long_ago, long_ago))
        assert sweep(opened, dry=True).freed == sweep(opened).freed
        sweep(opened)
    with open_project(folder) as opened:
        zoe = find(opened, "zoe")
        assert zoe is not None
        told = [(each.kind, msgspec.json.decode(each.body or b"")) for each in opened.ledger.events(before)]
        assert [(kind, each.get("act")) for kind, each in told] == [
            ("dataset.maintained", "compact"),
            ("dataset.maintained", "retry"),
            ("store.swept", None),
        ], "and a sweep that only looks, or frees nothing, is none"
        assert all((each["by"], each["proof"]["kind"]) == (zoe.id, "key") for _, each in told)
        assert verify_people(opened) == ()
