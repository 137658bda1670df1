"""Every code has its sentence where people read; another language is a file; scripts get both."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import comporta
from comporta.checks import at_least, judge
from comporta.cli import languages
from comporta.engine.reasons import RAISED, STEPS_FAILED
from comporta.errors import BadProject
from comporta.opened.as_json import as_json
from comporta.opened.sentences import english, in_words, sentence
from comporta.records import Evidence, Figure, Findings, Verdict, Version, decode, encode
from comporta.records.message import fields_of
from comporta.records.staleness import LOG_CUT

SOURCES = Path(comporta.__file__).parent


def declared() -> dict[str, str]:
    """Code → the file that declares it, read from the text of the package."""
    found: dict[str, str] = {}
    for file in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "code"
            if called and node.args and isinstance(node.args[0], ast.Constant):
                found[str(node.args[0].value)] = file.name
    return found


def test_every_code_that_is_declared_anywhere_has_its_english_sentence():
    assert len(declared()) > 150
    assert {code: file for code, file in declared().items() if code not in english()} == {}


def test_why_a_run_ended_and_why_staleness_is_unknown_has_a_sentence_in_every_face():
    assert (
        sentence(STEPS_FAILED(steps=(RAISED(step="fit late", error="ValueError"),))) == "fit late: ValueError"
    )
    assert sentence(LOG_CUT(number=2)) == "its log ends before version 2"


def test_no_code_is_declared_by_another_word_than_its_kind_of_thing():
    assert all("." in code and code == code.lower() and " " not in code for code in english())


def verdict() -> Verdict:
    check = at_least("roc_auc", 0.7)
    figure = Figure(metric="roc_auc", value=0.75, low=0.74, high=0.76, rows=1000)
    (found,) = judge((check,), {need: Evidence(need=need, figures=(figure,)) for need in check.needs()})
    return found


def test_another_language_is_a_file_and_what_it_lacks_is_said_in_english(tmp_path, monkeypatch):
    shouted = {"gate.at_least": "{seen}! {limit:g} OR MORE", "gate.sentence": "{clauses:, }!"}
    (tmp_path / "loud.json").write_text(json.dumps(shouted))
    assert sentence(verdict().reason) == "roc_auc 0.75 [0.74, 0.76] on 1,000 rows: at least 0.7."
    say = languages.translator("loud", tmp_path)
    assert say(verdict().reason) == "roc_auc 0.75 [0.74, 0.76] on 1,000 rows! 0.7 OR MORE!"
    assert say(verdict().title) == "roc_auc at least 0.7"
    assert say("As an older release told it.") == "As an older release told it."
    with pytest.raises(BadProject, match=r"found 'quiet', expected one of: en, loud\."):
        languages.translator("quiet", tmp_path)
    monkeypatch.setenv(languages.VARIABLE, "en")
    assert languages.language() is sentence


def test_a_mistaken_translation_shows_the_code_and_loses_nothing(tmp_path):
    (tmp_path / "odd.json").write_text(json.dumps({"gate.at_least": "{seen} {threshold}"}))
    said = languages.translator("odd", tmp_path)(verdict().reason)
    assert said == "gate.at_least (seen=roc_auc 0.75 [0.74, 0.76] on 1,000 rows, limit=0.7)."


def test_json_has_the_sentence_and_beside_it_the_code_with_its_values():
    shown = as_json({"verdicts": (verdict(),)})["verdicts"][0]
    assert shown["check"] == "limit?metric=roc_auc&at_least=0.7"
    assert shown["title"] == "roc_auc at least 0.7"
    assert shown["reason"].endswith(": at least 0.7.")
    assert shown["title_code"]["code"] == "check.limit.at_least"
    assert shown["title_code"]["values"]["limit"] == 0.7
    assert shown["figure"]["value"] == 0.75
    read = decode(encode(shown), Verdict)
    assert (read.check, read.reason) == (shown["check"], shown["reason"])


def test_json_of_several_messages_keeps_each_beside_its_code():
    note = verdict().title
    shown = as_json(Findings(notes=(note, "plain"), missing={"a": "why"}))
    assert shown["notes"] == ["roc_auc at least 0.7", "plain"]
    assert shown["notes_code"] == [{"code": note.code, "values": shown["notes_code"][0]["values"]}, None]
    assert "missing_code" not in shown
    assert in_words(Findings(notes=(note,)), sentence).notes == ("roc_auc at least 0.7",)


def test_json_of_what_holds_no_message_is_what_it_was():
    version = Version(
        model="late", number=1, run="r", at="2026-01-01T00:00:00Z", steps={}, parts={}, read=(), policy="p"
    )
    assert as_json(version) == json.loads(encode(version))


def test_a_sentence_asks_only_for_values_that_formats_fit():
    assert all(name.isidentifier() for template in english().values() for name in fields_of(template))
