"""A check from a package outside Comporta works whole: measured as a step, judged, required, reported."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from comporta.acts.build.run import run
from comporta.acts.judge.gate import gate
from comporta.acts.judge.pool import spec_of
from comporta.acts.judge.report import presentation, report
from comporta.acts.release.release import release
from comporta.cli.init import make
from comporta.errors import BadProject, Refused
from comporta.opened.project import open_project
from comporta.records import Condition, Figure, MeasurementSpec, need
from comporta.report import page
from comporta.testing.checks import CheckContract

sys.path.insert(0, str(Path(__file__).parents[1] / "packages" / "monthly_calibration"))

from monthly_calibration import calibrated_each_month
from monthly_calibration.measure import GAP, measure

PACKAGE = Path(__file__).parents[1] / "packages" / "monthly_calibration"
CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
SPEC = MeasurementSpec(reads={"predictions": "predictions"})


def month(value: float, low: float, high: float) -> Figure:
    return Figure(
        metric=GAP, value=value, low=low, high=high, rows=400, where=(Condition("month", "2025-03"),)
    )


class TestThePackagesCheck(CheckContract):
    check = staticmethod(lambda: calibrated_each_month(0.05))
    good = (month(0.02, 0.01, 0.03),)
    bad = (month(0.2, 0.15, 0.25),)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project beside a copy of the package, whose code a test may edit."""
    made = tmp_path / "installed" / "monthly_calibration"
    made.mkdir(parents=True)
    for file in (PACKAGE / "monthly_calibration").glob("*.py"):
        (made / file.name).write_text(file.read_text())
    monkeypatch.setenv("PYTHONPATH", str(made.parent))
    monkeypatch.syspath_prepend(made.parent)
    for name in [each for each in sys.modules if each.partition(".")[0] == "monthly_calibration"]:
        monkeypatch.delitem(sys.modules, name)
    root = tmp_path / "churn"
    make(root, "churn")
    return root


def gated(root: Path, at_most: float) -> None:
    text = (root / "project.py").read_text()
    text = re.sub(r"    gates=\(.*\),\n", f"    gates=(calibrated_each_month({at_most}),),\n", text)
    imported = "from monthly_calibration import calibrated_each_month\n"
    (root / "project.py").write_text(imported + text.removeprefix(imported))


def test_it_is_measured_judged_blocks_and_stands_in_the_report(project: Path) -> None:
    gated(project, 0.5)
    with open_project(project, works=True) as opened:
        (first,) = run(opened).versions
        (verdict,) = first.verdicts
        assert (verdict.outcome, verdict.check) == ("pass", "monthly_calibration?at_most=0.5")
        assert verdict.figure is not None
        assert verdict.figure.metric == GAP
        release(opened, first.id)

    gated(project, 0.0)
    with open_project(project, works=True) as opened:
        second = gate(opened, first.id).version
        failed = next(each for each in second.verdicts if each.check == "monthly_calibration?at_most=0")
        assert failed.outcome == "fail"
        assert failed.evidence == verdict.evidence, "another limit measures nothing again"
        shown = page(report(opened, first.id), presentation(opened, "leaving").drawings)
        assert "Predictive performance" in shown
        assert "hollow as predicted, full as it happened" in shown
        assert "calibration gap at most 0 in each month" in shown
        assert re.search(r"month=\d{4}-\d\d", shown), "a report names the month, a fact does not"


def test_it_blocks_what_does_not_pass(project: Path) -> None:
    gated(project, 0.0)
    with open_project(project, works=True) as opened:
        (version,) = run(opened).versions
        assert [each.outcome for each in version.verdicts] == ["fail"]
        with pytest.raises(Refused, match="calibration gap at most 0 in each month"):
            release(opened, version.id)


def test_its_edited_measuring_is_measured_again_and_is_a_changed_check(project: Path) -> None:
    gated(project, 0.5)
    with open_project(project, works=True) as opened:
        (version,) = run(opened).versions
    file = project.parent / "installed" / "monthly_calibration" / "measure.py"
    file.write_text(file.read_text().replace("FEWEST = 30", "FEWEST = 3_000_000"))
    for name in [
        each for each in sys.modules if each.partition(".")[0] in ("monthly_calibration", "project")
    ]:
        del sys.modules[name]
    with open_project(project, works=True) as opened:
        again = gate(opened, version.id).version
    now = [each for each in again.verdicts if not each.carried]
    assert [each.outcome for each in now] == ["inconclusive"]
    assert [each.outcome for each in again.verdicts if each.carried] == ["pass"]


@pytest.mark.parametrize(
    ("what", "spec", "said"),
    [
        ("noise", SPEC, "expected another name"),
        ("mine", MeasurementSpec(reads={"rows": "tests"}), "reads tests, expected some of"),
        (
            "mine",
            MeasurementSpec(functions=("open",)),
            "functions open, expected some of counted, fit, opened",
        ),
        ("mine", MeasurementSpec(context=("target",)), "context target, expected some of decimals, group"),
    ],
)
def test_a_spec_that_asks_for_what_there_is_not_is_refused(
    what: str, spec: MeasurementSpec, said: str
) -> None:
    with pytest.raises(BadProject, match=said):
        spec_of(need(what, measure=measure, spec=spec))


def test_a_function_without_a_spec_is_refused() -> None:
    with pytest.raises(BadProject, match="found measure without spec"):
        need("mine", measure=measure)


def test_the_worked_example_of_the_contributors_page_is_this_package() -> None:
    files = "\n".join(file.read_text() for file in (PACKAGE / "monthly_calibration").glob("*.py"))
    blocks = re.findall(r"^```python\n(.*?)^```$", CONTRIBUTING.read_text(), re.S | re.M)
    assert len(blocks) >= 2
    assert [each for each in blocks if each.rstrip() not in files] == []
