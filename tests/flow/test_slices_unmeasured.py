"""A real project in which one slice holds one class only, and another a handful of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from comporta.acts.build.run import run
from comporta.acts.release.release import release
from comporta.cli.init import make
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence
from comporta.records import Version

PLANS = '"basic", "family", "business"'


def written(root: Path, gates: str, more: str = "") -> None:
    """Nobody of the staff ever leaves, and two customers are on trial."""
    text = (root / "first.py").read_text().replace(PLANS, f'{PLANS}, "staff", "trial"')
    start, end = text.index("    gates=("), text.index("project = Project(")
    text = f"{text[:start]}    gates=({gates},),{more}\n)\n\n{text[end:]}"
    (root / "project.py").write_text(text.replace("at_most,", "at_most, no_worse,", 1))


def judged(root: Path) -> Version:
    with open_project(root, works=True) as opened:
        (version,) = run(opened).versions
    return version


def test_a_slice_of_one_class_closes_the_way_and_a_small_one_is_named(tmp_path):
    make(tmp_path, "churn")
    (tmp_path / "first.py").write_text((tmp_path / "project.py").read_text())
    sample = (tmp_path / "sample.py").read_text()
    drawn = f"plan = chance.choice([{PLANS}], CUSTOMERS, p=[0.5, 0.3, 0.2])\n"
    odds = "- 0.015 * tenure + season\n"
    assert drawn in sample and odds in sample
    sample = sample.replace(drawn, f'{drawn}    plan[:2], plan[2:80] = "trial", "staff"\n')
    sample = sample.replace(odds, f'{odds}    odds[:, plan == "staff"] = -50.0\n')
    (tmp_path / "sample.py").write_text(sample)

    written(tmp_path, 'at_least("roc_auc", 0.6), at_least("roc_auc", 0.6, by="plan", required=False)')
    first = judged(tmp_path)
    said = {sentence(each.display_title): each for each in first.verdicts}
    assert said["roc_auc at least 0.6"].outcome == "pass"
    sliced = said["roc_auc by plan at least 0.6"]
    assert sliced.outcome == "inconclusive"
    why = "Not measured in 1 slice, roc_auc plan=staff: not defined: no row is of the class "
    assert why in sentence(sliced.reason)
    assert sentence(sliced.reason).endswith(
        "1 slice under 30 rows or ten subjects is not judged: plan=trial."
    )

    with open_project(tmp_path, works=True) as opened:
        release(opened, first.id)
    gates = ", ".join(f'no_worse("{metric}", margin=0.5, by="plan")' for metric in ("roc_auc", "brier"))
    written(tmp_path, gates, more=" seed=7,")
    second = judged(tmp_path)
    area, brier = second.verdicts[:2]
    assert area.outcome == "inconclusive"
    assert area in second.blocking_verdicts(datetime.now(UTC) + timedelta(days=1))
    assert "Not measured in 1 slice, roc_auc plan=staff: not defined on its " in sentence(area.reason)
    # Where the metric is defined on one class, as that of probabilities is, the slice is judged.
    assert brier.outcome == "pass", sentence(brier.reason)
    for each in (area, brier):
        assert sentence(each.reason).endswith(
            "1 slice under 30 rows or ten subjects is not judged: plan=trial."
        )
