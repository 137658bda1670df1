"""A project's full turn from Python: each command's act, what it returns, and how that shows itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html.parser import HTMLParser

import polars as pl
import pytest

import comporta
from comporta.api.results import ProjectRun
from comporta.cli.init import make
from comporta.report.lists import RUN_COLUMNS, VERSION_COLUMNS

VOID = ("br", "meta", "path", "rect", "line", "circle", "polyline", "polygon", "progress", "img")


class Nesting(HTMLParser):
    """Raises where an element is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def text_of(html: str) -> str:
    """What a reader sees of a piece of HTML, whose elements are closed in order."""
    nesting = Nesting()
    nesting.feed(html)
    assert nesting.open == []
    return " ".join(nesting.cells)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> comporta.Project:
    folder = tmp_path_factory.mktemp("face") / "first"
    make(folder, "first")
    text = (folder / "project.py").read_text()
    text = text.replace("models=(leaving,)", 'models=(leaving,), people=(Person("rui", "validator"),)')
    text = text.replace("from comporta import ", "from comporta import Person, ", 1)
    (folder / "project.py").write_text(text)
    return comporta.load(folder)


@pytest.fixture(scope="module")
def ran(project: comporta.Project) -> ProjectRun:
    """After two versions: the second of a stronger model whose gates ask too much."""
    first = project.run()
    (file,) = [project.root / "project.py"]
    text = file.read_text()
    file.write_text(
        text.replace('"strength": 0.5', '"strength": 0.25').replace(
            'at_least("roc_auc", 0.70)', 'at_least("roc_auc", 0.70), at_least("accuracy", 0.999)'
        )
    )
    second = comporta.load(project.root).run()
    assert second.versions[0].id == "leaving/2"
    return first


@pytest.fixture
def today(project: comporta.Project, ran: ProjectRun) -> comporta.Project:
    """The project as its file stands after both runs."""
    return comporta.load(project.root)


def test_check_returns_every_error_or_none_and_the_quick_gates_on_a_sample(today, tmp_path):
    found = today.check()
    assert not found.fails and repr(found) == "no errors" and "no errors" in found._repr_html_()
    sample = today.check("commit")
    assert sample.fails and sample.models[0].model == "leaving"
    assert "accuracy at least 0.999" in text_of(sample._repr_html_())
    file = tmp_path / "wrong.py"
    file.write_text("from comporta import Project\nproject = Project('empty')\n")
    make(tmp_path, "wrong")
    wrong = comporta.load(file).check()
    assert wrong.fails and "wrong.py:2" in repr(wrong) and "wrong.py:2" in text_of(wrong._repr_html_())
    with pytest.raises(comporta.ComportaError, match="expected commit"):
        today.check("audit")


def test_a_project_shows_what_it_declares(project):
    assert repr(project) == "<project first: models leaving; datasets customers, usage>"
    assert "leaving" in text_of(project._repr_html_())


def test_a_run_shows_its_versions_with_their_verdicts(ran):
    assert ran.fresh == ("leaving/1",) and ran.versions[0].state == "passed"
    assert "3/3 required checks passed" in repr(ran)
    assert "roc_auc at least 0.7" in text_of(ran._repr_html_())


def test_versions_and_runs_are_lists_that_show_themselves_and_frames(today):
    versions, runs = today.versions("leaving"), today.runs()
    assert [each.id for each in versions] == ["leaving/2", "leaving/1"]
    assert versions.to_frame()["state"].to_list() == ["refused", "passed"]
    assert "leaving/2" in repr(versions) and "leaving/2" in text_of(versions._repr_html_())
    assert versions.columns == VERSION_COLUMNS and runs.columns == (*RUN_COLUMNS, "reason"), (
        "as in a terminal"
    )
    assert runs.to_frame()["versions"].to_list()[-1] == "leaving/1"
    assert versions.to_frame()["gates"].to_list()[-1] == "3/3 required passed"
    assert len(runs) >= 2 and runs.to_frame().height == len(runs)
    steps = today.show(runs[-1].id)
    assert "fit leaving" in repr(steps) and "fit leaving" in text_of(steps._repr_html_())
    assert steps.to_frame().filter(pl.col("step") == "fit leaving")["state"].to_list() == ["done"]


def test_a_version_s_metrics_rows_predictions_and_evidence_are_frames(today):
    version = today.model("leaving/1")
    metrics = version.metrics()
    overall = metrics.filter((pl.col("metric") == "roc_auc") & (pl.col("slice") == ""))
    (checked,) = version.checks().filter(pl.col("title") == "roc_auc at least 0.7").to_dicts()
    assert overall["value"].to_list() == [checked["value"]]
    assert checked["outcome"] == "pass" and checked["limit"] == 0.7 and not checked["blocks"]
    tests, answers = version.test_rows(), version.predictions()
    assert tests.height == answers.height == overall["rows"].to_list()[0]
    assert {"__target", "__label"} <= {*answers.columns} and version.training_rows().height > tests.height
    evidence = version.evidence("roc_auc by plan at least 0.65")
    assert evidence["figures"].height == 3 and "figures" in evidence._repr_html_()
    with pytest.raises(comporta.ComportaError, match=r"expected one of: .*roc_auc at least 0\.7"):
        version.evidence("roc_auc at most 0.7")


def test_a_report_is_the_page_and_is_written_in_each_form(today, tmp_path):
    report = today.report("leaving/2")
    assert not report.releasable and report._repr_html_().startswith('<iframe srcdoc="&lt;!doctype html')
    for name, begins in (("a.html", "<!doctype"), ("a.md", "### leaving/2"), ("a.xml", "<?xml")):
        assert report.write(tmp_path / name).read_text().startswith(begins)
    with pytest.raises(comporta.ComportaError, match=r"found 'a.pdf', expected a name ending in"):
        report.write(tmp_path / "a.pdf")
    assert "accuracy at least 0.999" in repr(report)


def test_two_versions_are_compared(today):
    found = today.compare("leaving/1", "leaving/2")
    assert "1 check differs" in repr(found) and "leaving/2" in text_of(found._repr_html_())
    assert found.checks().filter("differs")["check"].to_list() == ["accuracy at least 0.999"]
    assert {"metric", "a", "b_high"} <= {*found.metrics().columns}
    assert found.parameters().columns == ["parameter", "leaving/1", "leaving/2"]
    three = today.compare("leaving/2", "leaving/1", "leaving/1")
    assert repr(three).startswith("leaving/2, leaving/1 and leaving/1: 1 check differs")


def test_a_waiver_an_approval_a_release_and_a_rollback_are_the_acts_of_the_command_line(today):
    with pytest.raises(comporta.ComportaError, match=r"accuracy at least 0\.999"):
        today.release("leaving/2", by="rui")
    with pytest.raises(comporta.ComportaError, match="without a time zone"):
        today.waive("leaving/2", "accuracy at least 0.999", reason="x", until=datetime(2099, 1, 1), by="rui")
    waived = today.waive(
        "leaving/2", "accuracy at least 0.999", reason="a pilot", until=date(2099, 1, 1), by="rui"
    )
    assert waived.version.waivers[0].until == datetime(2099, 1, 1, 23, 59, 59, tzinfo=UTC)
    assert "waived" in text_of(waived._repr_html_()) and waived.releasable
    approved = today.approve("leaving/2", by="rui", reason="looked at")
    assert approved.version.approvals[0].by == "rui"
    assert today.release("leaving/1", by="rui").champion == 1
    assert today.release("leaving/2", by="rui").previous == 1
    assert today.rollback("leaving", by="rui").champion == 1
    assert today.model("leaving@champion").id == "leaving/1"
    assert "rui" in {each.name for each in today.directory()}


def test_a_version_is_judged_again_fetched_and_predicts(today, tmp_path):
    assert today.gate("leaving/1").id == "leaving/1"
    with pytest.raises(comporta.ComportaError, match="expected release or audit"):
        today.gate("leaving/1", level="deep")
    assert "version.json" in [file.name for file in today.fetch("leaving/1", tmp_path / "out", by="rui")]
    rows = today.data("customers").tail(3).collect()
    assert today.model("leaving/1").predict(rows).height == 3


def test_a_trace_is_drawn(today):
    found = today.trace("leaving/1", forward=False)
    assert "customers" in repr(found) and "<svg" in found._repr_html_()
    text_of(found._repr_html_())


def test_datasets_are_listed_shown_and_compared(today):
    assert "usage" in repr(today.data) and "usage" in text_of(today.data._repr_html_())
    shown = today.data.show("customers")
    assert "plan" in repr(shown) and "plan" in text_of(shown._repr_html_())
    assert shown.columns().filter(pl.col("column") == "customer")["min"].to_list() == ["personal"]
    assert today.data.versions("customers")[0].number == 1
    assert "0 rows added" in text_of(today.data.diff("customers", 1, 1)._repr_html_())
    assert today.data.subjects("customers").count > 1
    assert today.data.rejected() == () and repr(today.data.rejected()) == "no rejected rows"
    assert today.data.compact("customers").version == 1
    assert "plan" in today.data.accept("customers")
    with pytest.raises(comporta.ComportaError, match="Did you mean customers"):
        today.data.show("customer")


def test_errors_have_the_words_of_the_command_line_and_a_notebook_shows_them_alone(today, monkeypatch):
    with pytest.raises(comporta.ComportaError) as raised:
        today.model("leaving/9")
    said = "found no version 'leaving/9', expected leaving/1 to leaving/2."
    assert str(raised.value) == said
    assert raised.value._render_traceback_() == [f"NotFound: {said}"]
    monkeypatch.setenv("COMPORTA_DEBUG", "1")
    with pytest.raises(comporta.ComportaError) as raised:
        today.model("leaving/9")
    assert not hasattr(raised.value, "_render_traceback_")
