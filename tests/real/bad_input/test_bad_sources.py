"""A source that raises, changes its columns or breaks an expectation; rows that cannot be learned from."""

from __future__ import annotations

from typing import Any

Folder = Any


def returning(*lines: str) -> str:
    """A source with these lines before its last."""
    return "".join(
        f"{line}\n"
        for line in (
            "",
            "",
            "def rows():",
            "    import polars as pl",
            "",
            "    n = 300",
            "    x = [float(i * 37 % 101) for i in range(n)]",
            "    y = [i * 37 % 101 > 50 for i in range(n)]",
            *(f"    {line}" for line in lines),
            '    return pl.DataFrame({"id": range(n), "x": x, "y": y})',
        )
    )


def refused(folder: Folder, *lines: str) -> str:
    """What the next run says of such a source."""
    folder.write(rows=returning(*lines))
    said: str = folder.refused("run")
    assert folder.runs()[0].outcome == "failed"
    return said


def test_a_source_that_raises_is_told_with_its_line(folder: Folder) -> None:
    said = refused(folder, "raise ConnectionError('the warehouse went away')")
    assert said.startswith("data points: ConnectionError: the warehouse went away (project.py:")
    said = refused(folder, "return None")
    assert "nothing (None)" in said
    assert "expected a polars" in said
    folder.goes_on()


def test_a_source_that_changes_its_columns_is_refused_until_it_is_accepted(folder: Folder) -> None:
    for line, told in (
        ('return pl.DataFrame({"id": range(n), "y": y})', "x is gone (was Float64)"),
        ("x = [str(each) for each in x]", "x is String (was Float64)"),
    ):
        said = refused(folder, line)
        assert told in said, said
        assert "comporta data accept points" in said
    assert len(folder.say("data", "versions", "points", "--json").json) == 1, "no version was made"
    folder.goes_on()
    folder.write(rows=returning('return pl.DataFrame({"id": range(n), "x": x, "y": y, "z": 1})'))
    accepted = folder.say("data", "accept", "points")
    assert accepted.code == 0, str(accepted)
    done = folder.say("run")
    assert done.code == 0, str(done)


def test_a_broken_expectation_shows_the_first_rows_to_the_person_and_to_nobody_else(folder: Folder) -> None:
    said = refused(folder, "x[3] = x[5] = x[9] = -7351.25")
    assert "points.x: found -7351.25 (3 of 300 rows below), expected at least 0" in said
    assert "no version was made" in said
    rows = [line.split("┆")[0].strip("│ ") for line in said.splitlines() if "-7351.25" in line][1:]
    assert rows == ["3", "5", "9"], said
    recorded = folder.recorded()
    assert "points.x: 3 of 300 rows below" in folder.reason()
    assert b"7351.25" not in recorded, "a value of the data is in the ledger"
    folder.goes_on()


def test_keys_that_are_missing_or_twice_are_shown(folder: Folder) -> None:
    assert "id: found 1 rows without a value" in refused(
        folder, 'return pl.DataFrame({"id": [None, *range(1, n)], "x": x, "y": y})'
    )
    assert "another row has" in refused(
        folder, 'return pl.DataFrame({"id": [i // 2 for i in range(n)], "x": x, "y": y})'
    )
    folder.goes_on()


def test_rows_that_cannot_be_learned_from_are_told_as_such(folder: Folder) -> None:
    for line, told in (
        ('return pl.DataFrame({"id": [0], "x": [0.0], "y": [True]}).clear()', "split: found no rows"),
        ("y = pl.Series([None] * n, dtype=pl.Boolean)", "found 300 rows and a target in none"),
        ("x[7] = float('nan')", "contains NaN"),
    ):
        said = refused(folder, line)
        assert told in said, said
    folder.goes_on("features high")


def test_targets_that_are_no_finite_numbers_are_told(untrained: Folder) -> None:
    untrained.write(
        # Two rows: whichever part the split puts them in.
        rows=returning("y = [float(each) for each in y]", "y[7], y[8] = float('inf'), float('nan')"),
        fit="\n\ndef fit(X, y):\n    from sklearn.linear_model import LinearRegression\n\n"
        "    return LinearRegression().fit(X, y)\n",
    )
    untrained.edit('at_least("roc_auc", 0.5)', 'at_least("r2", 0.1)')
    said = untrained.refused("run")
    assert said.startswith("features high: points.y: found 1 of 300 rows whose target is NaN or infinite"), (
        said
    )
    assert "Correct them in the source" in said


def test_files_that_are_missing_or_no_tables_are_named(untrained: Folder) -> None:
    untrained.edit("source=rows", 'source="tables/*.csv"')
    assert "'tables/*.csv'" in untrained.refused("run")
    (untrained.root / "tables").mkdir()
    untrained.edit("tables/*.csv", "tables/*.parquet")
    (untrained.root / "tables/a.parquet").write_bytes(b"no parquet at all")
    said = untrained.refused("run")
    assert "a.parquet" in said
    assert "cannot be read" in said
