"""A project file that is missing or malformed: told with file and line, and nothing is run."""

from __future__ import annotations

from typing import Any

import pytest

Folder = Any


def line_of(folder: Folder, text: str) -> str:
    """`project.py:LINE` of the line that holds this text."""
    lines = (folder.root / "project.py").read_text().splitlines()
    [number] = [number for number, line in enumerate(lines, 1) if text in line]
    return f"project.py:{number}"


def test_without_a_project_file_it_says_where_it_looked_and_what_makes_one(folder: Folder) -> None:
    (folder.root / "project.py").unlink()
    said = folder.refused("run")
    assert "found comporta.toml but no project.py" in said
    assert "--project" in said
    (folder.root / "comporta.toml").unlink()
    said = folder.refused("run")
    assert f"found no project.py in {folder.root} or above" in said
    assert "comporta init" in said
    assert "nowhere.py" in folder.refused("run", "--project", "nowhere.py")
    folder.goes_on()


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        ("def fit(X, y):", "def fit(X, y:", "def fit(X, y:", ["never closed"]),
        ("def fit(X, y):", "1 / 0\n\ndef fit(X, y):", "1 / 0", ["ZeroDivisionError", "Correct it"]),
        ("def fit(X, y):", "raise SystemExit\n\ndef fit(X, y):", "raise SystemExit", ["SystemExit"]),
        ("import Column", "import Colum", "import Colum", ["Colum"]),
        ("from comporta", "import nothing_here\nfrom comporta", "nothing_here", ["Install it"]),
        ("    target=", "    tarjet=", "tarjet", ["'tarjet'", "expected one of", "target"]),
        ('    target="y",\n', "", "high = Model(", ["Model 'high': found no `target`", "Add it: target="]),
        ("0.5)", "0.5, 3, 4)", "0.5, 3, 4)", ["at_least"]),
        ('at_least("roc_auc", 0.5)', 'at_least("rock", 0.5)', '"rock"', ["'rock'", "roc_auc"]),
        ('    features=seen,\n', "    features=points,\n", "features=points", ["found Dataset"]),
        ("fit=fit", 'fit="fit"', 'fit="fit"', ["'fit'", "expected a function"]),
        ("fit=fit", "fit=lambda X, y: None", "lambda", ["expected a function that a fresh process can find"]),
        ("source=rows", "source=3", "source=3", ["found 3", "expected a function or text"]),
        ("models=(high,)", "models=high", "models=high", ["expected a tuple of a Model", "(x,)"]),
        ("models=(high,)", "models=(high, high2)", "high2 =", ["found this name twice", "Rename one"]),
        ('Project("tiny"', "Project(3", "Project(3", ["found 3", "expected text"]),
        ("\nproject =", "\nprojects = lambda:", None, ["project.py", "expected one value `project ="]),
    ],
)  # fmt: skip
def test_a_malformed_project_is_told_by_line_and_nothing_is_run(
    folder: Folder, old: str, new: str, where: str | None, told: list[str]
) -> None:
    if "high2" in new:
        folder.edit("project =", 'high2 = Model("high", features=seen, target="y", fit=rows)\nproject =')
    folder.edit(old, new)
    said = folder.refused("run")
    for each in told:
        assert each in said, said
    if where is not None:
        assert line_of(folder, where) in said, said
    assert len(folder.runs()) == 1, "no run began"
    assert folder.audit().faults == ()


def test_every_fault_is_told_at_once(folder: Folder) -> None:
    folder.edit('at_least("roc_auc", 0.5)', '"roc_auc > 0.5"')
    folder.edit('key="id"', "key=3")
    folder.edit("fit=fit", "fit=print, params={'depth': 3}")
    said = folder.refused("run")
    assert len(said.splitlines()) >= 3, said
    for text in ("roc_auc > 0.5", "key=3", "fit=print"):
        assert line_of(folder, text) in said


def test_a_file_that_is_no_text_is_one_message(folder: Folder) -> None:
    (folder.root / "project.py").write_bytes(b"\xff\xfe\x00\x01")
    assert "project.py:1" in folder.refused("run")


def test_words_that_mean_nothing_are_answered_with_those_that_do(folder: Folder) -> None:
    assert "run" in folder.refused("rum")
    assert "--json" in folder.refused("run", "--jsn")
    assert "expected one of: high" in folder.refused("run", "lowe")
    folder.goes_on()
