"""What an older Comporta kept of its measurings is read as today's, and shown as it was said."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from comporta.acts.judge.evidence import evidence_of, slices_unmeasured
from comporta.acts.reproduce.older_answers import say_the_same
from comporta.checks.shared.measuring.reference import importances
from comporta.opened.findings import findings_at
from comporta.opened.sentences import sentence
from comporta.records import (
    METRIC_COLUMN,
    Condition,
    Figure,
    Findings,
    FormerFindings,
    Message,
    Need,
    Rarer,
    Scores,
    Table,
    TableColumn,
    UnmeasuredFigure,
    Words,
    conditions,
    decode,
    encode,
    findings_today,
    place_in_words,
    scores_today,
)
from comporta.report.standing import findings_in_text, heading
from comporta.store import MemoryStore, StepContext, derive
from comporta.train.codes import NOT_DEFINED, RARER_TOO_FEW, TOO_FEW_ROWS

SCORES = b"""{"part":"test","figures":[{"metric":"roc_auc","value":0.75,"low":0.7,"high":0.8,"level":0.95,
"rows":100,"groups":0,"slice":""}],"missing":{"roc_auc carrier=OO":"12 rows, at least 30 expected",
"roc_auc carrier=AA Z":"not defined: one class only, or no spread in the target",
"roc_auc carrier=one of 4 rarer values":"3 rows, at least 30 expected"}}"""
FINDINGS = b"""{"figures":[],"missing":{"earlier 1: age":"no rows on one side"},"without":"","rows":3,"of":3,
"notes":["A note."],"tables":{"labels":[{"likelier":"no"}]}}"""


def test_names_and_sentences_of_scores_are_read_as_metric_slice_and_cause():
    lost = scores_today(decode(SCORES, Scores)).unmeasured
    assert [(each.metric, place_in_words(each, sentence), each.small) for each in lost] == [
        ("roc_auc", "carrier=OO", True),
        ("roc_auc", "carrier=AA Z", False),
        ("roc_auc", "carrier=…", True),
    ]
    assert lost[0].why == "12 rows, at least 30 expected"
    need = Need(what="scores", metric="roc_auc", by="carrier")
    assert slices_unmeasured(need, scores_today(decode(SCORES, Scores))) == tuple(
        each for each in lost if each.where
    )
    assert slices_unmeasured(Need(what="scores", metric="brier", by="carrier"), decode(SCORES, Scores)) == ()


def test_sentences_of_findings_are_shown_as_they_were():
    found = decode(FINDINGS, FormerFindings)
    context = StepContext(store=MemoryStore(), keys=derive(bytes(32)))
    shown = findings_at(context, context.put(FINDINGS, "json"))
    assert shown.unmeasured == (UnmeasuredFigure(slice="earlier 1: age", why="no rows on one side"),)
    assert shown.notes == ("A note.",)
    assert shown.tables == (Table(id="labels", columns=(TableColumn("likelier"),), rows=(("no",),)),)
    said = evidence_of(Need(what="feature drift"), findings_today(found))
    assert sentence(said.missing) == "earlier 1: age: no rows on one side"


TABLES = b"""{"tables":{"reliability class=a":[{"x":0.1,"y":0.2}],"reliability named class":[],
"mean brier by training rows":[{"x":10,"y":0.2}],"broken by":[{"up to":"2024-01-01T00:00:00","age":null}],
"features":[{"against":"earlier 2","mean moved by spreads":0.5,"broken":{"type":"message",
"code":"evidence.empty","values":{}}}],"windows":[{"window":"a","trained on":5,"roc_auc":0.7}],
"tests":[{"slice":{"type":"words","text":"a=1","digest":""},"labels to show equal models within 0.01":null}],
"pushed":[{"feature":"age","roc_auc lost":0.1,"a column of theirs":{"of":[1]}}],
"kept":[{"method":"permutation","features":["a","b"],"shares":[0.4,0.6],"low":[0,0.1],"high":[1,0.9],
"replicates":[[0.3,0.7],[0.5,0.5]],"rows":9}]}}"""


def test_names_of_tables_and_columns_are_read_as_ids_and_qualifiers():
    tables = findings_today(decode(TABLES, FormerFindings)).tables
    assert [(each.id, each.under) for each in tables] == [
        ("reliability", (Condition("class", Words("a")),)),
        ("reliability", conditions(named_class=True)),
        ("learning_curve", conditions(metric="brier")),
        ("broken_by", ()),
        ("features", ()),
        ("windows", ()),
        ("tests", ()),
        ("pushed", ()),
        ("importance_replicates", ()),
    ]
    broken, features, windows, tests, pushed = tables[3:8]
    assert [(each.id, each.of) for each in broken.columns] == [("data", "up to"), ("data", "age")]
    (drift,) = features.by_id
    assert drift == {"against": 2, "mean_moved_by_spreads": 0.5, "broken": Message("evidence.empty")}
    assert windows.values(METRIC_COLUMN.of("roc_auc")) == (0.7,)
    assert tests.columns[1] == TableColumn("labels_to_show_equal", 0.01)
    assert tests.rows == ((Words("a=1"), None),)
    assert pushed.values(TableColumn("metric_lost", "roc_auc")) == (0.1,)
    assert pushed.values(TableColumn("a column of theirs")) == ('{"of":[1]}',)
    kept = importances(Findings(tables=tables, rows=9))
    assert (kept.features, kept.shares, kept.rows) == (("a", "b"), (0.4, 0.6), 9)
    assert kept.replicates == ((0.3, 0.7), (0.5, 0.5))


def test_what_people_read_of_tables_of_before_is_what_they_read_then():
    tables = findings_in_text(findings_today(decode(TABLES, FormerFindings)), sentence).tables
    titles = [heading(each, sentence) for each in tables]
    assert [each.title for each in titles[:5]] == [
        "reliability class a",
        "reliability named class",
        "mean loss by training rows brier",
        "broken by",
        "features",
    ]
    assert titles[4].columns == ("against", "mean moved by spreads", "broken")
    assert titles[6].columns == ("slice", "labels to show equal models within 0.01")
    assert titles[7].columns == ("feature", "roc_auc lost", "a column of theirs")


def newer(**changes: object) -> bytes:
    old = decode(SCORES, Scores)
    lost = (
        UnmeasuredFigure(
            metric="roc_auc",
            where=(Condition("carrier", "OO"),),
            why=TOO_FEW_ROWS(rows=12, least=30),
            small=True,
        ),
        UnmeasuredFigure(metric="roc_auc", where=(Condition("carrier", "AA Z"),), why=NOT_DEFINED()),
        UnmeasuredFigure(
            metric="roc_auc",
            where=(Condition("carrier", Rarer()),),
            why=RARER_TOO_FEW(values=4, rows=3, least=30),
            small=True,
        ),
    )
    return encode(Scores(**{"part": old.part, "figures": old.figures, "unmeasured": lost, **changes}))


def test_scores_of_an_older_form_are_compared_by_what_they_say():
    assert say_the_same("scores", SCORES, newer())
    assert not say_the_same("scores", SCORES, newer(figures=()))
    assert not say_the_same("scores", SCORES, newer(unmeasured=()))
    assert not say_the_same("model", SCORES, newer())


def test_scores_of_another_edition_of_intervals_are_compared_without_these():
    wider = Figure(metric="roc_auc", value=0.8, low=0.6, high=0.9, rows=40)
    then = newer(figures=(replace(wider, low=0.7),))
    assert say_the_same("scores", then, newer(figures=(wider,), intervals=1))
    assert not say_the_same("scores", then, newer(figures=(replace(wider, value=0.81),), intervals=1))
    assert not say_the_same("scores", then, newer(figures=(wider,))), "of one edition they are their bytes"


@pytest.mark.parametrize(("apart", "same"), [(1e-15, True), (1e-9, False)])
def test_what_another_processor_rounds_otherwise_is_the_same_figure(apart, same):
    then = Figure(metric="brier", value=0.04317377679701043, low=0.03, high=0.05, rows=40)
    for now in (replace(then, value=then.value * (1 + apart)), replace(then, low=0.03 * (1 + apart))):
        assert now != then
        older = encode(Scores(part="test", figures=(then,)))
        older = older.replace(b'"unmeasured":[],', b"").replace(b',"unmeasured":[]', b"")
        assert b"unmeasured" not in older
        assert say_the_same("scores", older, encode(Scores(part="test", figures=(now,)))) is same


def test_scores_of_todays_form_are_their_bytes():
    assert not say_the_same("scores", newer(), newer(part="train"))
    assert not say_the_same("scores", newer(), newer())


@pytest.mark.parametrize(("rows", "same"), [(9, True), (8, False)])
def test_of_a_form_that_is_not_kept_all_but_the_sentence_is_compared(rows, same):
    then = b'{"forms":{"onnx":{"agrees":false,"reason":"9 of 90 rows answer otherwise","rows":9}}}'
    code = {"type": "message", "code": "train.answers_differ", "values": {"rows": 9, "of": 90}}
    now = encode({"forms": {"onnx": {"agrees": False, "reason": code, "rows": rows}}})
    assert say_the_same("parity", then, now) is same
    assert not say_the_same("parity", now, now)


def test_a_form_that_was_not_asked_at_thresholds_is_the_same_where_all_else_is():
    def kept(**more):
        return encode({"forms": {"onnx": {"agrees": True, "reason": "", "rows": 9, "apart": 0.0, **more}}})

    assert say_the_same("parity", kept(), kept(beside=40, thresholds=7))
    assert not say_the_same("parity", kept(), kept(beside=40, thresholds=7, rows=8))
    assert not say_the_same("parity", kept(beside=41, thresholds=7), kept(beside=40, thresholds=7))
