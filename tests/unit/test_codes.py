"""Every declared code makes a sentence, and what was released of codes never changes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import UnionType
from typing import get_args

import pytest

import comporta
from comporta.records import Message, Text, Words, decode, encode, say

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from codes_write import declared, line, released

DECLARED = declared()
ENGLISH = {code.id: code.template for code in DECLARED.values()}
KEPT = ("Findings", "Scores", "UnmeasuredFigure", "Evidence")
SAMPLES = {int: 1234, float: 0.25, str: "age", bool: True, tuple: ("age", "town"), Words: Words("Lisboa")}


def sample(kind: object) -> object:
    """A value of a declared type, or of the first of several."""
    kinds = get_args(kind) if isinstance(kind, UnionType) else kind if isinstance(kind, tuple) else (kind,)
    if Message in kinds:
        return "few rows" if str in kinds else Message("few")
    return SAMPLES[next(each for each in kinds if each in SAMPLES)]


@pytest.mark.parametrize("code", DECLARED.values(), ids=DECLARED)
def test_a_code_makes_a_sentence_of_its_values(code):
    message = code(**{name: sample(kind) for name, kind in code.values.items()})
    assert decode(encode(message), Text) == message
    said = say(message, ENGLISH)
    assert said and "{" not in said and code.id not in said


def test_what_was_released_of_codes_is_as_it_was_and_what_is_new_is_written_down():
    now = {line(code) for code in DECLARED.values()}
    assert not set(released()) - now, "ids and names of values of released codes never change"
    assert not now - set(released()), "run python tests/golden/codes_write.py"


def test_the_sentences_load_nothing_that_computes():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfrom comporta.opened.sentences import english\nenglish()\n"
            "print(*(each for each in ('numpy', 'polars', 'sklearn', 'scipy') if each in sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


SOURCE = Path(comporta.__file__).parent
MEASURING = [
    *SOURCE.glob("checks/*/measure.py"),
    *SOURCE.glob("checks/shared/measuring/*.py"),
    SOURCE / "train" / "scores.py",
    SOURCE / "acts" / "judge" / "evidence.py",
]


def sentences(tree: ast.AST) -> list[int]:
    """The lines on which a cause, a note, or what has no meaning here is written as words."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in KEPT:
            continue
        for each in node.keywords:
            if each.arg in ("why", "without", "notes", "missing"):
                found += [part.lineno for part in ast.walk(each.value) if is_text(part)]
    return found


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
    )


@pytest.mark.parametrize("file", MEASURING, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_nothing_that_measures_keeps_a_sentence(file):
    assert sentences(ast.parse(file.read_text())) == []


def test_a_sentence_that_would_be_kept_is_seen():
    assert sentences(ast.parse('Findings(notes=(f"{rows} rows",), without="no rows")')) == [1] * 3
