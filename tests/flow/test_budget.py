"""A level's time is spent: what was not measured closes the way, and the next look goes on from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from comporta.acts.build.project_check import find_faults
from comporta.acts.build.run import run
from comporta.acts.build.run_views import run_of
from comporta.acts.judge.gate import gate
from comporta.cli.init import make
from comporta.errors import BadProject
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence
from comporta.records import Run


def measured(run: Run) -> set[str]:
    return {
        name for name in run.nodes if name.startswith(("contamination", "feature drift", "importance of"))
    }


def test_what_the_time_did_not_last_for_is_missing_and_measured_next_time(tmp_path: Path) -> None:
    make(tmp_path, "churn")
    file = tmp_path / "project.py"
    text = file.read_text()
    start, end = text.index("    gates=("), text.index("project = Project(")
    gates = 'at_least("roc_auc", 0.6), contamination(), feature_drift(required=False)'
    text = f"{text[:start]}    gates=({gates}),\n)\n\n{text[end:]}"
    head = "from comporta.checks import contamination, feature_drift\n"
    file.write_text(text.replace("from comporta import", f"{head}from comporta import", 1))
    settings = tmp_path / "comporta.toml"
    before = settings.read_text() if settings.exists() else ""

    settings.write_text(f'{before}\nbudget = "release=soon"\n')
    with (
        open_project(tmp_path, works=True) as opened,
        pytest.raises(BadProject, match="budget: release: found 'soon'"),
    ):
        find_faults(opened)
    settings.write_text(f'{before}\nbudget = "release=0s"\n')
    with open_project(tmp_path, works=True) as opened:
        report = run(opened)
        assert report.run.outcome == "done"
        (version,) = report.versions
        figures, mixed, drift = version.verdicts
        assert figures.outcome == "pass", "metrics are of the candidate itself: the time is not theirs"
        for verdict in (mixed, drift):
            assert verdict.outcome == "inconclusive"
            assert "the level's time budget was spent" in sentence(verdict.reason)
        assert not mixed.opens
        assert not measured(report.run)

    settings.write_text(before)
    with open_project(tmp_path, works=True) as opened:
        judged = gate(opened, version.id)
        assert judged.version.number == version.number
        assert {each.outcome for each in judged.version.verdicts} <= {"pass", "does not apply"}
        again = run_of(opened, judged.run.id).run
        assert len(measured(again)) == 3
        assert "score leaving" in again.reused
