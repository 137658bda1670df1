"""A version judged again: by other gates, more deeply, and with a waiver. Nothing is computed twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from comporta.acts.build.run import run
from comporta.acts.build.run_views import run_of
from comporta.acts.judge.gate import gate
from comporta.acts.judge.report import report
from comporta.acts.judge.verdicts import _deeper
from comporta.acts.judge.waive import waive
from comporta.acts.release.release import release, version_of
from comporta.acts.serve.serving_log import PredictionLog
from comporta.acts.trace.trace import trace
from comporta.cli.init import make
from comporta.data import log_rows, scan_slice, slice_of
from comporta.data.names import log_of
from comporta.errors import Refused
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence
from comporta.records import Feedback, Observation

NO_WORSE = "from comporta import no_worse\n"
BETTER = "from comporta.checks import better_than_champion\n"
UNTIL = datetime.now(UTC) + timedelta(days=30)
DEEP = """

class Deep(Record, frozen=True):
    name: str = "a deep check"
    required: bool = True
    level: str = "audit"

    def needs(self):
        return (need("feature quality"),)

    def judge(self, evidence):
        found = evidence[0]
        said = "pass" if found.figures else "inconclusive"
        return Verdict(check=self.name, outcome=said, required=True, reason=found.missing or "ScoredRows.")
"""


class Folder:
    """A project whose gates can be set."""

    def __init__(self, root: Path) -> None:
        self.root = root
        make(root, "churn")
        self._text = (root / "project.py").read_text()
        self.gates('at_least("roc_auc", 0.7)')

    def gates(self, gates: str, extra: str = "", more: str = "") -> None:
        start, end = self._text.index("    gates=("), self._text.index("project = Project(")
        text = f"{self._text[:start]}    gates=({gates},),{more}\n)\n\n{self._text[end:]}"
        text = text.replace("models=(leaving,)", 'models=(leaving,), people=(Person("rui", "validator"),)')
        text = text.replace("from comporta import ", "from comporta import Person, ", 1)
        text = text.replace("\nleaving = Model(", f"{extra}\n\nleaving = Model(", 1)
        head = "from comporta.records import Record, Verdict, need\n"
        text = text.replace("from comporta import", f"{head}from comporta import", 1)
        (self.root / "project.py").write_text(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("gates"))
    with open_project(made.root, works=True) as opened:
        run(opened)
    return made


def outcomes(version) -> dict[str, str]:
    return {sentence(each.display_title): each.outcome for each in version.verdicts}


def test_another_limit_judges_the_same_version_again_and_computes_nothing(folder):
    folder.gates('at_least("roc_auc", 0.7), at_least("roc_auc", 0.75)')
    with open_project(folder.root, works=True) as opened:
        judged = gate(opened, "leaving")
        assert judged.fresh
        assert judged.version.number == 1
        assert outcomes(judged.version)["roc_auc at least 0.75"] == "pass"
        assert set(run_of(opened, judged.run.id).run.nodes) == set(judged.run.reused)
        assert not gate(opened, "leaving").fresh


def test_a_limit_loosened_afterwards_leaves_the_first_one_standing(folder):
    folder.gates('at_least("roc_auc", 0.65)')
    with open_project(folder.root, works=True) as opened:
        version = gate(opened, "leaving").version
    (kept,) = [each for each in version.verdicts if each.carried]
    assert kept.check == "limit?metric=roc_auc&at_least=0.7"


def test_a_required_check_that_this_level_does_not_ask_blocks_until_it_is_asked(folder):
    folder.gates('at_least("roc_auc", 0.7), Deep()', DEEP)
    with open_project(folder.root, works=True) as opened:
        version = gate(opened, "leaving").version
        assert outcomes(version)["a deep check"] == "inconclusive"
        with pytest.raises(Refused, match=r"Not run at this level: comporta gate leaving/1 --level audit\."):
            release(opened, "leaving/1")
        # What another version of the very same model was told is not said of this one.
        told = next(each for each in version.verdicts if each.check == "a deep check")
        twin = replace(version, number=2, verdicts=(told,))
        forms = {told.check: told.form}
        (model,) = opened.project.models
        (again,) = [
            _deeper(opened.context, each, told, twin, forms)
            for each in model.gates
            if each.name == told.check
        ]
        assert sentence(again.reason) == "Not run at this level: comporta gate leaving/2 --level audit."
        deep = gate(opened, "leaving", level="audit").version
        assert outcomes(deep)["a deep check"] == "pass"
        # A shallower look leaves what the deeper one said.
        assert outcomes(gate(opened, "leaving").version)["a deep check"] == "pass"


def test_what_an_audit_only_reported_closes_the_way_once_it_is_required(folder):
    doubting = DEEP.replace('"pass" if found.figures else "inconclusive"', '"fail"').replace(
        "a deep", "a stern"
    )
    folder.gates('at_least("roc_auc", 0.7), Deep()', doubting.replace("True", "False"))
    with open_project(folder.root, works=True) as opened:
        deep = gate(opened, "leaving", level="audit").version
        assert outcomes(deep)["a stern check"] == "fail"
        assert "a stern check" not in {each.check for each in deep.blocking_verdicts(UNTIL)}
    folder.gates('at_least("roc_auc", 0.7), Deep()', doubting)
    with open_project(folder.root, works=True) as opened:
        assert "a stern check" in {
            each.check for each in gate(opened, "leaving").version.blocking_verdicts(UNTIL)
        }


def test_by_the_metric_of_the_business_a_first_version_is_compared_with_nothing(folder):
    folder.gates('at_least("roc_auc", 0.7)', more=' business="roc_auc",')
    with open_project(folder.root, works=True) as opened:
        version = gate(opened, "leaving").version
    assert outcomes(version)["roc_auc better than the champion"] == "does not apply"


def test_only_those_with_the_role_waive_and_a_waiver_lets_it_through(folder):
    folder.gates('at_least("roc_auc", 0.7), at_least("roc_auc", 0.999)')
    with open_project(folder.root, works=True) as opened:
        gate(opened, "leaving")
        with pytest.raises(Refused, match=r"roc_auc at least 0\.999"):
            release(opened, "leaving/1")
        with pytest.raises(Refused, match="'ana' may not waive a check, expected one of: rui"):
            waive(opened, "leaving/1", "roc_auc at least 0.999", by="ana", reason="no", until=UNTIL)
        waived = waive(opened, "leaving/1", "roc_auc at least 0.999", by="rui", reason="a trial", until=UNTIL)
        assert waived.state == "passed"
        assert waived.waivers[0].outcome == "fail"
        release(opened, "leaving/1")
        assert version_of(opened, "leaving").state == "released"
        (gates,) = [each for each in trace(opened, "leaving/1").children if each.kind == "gate"]
        assert sentence(gates.label) == "no required check blocks: 1 passed, 1 waived"
        (waived_one,) = gates.children
        assert sentence(waived_one.label) == "fail: roc_auc at least 0.999"
        assert waived_one.facts == {"waived by": "rui", "until": f"{UNTIL:%Y-%m-%d}"}


def test_a_candidate_is_replayed_over_what_production_asked_and_what_came_true(folder):
    folder.gates(
        'at_least("roc_auc", 0.7), replayed("accuracy", at_least=0.6)',
        "from comporta.checks import replayed\n",
    )
    with open_project(folder.root, works=True) as opened:
        verdict = {each.check: each for each in gate(opened, "leaving").version.verdicts}
        (before,) = [each for name, each in verdict.items() if "replay" in name]
        assert before.outcome == "does not apply"
        rows = scan_slice(
            opened.store, opened.keys, slice_of(opened.store, opened.keys, "customers")
        ).collect()
        newest = rows.filter(pl.col("left").is_not_null()).sort("month").tail(400)
        with PredictionLog(opened) as log:
            rows = [asked(row, at, opened.clock()) for at, row in enumerate(newest.iter_rows(named=True))]
            log_rows(opened.store, log_of("leaving"), "another", 0, rows)
            log.feedback(
                [
                    Feedback(id=f"p{at}", label=label, arrived=opened.clock())
                    for at, label in enumerate(newest["left"])
                ]
            )
        verdict = {each.check: each for each in gate(opened, "leaving").version.verdicts}
    (after,) = [each for name, each in verdict.items() if "replay" in name]
    assert after.outcome == "pass", sentence(after.reason)
    assert after.figure.rows == 400


def asked(row: dict[str, object], at: int, now: datetime) -> Observation:
    known = ("customer", "month", "plan", "tenure")
    inputs = {name: row[name].isoformat() if name == "month" else row[name] for name in known}
    return Observation(
        id=f"p{at}", model="leaving", version=1, at=now, inputs=inputs, output={"label": False}, key=f"k{at}"
    )


def test_a_challenger_must_be_better_by_the_metric_of_the_business(folder):
    """Version 1 serves. The same recipe with another seed is another version."""
    folder.gates('no_worse(margin=0.05, on="fault")', NO_WORSE, more=' business="roc_auc", seed=7,')
    with open_project(folder.root, works=True) as opened:
        first = version_of(opened, "leaving/1")
        # Tests before this one may have left it closed, or released; or none of them ran here.
        for each in first.blocking_verdicts(datetime.now(UTC)):
            waive(opened, first.id, each.check, by="rui", reason="a trial", until=UNTIL)
        if first.state != "released":
            release(opened, first.id)
        (version,) = run(opened).versions
        assert version.id == "leaving/2"
        said = {sentence(each.display_title): each for each in version.verdicts}
        assert said["main metric at most 0.05 worse than the champion"].outcome == "pass"
        better = said["roc_auc better than the champion"]
        assert better.outcome in ("fail", "inconclusive") and better.required
        assert better.check in version.required_checks
        with pytest.raises(Refused, match="roc_auc better than the champion"):
            release(opened, "leaving/2")
        assert report(opened, "leaving/2").champion == "leaving/1"
    # How much better is said by the gates where they say it.
    folder.gates('better_than_champion("roc_auc", 0.3)', BETTER, more=' business="roc_auc", seed=7,')
    with open_project(folder.root, works=True) as opened:
        version = gate(opened, "leaving/2").version
        now = {each.check for each in version.verdicts if not each.carried}
        assert now == {"better_than_champion?metric=roc_auc&by_at_least=0.3"}
