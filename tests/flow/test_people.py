"""People in facts are ids that only a directory names; it can forget, and their words can be deleted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from comporta import load
from comporta.acts.judge.report import report
from comporta.acts.judge.waive import waive
from comporta.acts.release.release import approve, models, release, rollback, version_of
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.acts.upkeep.remove import remove
from comporta.acts.upkeep.storage import reachable, sweep
from comporta.cli import main
from comporta.errors import BadProject, NotFound, Refused, Tampered
from comporta.opened.people import forget, people, with_names
from comporta.opened.people_seal import unknown_approvers
from comporta.opened.project import OpenProject, open_project
from comporta.records import Artifact
from comporta.records.facts import VersionApproved, VersionJudged, VersionRegistered
from comporta.registry import VERSIONS, forgotten_approvers
from comporta.release import ROUTES
from comporta.report import page
from comporta.store import artifact_name

NAME, REASON = "Quendrith Aldenmoor", "Zephyrine told me that it is right"
DECLARED = 'people=(Person("ana", "validator"), Person("rui", "owner")),'


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, unpack_house: Callable[[Path], Path]) -> Path:
    """A project with versions that passed, in which nobody is declared yet."""
    folder = tmp_path_factory.mktemp("people") / "shop"
    unpack_house(folder)
    file = folder / "project.py"
    assert DECLARED in file.read_text()
    file.write_text(file.read_text().replace(DECLARED, ""))
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    shutil.copytree(kept, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def opened(folder: Path) -> Iterator[OpenProject]:
    with open_project(folder) as opened:
        yield opened


def declare(folder: Path, people: str) -> None:
    """The project file declares these people."""
    file = folder / "project.py"
    text = file.read_text()
    at = text.rindex(")")
    file.write_text(f"{text[:at]}    people=({people},),\n{text[at:]}")


def recorded(opened: OpenProject, after: int = 0) -> str:
    return "\n".join(event.body.decode() for event in opened.ledger.events(after))


def everywhere(opened: OpenProject) -> str:
    """Every byte of the ledger and of the store."""
    opened.ledger.close()
    files = [file for file in (opened.root / ".comporta").rglob("*") if file.is_file()]
    return "\n".join(file.read_bytes().decode("latin-1") for file in files)


def untouched(opened: OpenProject) -> tuple[int, list[str]]:
    return opened.ledger.head().seq, [each.name for each in opened.store.list()]


def test_a_fact_holds_neither_a_name_nor_a_reason(opened: OpenProject) -> None:
    before = opened.ledger.head().seq
    approve(opened, "worth/1", by=NAME, role="owner", reason=REASON)
    rollback(opened, "leaving", by=NAME, reason=REASON)
    release(opened, "leaving/2", by=NAME, reason=REASON)
    found = recorded(opened, before)
    assert found.count('"by":"person-') == 3
    for word in (*NAME.split(), REASON, "Zephyrine"):
        assert word not in found


def test_who_acted_and_why_is_shown_by_name(opened: OpenProject, folder: Path) -> None:
    approved = approve(opened, "worth/1", by=NAME, role="owner", reason=f"  {REASON}\n")
    assert (approved.approvals[-1].by, approved.approvals[-1].reason) == (NAME, REASON)
    moved = rollback(opened, "leaving", by=NAME, reason="odd")
    assert (moved.by, moved.reason, moved.champion) == (NAME, "odd", 1)
    tree = "\n".join(tree_lines(trace(opened, "worth/1")))
    assert f"approved by {NAME}" in tree and REASON in tree
    assert f"rollback 5 by {NAME}" in "\n".join(tree_lines(trace(opened, "leaving/1")))
    drawn = page(report(opened, "worth/1"))
    assert NAME in drawn and REASON in drawn


def test_two_spellings_are_one_person_who_approves_once(opened: OpenProject) -> None:
    approve(opened, "worth/1", by="Ana Ré", reason="one")
    for same in (" ana   ré ", "ANA RÉ", "Ana Re\N{COMBINING ACUTE ACCENT}", "Ana\N{ZERO WIDTH SPACE} Ré"):
        with pytest.raises(Refused, match="approved it already"):
            approve(opened, "worth/1", by=same, reason="two")
    assert len(list(opened.store.list("people/"))) == 1


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("  ", "found a blank name"),
        ("\N{ZERO WIDTH SPACE}\t\n\0", "found a blank name"),
        ("x" * 201, "found a name of 201 characters, expected at most 200"),
        (
            "person-0123456789abcdef",
            "found an id of a person in .person-0123456789abcdef., expected the person's name",
        ),
        ("PERSON-0123456789ABCDEF", "found an id of a person in .PERSON-0123456789ABCDEF., expected"),
        ("Service-0123456789abcdef", "found an id of a person in .Service-0123456789abcdef., expected"),
        ("per\N{LATIN SMALL LETTER LONG S}on-0123456789abcdef", "found an id of a person in"),
    ],
)
def test_a_name_that_is_none_is_refused_and_nothing_is_written(
    opened: OpenProject, by: str, said: str
) -> None:
    before = untouched(opened)
    for act in (
        lambda: approve(opened, "worth/1", by=by),
        lambda: release(opened, "leaving/1", by=by),
        lambda: rollback(opened, "leaving", by=by),
    ):
        with pytest.raises(BadProject, match=said):
            act()
    assert untouched(opened) == before


def test_what_is_refused_writes_down_neither_the_person_nor_the_reason(opened: OpenProject) -> None:
    before = untouched(opened)
    with pytest.raises(Refused):
        release(opened, "leaving/3", by=NAME, reason=REASON)
    with pytest.raises(Refused):
        approve(opened, "leaving/3", by=NAME, reason=REASON)
    with pytest.raises(BadProject, match="found 'chief', expected one of: viewer, scientist"):
        approve(opened, "worth/1", by=NAME, role="chief", reason=REASON)
    assert untouched(opened) == before


def test_where_people_are_declared_only_they_approve_in_the_role_declared(folder: Path) -> None:
    declare(folder, 'Person("Ana", "validator"), Person("rui", "owner"), Person("bea", "builder")')
    with open_project(folder) as opened:
        before = untouched(opened)
        for by in ("bea", "zoe"):
            with pytest.raises(Refused, match=f"'{by}' may not approve a version, expected one of: Ana, rui"):
                approve(opened, "worth/1", by=by)
        with pytest.raises(BadProject, match="found 'owner', expected 'validator', as the project declares"):
            approve(opened, "worth/1", by="ANA", role="owner")
        assert untouched(opened) == before
        approved = approve(opened, "worth/1", by=" ana ", reason="read it")
        assert (approved.approvals[-1].by, approved.approvals[-1].role) == ("ana", "validator")


def test_a_person_declared_twice_or_blank_is_a_fault_of_the_project(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(folder, 'Person("Ana", "validator"), Person(" ana", "owner"), Person(" ", "owner")')
    assert main(["check", "--project", str(folder)]) == 3
    said = capsys.readouterr().out
    assert "found the name of 'Ana', expected each person once" in said
    assert "found a blank name" in said


def test_a_waiver_without_a_reason_is_refused_before_anything_is_written(folder: Path) -> None:
    declare(folder, 'Person("Ana", "validator")')
    with open_project(folder) as opened:
        before, until = untouched(opened), opened.clock() + timedelta(days=1)
        (shut,) = [each.check for each in version_of(opened, "leaving/3").verdicts if not each.opens][:1]
        with pytest.raises(Refused, match="a waiver without a reason"):
            waive(opened, "leaving/3", shut, by="ana", reason=" \n", until=until)
        assert untouched(opened) == before
        waived = waive(opened, "leaving/3", shut, by="ANA", reason=REASON, until=until)
        assert (waived.waivers[-1].by, waived.waivers[-1].reason) == ("ANA", REASON)
        assert REASON not in recorded(opened, before[0])


def test_who_is_forgotten_is_nobody_that_anything_names(opened: OpenProject) -> None:
    approve(opened, "worth/1", by=NAME, reason="ok")
    gone = forget(opened, NAME.upper())
    (version,) = with_names(opened, version_of(opened, "worth/1"))
    assert version.approvals[-1].by == f"a person forgotten ({gone.id})"
    assert people(opened) == ()
    with pytest.raises(NotFound, match="found nobody called"):
        forget(opened, NAME)
    approve(opened, "worth/1", by=NAME, reason="again, as somebody new")
    (again,) = people(opened)
    assert again.id != gone.id
    forget(opened, again.id)
    for word in NAME.split():
        assert word not in everywhere(opened)


def test_a_fact_tells_that_a_person_was_forgotten_and_not_who(opened: OpenProject) -> None:
    approve(opened, "worth/1", by=NAME)
    before = opened.ledger.head().seq
    gone = forget(opened, NAME)
    assert recorded(opened, before) == json.dumps({"person": gone.id, "by": ""}, separators=(",", ":"))


def test_forgetting_that_was_cut_short_is_finished_by_the_same_command(opened: OpenProject) -> None:
    approve(opened, "worth/1", by=NAME)
    (entry,) = opened.store.list("people/")
    data = opened.store.get(entry.name)
    first = forget(opened, NAME)
    opened.store.put(entry.name, data)  # as it was after the fact and before the deletion
    before = opened.ledger.head().seq
    assert forget(opened, NAME) == first
    assert opened.ledger.head().seq == before, "told once"
    assert list(opened.store.list("people/")) == []


def test_a_directory_that_was_lost_forgets_nobody(opened: OpenProject) -> None:
    approve(opened, "worth/1", by=NAME, reason=REASON)
    (entry,) = opened.store.list("people/")
    opened.store.delete(entry.name)
    approval = with_names(opened, version_of(opened, "worth/1"))[0].approvals[-1]
    assert approval.by.startswith("unknown (person-")
    assert approval.by.endswith("): not in the directory")


def test_a_reason_that_is_missing_is_not_told_as_deleted(opened: OpenProject) -> None:
    approve(opened, "worth/1", by=NAME, reason=REASON)
    reason = version_of(opened, "worth/1").approvals[-1].reason
    assert isinstance(reason, Artifact)
    opened.store.delete(artifact_name(reason.digest))
    shown = with_names(opened, version_of(opened, "worth/1"))[0].approvals[-1].reason
    assert shown == "(text missing: its artifact is not in the store)"


def test_who_acts_after_forgetting_was_cut_short_is_somebody_new_whose_approval_counts(
    opened: OpenProject,
) -> None:
    approve(opened, "worth/1", by=NAME)
    (entry,) = opened.store.list("people/")
    data = opened.store.get(entry.name)
    gone = forget(opened, NAME)
    opened.store.put(entry.name, data)  # as it was after the fact and before the deletion
    assert people(opened) == ()
    assert (
        with_names(opened, version_of(opened, "worth/1"))[0].approvals[-1].by
        == f"a person forgotten ({gone.id})"
    )
    again = approve(opened, "worth/1", by=NAME)
    assert again.approvals[-1].by == NAME
    (member,) = people(opened)
    assert member.id != gone.id
    version = version_of(opened, "worth/1")
    assert version.approvers(forgotten_approvers(opened.ledger, version)) == {member.id}, "it counts"


def test_a_reason_is_kept_by_gc_and_once_deleted_it_is_told_so(opened: OpenProject) -> None:
    approve(opened, "worth/1", by=NAME, reason=REASON)
    moved = rollback(opened, "leaving", by=NAME, reason="a second reason")
    approval = version_of(opened, "worth/1").approvals[-1]
    route = opened.ledger.get(ROUTES, "leaving")
    assert route is not None and moved.number == route.history[-1].number
    texts = [approval.reason, route.history[-1].reason]
    for each in texts:
        assert isinstance(each, Artifact) and each.kind == "text"
        assert artifact_name(each.digest) in reachable(opened)
    sweep(opened)
    assert with_names(opened, version_of(opened, "worth/1"))[0].approvals[-1].reason == REASON
    assert isinstance(approval.reason, Artifact)
    remove(opened, approval.reason.digest, reason="erasure", by=NAME)
    assert with_names(opened, version_of(opened, "worth/1"))[0].approvals[-1].reason == "(text deleted)"
    assert "(text deleted)" in "\n".join(tree_lines(trace(opened, "worth/1")))


def test_two_who_act_at_once_under_one_name_are_one_person(folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from comporta.opened.people import identify

    with open_project(folder) as opened, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: identify(opened, NAME).id, range(32)))
    assert len(set(found)) == 1


def test_the_command_line_lists_people_and_forgets_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(folder, 'Person("Ana", "validator"), Person("rui", "owner"), Person("pia", "privacy_officer")')
    where = ["--project", str(folder)]
    assert main(["approve", "worth/1", "--by", "ana", "--reason", REASON, *where]) == 0
    assert "worth/1 approved by ana" in capsys.readouterr().out
    assert main(["people", "list", "--json", *where]) == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    nobody = {"id": "", "since": None, "keys": 0, "valid_keys": [], "denied": []}
    assert found["rui"] == {**nobody, "name": "rui", "role": "owner"}
    assert found["Ana"]["id"].startswith("person-") and found["Ana"]["role"] == "validator"
    assert main(["models", "worth/1", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)[0]["approvals"][-1]["reason"] == REASON
    for by in ("ana", "rui", "zoe"):
        assert main(["people", "forget", "ANA", "--by", by, *where]) == 2
        assert f"'{by}' may not" in capsys.readouterr().err, "else it would shed their duties and their key"
    assert main(["people", "forget", "ANA", "--by", "pia", *where]) == 0
    said = capsys.readouterr()
    assert found["Ana"]["id"] in said.out
    assert "still declares Ana" in said.err
    assert main(["people", "forget", "ANA", "--by", "pia", *where]) == 2
    assert main(["models", "worth/1", *where]) == 0
    assert f"approved by a person forgotten ({found['Ana']['id']})" in capsys.readouterr().out


def test_the_python_face_lists_and_forgets_as_the_command_line_does(folder: Path) -> None:
    with open_project(folder) as opened:
        approve(opened, "worth/1", by=NAME)
    project = load(folder / "project.py")
    (one,) = project.directory()
    assert one.name == NAME
    assert project.forget(NAME) == one.id
    assert project.directory() == ()


def test_facts_of_before_with_plain_names_are_read_beside_those_with_ids(opened: OpenProject) -> None:
    """What an older Comporta wrote holds the name and the text themselves."""
    approve(opened, "worth/1", by=NAME, reason=REASON)
    both = [event for event in opened.ledger.events() if event.kind == VersionApproved.kind]
    assert [event.schema for event in both] == [1, 1, 2]
    older = msgspec.json.decode(both[0].body)["approval"]
    assert (older["by"], older["reason"]) == ("ana", "Read every verdict.")


@pytest.mark.parametrize(
    "words",
    [
        ["approve", "worth/1", "--by", ""],
        ["approve", "worth/1", "--by", " "],
        ["approve", "worth/1", "--by", "ana", "--role", ""],
        ["release", "leaving/1", "--by="],
        ["rollback", "leaving", "--by", ""],
        ["waive", "leaving/3", "any", "--reason", "x", "--until", "2099-01-01", "--by", ""],
        ["audit", "remove", "3", "--reason", "erasure", "--by", ""],
    ],
)
def test_an_option_that_is_given_blank_names_nobody(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with open_project(folder) as opened:
        before = untouched(opened)
    assert main([*words, "--project", str(folder)]) == 2
    assert "found a blank --by or --role" in " ".join(capsys.readouterr().err.split())
    with open_project(folder) as opened:
        assert untouched(opened) == before


def entries(opened: OpenProject) -> dict[str, Path]:
    """Name → the file that holds the entry."""
    files = [file for file in (opened.root / ".comporta" / "store" / "people").rglob("*") if file.is_file()]
    return {json.loads(file.read_bytes())["name"]: file for file in files}


def rewrite(file: Path, data: bytes) -> None:
    file.chmod(0o600)
    file.write_bytes(data)


def swap_ids(one: Path, two: Path) -> None:
    first, second = json.loads(one.read_bytes()), json.loads(two.read_bytes())
    first["id"], second["id"] = second["id"], first["id"]
    rewrite(one, json.dumps(first).encode())
    rewrite(two, json.dumps(second).encode())


def swap_whole(one: Path, two: Path) -> None:
    first, second = one.read_bytes(), two.read_bytes()
    rewrite(one, second)
    rewrite(two, first)


def without_seal(one: Path, two: Path) -> None:
    for file in (one, two):
        entry = json.loads(file.read_bytes())
        del entry["seal"]
        rewrite(file, json.dumps(entry).encode())


@pytest.mark.parametrize("change", [swap_ids, swap_whole, without_seal])
def test_who_acted_cannot_be_changed_in_the_directory_without_the_key(
    folder: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Path, Path], None]
) -> None:
    where = ["--project", str(folder)]
    with open_project(folder) as opened:
        approve(opened, "worth/1", by="Ana")
        approve(opened, "worth/1", by="Rui")
        assert main(["audit", "verify", *where]) == 0
        capsys.readouterr()
        ids = [each.by for each in version_of(opened, "worth/1").approvals[-2:]]
        found = entries(opened)
        change(found["Ana"], found["Rui"])
        (version,) = with_names(opened, version_of(opened, "worth/1"))
        told = [each.by for each in version.approvals[-2:]]
        assert told == [f"name changed in the directory ({id})" for id in ids]
        for act in (lambda: forget(opened, "Ana"), lambda: forget(opened, ids[0])):
            with pytest.raises(Tampered, match="is not as it was written"):
                act()
        with pytest.raises(Tampered, match="is not as it was written"):
            release(opened, "leaving/1", by="ana")
    assert main(["audit", "verify", *where]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert all(f"the entry of {id} in the directory of people is not as it was written" in said for id in ids)


def audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of `comporta audit verify`, and what it says."""
    capsys.readouterr()
    code = main(["audit", "verify", "--project", str(folder)])
    return code, " ".join(capsys.readouterr().out.split())


def test_one_person_does_not_count_twice_by_deleting_their_entry(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_project(folder) as opened:
        bare = opened.ledger.get(VERSIONS, "leaving/00000003")
        assert bare is not None
        new = msgspec.structs.replace(
            bare, model="pair", number=1, needed=2, verdicts=(), waivers=(), approvals=(), parts={}
        )
        judged = VersionJudged(model="pair", number=1, verdicts=(), policy="p", level="release")
        opened.ledger.transact(
            lambda tx: [tx.append(each) for each in (VersionRegistered(version=new), judged)]
        )
        approve(opened, "pair/1", by="Ana")
        (first,) = (each.by for each in version_of(opened, "pair/1").approvals)
        assert audit(folder, capsys)[0] == 0
        (entry,) = opened.store.list("people/")
        data = opened.store.get(entry.name)
        opened.store.delete(entry.name)
        assert approve(opened, "pair/1", by="Ana").state == "passed", "not approved by two"
        assert [each.state for each in models(opened) if each.model == "pair"] == ["passed"]
        with pytest.raises(Refused, match=r"found 1 approvals, expected 2. Not counted: 1 by people"):
            release(opened, "pair/1", by="Ana")
        code, said = audit(folder, capsys)
        assert code == 3
        assert f"{first}, who acted in event" in said and "neither in the directory of people nor" in said
        opened.store.delete(entry.name)
        opened.store.put(entry.name, data)  # the older entry instead: the other id is nobody's then
        with pytest.raises(Refused, match="found 1 approvals, expected 2"):
            release(opened, "pair/1", by="Rui")


def test_a_directory_that_is_gone_is_found_by_the_audit(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_project(folder) as opened:
        approve(opened, "worth/1", by="Ana")
        rollback(opened, "leaving", by="Rui")
    shutil.rmtree(folder / ".comporta" / "store" / "people")
    code, said = audit(folder, capsys)
    assert (code, said.count("is neither in the directory of people nor forgotten")) == (3, 2)


def test_an_entry_that_is_there_again_after_forgetting_is_found_with_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_project(folder) as opened:
        approve(opened, "worth/1", by="Ana")
        (entry,) = opened.store.list("people/")
        data = opened.store.get(entry.name)
        gone = forget(opened, "Ana")
        assert audit(folder, capsys)[0] == 0
        opened.store.put(entry.name, data)
    code, said = audit(folder, capsys)
    assert code == 3
    assert f"the entry of {gone.id} is in the directory of people, though" in said
    assert f"comporta people forget {gone.id}" in said
    assert main(["people", "forget", gone.id, "--project", str(folder)]) == 0
    assert audit(folder, capsys)[0] == 0


def test_a_directory_that_cannot_be_read_is_told_as_such_and_forgets_nobody(opened: OpenProject) -> None:
    approve(opened, "worth/1", by="Ana")
    version = version_of(opened, "worth/1")

    class Broken(type(opened.store)):  # type: ignore[misc]
        def list(self, prefix: str = ""):  # type: ignore[no-untyped-def]
            raise PermissionError(13, "Permission denied")

    opened.store.__class__ = Broken
    with pytest.raises(BadProject, match=r"directory of people cannot be read \(Permission denied\)"):
        unknown_approvers(opened.store, opened.keys, version)
