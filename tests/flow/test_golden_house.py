"""A whole project as an earlier Comporta kept it (`tests/golden/house`): it opens, and all of it works."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from comporta.acts.build.run_views import run_of, runs
from comporta.acts.judge.gate import gate
from comporta.acts.judge.logged_requests import logged_node
from comporta.acts.judge.report import report
from comporta.acts.judge.test_set import evaluations
from comporta.acts.release.release import approve, models, release, rollback, version_of
from comporta.acts.reproduce.reproduce import reproduce
from comporta.acts.serve.serving import ReleasedVersions
from comporta.acts.serve.serving_log import (
    PredictionLog,
    find_observation,
    newest_logs,
    scan_all_feedback,
    scan_all_predictions,
    seal_all,
)
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.acts.upkeep.audit import verify, verify_artifacts, verify_data
from comporta.data import slice_of
from comporta.errors import Refused
from comporta.ledger.bundle import export
from comporta.ledger.signing import pem, public_key
from comporta.opened.lineage import QUESTIONS
from comporta.opened.people import with_names
from comporta.opened.project import OpenProject, open_project
from comporta.opened.sentences import sentence
from comporta.opened.staleness import staleness
from comporta.opened.steps import STEPS
from comporta.records import Artifact, Plan, Range, Words
from comporta.records.ids import KINDS, PARTS
from comporta.registry import VERSIONS, version_key
from comporta.release import ROUTES
from comporta.serve import App
from comporta.store.frames import read
from comporta.testing.serving import ask

PROCESSES = True
"""What older releases made is asked as a user asks it, in workers."""

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_bundle.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, unpack_house: Callable[[Path], Path]) -> Path:
    folder = tmp_path_factory.mktemp("golden") / "shop"
    return unpack_house(folder)


@pytest.fixture
def opened(folder: Path):
    with open_project(folder, works=True) as opened:
        yield opened


def refused(opened: OpenProject, version: str) -> Refused:
    with pytest.raises(Refused) as found:
        release(opened, version, by="rui")
    return found.value


def traced(opened: OpenProject, text: str) -> str:
    return "\n".join(tree_lines(trace(opened, text)))


def test_its_versions_and_routes_are_what_they_were(opened: OpenProject) -> None:
    states = {version.id: version.state for version in models(opened)}
    assert states == {
        "leaving/1": "retired",
        "leaving/2": "released",
        "leaving/3": "refused",
        "worth/1": "released",
    }
    route = opened.ledger.get(ROUTES, "leaving")
    assert route is not None
    assert route.champion == 2
    assert [each.kind for each in route.history] == ["release", "release", "rollback", "release"]
    assert opened.ledger.get(ROUTES, "worth").champion == 1


def test_its_chain_readings_and_data_are_sound(opened: OpenProject) -> None:
    audit = verify(opened)
    assert audit.sound, audit.faults
    assert audit.events > 100
    assert audit.keyed > 100
    assert (audit.project, opened.ledger.projects()) == ("default", ["default"])
    artifacts = verify_artifacts(opened)
    assert artifacts.faults == ()
    assert artifacts.objects > 50
    data = verify_data(opened)
    assert data.faults == ()
    assert data.datasets == 5


def test_what_its_gates_said_is_shown_as_it_was_said(opened: OpenProject) -> None:
    told = {each.title: each for each in report(opened, "leaving/2").verdicts}
    assert len(told) == 15
    assert "served answers within 0.0001 of research" in told
    assert all(each.reason == each.verdict.reason for each in told.values()), "sentences of that release"
    assert {each.verdict.outcome for each in told.values() if each.verdict.required} == {
        "pass",
        "inconclusive",
    }


def _values(value: Words | Range) -> list[Words]:
    ends = (value.low, value.high) if isinstance(value, Range) else (value,)
    return [each for each in ends if each is not None]


def test_it_is_gated_again_and_its_waiver_still_holds(opened: OpenProject) -> None:
    judged = gate(opened, "leaving/2")
    assert judged.version.state == "released"
    assert len(judged.version.verdicts) == 15, "no check counts as changed or as another"
    assert not any(each.changed or each.carried for each in judged.version.verdicts)
    assert set(judged.version.required_checks) == {
        each.check for each in judged.version.verdicts if each.required
    }
    assert judged.version.forms == {
        each.check: each.form for each in judged.version.verdicts if each.required
    }
    assert judged.version.policy == judged.version.judged_by, "asked for what it is asked today"
    (blocking,) = [each for each in judged.version.verdicts if not each.opens]
    assert blocking.check == "limit?metric=brier&at_most=0.05"
    assert judged.version.waiver_of(blocking, opened.clock()) is not None
    assert judged.version.blocking_verdicts(opened.clock()) == ()
    # What was written out before stands in no new fact, and is read as before.
    stored = opened.ledger.get(VERSIONS, version_key("leaving", 2))
    slices = [each.figure.where for each in stored.verdicts if each.figure is not None and each.figure.where]
    values = [end for where in slices for each in where for end in _values(each.value)]
    assert values
    assert all(each.text == "" and re.fullmatch("[0-9a-f]{32}", each.digest) for each in values)
    told = [each.figure.where for each in judged.version.verdicts if each.figure is not None]
    assert "region" in {each.name for where in told for each in where}
    assert not any(isinstance(each.value, Words) and each.value.digest for where in told for each in where)
    assert "region=" not in str(stored.verdicts)
    titles = {each.check: sentence(each.display_title) for each in judged.version.verdicts}
    assert titles["parity?tolerance=0.0001"] == "training-serving skew at most 0.0001"
    assert titles["few are predicted to leave"] == "few are predicted to leave"
    assert not gate(opened, "leaving/2").fresh, "a second time there is nothing to rename"
    assert verify(opened).sound
    # Taken back and released again, on the strength of that waiver alone.
    assert rollback(opened, "leaving", by="ana", reason="to try").champion == 1
    assert release(opened, "leaving/2", by="rui", reason="and again").champion == 2


def test_what_was_refused_stays_refused(opened: OpenProject) -> None:
    assert gate(opened, "leaving/3").version.state == "refused"
    with pytest.raises(Refused, match="required checks block it"):
        release(opened, "leaving/3", by="rui")


def test_what_learned_from_an_erased_row_is_stale_and_says_so(opened: OpenProject) -> None:
    for version in ("leaving/1", "leaving/2", "leaving/3"):
        assert {each.answer for each in staleness(opened, version_of(opened, version))} == {"fresh"}
    found = {each.dataset: each.answer for each in staleness(opened, version_of(opened, "worth/1"))}
    assert found["orders"] == "erased"
    assert "erased since, from orders" in str(refused(opened, "worth/1"))
    assert "rows of orders erased since" in traced(opened, "worth/1")


def test_a_version_is_built_again_bit_for_bit(opened: OpenProject) -> None:
    done = reproduce(opened, "leaving/1")
    assert done.equal, done.reason
    # The scores' figures are the same; what could not be measured has a form of its own since, and intervals
    # are made in another way. The exported trees are the same; numbers reach them as they do the estimator's
    # since, and it is told where that was asked.
    assert {each.node: each.newer for each in done.steps if each.newer} == {
        "score leaving": ("scores",),
        "export leaving": ("onnx", "parity"),
    }


def test_what_its_measurings_said_is_shown_as_it_was_said(opened: OpenProject) -> None:
    found = {each.verdict.what: each.findings for each in report(opened, "leaving/1").verdicts}
    assert found["calibration"].notes == (
        "Bias is the mean of what was said less what came true, in shares.",
    )
    assert found["versus"].without == "there is no champion yet to compare with"
    assert found["contamination"].notes[0].startswith("twins in both parts: 98.27% of test rows")


def test_its_predictions_and_labels_are_there_sealed_and_open(opened: OpenProject) -> None:
    found = scan_all_predictions(opened, "leaving").collect()
    assert found.height == 25
    assert scan_all_predictions(opened, "worth").collect().height == 2
    assert scan_all_feedback(opened).collect().height == 18
    id = found.sort("at")["id"][0]
    tree = traced(opened, id)
    assert "leaving/2" in tree
    assert "customers@1" in tree
    assert "usage" in tree


def test_what_it_logged_as_json_is_read_in_typed_columns(opened: OpenProject) -> None:
    found = scan_all_predictions(opened, "leaving").collect()
    assert set(found["in.plan"]) == {"basic", "family"}
    assert found["in.tenure"].dtype == pl.Int64 and found["in.tenure"].null_count() == 0
    assert found["in.month"].dtype == pl.Datetime("us", "UTC")
    assert found["out.label"].dtype == pl.Boolean and found["out.label"].null_count() == 0
    assert found["out.probability"].is_between(0, 1).all()
    assert found["release"].null_count() == found.height, "it was not logged then"
    worth = scan_all_predictions(opened, "worth").collect()
    assert worth["out.prediction"].dtype == pl.Float64 and worth["in.items"].null_count() == 0


def test_its_labels_know_whom_they_are_about(opened: OpenProject) -> None:
    asked = scan_all_predictions(opened, "leaving").select("id", "subject").collect()
    known = dict(asked.iter_rows())
    told = scan_all_feedback(opened).collect()
    assert {id: known[id] for id in told["id"] if id in known} == {
        id: subject for id, subject in told.select("id", "subject").iter_rows() if id in known
    }


def replayed(opened: OpenProject) -> pl.DataFrame:
    """The requests of `leaving` that have a label, with the features of its second version."""
    version = version_of(opened, "leaving/2")
    logs = newest_logs(opened, ["leaving"])
    assert logs is not None
    model = opened.model("leaving")
    tables = {"usage": slice_of(opened.store, opened.keys, "usage")}
    node = logged_node(model, opened.root, {"signature": version.parts["signature"]}, logs, tables, ())
    _, answers = opened.engine.ask(Plan(nodes=(node,)), command="replay", project="shop")
    table = answers[node.name].step.outputs["table"]
    assert isinstance(table, Artifact)
    return read(opened.context, table)


def test_its_requests_are_replayed_beside_new_ones(opened: OpenProject) -> None:
    seal_all(opened)
    ids = set(scan_all_predictions(opened, "leaving").collect()["id"])
    labels = scan_all_feedback(opened).filter(pl.col("label") != "null").collect()
    assert replayed(opened).height == len(ids & set(labels["id"])) > 10


def test_it_serves_and_logs_beside_what_it_had_logged(opened: OpenProject) -> None:
    before = scan_all_predictions(opened, "leaving").collect().height

    async def once() -> None:
        with PredictionLog(opened) as log:
            async with App(ReleasedVersions(opened), log, key=opened.keys.unit, flush=0.02) as app:
                row = {"customer": 70, "month": "2026-08-01T00:00:00Z", "tenure": 70, "plan": "family"}
                status, _, data = await ask(
                    app, "POST", "/models/leaving/invocations", {"dataframe_records": [row]}
                )
                assert status == 200, data
                (id,) = json.loads(data)["prediction_ids"]
                status, _, data = await ask(app, "POST", "/feedback", {"id": id, "label": True})
                assert status < 300, data

    asyncio.run(once())
    now = scan_all_predictions(opened, "leaving").sort("at").collect()
    assert now.height == before + 1
    # The new row, and those that were open then, lie in a dataset of the model's own.
    mine = slice_of(opened.store, opened.keys, "predictions.leaving")
    assert mine.rows == 6
    assert slice_of(opened.store, opened.keys, "predictions").number == 1, "what was sealed stays as it is"
    row = now.row(-1, named=True)
    assert (row["release"], row["in.tenure"], row["in.plan"]) == (
        opened.ledger.get(ROUTES, "leaving").history[-1].number,
        70,
        "family",
    )
    assert row["latency_us"] > 0 and row["worker"]
    for id in now["id"]:
        assert "leaving/2" in traced(opened, id)


def test_a_subject_that_a_request_gave_in_a_column_alone_is_found_sealed_and_open(
    opened: OpenProject,
) -> None:
    async def asked(log: PredictionLog, customer: int) -> str:
        async with App(ReleasedVersions(opened), log, key=opened.keys.unit, flush=0.02) as app:
            row = {"customer": customer, "month": "2026-08-01T00:00:00Z", "tenure": 70, "plan": "family"}
            body = {"dataframe_records": [row]}
            status, _, data = await ask(app, "POST", "/models/leaving/invocations", body)
            assert status == 200, data
            return str(json.loads(data)["prediction_ids"][0])

    id = asyncio.run(asked(PredictionLog(opened), 71))
    assert f"prediction {id}" in traced(opened, "subject:71")
    seal_all(opened)
    assert f"prediction {id}" in traced(opened, "subject:71")
    found = find_observation(opened, id)
    assert found is not None and found.subject == "71"
    assert f"prediction {id}" not in traced(opened, "subject:72")


def test_a_subject_is_found_in_all_that_it_touched(opened: OpenProject) -> None:
    tree = traced(opened, "subject:45")
    assert "leaving/1" in tree
    assert "prediction" in tree


def test_who_acted_and_why_is_shown_as_it_was_written(opened: OpenProject) -> None:
    (version,) = with_names(opened, version_of(opened, "leaving/1"))
    (approval,) = version.approvals
    assert (approval.by, approval.role, approval.reason) == ("ana", "validator", "Read every verdict.")
    first = opened.ledger.get(ROUTES, "leaving").history[0]
    assert (first.by, first.reason, first.champion) == ("rui", "The first one.", 1)


def test_who_approved_it_then_cannot_approve_it_a_second_time(opened: OpenProject) -> None:
    with pytest.raises(Refused, match="ANA approved it already"):
        approve(opened, "leaving/1", by=" ANA ", reason="once more")


def test_its_releases_have_a_named_champion_and_what_left_the_traffic_is_retired(opened: OpenProject) -> None:
    for each in opened.ledger.get(ROUTES, "leaving").history:
        assert [share.role for share in each.shares] == ["champion"]
        assert each.retired == (() if each.previous is None else (each.previous,))


def test_its_keyed_chain_goes_on_as_one_that_a_stranger_verifies(opened: OpenProject, tmp_path: Path) -> None:
    keyed = [event for event in opened.ledger.events() if not event.leaf]
    begun = next(event for event in opened.ledger.events(after=len(keyed)))
    assert begun.kind == "chain.continued"
    assert begun.prev == keyed[-1].hash
    audit = verify(opened, opened.ledger.head())
    assert audit.sound, audit.faults
    assert (audit.keyed, audit.events > len(keyed)) == (len(keyed), True)
    assert [each.code for each in audit.unknown] == ["ledger.public_unchecked"]
    public = public_key(opened.keys.chain)
    (opened.root / "comporta.pub").write_text(pem(public))
    assert verify(opened, opened.ledger.head()).unknown == ()
    last = opened.ledger.head()
    for hidden in ((), (last.seq - 1,)):
        out: list[str] = []
        export(opened.ledger, public, hidden, out.append)
        file = tmp_path / "shop.jsonl"
        file.write_text("".join(line + "\n" for line in out))
        asked = [sys.executable, "-I", str(SCRIPT), str(file), str(opened.root / "comporta.pub")]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        assert done.stdout == f"OK, head {last.seq}:{last.hash}\n", done.stderr
        assert json.loads(out[0])["prev"] == keyed[-1].hash


def test_evaluations_of_its_test_sets_are_still_counted(opened: OpenProject) -> None:
    """They were written by the digest of their rows; versions judged on those tell the split."""
    for name in ("leaving/1", "worth/1"):
        counted = evaluations(opened.ledger, opened.keys, version_of(opened, name))
        assert counted.here >= 1
        assert counted.split >= counted.here


def test_its_runs_are_listed_with_their_steps(opened: OpenProject) -> None:
    oldest = runs(opened, None)[-1]
    assert "fit leaving" in run_of(opened, oldest.id).steps


def test_what_its_steps_made_and_its_versions_hold_have_declared_names(opened: OpenProject) -> None:
    questions = [question for _, question in opened.ledger.scan(QUESTIONS, "")]
    assert len(questions) > 50
    for question in questions:
        assert STEPS.id(question.recipe.run) in STEPS.functions
        assert question.outputs.keys() <= PARTS.keys()
        kinds = {each.kind for each in question.outputs.values() if isinstance(each, Artifact)}
        assert kinds <= KINDS.keys()
        for use in STEPS.ids(question.recipe.uses).values():
            for each in (use,) if isinstance(use, str) else use:
                assert each in STEPS.functions or ".py:" in each
    for version in models(opened):
        assert version.parts.keys() <= PARTS.keys()
