"""What an older Comporta kept of its measurings is read as today's, and shown as it was said."""

from __future__ import annotations

import pytest

from comporta.acts.judge.evidence import evidence_of, unmeasured
from comporta.acts.reproduce.older_answers import say_the_same
from comporta.opened.findings import findings_at
from comporta.opened.sentences import sentence
from comporta.records import (
    Condition,
    Findings,
    Need,
    Rarer,
    Scores,
    Unmeasured,
    decode,
    encode,
    findings_today,
    place_in_words,
    scores_today,
)
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
    assert unmeasured(need, scores_today(decode(SCORES, Scores))) == tuple(
        each for each in lost if each.where
    )
    assert unmeasured(Need(what="scores", metric="brier", by="carrier"), decode(SCORES, Scores)) == ()


def test_sentences_of_findings_are_shown_as_they_were():
    found = decode(FINDINGS, Findings)
    context = StepContext(store=MemoryStore(), keys=derive(bytes(32)))
    shown = findings_at(context, context.put(FINDINGS, "json"))
    assert shown.unmeasured == (Unmeasured(slice="earlier 1: age", why="no rows on one side"),)
    assert shown.notes == ("A note.",)
    assert shown.tables == found.tables
    said = evidence_of(Need(what="feature drift"), findings_today(found))
    assert sentence(said.missing) == "earlier 1: age: no rows on one side"


def newer(**changes: object) -> bytes:
    old = decode(SCORES, Scores)
    lost = (
        Unmeasured(
            metric="roc_auc",
            where=(Condition("carrier", "OO"),),
            why=TOO_FEW_ROWS(rows=12, least=30),
            small=True,
        ),
        Unmeasured(metric="roc_auc", where=(Condition("carrier", "AA Z"),), why=NOT_DEFINED()),
        Unmeasured(
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
