"""A release by plan as people see it: at the command line, as files, from Python, over HTTP."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.flow.rollouts import Traffic, controller_of, soon
from tests.flow.test_control import Control

from comporta import load
from comporta.acts.rollout.begin import begin_plan
from comporta.acts.rollout.release_report import release_report
from comporta.acts.rollout.steering import pause, resume
from comporta.api.releases import PlannedRelease
from comporta.cli import main
from comporta.errors import Refused
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence
from comporta.records.plan_counts import ArmTally
from comporta.report import ReleaseReport

FUSES = (ArmTally(requests=900, failed=3, unlogged=2), ArmTally(requests=800, without_unit=41))


class Rolled:
    """A project whose release of `ill/2` ended. before: the report of each look while it was under way."""

    def __init__(self, folder: Path, wrong: Callable[[str], float]) -> None:
        self.folder, self.before, self._count, now = folder, [], 0, soon()
        with open_project(folder, clock=lambda: now[0]) as opened:
            traffic = Traffic(opened, now, wrong, self._delay)
            begin_plan(opened, "ill/2", by="ana", reason="better on Sundays")
            looks = controller_of(opened, [], lambda plan: FUSES)
            for look in range(24):
                traffic.pass_hours(12, 900)
                looks.look()
                if look == 0:
                    pause(opened, "ill/2", by="ana")
                    resume(opened, "ill/2", by="ana")
                self.report: ReleaseReport = release_report(opened, "ill/2")
                if self.report.end is not None:
                    self.report = release_report(opened, "ill/2", full=True)
                    return
                self.before.append(self.report)
        raise AssertionError("it did not end")

    def _delay(self, arm: str, wrong: bool) -> float:
        """Hours until the label: of one in ninety too many."""
        self._count += 1
        return 2.0 if self._count % 90 else 14.0


@pytest.fixture(scope="module")
def good(rollout_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Rolled:
    folder = shutil.copytree(rollout_project, tmp_path_factory.mktemp("good") / "ward")
    return Rolled(folder, lambda arm: 0.2)


@pytest.fixture
def fresh(rollout_project: Path, tmp_path: Path) -> Path:
    return shutil.copytree(rollout_project, tmp_path / "ward")


def test_the_report_tells_what_came_of_it_its_steps_and_what_was_excluded(good: Rolled) -> None:
    found = good.report
    assert sentence(found.sentence) == "promoted: non-inferior on error"
    assert [(each.share, each.state) for each in found.steps] == [(0.05, "over"), (0.5, "over")]
    moments = [sentence(each.what) for each in found.moments]
    assert moments[0] == "began, compared with ill/1" and moments[-1] == "promoted"
    assert moments[1:-1] in (
        ["step 2 of 2: 50 % of units", "paused", "resumed"],
        ["paused", "resumed", "step 2 of 2: 50 % of units"],
    )
    assert [each.by for each in found.moments if each.by] == [
        "ana"
    ] * 3 and found.reason == "better on Sundays"
    excluded = {sentence(each.what): each.total for each in found.exclusions}
    assert (
        excluded["rows that said no unit"] == 41 and excluded["rows that were answered and not logged"] == 2
    )
    canary, control = found.arms
    assert (canary.requests, canary.failed, control.requests) == (900, 3, 800)
    assert canary.units + control.units > 1500


def test_evidence_over_time_ends_at_what_decided(good: Rolled) -> None:
    (error,) = good.report.outcomes
    last = error.points[-1]
    limits = {each.question: each.limit for each in error.questions}
    assert last.evidence["non_inferior"] >= limits["non_inferior"] > error.points[0].evidence["non_inferior"]
    assert [each.at for each in error.points] == sorted(each.at for each in error.points)
    assert not good.before[-1].outcomes[0].points, "they are asked for apart"
    assert last.low is not None and last.high is not None and last.low < 1 < last.high < 1.3


def test_what_was_expected_while_it_was_under_way_came_to_pass(good: Rolled) -> None:
    ended = good.report.ended
    told = [each.expected.at for each in good.before if each.expected is not None and each.expected.at]
    assert ended is not None and told
    assert abs(told[-1] - ended) <= timedelta(days=1.5)
    assert good.report.expected is None


def test_labels_that_came_after_their_horizon_are_counted_apart(good: Rolled) -> None:
    (missing,) = [each for each in good.report.exclusions if "without a label in time" in sentence(each.what)]
    assert missing.total > 0 and "of them labelled after their horizon of 12h" in sentence(missing.why)


@pytest.mark.soak
def test_a_worse_version_is_told_by_how_much(fresh: Path) -> None:
    found = Rolled(fresh, lambda arm: 0.35 if arm == "canary" else 0.2).report
    text = sentence(found.sentence)
    assert text.startswith("rolled back: worse on error by ") and text.endswith("]")
    assert [each.settled for each in found.outcomes[0].questions] == [True, False]


def test_the_command_line_shows_and_writes_it(
    good: Rolled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = ["--project", str(good.folder)]
    assert main(["release", "ill/2", "--status", *there]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[1] == "Promoted: non-inferior on error."
    assert all(len(line) <= 100 for line in shown.splitlines())
    assert "non-inferior  " + "█" * 30 in shown
    assert main(["release", "ill/2", "--watch", *there]) == 0, "one that ended is shown once"
    assert capsys.readouterr().out == shown
    files = [tmp_path / "page.html", tmp_path / "page.md"]
    out = [each for file in files for each in ("--out", str(file))]
    assert main(["release", "ill/2", "--page", *out, *there]) == 0
    capsys.readouterr()
    page, text = (file.read_text() for file in files)
    assert "Promoted: non-inferior on error." in page and "<svg" in page and "<script" not in page
    assert text.startswith("### ill/2: promoted: non-inferior on error")
    assert main(["releases", "--all", *there]) == 0
    assert "promoted: non-inferior on error" in capsys.readouterr().out
    assert main(["release", "ill/2", "--page", *there]) == 0
    assert (good.folder / ".comporta" / "reports" / "release-ill-2.html").read_text()[
        :15
    ] == "<!doctype html>"
    capsys.readouterr()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--page", "--out", "page.pdf"], "expected a name ending in .html or .md"),
        (["--out", "page.html"], "goes with --page or --status"),
        (["--page", "--status"], "expected one of them at most"),
    ],
)
def test_rubbish_is_one_clear_error(
    good: Rolled, asked: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release", "ill/2", *asked, "--project", str(good.folder)]) == 2
    assert said in capsys.readouterr().err


def test_a_version_without_a_plan_has_no_report(good: Rolled, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release", "ill/1", "--page", "--project", str(good.folder)]) == 2
    assert "found no release plan of it" in capsys.readouterr().err


def test_python_does_what_the_command_line_does(fresh: Path, tmp_path: Path) -> None:
    project = load(fresh / "project.py")
    assert repr(project.releases.list()) == "no releases"
    begun = project.release("ill/2", by="ana", reason="May")
    assert isinstance(begun, PlannedRelease) and "step 1 of 2 (5 % of units)" in begun.sentence
    assert [each.report.version for each in project.releases.list()] == ["ill/2"]
    assert project.releases.pause("ill/2", by="ana").report.state == "paused"
    assert project.releases.resume("ill/2", by="ana").report.state == "running"
    assert project.releases.abort("ill/2", by="ana", reason="no").sentence == "ended by a person"
    with pytest.raises(Refused, match="no release of it is under way"):
        project.releases.promote("ill/2", by="ana")
    found = project.releases.show("ill/2")
    assert "<iframe" in found._repr_html_() and repr(found) == "<release of ill/2: ended by a person>"
    assert found.write(tmp_path / "a.md").read_text().startswith("### ill/2: ended by a person")
    released = project.release("ill/2", at_once=True, by="ana")
    assert not isinstance(released, PlannedRelease) and released.champion == 2


@pytest.mark.usefixtures("own_folder")
def test_over_http_it_is_begun_looked_at_and_steered(fresh: Path) -> None:
    control = Control(fresh)
    try:
        token = control.token("mine", "ana")
        version = "/models/ill/versions/2/release"
        assert control.ask("GET", version, token).status_code == 404
        begun = control.ask("POST", version, token, json={"reason": "May"})
        assert begun.status_code == 200 and begun.json()["state"] == "running", begun.text
        shown = control.ask("GET", version, token).json()
        assert "step 1 of 2 (5 % of units)" in shown["sentence"] and shown["sentence_code"]["code"]
        assert [each["version"] for each in control.ask("GET", "/releases", token).json()] == ["ill/2"]
        assert control.ask("POST", f"{version}/pause", token).json()["state"] == "paused"
        again = control.ask("POST", f"{version}/pause", token)
        assert again.status_code == 409 and "paused already" in again.json()["error"]
        assert control.ask("POST", f"{version}/resume", token).json()["state"] == "running"
        refused = control.ask("POST", version, token, json={"at_once": True})
        assert refused.status_code == 409 and "is under way" in refused.json()["error"]
        assert control.ask("POST", f"{version}/abort", token, json={"why": "x"}).status_code == 400
        assert control.ask("POST", f"{version}/abort", token, json={"reason": "x"}).json()["end"] == "aborted"
        assert control.ask("GET", "/releases", token).json() == []
        assert len(control.ask("GET", "/releases?all=true", token).json()) == 1
        once = control.ask("POST", version, token, json={"at_once": True})
        assert once.status_code == 200 and once.json()["shares"][0]["version"] == 2, once.text
    finally:
        control.acts.close()
    assert json.dumps(shown, allow_nan=False)
    assert datetime.fromisoformat(shown["started"])
