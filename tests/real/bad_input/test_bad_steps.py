"""A training or feature function that goes wrong: one message, the rest kept, and the next run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from comporta.opened.sentences import sentence

Folder = Any


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["return 7"], "returned an integer, expected a fitted estimator"),
        (["return fit"], "returned the function fit, expected a fitted estimator"),
        (
            ["from sklearn.svm import SVC", "return SVC(probability=True)"],
            "returned an SVC that is not fitted, expected a fitted one. Fit it and return it",
        ),
        (
            ["from sklearn.linear_model import Perceptron as P", "return P().fit([[1, 2], [2, 1]], [0, 1])"],
            "returned a Perceptron, which has no `predict_proba`",
        ),
        (
            ["from sklearn.naive_bayes import GaussianNB as N", "return N().fit([[1, 2], [2, 1]], [0, 1])"],
            "returned a GaussianNB that cannot answer a row it was trained on (ValueError: X has 1 features",
        ),
    ],
)
def test_what_fit_returns_is_told_where_it_is_no_fitted_estimator(
    folder: Folder, lines: list[str], told: str
) -> None:
    folder.fits(*lines)
    said = folder.refused("run")
    assert said.startswith(f"fit high: fit: {told}"), said


def failed(folder: Folder, step: str, *told: str, why: str = "") -> str:
    """What a run says that fails at this step; `why` is all that is kept of it."""
    said = folder.refused("run")
    assert said.startswith(f"{step}: "), said
    for each in told:
        assert each in said, said
    newest = folder.runs()[0]
    assert newest.outcome == "failed"
    assert sentence(newest.reason).startswith(f"{step}: ")
    if why:
        assert folder.reason() == f"{step}: {why}"
    return said


def test_a_fit_that_raises_is_told_with_its_line_and_its_log_and_no_value_is_recorded(folder: Folder) -> None:
    folder.fits("print('began with', len(X))", "raise ValueError(f'patient {4711 * 3} has no age')")
    said = failed(
        folder, "fit high", "ValueError: patient 14133 has no age", "project.py:15", why="ValueError"
    )
    text = Path(said.rpartition("file://")[2]).read_text()
    assert "began with" in text
    assert "Traceback" in text
    assert b"patient 14133" not in folder.recorded(), "what a message says may be a value from the data"
    folder.fits("raise SystemExit('enough')")
    failed(folder, "fit high", "SystemExit: enough", why="SystemExit")
    folder.fits("return None")
    failed(folder, "fit high", "expected a fitted estimator", "`return`")
    folder.goes_on()


def test_a_fit_that_ends_its_process_is_one_message_that_says_how_it_ended(folder: Folder) -> None:
    for line, told, why in (
        ("os.abort()", "SIGABRT: it aborted itself", "died of SIGABRT"),
        ("os.kill(os.getpid(), 9)", "SIGKILL: the system ran out of memory", "died of SIGKILL"),
    ):
        folder.fits("import os", line)
        failed(folder, "fit high", told, why=why)
    folder.goes_on()


def test_a_fit_beyond_its_limits_is_ended_with_what_it_started(folder: Folder) -> None:
    folder.fits("import subprocess", "subprocess.run(['sleep', '60'])")
    folder.edit("Limits()", "Limits(seconds=0.3)")
    failed(folder, "fit high", "its limit of 0.3 s", "Raise `limits`", why="passed its limit of time")
    assert folder.gone()
    folder.fits("held = []", "while True:", "    held.append(b'x' * 20_000_000)")
    folder.edit("Limits()", "Limits(memory=600 * 2**20)")
    failed(folder, "fit high", "its limit of 600 MiB", "Raise `limits`", why="passed its limit of memory")
    folder.goes_on()


def test_a_worker_killed_from_outside_is_told_and_the_run_after_goes_on(folder: Folder) -> None:
    folder.fits(
        "import os, time, pathlib",
        "pathlib.Path('pid~').write_text(str(os.getpid()))",
        "os.rename('pid~', 'pid')",
        "time.sleep(60)",
    )
    run = folder.start("run")
    pid = folder.root / "pid"
    assert folder.within(60, pid.exists)
    folder.kill(int(pid.read_text()))
    said = folder.ended(run)
    folder.clear(said)
    assert "fit high: its process died of SIGKILL" in said.message
    folder.goes_on()


def test_a_feature_function_that_goes_wrong_is_named(folder: Folder) -> None:
    for body, told in (
        ('return rows.vstack(rows).select(z="x")', "found 600 rows for 300"),
        ('return rows.select("nope")', "nope"),
    ):
        folder.write()
        folder.edit("seen = Features", f"def double(rows):\n    {body}\n\n\nseen = Features")
        folder.edit('use=("x",)', "compute=(double,)")
        failed(folder, "features high", "double", told)
    folder.goes_on()
