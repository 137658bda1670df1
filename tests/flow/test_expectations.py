"""Broken rows that are let in and judged, on the real path: a run, a deeper look, and each push."""

from __future__ import annotations

from pathlib import Path

from comporta.acts.build.commit_checks import check_on_sample
from comporta.acts.build.run import run
from comporta.acts.judge.gate import gate
from comporta.acts.release.release import version_of
from comporta.cli.init import make
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence


def test_a_model_made_of_rows_that_break_what_is_declared_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "churn")
    project = tmp_path / "project.py"
    text = project.read_text()
    text = text.replace('Column("tenure", at_least=0)', 'Column("tenure", at_least=2, breach="report")')
    start, end = text.index("    gates=("), text.index("project = Project(")
    text = f"{text[:start]}    gates=(expectations(level='commit'),),\n)\n\n{text[end:]}"
    project.write_text(f"from comporta.checks import expectations\n{text}")
    with open_project(tmp_path, works=True) as opened:
        run(opened)
        (verdict,) = version_of(opened, "leaving/1").verdicts
        assert verdict.outcome == "fail" and "1 of 2 expectations of the data hold" in sentence(
            verdict.reason
        )
        assert "customers, column tenure, at_least" in sentence(verdict.reason)
        (again,) = gate(opened, "leaving/1").version.verdicts
        assert sentence(again.reason) == sentence(verdict.reason)
        (tried,) = check_on_sample(opened).models
        assert [each.outcome for each in tried.verdicts] == ["fail"] and tried.fails
