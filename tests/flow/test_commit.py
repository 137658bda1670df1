"""What a push is held to: closed by what fails or cannot be asked, not by what a sample is too small for."""

from __future__ import annotations

from pathlib import Path

import pytest

from comporta.acts.build.commit_checks import (
    SampleVerdicts,
    _is_inconclusive,
    check_on_sample,
)
from comporta.checks import at_least, judge
from comporta.cli.init import make
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence
from comporta.records import Artifact, Evidence, Figure, UnmeasuredFigure

GATES = """
from comporta.checks import accept
from comporta.records import Figure, Record, Verdict, need


class Raises(Record, frozen=True, kw_only=True):
    name: str = "a check that raises"
    required: bool = True
    level: str = "commit"

    def needs(self):
        return (need("feature quality"),)

    def judge(self, evidence):
        return Verdict(check=self.name, outcome="pass", required=True, reason=str(1 / 0))


def crashes(rows):
    import os

    os._exit(7)


def wide(rows):
    return Figure(metric="importance", value=0.5, low=0.2, high=0.8, rows=rows.height)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("push")
    make(made, "churn")
    return made


def tried(root: Path, gate: str) -> SampleVerdicts:
    file = root / "project.py"
    if not (root / "first.py").exists():
        (root / "first.py").write_text(file.read_text())
    text = (root / "first.py").read_text()
    start, end = text.index("    gates=("), text.index("project = Project(")
    text = f"{text[:start]}    gates=({gate},),\n)\n\n{text[end:]}"
    text = text.replace("\ncustomers = Dataset(", f"{GATES}\n\ncustomers = Dataset(", 1)
    file.write_text(text)
    with open_project(root, works=True) as opened:
        (found,) = check_on_sample(opened).models
    return found


def test_a_required_check_that_raises_closes(root):
    found = tried(root, "Raises()")
    assert found.fails
    assert "raised ZeroDivisionError" in sentence(found.verdicts[0].reason)
    assert not tried(root, "Raises(required=False)").fails


@pytest.mark.usefixtures("worker_processes")
def test_a_required_check_whose_evidence_was_not_made_closes(root):
    found = tried(root, 'accept(crashes, level="commit")')
    assert found.fails
    assert found.verdicts[0].required
    assert "could not be measured" in sentence(found.verdicts[0].reason)


def test_what_a_sample_is_too_small_to_tell_closes_nothing_and_says_so(root):
    found = tried(root, 'accept(wide, at_least=0.5, level="commit"), at_least("roc_auc", 0.6)')
    assert not found.fails
    (open_, sure) = found.verdicts
    assert (open_.outcome, open_.required, open_.opens) == ("inconclusive", True, False)
    assert found.undecided == (open_.check,)
    assert [(each.decided_at, each.blocks) for each in found.report_rows()] == [
        ("release", False),
        (None, False),
    ]
    assert (sure.outcome, sure.required) == ("pass", True)


def test_what_only_reports_is_in_doubt_without_being_left_open(root):
    found = tried(root, 'accept(wide, at_least=0.5, level="commit", required=False)')
    assert (found.verdicts[0].outcome, found.undecided, found.fails) == ("inconclusive", (), False)


def test_a_check_left_open_does_not_hide_another_that_fails(root):
    found = tried(root, 'accept(wide, at_least=0.5, level="commit"), at_least("roc_auc", 0.999)')
    assert len(found.undecided) == 1 and found.fails


def test_metrics_that_a_sample_has_no_rows_for_are_left_to_the_full_run():
    artifact = Artifact(digest="0" * 64, size=3, kind="json")
    check = at_least("roc_auc", 0.6, by="plan")
    (wanted,) = check.needs()
    few = Evidence(need=wanted, artifact=artifact, missing="12 rows, at least 30 expected")
    none = Evidence(need=wanted, missing="nothing was measured for 'scores'")
    assert _is_inconclusive(*judge((check,), {wanted: few}))
    assert not _is_inconclusive(*judge((check,), {wanted: none}))


def test_a_slice_of_one_class_in_a_sample_is_left_to_the_full_run():
    check = at_least("roc_auc", 0.6, by="plan")
    (wanted,) = check.needs()
    found = Evidence(
        need=wanted,
        artifact=Artifact(digest="0" * 64, size=3, kind="json"),
        figures=(Figure(metric="roc_auc", value=0.8, low=0.7, high=0.9, rows=900, slice="plan=basic"),),
        unmeasured=(UnmeasuredFigure(metric="roc_auc", slice="plan=staff", why="one class only"),),
    )
    (verdict,) = judge((check,), {wanted: found})
    assert not verdict.opens
    assert _is_inconclusive(verdict)
