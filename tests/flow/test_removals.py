"""An artifact that is deleted on purpose is told as deleted for ever, and everything else still verifies."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comporta.acts.build.run_views import run_of, runs
from comporta.acts.release.release import approve, version_of
from comporta.acts.upkeep.audit import verify, verify_artifacts
from comporta.acts.upkeep.remove import remove
from comporta.cli import main
from comporta.errors import BadProject, NotFound, Refused
from comporta.opened.optimistic import settle
from comporta.opened.people import forget
from comporta.opened.project import OpenProject, open_project
from comporta.opened.removals import DELETED, REMOVALS
from comporta.records import Artifact
from comporta.records.facts import ArtifactRemoved, PersonForgotten
from comporta.store import artifact_name

WHY = "Zephyrine told me that it is right"


DECLARED = 'people=(Person("ana", "validator"), Person("rui", "owner")),'
"""Where nobody is declared, everybody deletes."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, unpack_house: Callable[[Path], Path]) -> Path:
    folder = tmp_path_factory.mktemp("removals") / "shop"
    unpack_house(folder)
    file = folder / "project.py"
    assert DECLARED in file.read_text()
    file.write_text(file.read_text().replace(DECLARED, ""))
    return folder


@pytest.fixture
def opened(kept: Path, tmp_path: Path) -> Iterator[OpenProject]:
    shutil.copytree(kept, tmp_path / "shop")
    with open_project(tmp_path / "shop", works=True) as opened:
        yield opened


def reason(opened: OpenProject) -> Artifact:
    """The text of an approval."""
    approve(opened, "worth/1", by="ana", reason=WHY)
    found = version_of(opened, "worth/1").approvals[-1].reason
    assert isinstance(found, Artifact)
    return found


def is_there(opened: OpenProject, artifact: Artifact) -> bool:
    return any(opened.store.list(artifact_name(artifact.digest)))


def test_a_text_that_was_deleted_is_no_fault_and_counted(opened: OpenProject) -> None:
    text = reason(opened)
    before = verify_artifacts(opened)
    assert before.faults == ()
    done = remove(opened, text.digest[:8], reason="erasure", by="rui")
    assert (done.artifact, done.reason, done.fresh) == (text, "erasure", True)
    assert not is_there(opened, text)
    after = verify_artifacts(opened)
    assert (after.faults, after.removed, after.objects) == ((), 1, before.objects - 1)
    assert verify(opened).sound


def test_a_text_that_is_gone_with_no_fact_stays_a_fault(opened: OpenProject) -> None:
    text = reason(opened)
    opened.store.delete(artifact_name(text.digest))
    audit = verify_artifacts(opened)
    assert [each.values["name"] for each in audit.faults] == [artifact_name(text.digest)]
    assert audit.removed == 0


def test_the_audit_tells_what_was_deleted_in_a_line_of_its_own(
    opened: OpenProject, capsys: pytest.CaptureFixture[str]
) -> None:
    text = reason(opened)
    asked = ["--project", str(opened.root)]
    assert main(["store", "remove", text.digest, "--reason", "law", "--by", "rui", *asked]) == 0
    assert f"Artifact {text.digest[:12]} (text) is deleted" in capsys.readouterr().out
    assert main(["audit", "verify", *asked]) == 0
    assert "1 more were deleted on purpose" in capsys.readouterr().out


def test_a_deletion_that_was_cut_short_is_finished_by_the_same_command(opened: OpenProject) -> None:
    text = reason(opened)
    data = opened.context.get(text)
    remove(opened, text.digest, reason="erasure", by="rui")
    opened.store.put(artifact_name(text.digest), data)  # as it was after the fact and before the deletion
    before = opened.ledger.head()
    assert not remove(opened, text.digest, reason="erasure", by="rui").fresh
    assert not is_there(opened, text)
    assert opened.ledger.head() == before, "told once"


def test_an_artifact_that_is_there_again_after_its_deletion_is_a_fault_with_what_to_do(
    opened: OpenProject,
) -> None:
    text = reason(opened)
    data = opened.context.get(text)
    remove(opened, text.digest, reason="erasure", by="rui")
    opened.store.put(artifact_name(text.digest), data)  # a backup was restored
    (fault,) = verify_artifacts(opened).faults
    assert (fault.code, fault.values["digest"]) == ("artifact.back", text.digest)
    remove(opened, text.digest, reason="erasure", by="rui")
    assert verify_artifacts(opened).faults == ()


def test_the_fact_names_who_by_id_and_why_by_a_code(opened: OpenProject) -> None:
    text = reason(opened)
    with pytest.raises(BadProject, match="found 'Zephyrine asked', expected one of: erasure, law, mistake"):
        remove(opened, text.digest, reason="Zephyrine asked", by="rui")
    assert is_there(opened, text)
    remove(opened, text.digest, reason="erasure", by="rui")
    fact = opened.ledger.get(REMOVALS, text.digest)
    assert isinstance(fact, ArtifactRemoved)
    assert fact.by.startswith("person-")
    assert fact.reason == "erasure"


@pytest.mark.parametrize("part", ["model", "onnx", "signature", "bundle", "code", "test", "scores"])
def test_what_a_version_needs_is_refused_and_stays(opened: OpenProject, part: str) -> None:
    artifact = version_of(opened, "leaving/1").parts[part]
    before = opened.ledger.head()
    with pytest.raises(Refused, match=rf"found the {part} of leaving/\d, expected a text"):
        remove(opened, artifact.digest, reason="erasure", by="rui")
    assert is_there(opened, artifact)
    assert opened.ledger.head() == before


def test_a_digest_that_is_none_or_of_several_is_said(opened: OpenProject) -> None:
    for digest in ("", "ab", "0" * 64, "../../x"):
        with pytest.raises(NotFound, match="found no artifact"):
            remove(opened, digest, reason="erasure", by="rui")


def test_findings_and_logs_can_be_deleted_and_everything_is_still_shown(
    opened: OpenProject, capsys: pytest.CaptureFixture[str]
) -> None:
    version = version_of(opened, "leaving/2")
    parts = {each.digest for each in version.parts.values()}
    found = {each.evidence for each in version.verdicts if each.evidence is not None}
    findings = [each for each in found if each.digest not in parts]
    assert findings
    logs = [
        (run.id, node)
        for run in runs(opened)
        for node, log in run_of(opened, run.id).logs.items()
        if log != DELETED
    ]
    for each in findings:
        remove(opened, each.digest, reason="erasure", by="rui")
    assert verify_artifacts(opened).faults == ()
    asked = ["--project", str(opened.root)]
    assert main(["report", "leaving/2", *asked]) == 0
    assert main(["trace", "leaving/2", *asked]) == 0
    assert main(["models", "leaving/2", *asked]) == 0
    for id, _ in logs:
        assert main(["show", id, *asked]) == 0
    capsys.readouterr()


def test_a_log_that_was_deleted_is_told_so_where_it_is_shown(opened: OpenProject) -> None:
    from comporta.engine import STEPS

    run, node = next((run.id, node) for run in runs(opened) for node in run_of(opened, run.id).logs)
    step = opened.ledger.get(STEPS, run_of(opened, run).run.nodes[node])
    assert step is not None and step.log is not None
    remove(opened, step.log.digest, reason="erasure", by="rui")
    assert run_of(opened, run).logs[node] == DELETED


def test_what_changed_while_it_was_decided_is_decided_again(opened: OpenProject) -> None:
    seen: list[bool] = []

    def look(view):
        from comporta.registry import FORGOTTEN

        return view.get(FORGOTTEN, "person-0123456789abcdef") is not None

    def decide(forgotten: bool):
        seen.append(forgotten)
        if not forgotten:  # somebody else comes first; no lock is held that would keep them waiting
            opened.ledger.transact(lambda tx: tx.append(PersonForgotten(person="person-0123456789abcdef")))
        return (ArtifactRemoved(digest="ab" * 32, reason="mistake", by=f"{forgotten}"),), forgotten

    assert settle(opened.ledger, look, decide) is True
    assert seen == [False, True]
    fact = opened.ledger.get(REMOVALS, "ab" * 32)
    assert fact is not None and fact.by == "True", "what was decided first is not appended"


def test_a_person_who_deleted_something_can_be_forgotten(opened: OpenProject) -> None:
    text = reason(opened)
    remove(opened, text.digest, reason="erasure", by="Quendrith")
    gone = forget(opened, "Quendrith")
    fact = opened.ledger.get(REMOVALS, text.digest)
    assert fact is not None and fact.by == gone.id
