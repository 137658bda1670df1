"""What the command line says has a code each, and a table's title and columns are among it."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from comporta import cli
from comporta.cli import languages
from comporta.cli.boundary import join_dashes
from comporta.cli.words import Texts, english_words, words
from comporta.opened.sentences import english


def literals_of_tables() -> tuple[set[str], set[str]]:
    """The titles and the columns that the files of the command line give to `table` there."""
    titles, columns = set(), set()
    for file in Path(cli.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "table":
                title, heads = node.args[:2]
                titles |= {each.value for each in ast.walk(title) if isinstance(each, ast.Constant)}
                columns |= {each.value for each in ast.walk(heads) if isinstance(each, ast.Constant)}
    return titles, {each for each in columns if isinstance(each, str) and each}


def test_every_title_and_column_of_a_table_has_a_text():
    titles, columns = literals_of_tables()
    assert len(titles) > 5 and len(columns) > 20, "the calls were found"
    assert (titles - Texts.TITLES.keys(), columns - Texts.COLUMNS.keys()) == (set(), set())


def test_a_language_replaces_each_text_and_what_it_lacks_is_said_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    there = {"cli.no_runs": "Nada.", "cli.columns.version": "versão"}
    assert there.keys() <= english_words().keys() and not english_words().keys() & english().keys()
    (tmp_path / "pt.json").write_text(json.dumps(there))
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    monkeypatch.setenv(languages.VARIABLE, "pt")
    assert words.NO_RUNS == "Nada." and words.NO_MODELS == Texts.NO_MODELS
    assert words.COLUMNS["version"] == "versão" and words.COLUMNS["state"] == "state"
    monkeypatch.delenv(languages.VARIABLE)
    assert words.NO_RUNS == Texts.NO_RUNS


def test_a_dash_alone_is_the_value_of_the_option_before_it() -> None:
    asked = ["trace", "late/1", "--svg", "-", "--json"]
    assert join_dashes(asked) == ["trace", "late/1", "--svg=-", "--json"]
    assert join_dashes(["show", "-", "--out=a", "-"]) == ["show", "-", "--out=a", "-"]
