"""What is declared of the data, counted on versions that are there, and judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import polars as pl
import pytest

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import expectations, judge
from comporta.checks.expectations.codes import NO_VERSION_TO_READ
from comporta.checks.expectations.measure import measure
from comporta.data import add
from comporta.data.expect_counts import count_breaches
from comporta.errors import BadData, BadProject
from comporta.opened.sentences import sentence
from comporta.records import Column, DatasetSchema, Figure, Findings, Slice, Verdict, Words, conditions
from comporta.store import MemoryStore, StepContext, derive
from comporta.testing.checks import CheckContract

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ROWS = pl.DataFrame(
    {
        "id": range(100),
        "age": [float(each) for each in range(100)],
        "town": ["a", "b"] * 50,
        "at": [NOW - timedelta(hours=each) for each in range(1, 101)],
    }
)


@pytest.fixture
def context() -> StepContext:
    return StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=1)


def shape(*columns: Column, **others: object) -> DatasetSchema:
    return DatasetSchema(name="people", key=("id",), time="at", columns=columns, **others)


def taken(context: StepContext, rows: pl.DataFrame, declared: DatasetSchema, folder: Path) -> Slice:
    version, _ = add(context.store, context.keys, declared, rows, change="replace", now=NOW, scratch=folder)
    return version


def said(
    context: StepContext, declared: DatasetSchema, version: Slice, **limits: float
) -> tuple[Verdict, Findings]:
    made = measure(
        context,
        shapes={"people": msgspec.to_builtins(declared)},
        counted=count_breaches,
        **{"table people": version},
    )
    found = context.get_json(made["findings"], Findings)
    check = expectations(**limits)
    (asked,) = check.needs()
    evidence = evidence_of(asked, found)
    return judge((check,), {asked: evidence})[0], found


BROKEN = [
    (Column("age", at_least=3, breach="report"), "people, column age, at_least", 3),
    (Column("age", at_most=97, breach="report"), "people, column age, at_most", 2),
    (Column("age", nulls=0.05, breach="report"), "people, column age, nulls", 10),
    (Column("town", one_of=("a",), breach="report"), "people, column town, one_of", 50),
    (Column("town", unique=True, breach="report"), "people, column town, unique", 98),
    (Column("age", type="Int64", breach="report"), "people, column age, type", 100),
]


@pytest.mark.parametrize(("column", "where", "broken"), BROKEN, ids=[where for _, where, _ in BROKEN])
def test_broken_rows_are_let_in_where_they_are_only_reported_and_judged(
    context: StepContext, tmp_path: Path, column: Column, where: str, broken: int
) -> None:
    rows = ROWS
    if column.nulls < 1:
        rows = ROWS.with_columns(age=pl.when(pl.col("id") % 10 == 0).then(None).otherwise("age"))
    declared = shape(column)
    version = taken(context, rows, declared, tmp_path)
    assert version.rows == 100
    verdict, found = said(context, declared, version)
    assert (
        verdict.outcome == "fail"
        and where in sentence(verdict.reason)
        and "0 of 1 expectations" in sentence(verdict.reason)
    )
    (line,) = found.table("expectations").by_id
    assert (line["rows"], line["broken"]) == (100, broken)


def test_what_is_declared_and_holds_passes(context: StepContext, tmp_path: Path) -> None:
    declared = shape(
        Column("age", type="Float64", nulls=0, at_least=0, at_most=99, unique=True),
        Column("town", one_of=("a", "b")),
        fresh=timedelta(hours=2),
    )
    verdict, found = said(context, declared, taken(context, ROWS, declared, tmp_path))
    assert verdict.outcome == "pass" and "all 7 expectations" in sentence(verdict.reason)
    assert {each.value for each in found.figures} == {0.0}


def test_an_expectation_declared_since_is_asked_of_the_version_that_is_there(
    context: StepContext, tmp_path: Path
) -> None:
    version = taken(context, ROWS, shape(), tmp_path)
    assert said(context, shape(), version)[0].outcome == "does not apply"
    verdict, _ = said(context, shape(Column("age", at_most=90)), version)
    assert verdict.outcome == "fail" and "9.0000% of 100 rows" in sentence(verdict.reason)
    assert said(context, shape(Column("age", at_most=90)), version, at_most=0.1)[0].outcome == "pass"
    assert said(context, shape(fresh=timedelta(minutes=5)), version)[0].outcome == "fail"


def test_the_share_that_may_be_missing_is_no_breach(context: StepContext, tmp_path: Path) -> None:
    rows = ROWS.with_columns(age=pl.when(pl.col("id") < 10).then(None).otherwise("age"))
    declared = shape(Column("age", nulls=0.1))
    verdict, found = said(context, declared, taken(context, rows, declared, tmp_path))
    assert verdict.outcome == "pass"
    assert found.table("expectations").by_id[0]["broken"] == 10


def test_what_cannot_be_counted_is_no_pass(context: StepContext, tmp_path: Path) -> None:
    version = taken(context, ROWS, shape(), tmp_path)
    with pytest.raises(BadData, match="found no column 'height' in version 1"):
        said(context, shape(Column("height", nulls=0)), version)
    with pytest.raises(BadData, match="cannot be asked of its type"):
        said(context, shape(Column("town", at_least=3, breach="report")), version)
    declared = shape(Column("age", nulls=0))
    found = context.get_json(
        measure(context, shapes={"people": msgspec.to_builtins(declared)}, counted=count_breaches)[
            "findings"
        ],
        Findings,
    )
    assert not found.figures
    assert [each.why for each in found.unmeasured] == [NO_VERSION_TO_READ(datasets=("people",))]


def test_a_limit_outside_of_0_to_1_is_refused() -> None:
    with pytest.raises(BadProject, match="at_most=2"):
        expectations(at_most=2)


class TestExpectations(CheckContract):
    check = staticmethod(lambda: expectations())
    good = (
        Figure(
            metric="rows_that_break_expectation",
            value=0.0,
            rows=10,
            under=conditions(dataset="people", column="age", expectation=Words("nulls")),
        ),
    )
    bad = (
        Figure(
            metric="rows_that_break_expectation",
            value=0.1,
            rows=10,
            under=conditions(dataset="people", column="age", expectation=Words("nulls")),
        ),
    )
