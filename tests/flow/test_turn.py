"""One project through a full turn: run, release, serve, trace, reproduce; with nothing faked."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl
import pytest

from comporta.acts.build.project_check import find_faults
from comporta.acts.build.run import run
from comporta.acts.build.run_views import run_of, runs
from comporta.acts.release.release import approve, models, release, rollback, version_of
from comporta.acts.reproduce.reproduce import in_order, questions_of, reproduce
from comporta.acts.serve.serving import ReleasedVersions
from comporta.acts.serve.serving_log import (
    PredictionLog,
    find_observation,
    scan_all_feedback,
    scan_all_predictions,
)
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import TraceTree, tree_lines, tree_svg
from comporta.acts.upkeep.audit import verify
from comporta.acts.upkeep.storage import reachable, sweep, usage
from comporta.cli.init import make
from comporta.data import log_rows
from comporta.data.names import log_of
from comporta.errors import NotFound, Refused, WrongKey
from comporta.opened.people import people
from comporta.opened.project import OpenProject, open_project
from comporta.opened.sentences import sentence
from comporta.records import Feedback, Observation
from comporta.release import ROUTES
from comporta.serve import App
from comporta.serve.log_sample import sample_place
from comporta.store import new_secret
from comporta.testing.serving import ask

PROCESSES = True
"""Nothing is faked here: steps run in workers, as a user's do."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A project that ran twice with another strength, both versions judged, the first one released."""
    folder = tmp_path_factory.mktemp("churn")
    make(folder, "churn")
    with open_project(folder) as opened:
        run(opened)
        release(opened, "leaving/1", by="ana", reason="first")
    project = folder / "project.py"
    project.write_text(project.read_text().replace('"strength": 0.5', '"strength": 0.4'))
    with open_project(folder) as opened:
        run(opened)
    return folder


@pytest.fixture
def opened(folder):
    with open_project(folder) as opened:
        yield opened


def said(tree: TraceTree) -> str:
    return "\n".join(tree_lines(tree))


def test_a_project_fresh_from_init_has_no_faults(opened):
    assert find_faults(opened) == ()


def test_what_changed_is_asked_again_and_nothing_else(opened):
    newest = runs(opened)[0]
    assert newest.outcome == "done"
    assert "features leaving" in newest.reused
    assert "split leaving" in newest.reused
    assert "fit leaving" not in newest.reused


def test_a_run_in_which_nothing_changed_makes_no_version(opened):
    before = models(opened)
    report = run(opened)
    assert report.fresh == ()
    assert report.versions[0].id == "leaving/2"
    assert models(opened) == before
    assert set(report.run.reused) >= {"fit leaving", "score leaving", "export leaving"}


def test_a_run_shows_what_each_step_cost_and_printed(opened):
    view = run_of(opened, models(opened)[-1].run)
    assert view.steps["fit leaving"].cost.cpu_seconds > 0
    assert "train" in view.logs["split leaving"]
    with pytest.raises(NotFound, match="no runs of id"):
        run_of(opened, "nothing")


def test_each_gate_says_a_figure_an_interval_and_a_reason(opened):
    for verdict in version_of(opened, "leaving/1").verdicts:
        assert verdict.outcome == "pass"
        assert verdict.figure is not None
        assert verdict.figure.low <= verdict.figure.value <= verdict.figure.high
        assert sentence(verdict.reason)


def test_a_release_is_one_act_and_a_rollback_goes_back(opened):
    assert opened.ledger.get(ROUTES, "leaving").champion == 1
    head = opened.ledger.head()
    again = release(opened, "leaving/1", by="somebody new", reason="again")
    assert (again.champion, again.changed, opened.ledger.head()) == (1, False, head), "nothing is written"
    assert all(each.name != "somebody new" for each in people(opened))
    assert release(opened, "leaving", by="rui", reason="newest").changed
    assert opened.ledger.get(ROUTES, "leaving").champion == 2
    assert version_of(opened, "leaving/1").state == "retired"
    rollback(opened, "leaving", by="rui", reason="no")
    assert opened.ledger.get(ROUTES, "leaving").champion == 1
    assert [each.kind for each in opened.ledger.get(ROUTES, "leaving").history][-1] == "rollback"


def test_each_person_approves_a_version_once(opened):
    approve(opened, "leaving/2", by="ana", role="validator", reason="read it")
    with pytest.raises(Refused, match="another person"):
        approve(opened, "leaving/2", by="ana")


def test_names_that_are_none_are_told_what_there_is(opened):
    with pytest.raises(NotFound, match="expected a model of: leaving"):
        version_of(opened, "leavin")
    with pytest.raises(NotFound, match="leaving/1 to leaving/2"):
        version_of(opened, "leaving/9")


def test_a_version_made_again_in_fresh_processes_has_the_same_bytes(opened):
    done = reproduce(opened, "leaving/1")
    assert done.equal, done.reason
    assert done.reason == "All 6 steps gave the same bytes."


def test_questions_are_asked_again_after_those_whose_answers_they_read(opened):
    order = list(questions_of(opened, version_of(opened, "leaving/1")))
    for earlier, later in (
        ("features leaving", "split leaving"),
        ("split leaving", "fit leaving"),
        ("fit leaving", "export leaving"),
        ("predict leaving", "score leaving"),
    ):
        assert order.index(earlier) < order.index(later)
    assert list(in_order({})) == []


def test_a_trace_leads_from_a_version_to_its_data_and_back(opened):
    back = said(trace(opened, "leaving/1", forward=False))
    assert "customers@1" in back
    assert "usage@1" in back
    assert "release 1 by ana" in back
    assert "source: project.py, sample.py" in back
    forward = said(trace(opened, "usage@1", forward=True))
    assert "leaving/1" in forward
    assert "leaving/2" in forward
    assert said(trace(opened, "usage")).startswith("usage@1")


def observed(opened: OpenProject) -> Observation:
    """One answer of the released version, as the server makes and logs it."""
    loaded = ReleasedVersions(opened).load("leaving", 1)
    rows = opened.project.tables()["customers"].source()
    row = rows.sort("month").tail(1).select([field.name for field in loaded.signature.raw])
    times = row["month"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("__at")
    features, joined = loaded.features(row, times)
    answer = loaded.predict(features)
    return Observation(
        id="01test",
        model="leaving",
        version=1,
        at=opened.clock(),
        inputs={
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row.row(0, named=True).items()
        },
        output={"probability": float(answer.probability[0, 1])},
        joined=joined[0],
        key="k",
        subject=str(row["customer"][0]),
    )


def test_a_prediction_is_traced_to_the_rows_it_read_and_a_subject_to_its_predictions(opened):
    made = observed(opened)
    # Its subject is among its columns, and nowhere else.
    bare = msgspec.structs.replace(made, id="02test", subject=None)
    with PredictionLog(opened) as log:
        log_rows(opened.store, log_of("leaving"), "another", 0, [made, bare])
        log.feedback([Feedback(id="01test", label=True, arrived=opened.clock())])
    back = said(trace(opened, "01test"))
    assert "label true" in back and "no label yet" in said(trace(opened, "02test"))
    assert "leaving/1" in back
    assert "read usage row" in back
    assert "customers@1" in back
    forward = trace(opened, f"subject:{made.subject}", forward=True)
    assert "prediction 01test" in said(forward)
    assert "prediction 02test" in said(forward)
    assert "2 predictions of leaving about it" in said(forward)
    assert "learned from" in said(forward)
    assert tree_svg(forward).startswith("<svg")
    joined = made.joined[0]
    key = ",".join(str(value) for value in joined.key.values())
    assert "2 predictions of leaving" in said(trace(opened, f"usage:{key}", forward=True))
    assert scan_all_predictions(opened, "leaving").collect().height == 2
    assert scan_all_feedback(opened).collect()["label"].to_list() == ["true"]
    with pytest.raises(NotFound, match="nothing about the subject"):
        trace(opened, "subject:nobody")
    with pytest.raises(NotFound, match="prediction log"):
        trace(opened, "01none")


def test_no_value_of_the_data_is_in_the_ledger(opened):
    body = b"".join(event.body for event in opened.ledger.events())
    subjects = pl.DataFrame(opened.project.tables()["customers"].source())["customer"].unique().to_list()
    for subject in subjects[:50]:
        assert json.dumps(str(subject)).encode() not in body


def test_the_record_is_what_was_written(opened):
    assert verify(opened).sound


def test_nothing_that_a_version_reaches_is_swept(opened):
    names = reachable(opened)
    version = version_of(opened, "leaving/1")
    assert any(version.parts["model"].digest in name for name in names)
    assert sweep(opened, dry=True).size == 0
    assert sum(each.size for each in usage(opened)) > 0


def test_what_requests_must_say_is_declared_and_goes_with_the_version(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    project = copy / "project.py"
    declared = 'requires=("subject",), log_sample=0.5, log_without=("tenure",),'
    project.write_text(project.read_text().replace("    gates=", f"    {declared}\n    gates="))
    with open_project(copy) as opened:
        report = run(opened)
        assert report.fresh == ("leaving/3",)
        assert "fit leaving" in report.run.reused
        assert ReleasedVersions(opened).load("leaving", 3).requires == ("subject",)
        before = ReleasedVersions(opened).load("leaving", 2)
        assert before.requires == ()
        assert {each.name: each.at_least for each in before.expects} == {"plan": None, "tenure": 0}
        assert run(opened).fresh == ()
        release(opened, "leaving/3", by="rui", reason="logs less")
        row = {"customer": 70, "month": "2026-08-01T00:00:00Z", "tenure": 70, "plan": "family"}
        ids = answered(opened, [{**row, "__subject": "70"}] * 40)
        kept = scan_all_predictions(opened, "leaving").filter(pl.col("version") == 3).collect()
        assert sorted(kept["id"]) == sorted(id for id in ids if sample_place(id) < 0.5)
        assert 0 < kept.height < 40
        assert "in.tenure" not in kept.columns or kept["in.tenure"].null_count() == kept.height
        assert kept["in.plan"].unique().to_list() == ["family"]
        found = find_observation(opened, kept["id"][0])
        assert found.inputs.keys() == {"customer", "month", "plan"}
        assert list(opened.store.list("projects/default/data/predictions.leaving/rejected/")) == []


def answered(opened: OpenProject, rows: list[dict]) -> list[str]:
    """The ids of the answers to these rows, once they are sealed."""

    async def ask_it(log: PredictionLog) -> list[str]:
        async with App(ReleasedVersions(opened), log, key=opened.keys.unit, tally=log.tally) as app:
            said = await ask(app, "POST", "/models/leaving/invocations", {"dataframe_records": rows})
        assert said[0] == 200, said[2]
        return json.loads(said[2])["prediction_ids"]

    with PredictionLog(opened) as log:
        return asyncio.run(ask_it(log))


def test_another_key_is_one_clear_error(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "comporta.key").chmod(0o600)
    (copy / "comporta.key").write_text(new_secret().hex() + "\n")
    with pytest.raises(WrongKey, match="comporta key import"):
        open_project(copy)


def test_a_fit_that_is_no_function_of_its_inputs_is_found_by_reproducing(tmp_path):
    make(tmp_path, "noisy")
    project = tmp_path / "project.py"
    noise = "    strength += int.from_bytes(os.urandom(1), 'big') / 1000 + time.time() % 0.01"
    head = "def fit(X, y, *, strength=1.0):"
    source = project.read_text().replace(head, f"{head}\n{noise}")
    project.write_text(source.replace("import polars as pl", "import os\nimport time\n\nimport polars as pl"))
    with open_project(tmp_path) as opened:
        run(opened)
        done = reproduce(opened, "leaving/1")
        assert not done.equal
        differing = {each.node for each in done.steps if not each.equal}
        assert "fit leaving" in differing
        assert "features leaving" not in differing
        assert done.reason.startswith("fit leaving: model")
