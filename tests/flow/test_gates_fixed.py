"""What a candidate is asked to pass is fixed when it is asked for: no edit of a gate opens it afterwards."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from comporta.acts.build.run import run
from comporta.acts.judge.forms import forms
from comporta.acts.judge.gate import gate
from comporta.acts.judge.report import report
from comporta.acts.judge.waive import waive
from comporta.acts.release.release import release, version_of
from comporta.cli.init import make
from comporta.cli.run import run as command
from comporta.errors import Refused
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence
from comporta.records import Version
from comporta.report import junit, markdown, page

TEAM = '''
from comporta.records import Record, Verdict, need

LEAST = 5000


def enough(rows):
    return rows.height > least()


def least():
    return LEAST


def deep(rows):
    return rows.height > 10


class Many(Record, frozen=True):
    """A check of the team's own: its limit is in its code alone."""

    name: str = "many rows"
    required: bool = True

    def needs(self):
        return (need("scores", metric="roc_auc"),)

    def judge(self, evidence):
        rows = evidence[0].figures[0].rows
        said = "pass" if rows > 9000 else "fail"
        return Verdict(check=self.name, outcome=said, required=self.required, reason=f"{rows} rows.")
'''
DOUBT, PLAN = "roc_auc at least 0.78", "roc_auc by plan at least 0.76"
GATES = 'at_least("roc_auc", 0.78), at_least("roc_auc", 0.76, by="plan"), accept(enough), Many()'
FIRST = {DOUBT: "inconclusive", PLAN: "inconclusive", "accepted: enough": "fail", "many rows": "fail"}
UNTIL = datetime.now(UTC) + timedelta(days=30)


class Folder:
    """A project whose gates and own checks can be edited."""

    def __init__(self, root: Path) -> None:
        self.root = root
        make(root, "churn")
        self._text = (root / "project.py").read_text()
        (root / "team.py").write_text(TEAM)
        self.gates(GATES)

    def gates(self, gates: str, fit: str = "") -> None:
        head = "from comporta import Person\nfrom comporta.checks import accept\nfrom team import *\n"
        text = re.sub(r"gates=\(.*\),\n\)", lambda _: f"gates=({gates},),\n)", self._text)
        text = text.replace("models=(leaving,)", 'models=(leaving,), people=(Person("rui", "validator"),)')
        text = text.replace("    # Imported here", f"{fit}    # Imported here")
        (self.root / "project.py").write_text(text.replace("import polars", f"{head}import polars", 1))

    def edit(self, old: str, new: str) -> None:
        file = self.root / "team.py"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def judged(self) -> Version:
        with open_project(self.root, works=True) as opened:
            return gate(opened, "leaving").version


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("fixed"))
    with open_project(made.root, works=True) as opened:
        (version,) = run(opened).versions
        assert {sentence(each.display_title): each.outcome for each in version.verdicts} == FIRST
        assert set(version.forms) == set(version.required_checks) == {each.check for each in version.verdicts}
    return made


def carried(version: Version) -> dict[str, str]:
    return {sentence(each.display_title): each.outcome for each in version.verdicts if each.carried}


def todays(version: Version) -> dict[str, str]:
    return {sentence(each.display_title): each.outcome for each in version.verdicts if not each.carried}


def test_to_judge_the_value_alone_afterwards_opens_nothing(folder):
    folder.gates(GATES.replace('"roc_auc", 0.78', '"roc_auc", 0.78, on="value"'))
    version = folder.judged()
    assert todays(version)[f"{DOUBT}, as changed since"] == "pass"
    assert carried(version) == {DOUBT: "inconclusive"}
    with open_project(folder.root, works=True) as opened, pytest.raises(Refused, match=f"{DOUBT}: roc_auc"):
        release(opened, "leaving/1")
    folder.gates(GATES)
    assert todays(folder.judged()) == FIRST, "as it was asked at first, it is judged as at first"


@pytest.mark.parametrize(
    ("check", "old", "new"),
    [
        ("accepted: enough", "rows.height > least()", "rows.height > 3000"),
        ("accepted: enough", "return LEAST", "return LEAST - 3000"),
        ("accepted: enough", "LEAST = 5000", "LEAST = 3000"),
        ("many rows", "rows > 9000", "rows > 900"),
    ],
)
def test_an_edited_function_or_class_of_a_check_opens_nothing(folder, check, old, new):
    folder.edit(old, new)
    version = folder.judged()
    assert todays(version)[f"{check}, as changed since"] == "pass"
    assert carried(version) == {check: FIRST[check]}
    folder.edit(new, old)
    assert carried(folder.judged()) == {}


def test_an_edit_that_no_check_reaches_changes_none(folder):
    folder.edit("LEAST = 5000\n", "LEAST = 5000\nOTHER = 1\n")
    assert carried(folder.judged()) == {}


def test_what_an_audit_said_of_a_check_is_not_taken_for_an_edited_one(folder):
    folder.gates(f'{GATES}, accept(deep, level="audit")')
    with open_project(folder.root, works=True) as opened:
        gate(opened, "leaving", level="audit")
    assert todays(folder.judged())["accepted: deep"] == "pass"
    folder.edit("rows.height > 10", "rows.height > 9000")
    assert todays(folder.judged())["accepted: deep"] == "inconclusive"
    folder.gates(GATES)


def test_which_rows_and_units_a_model_declares_is_part_of_what_its_checks_ask(folder):
    with open_project(folder.root, works=True) as opened:
        model = opened.model("leaving")
        first = forms(opened, model)
        assert forms(opened, model) == first
        for other in (replace(model, group=None), replace(model, split=replace(model.split, test="30d"))):
            assert not set(forms(opened, other).now.items()) & set(first.now.items())
        assert forms(opened, replace(model, slices=("plan",))) == first, "no check of these is told of them"


def test_the_same_model_built_another_way_stays_asked_what_it_was_asked(folder):
    folder.gates(GATES.replace('at_least("roc_auc", 0.76, by="plan"), ', ""), fit='    "Another build."\n')
    with open_project(folder.root, works=True) as opened:
        (version,) = run(opened).versions
        assert version.number == 2
        assert version.parts["model"] == version_of(opened, "leaving/1").parts["model"]
        assert carried(version) == {PLAN: "inconclusive"}
        assert version.policy == version_of(opened, "leaving/1").policy != version.judged_by


def test_a_waiver_is_told_before_and_after_and_when_it_has_ended(folder):
    with open_project(folder.root, works=True) as opened:
        for check in FIRST:
            waive(opened, "leaving/2", check, by="rui", reason="a trial", until=UNTIL)
        assert version_of(opened, "leaving/2").state == "passed"
    assert command(project=folder.root) == 0, "as `comporta gate` says"
    with open_project(folder.root, works=True) as opened:
        now = report(opened, "leaving/2")
        opened.clock = lambda: UNTIL + timedelta(days=1)
        later = report(opened, "leaving/2")
    day = f"{UNTIL:%Y-%m-%d}"
    for write in (page, markdown, junit):
        assert f"{DOUBT}: until {day} by rui, validator: a trial. It was inconclusive then." in write(now)
        assert f"(Waived until {day} by rui, validator: a trial. It was inconclusive then.)" in write(now)
        assert "waiver, ended" in write(later) and "waiver, ended" not in write(now)
        assert f"(A waiver not in force: until {day} by rui" in write(later)
        assert "declared when it was made, left out or changed since" in write(now)
        for digest in (now.version.policy, now.version.judged_by):
            assert digest[:16] in write(now)
    assert now.releasable and not later.releasable


def test_what_later_versions_are_compared_with_is_kept_when_it_is_measured_later(tmp_path):
    folder = Folder(tmp_path)
    with open_project(tmp_path, works=True) as opened:
        (quick,) = run(opened, level="commit").versions
    assert "reference" not in quick.parts
    assert "reference" in folder.judged().parts
