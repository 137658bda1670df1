"""The door, as a team meets it: roles, keys and denials; by the command line and by Python alike."""

from __future__ import annotations

import json
import stat
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec.structs import replace

from comporta import load
from comporta.acts.jobs import ask
from comporta.acts.jobs.queued_acts import RunArguments
from comporta.acts.judge.forms import forms, require_policy
from comporta.acts.release.release import approve, release, rollback, version_of
from comporta.acts.upkeep.audit import verify, verify_people
from comporta.acts.upkeep.team import add_person, deny_person, revoke_person
from comporta.cli import main
from comporta.errors import Forbidden, Refused, Tampered
from comporta.opened.access_phrases import PHRASES
from comporta.opened.people import find, identify
from comporta.opened.permission import permission
from comporta.opened.person_key import make_person_key, person_key_file, public_hex
from comporta.opened.project import OpenProject, open_project
from comporta.opened.proof import ActPlace, require_proven, sign
from comporta.records import Version
from comporta.records.facts import VersionJudged, VersionRegistered, VersionReleased
from comporta.registry import VERSIONS, version_key

ISSUER = "https://token.actions.githubusercontent.com"
DECLARED = 'people=(Person("ana", "validator"), Person("rui", "owner")),'


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def opened(folder: Path) -> Iterator[OpenProject]:
    with open_project(folder) as opened:
        yield opened


def declare(folder: Path, text: str) -> None:
    file = folder / "project.py"
    assert DECLARED in file.read_text()
    file.write_text(file.read_text().replace(DECLARED, text))


def undeclared(folder: Path) -> None:
    declare(folder, "")


def a_team(folder: Path) -> None:
    """Ada grants, Bo builds and releases, Cy approves; nobody has a key."""
    undeclared(folder)
    with open_project(folder) as opened:
        add_person(opened, "ada", roles=("admin",), by="ada")
        add_person(opened, "bo", roles=("engineer", "auditor"), by="ada")
        add_person(opened, "cy", roles=("approver", "validator"), by="ada")


def candidate(opened: OpenProject, trained_by: str, needed: int = 1) -> Version:
    """`leaving/4`: another model whose gates passed, trained by somebody."""
    two = opened.ledger.get(VERSIONS, version_key("leaving", 2))
    assert two is not None
    four = replace(
        two,
        number=4,
        at=opened.now(),
        state="candidate",
        approvals=(),
        waivers=(),
        needed=needed,
        trained_by=(identify(opened, trained_by).id,),
    )
    passed = tuple(replace(each, outcome="pass") for each in two.verdicts)
    judged = VersionJudged(model="leaving", number=4, verdicts=passed, policy=two.policy, level="release")

    def add(tx) -> None:  # type: ignore[no-untyped-def]
        tx.append(VersionRegistered(version=four))
        tx.append(judged)

    opened.ledger.transact(add)
    return version_of(opened, "leaving/4")


ARGUMENTS = {
    "run": (), "check": (), "runs": (), "show": ("2026",), "jobs": (), "job show": ("2026",),
    "job cancel": ("2026",), "job retry": ("2026",), "job raise": ("2026",), "work": (), "tick": (),
    "schedules": (), "data list": (),
    "data show": ("visits",),
    "data versions": ("visits",), "data subjects": ("visits",), "data compact": ("visits",),
    "data export": ("visits", "rows.parquet"), "data rejected": (), "data accept": ("visits",),
    "data diff": ("visits", "1", "2"), "features list": (), "features show": ("leaving",), "models": (),
    "gate": ("leaving/2",), "report": ("leaving/2",), "compare": ("leaving/1", "leaving/2"),
    "waive": ("leaving/3", "any", "--reason", "x", "--until", "2099-01-01"), "approve": ("leaving/2",),
    "releases": (), "steer": ("--once",),
    "request": ("leaving/1",), "release": ("leaving/1",), "fetch": ("leaving/2", "out"),
    "predict": ("leaving/2", "--input", "visits", "--output", "answers.csv"),
    "rollback": ("leaving",), "people list": (), "people add": ("eve", "--role", "admin"),
    "people revoke": ("ada",), "people deny": ("ada", "role.grant"),
    "people trust": ("ci", "--issuer", "https://x", "--audience", "y", "--jwks", "JWKS", "--claim", "sub=z"),
    "people forget": ("ada",), "token add": ("billing",), "token list": (), "token rotate": ("billing",),
    "token revoke": ("billing",), "env": ("leaving/2",), "serve": (), "up": (),
    "trace": ("leaving/2",), "reproduce": ("leaving/2",),
    "audit verify": (), "audit export": ("out.jsonl",), "audit remove": ("5", "--reason", "erasure"),
    "store du": (), "store gc": (), "store remove": ("0" * 64, "--reason", "erasure"),
}  # fmt: skip
"""What each command that asks is called with."""


def doors(face: str) -> dict[str, str]:
    """Route → action, of the lines that ask for one."""
    import csv

    file = Path(__file__).parents[1] / "golden" / "doors.csv"
    lines = csv.DictReader(file.read_text().splitlines())
    return {each["route"]: each["action"] for each in lines if each["face"] == face and "." in each["action"]}


def test_where_roles_were_granted_every_command_is_closed_to_who_has_none(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a_team(folder)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "JWKS").write_text(
        '{"keys":[{"kid":"a","kty":"EC","crv":"P-256",'
        '"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}'
    )
    with open_project(folder) as opened:
        before = opened.ledger.head().seq
    assert ARGUMENTS.keys() == doors("command").keys(), "a new command is walked too"
    wrong = {}
    for command, action in doors("command").items():
        code = main([*command.split(), *ARGUMENTS[command], "--project", str(folder)])
        said = capsys.readouterr().err
        if code != 2 or f"'zoe' may not {PHRASES[action]}" not in said:  # type: ignore[index]
            wrong[command] = (code, said)
    assert wrong == {}
    with open_project(folder) as opened:
        assert opened.ledger.head().seq == before, "and nothing was recorded"


def test_so_is_every_method_of_the_python_face(folder: Path) -> None:
    a_team(folder)
    project = load(folder / "project.py")
    asked = {
        "run": project.run,
        "gate": lambda: project.gate("leaving/2"),
        "directory": project.directory,
        "forget": lambda: project.forget("ada"),
        "data": lambda: project.data("visits"),
        "model": lambda: project.model("leaving/2"),
        "check": project.check,
        "runs": project.runs,
        "show": lambda: project.show("2026"),
        "versions": project.versions,
        "report": lambda: project.report("leaving/2"),
        "compare": lambda: project.compare("leaving/1", "leaving/2"),
        "waive": lambda: project.waive("leaving/2", "c", reason="r", until=date(2099, 1, 1)),
        "approve": lambda: project.approve("leaving/2"),
        "release": lambda: project.release("leaving/2"),
        "rollback": lambda: project.rollback("leaving"),
        "fetch": lambda: project.fetch("leaving/2", folder / "out"),
        "predict_batch": lambda: project.predict_batch("leaving/2", "visits", folder / "answers.csv"),
        "predict_follow": lambda: next(project.predict_follow("leaving/2", "visits", "answers")),
        "trace": lambda: project.trace("leaving/2"),
        "reproduce": lambda: project.reproduce("leaving/2"),
        "features": project.features,
        "jobs list": project.jobs.list,
        "jobs show": lambda: project.jobs.show("2026"),
        "jobs run": project.jobs.run,
        "jobs cancel": lambda: project.jobs.cancel("2026"),
        "jobs retry": lambda: project.jobs.retry("2026"),
        "jobs raise_priority": lambda: project.jobs.raise_priority("2026"),
        "jobs work": project.jobs.work,
        "releases list": project.releases.list,
        "releases show": lambda: project.releases.show("leaving/2"),
        "releases pause": lambda: project.releases.pause("leaving/2"),
        "releases resume": lambda: project.releases.resume("leaving/2"),
        "releases abort": lambda: project.releases.abort("leaving/2"),
        "releases promote": lambda: project.releases.promote("leaving/2"),
        "data list": project.data.list,
        "data show": lambda: project.data.show("visits"),
        "data versions": lambda: project.data.versions("visits"),
        "data diff": lambda: project.data.diff("visits", 1, 2),
        "data subjects": lambda: project.data.subjects("visits"),
        "data accept": lambda: project.data.accept("visits"),
        "data compact": lambda: project.data.compact("visits"),
        "data rejected": project.data.rejected,
        "data export": lambda: project.data.export("visits", folder / "rows.parquet"),
    }
    # Those of a version are walked in `test_access_meanwhile.py`.
    told = {route: action for route, action in doors("method").items() if not route.startswith("version ")}
    assert asked.keys() == told.keys()
    for name, action in told.items():
        with pytest.raises(Forbidden, match=f"'zoe' may not {PHRASES[action]}"):  # type: ignore[index]
            asked[name]()


def test_a_refusal_names_the_rule_and_who_could(folder: Path) -> None:
    a_team(folder)
    with open_project(folder) as opened:
        candidate(opened, "bo")
        with pytest.raises(
            Forbidden, match=r"'bo' may not approve a version, expected one of: cy\. The rule: they tra"
        ):
            approve(opened, "leaving/4", by="bo")
        with pytest.raises(
            Forbidden, match=r"'cy' may not release a version, expected one of: bo\..*no role of their"
        ):
            release(opened, "leaving/4", by="cy")
        assert approve(opened, "leaving/4", by="cy").state == "approved"
        assert release(opened, "leaving/4", by="bo").champion == 4


def test_who_trained_a_version_does_not_approve_it_by_either_face_also_where_the_file_declares_people(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_project(folder) as opened:
        candidate(opened, "ana")
    assert main(["approve", "leaving/4", "--by", "ANA", "--project", str(folder)]) == 2
    assert "'ANA' may not approve a version, expected one of: rui. The rule: they trained it" in (
        capsys.readouterr().err
    )
    assert main(["request", "leaving/4", "--by", "rui", "--project", str(folder)]) == 0
    assert main(["approve", "leaving/4", "--by", "rui", "--project", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "they asked for its release" in said
    assert "expected one of: nobody yet" in said, "nor could ana, who trained it"


def test_who_approved_it_does_not_release_it_alone(folder: Path) -> None:
    with open_project(folder) as opened:
        candidate(opened, "zoe")
        approve(opened, "leaving/4", by="rui")
        with pytest.raises(
            Refused, match=r"found 0 approvals, expected 1\. Not counted: 1 by people who may not"
        ):
            release(opened, "leaving/4", by="rui")
        assert release(opened, "leaving/4", by="ana").champion == 4


def test_on_a_laptop_one_person_does_it_all_and_is_told_that_names_are_claimed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undeclared(folder)
    with open_project(folder) as opened:
        candidate(opened, "zoe")
        approve(opened, "leaving/4")
        assert release(opened, "leaving/4").by == "zoe"
    assert main(["people", "list", "--project", str(folder)]) == 0
    assert "Names are claimed" in capsys.readouterr().err


def test_roles_that_were_granted_replace_those_of_a_file_that_anybody_can_edit(folder: Path) -> None:
    a_team(folder)
    file = folder / "project.py"
    at = file.read_text().rindex(")")
    file.write_text(f'{file.read_text()[:at]}    people=(Person("zoe", "owner"),),\n)\n')
    with open_project(folder) as opened:
        candidate(opened, "bo")
        with pytest.raises(Forbidden, match="'zoe' may not approve a version"):
            approve(opened, "leaving/4", by="zoe")


def test_what_was_revoked_or_denied_stops_at_once(folder: Path) -> None:
    a_team(folder)
    with open_project(folder) as opened:
        candidate(opened, "bo")
        deny_person(opened, "cy", "release.approve", model="leaving", by="ada")
        with pytest.raises(Forbidden, match=r"release\.approve was denied to them \(model leaving\)"):
            approve(opened, "leaving/4", by="cy")
        deny_person(opened, "cy", "release.approve", model="leaving", lift=True, by="ada")
        approve(opened, "leaving/4", by="cy")
        revoke_person(opened, "bo", by="ada")
        with pytest.raises(Forbidden, match="'bo' may not roll back"):
            rollback(opened, "leaving", by="bo")
        revoke_person(opened, "cy", roles=("approver", "validator"), by="ada")
        add_person(opened, "di", roles=("engineer",), by="ada")
        with pytest.raises(Refused, match="found 0 approvals"):
            release(opened, "leaving/4", by="di")


def test_a_role_ends_on_its_day_and_is_for_its_model(folder: Path) -> None:
    a_team(folder)
    with open_project(folder) as opened:
        until = opened.now() + timedelta(days=1)
        add_person(opened, "di", roles=("oncall",), model="leaving", until=until, by="ada")
        with pytest.raises(Forbidden):
            rollback(opened, "worth", by="di")
        assert rollback(opened, "leaving", by="di").champion == 1
        opened.clock = lambda: until
        with pytest.raises(Forbidden):
            rollback(opened, "leaving", by="di")


def test_the_last_admin_is_neither_revoked_nor_forgotten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_team(folder)
    for words in (["people", "revoke", "ada"], ["people", "deny", "ada", "role.grant"]):
        assert main([*words, "--by", "ada", "--project", str(folder)]) == 2
        assert "found the last admin of the project" in capsys.readouterr().err
    with open_project(folder) as opened:
        add_person(opened, "pia", roles=("privacy_officer",), by="ada")
    assert main(["people", "forget", "ada", "--by", "pia", "--project", str(folder)]) == 2
    assert "found the last admin of the project" in capsys.readouterr().err


def test_a_key_is_made_once_in_a_file_of_its_owner_alone_outside_the_project(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["people", "key"]) == 0
    first = capsys.readouterr().out
    assert main(["people", "key"]) == 0
    assert capsys.readouterr().out == first
    file = person_key_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.is_relative_to(folder)
    file.chmod(0o640)
    assert main(["people", "key"]) == 2
    assert "others may read (mode 640)" in capsys.readouterr().err
    file.chmod(0o600)
    file.write_text("zz")
    assert main(["people", "key"]) == 2
    assert "found no key, expected 64 hex digits" in capsys.readouterr().err
    for place in ("/proc/nope/x", str(file / "below")):
        monkeypatch.setenv("COMPORTA_PERSON_KEY", place)
        assert main(["people", "key"]) == 2, place
        assert place in " ".join(capsys.readouterr().err.split())


def keyed(folder: Path, name: str = "bo") -> str:
    """The team, one of whom has a key on this machine; the public half."""
    a_team(folder)
    public = public_hex(make_person_key())
    with open_project(folder) as opened:
        add_person(opened, name, key=public, by="ada")
    return public


def test_who_has_a_key_acts_by_it_and_by_it_alone(folder: Path) -> None:
    public = keyed(folder)
    with open_project(folder) as opened:
        before = opened.ledger.head().seq
        done = rollback(opened, "leaving")
        assert done.by == "bo", "it is known who it is without being told"
        (event,) = [each for each in opened.ledger.events(before) if each.kind == VersionReleased.kind]
        proof = msgspec.json.decode(event.body or b"")["proof"]
        assert (proof["kind"], proof["key"]) == ("key", public)
        assert verify(opened).sound and verify_people(opened) == ()
    person_key_file().unlink()  # elsewhere, somebody says that they are bo
    alone = pytest.raises(Forbidden, match="a key is registered for them, found their name alone")
    with open_project(folder) as opened, alone:
        release(opened, "leaving/2", by="bo")


def test_a_revoked_key_proves_nothing_and_never_does_again(folder: Path) -> None:
    public = keyed(folder)
    with open_project(folder) as opened:
        revoke_person(opened, "bo", key=public[:12], by="ada")
        with pytest.raises(Forbidden, match="'zoe' may not roll back"):
            rollback(opened, "leaving")
        with pytest.raises(Refused, match="it was revoked, expected a new one"):
            add_person(opened, "bo", key=public, by="ada")
        with pytest.raises(Forbidden, match="a key is registered for them, found their name alone"):
            rollback(opened, "leaving", by="bo")
        new = public_hex(Ed25519PrivateKey.generate())
        add_person(opened, "bo", key=new, by="ada")


def test_where_nobody_grants_only_who_has_a_key_ends_it_or_adds_another(folder: Path) -> None:
    undeclared(folder)
    first, second = public_hex(make_person_key()), public_hex(Ed25519PrivateKey.generate())
    file, away = person_key_file(), person_key_file().with_suffix(".away")
    with open_project(folder) as opened:
        add_person(opened, "cy", key=first)
        file.rename(away)
        for act in (
            lambda: revoke_person(opened, "cy", key=first),
            lambda: add_person(opened, "cy", key=second),
        ):
            with pytest.raises(Refused, match="Where it is lost, an admin decides"):
                act()
        away.rename(file)
        revoke_person(opened, "cy", key=first)
        with pytest.raises(Forbidden, match="found their name alone"):
            rollback(opened, "leaving", by="cy")
        with pytest.raises(Refused, match="valid or revoked, expected it to sign"):
            add_person(opened, "cy", key=second)
        add_person(opened, "ada", roles=("admin",), by="ada")
        add_person(opened, "cy", key=second, by="ada")


def test_an_id_in_capitals_is_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_team(folder)
    with open_project(folder) as opened:
        cy = find(opened, "cy")
    assert cy is not None
    for by in (cy.id.upper(), cy.id):
        assert main(["approve", "leaving/2", "--by", by, "--project", str(folder)]) == 2
        assert "found an id of a person" in capsys.readouterr().err


def test_the_last_admin_does_not_shorten_deny_or_lose_their_own_right(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_team(folder)
    at = ["--project", str(folder)]
    assert main(["people", "add", "di", "--role", "admin", "--by", "ada", *at]) == 0
    assert main(["people", "deny", "ada", "role.grant", "--by", "di", *at]) == 0
    with open_project(folder) as opened:
        before = opened.ledger.head().seq
    capsys.readouterr()
    for words in (
        ["add", "di", "--role", "admin", "--until", "2099-01-01", "--by", "di"],
        ["revoke", "di", "--by", "di"],
        ["deny", "di", "role.grant", "--by", "di"],
    ):
        assert main(["people", *words, *at]) == 2, words
        assert capsys.readouterr().err
    with open_project(folder) as opened:
        assert opened.ledger.head().seq == before


def test_an_approval_by_name_does_not_count_where_proof_is_asked_since(folder: Path) -> None:
    with open_project(folder) as opened:
        candidate(opened, "zoe")
        approve(opened, "leaving/4", by="rui")
    declare(folder, f'{DECLARED} proven=("release.approve",),')
    with open_project(folder) as opened, pytest.raises(Refused, match="found 0 approvals, expected 1"):
        release(opened, "leaving/4", by="ana")


def test_a_signed_approval_counts_where_proof_is_asked(folder: Path) -> None:
    undeclared(folder)
    with open_project(folder) as opened:
        add_person(opened, "rui", key=public_hex(make_person_key()))
        candidate(opened, "zoe")
    file = folder / "project.py"
    at = file.read_text().rindex(")")
    file.write_text(f'{file.read_text()[:at]}    {DECLARED} proven=("release.approve",),\n)\n')
    with open_project(folder) as opened:
        approve(opened, "leaving/4", by="rui")
        assert release(opened, "leaving/4", by="ana").champion == 4


def test_a_model_that_was_denied_to_somebody_is_not_run_by_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_team(folder)
    with open_project(folder) as opened:
        add_person(opened, "zoe", roles=("engineer",), by="ada")
        deny_person(opened, "zoe", "train.run", model="leaving", by="ada")
    for models in (["leaving"], []):
        assert main(["run", *models, "--project", str(folder)]) == 2
        assert "train.run was denied to them (model leaving)" in capsys.readouterr().err


def test_who_may_run_one_model_may_cancel_its_jobs_and_no_others(folder: Path) -> None:
    a_team(folder)
    with open_project(folder) as opened:
        add_person(opened, "zoe", roles=("scientist",), model="leaving", by="ada")
        job = ask.ask(opened, "run", RunArguments(models=("leaving",)))
        assert ask.cancel(opened, job.id).state == "cancelled"
        with pytest.raises(Forbidden):
            ask.ask(opened, "run", RunArguments(models=("worth",)))
        with pytest.raises(Forbidden):  # and not whether there is such a job
            ask.cancel(opened, "none")


def test_fewer_approvals_are_an_edit_of_the_policy(folder: Path) -> None:
    a_team(folder)
    with open_project(folder) as opened:
        for each in ("zoe", "bo"):
            add_person(opened, each, roles=("engineer",), by="ada")
        deny_person(opened, "zoe", "policy.edit", by="ada")
        model, who = opened.model("leaving"), permission(opened, "train.run", by="zoe")
        declared, before = forms(opened, model), candidate(opened, "bo", needed=2)
        before = replace(before, policy=declared.policy)
        require_policy(who, declared, before, 2)
        require_policy(who, declared, before)
        with pytest.raises(Forbidden, match=r"policy\.edit was denied"):
            require_policy(who, declared, before, 1)
        require_policy(permission(opened, "train.run", by="bo"), declared, before, 1)


def test_a_project_that_asks_for_proof_does_not_take_a_name(folder: Path) -> None:
    declare(folder, f'{DECLARED} proven=("release", "waive"),')
    with open_project(folder) as opened:
        for act in (
            lambda: release(opened, "leaving/1", by="ana"),
            lambda: rollback(opened, "leaving", by="ana"),
        ):
            with pytest.raises(Forbidden, match=r"asks for proof of who does it .*comporta people key"):
                act()


def test_a_name_that_means_no_act_is_a_fault_of_the_project(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(folder, f'{DECLARED} proven=("relaese",),')
    assert main(["check", "--project", str(folder)]) == 3
    assert "proven: found 'relaese', expected" in capsys.readouterr().out


def signed_rollback(opened: OpenProject) -> tuple[VersionReleased, ActPlace, str]:
    """The fact of a roll-back that bo signed, as the ledger has it."""
    before = opened.ledger.head().seq
    rollback(opened, "leaving")
    (event,) = [each for each in opened.ledger.events(before) if each.kind == VersionReleased.kind]
    place = ActPlace(project=opened.ledger.project, key=opened.keys.fingerprint)
    bo = find(opened, "bo")
    assert bo is not None
    return msgspec.json.decode(event.body or b"", type=VersionReleased), place, bo.id


def test_a_signature_is_for_one_act_of_one_person_in_one_project_at_one_time(folder: Path) -> None:
    keyed(folder)
    with open_project(folder) as opened:
        fact, place, bo = signed_rollback(opened)
        with pytest.raises(Refused, match="its proof was used before"):
            require_proven(opened.ledger, fact, bo, place, opened.clock())
        now, private = opened.clock(), make_person_key()
        fresh = sign(replace(fact, proof=msgspec.UNSET), private, place, now)
        require_proven(opened.ledger, fresh, bo, place, now)
        other = replace(fresh, release=replace(fresh.release, number=99))
        with pytest.raises(Tampered, match="its signature is not of what it says"):
            require_proven(opened.ledger, other, bo, place, now)
        with pytest.raises(Tampered, match="its signature is not of what it says"):
            require_proven(opened.ledger, fresh, bo, replace(place, project="another"), now)
        cy = find(opened, "cy")
        assert cy is not None
        with pytest.raises(Refused, match="its proof is by another's key"):
            require_proven(opened.ledger, fresh, cy.id, place, now)
        for apart in (timedelta(minutes=6), timedelta(minutes=-6)):
            with pytest.raises(Refused, match="expected within five minutes"):
                require_proven(opened.ledger, fresh, bo, place, now + apart)


def test_an_audit_finds_a_signed_act_that_was_recorded_twice_or_is_another(folder: Path) -> None:
    keyed(folder)
    with open_project(folder) as opened:
        fact, _, _ = signed_rollback(opened)
        forged = replace(fact, release=replace(fact.release, number=99))
        # As somebody could who has the project's key and no key of bo's.
        opened.ledger.transact(lambda tx: tx.append(fact))
        opened.ledger.transact(lambda tx: tx.append(forged))
        faults = "\n".join(verify_people(opened))
        assert "its proof was used before, in event" in faults
        assert "its signature is not of what it says" in faults


def test_rubbish_is_refused_in_one_line_and_nothing_is_recorded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_team(folder)
    with open_project(folder) as opened:
        before = opened.ledger.head().seq
    for words, said in (
        (["add", "di", "--role", "king"], "--role: found 'king', expected one of: viewer"),
        (["add", "di", "--key", "zz"], "--key: found 2 characters, expected 64 hex digits"),
        (["add", "di", "--key", "f" * 64], "found no Ed25519 key"),
        (["add", "di", "--key", "01" + "00" * 31], "found no Ed25519 key"),
        (["add", "di", "--role", "viewer", "--model", "nosuch"], "--model: found no model 'nosuch'"),
        (["deny", "bo", "release.execute", "--model", "typo"], "--model: found no model 'typo'"),
        (["revoke", "person-0000000000000000"], "found nobody with the id 'person-0000000000000000'"),
        (["deny", "person-0000000000000000", "data.read"], "found nobody with the id"),
        (["add", "di"], "found no --role, --key or --service"),
        (["add", "di", "--role", "viewer", "--until", "soon"], "--until: found 'soon', expected a day"),
        (["add", "di", "--role", "viewer", "--until", "2001-01-01"], "expected a day to come"),
        (["add", "ada", "--role", "approver"], "found the role 'approver' for oneself"),
        (["add", "ci", "--service", "--role", "approver"], "for a service account, expected a person"),
        (["revoke", "nobody"], "found nobody called 'nobody'"),
        (
            ["revoke", "bo", "--role", "owner"],
            "found no role 'owner' of theirs there, expected one of: auditor, engineer",
        ),
        (["deny", "bo", "fly"], "found the action 'fly', expected one of: version.read"),
        (["deny", "bo", "train.run", "--lift"], "found no denial of train.run"),
    ):
        assert main(["people", *words, "--by", "ada", "--project", str(folder)]) == 2, words
        assert said in capsys.readouterr().err
    with open_project(folder) as opened:
        assert opened.ledger.head().seq == before
        assert find(opened, "di") is None and find(opened, "ci") is None, "nobody was entered either"


def test_the_directory_shows_roles_and_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keyed(folder)
    assert main(["people", "list", "--json", "--project", str(folder)]) == 0, "bo's key is on this machine"
    told = {each["name"]: (each["role"], each["keys"]) for each in json.loads(capsys.readouterr().out)}
    assert told["bo"] == ("auditor, engineer", 1)
    assert told["ada"] == ("admin", 0)


def job_token(private: ec.EllipticCurvePrivateKey, **claims: object) -> str:
    """As GitHub signs one for a job of acme/churn, ES256."""

    def text(data: bytes) -> str:
        return urlsafe_b64encode(data).rstrip(b"=").decode()

    now = datetime.now(UTC).timestamp()
    told = {"iss": ISSUER, "aud": "comporta", "repository": "acme/churn", "run_id": "4711", "exp": now + 300}
    head = {"alg": "ES256", "kid": "k"}
    signed = ".".join(text(json.dumps(each).encode()) for each in (head, {**told, **claims}))
    r, s = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def test_a_ci_job_releases_by_its_token_what_a_person_approved_and_approves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_team(folder)
    private = ec.generate_private_key(ec.SECP256R1())
    x, y = (
        urlsafe_b64encode(each.to_bytes(32, "big")).rstrip(b"=").decode()
        for each in (private.public_key().public_numbers().x, private.public_key().public_numbers().y)
    )
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y}]}))
    at = ["--by", "ada", "--project", str(folder)]
    rule = [
        "--issuer",
        ISSUER,
        "--audience",
        "comporta",
        "--jwks",
        str(jwks),
        "--claim",
        "repository=acme/churn",
    ]
    assert main(["people", "trust", "ci", *rule, *at]) == 0
    assert main(["people", "add", "ci", "--service", "--role", "engineer", *at]) == 0
    with open_project(folder) as opened:
        candidate(opened, "bo")
        approve(opened, "leaving/4", by="cy")
        before = opened.ledger.head().seq
    monkeypatch.setenv("COMPORTA_JOB_TOKEN", "env://JOB")
    monkeypatch.setenv("JOB", job_token(private))
    there = ["--project", str(folder)]
    assert main(["approve", "leaving/4", *there]) == 2
    assert "'ci' may not approve a version" in capsys.readouterr().err
    assert main(["release", "leaving/4", *there]) == 0
    with open_project(folder) as opened:
        (event,) = [each for each in opened.ledger.events(before) if each.kind == VersionReleased.kind]
        told = msgspec.json.decode(event.body or b"")
        assert told["release"]["by"].startswith("service-")
        assert (told["proof"]["kind"], told["proof"]["job"]) == ("ci_job", "run_id=4711")
        assert b"acme" not in (event.body or b"")
    monkeypatch.delenv("COMPORTA_JOB_TOKEN")
    with open_project(folder) as opened:
        add_person(opened, "au", roles=("auditor",), by="ada")
    monkeypatch.setenv("LOGNAME", "au")
    with open_project(folder) as opened:
        assert verify(opened).sound and verify_people(opened) == ()
    monkeypatch.setenv("COMPORTA_JOB_TOKEN", "env://JOB")
    for token, said in (
        (job_token(private, repository="acme/fork"), "its claim 'repository' is another"),
        (job_token(ec.generate_private_key(ec.SECP256R1())), "its signature is wrong"),
        (job_token(private, exp=1), "it has ended"),
        (job_token(private, run_id=None), "it numbers no job (job_id, run_id)"),
        (job_token(private, run_id="a b"), "it numbers no job"),
        ("nonsense", "it is no signed token"),
        (f"{urlsafe_b64encode(b'[' * 9000).decode().rstrip('=')}.e30.e30", "it is no signed token"),
    ):
        monkeypatch.setenv("JOB", token)
        assert main(["rollback", "leaving", *there]) == 2
        shown = capsys.readouterr().err
        assert said in shown and token not in shown
