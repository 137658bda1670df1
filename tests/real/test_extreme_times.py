"""The first and last instants that a datetime holds, in time columns of datasets, through real commands."""

import contextlib
import io
import os
from pathlib import Path
from unittest import mock

from comporta.cli import main

PROJECT = """
from datetime import UTC, datetime
import polars as pl
from sklearn.linear_model import LogisticRegression
from comporta import AsOf, Dataset, Features, Model, Project, by_time

ENDS = [
    datetime.min.replace(tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
]

def times(rows):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    hours = pl.datetime_range(start, interval="1h", end=start.replace(year=2027), eager=True)
    return pl.concat([hours[: rows - 3], pl.Series(ENDS, dtype=hours.dtype)])

def read():
    number = pl.int_range(600, eager=True)
    frame = pl.DataFrame({"id": number, "a": number * 37 % 101, "b": number * 53 % 97, "at": times(600)})
    return frame.with_columns(y=pl.col("a") + pl.col("b") % 20 > 60, who=pl.col("id") % 50)

def slow():
    number = pl.int_range(300, eager=True)
    return pl.DataFrame({"who": number % 50, "when": times(300), "c": number * 7 % 11})

def fit(X, y):
    return LogisticRegression(max_iter=500).fit(X.fill_null(0), y)

rows = Dataset("rows", source=read, key="id", subject="who", time="at", fresh="30d")
slower = Dataset("slower", source=slow, key=("who", "when"), time="when", delay="1d", subject="who")
features = Features(
    "features", of=rows, known=("id", "at", "a", "b", "who"), use=("a", "b"),
    joins=(AsOf(slower, on="who", columns=("c",), tolerance="30d"),),
)
model = Model("tiny", features=features, target="y", fit=fit, split=by_time(test="30d"))
project = Project("small", models=(model,))
"""


def comporta(folder: Path, *words: str) -> str:
    """What a command prints, as the installed script calls it. Its exit code must be 0."""
    said = io.StringIO()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COMPORTA_")}
    with (
        mock.patch.dict(os.environ, clean, clear=True),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        assert main(words) == 0, said.getvalue()
    return said.getvalue()


def test_a_project_whose_times_reach_to_the_ends_runs_and_is_read(tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text(PROJECT)
    (tmp_path / "comporta.toml").write_text('executor = "inline://"\n')
    comporta(tmp_path, "init", ".")
    comporta(tmp_path, "run")
    shown = comporta(tmp_path, "data", "show", "rows")
    assert "9999-12-31 23:59:59.999999" in shown
    assert "0001-01-01" in shown
    assert "tiny/1" in comporta(tmp_path, "trace", "subject:3")
    # Again, on top of what is there: rows of these times are matched with those that stand.
    assert "unchanged" in comporta(tmp_path, "run")
