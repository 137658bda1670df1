# ruff: noqa: E501 - a table reads best with a case a line
"""What a project declares of its columns, held against requests."""

import asyncio
import json
from typing import Any

import pytest

from comporta.records import Column, Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.testing.serving import MemorySink, MemorySource, ask

WORDS = (
    Field(name="age", type="Float64"),
    Field(name="kind", type="Int64"),
    Field(name="plan", type="String"),
    Field(name="sure", type="Boolean"),
    Field(name="code", type="Int64"),
    Field(name="free", type="Float64"),
    Field(name="born", type="Date"),
    Field(name="seen", type="Datetime(time_unit='ns', time_zone='Europe/Lisbon')"),
    Field(name="weight", type="Float64"),
)
DECLARED = (
    Column("age", at_least=0, at_most=120),
    Column("kind", one_of=(1, 2, 3)),
    Column("plan", one_of=("basic", "family"), nulls=0.0),
    Column("sure", one_of=(True,)),
    Column("code", one_of=("1", "2"), personal=True),
    Column("free", at_least=0, breach="report"),
    Column("another", at_least=0),
    Column("born", at_least="1900-01-01", one_of=("1990-05-01", "1899-12-31", "1991-01-01")),
    Column("seen", at_least="2026-06-01T00:00:00+01:00", at_most="2026-07-01"),
    Column("weight", at_most=1234567.5),
)
GOOD: dict[str, Any] = {"age": 30, "kind": 1, "plan": "basic", "sure": True, "code": 2, "free": -1.0,
                        "born": "1990-05-01", "seen": "2026-05-31T23:00:00Z", "weight": 1234567.5}  # fmt: skip


def load(model: str, number: int) -> LoadedVersion:
    """`words` takes all columns, `numbers` the first two as an array."""
    raw = WORDS if model == "words" else WORDS[:2]

    def predict(frame: Any) -> ModelScores:
        return ModelScores(frame["age"].fill_null(0.0).to_numpy(), None)

    return LoadedVersion(
        model=model,
        number=number,
        predict=predict,
        fast=None if model == "words" else lambda rows: ModelScores(rows[:, 0], None),
        signature=Signature(raw=raw, features=raw, output="label", task="regression", label="Float64"),
        expects=DECLARED,
    )


def answers(*calls: Any) -> list[tuple[int, str]]:
    async def turn():
        one = (Share(version=1, weight=1.0),)
        source = MemorySource(load, {"words": one, "numbers": one})
        async with App(source, MemorySink(), key=b"r" * 32, say=lambda line: None) as app:
            return [await ask(app, *call) for call in calls]

    return [(status, data.decode()) for status, _, data in asyncio.run(turn())]


def rows(*changed: dict[str, Any]) -> Any:
    return (
        "POST",
        "/models/words/invocations",
        {"dataframe_records": [{**GOOD, **each} for each in changed]},
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"age": -0.5}, "column 'age', row 1: found a value outside of what the project declares, expected at least 0 and at most 120"),
        ({"age": 120.01}, "column 'age', row 1"),
        ({"kind": 4}, "expected one of '1', '2', '3'"),
        ({"plan": "Basic"}, "expected one of 'basic', 'family'"),
        ({"plan": None}, "column 'plan', row 1: found a missing value"),
        ({"sure": False}, "column 'sure', row 1"),
        ({"code": 3}, "expected one of those that are declared"),
        ({"born": "1899-12-31"}, "column 'born', row 1: found a value outside of what the project declares, expected at least 1900-01-01"),
        ({"born": "1990-05-02"}, "column 'born', row 1"),
        ({"seen": "2026-05-31T22:59:59.999Z"}, "expected at least 2026-06-01T00:00:00+01:00 and at most 2026-07-01"),
        ({"seen": "2026-07-01T02:00:00+01:00"}, "column 'seen', row 1"),
        ({"weight": 1234567.6}, "expected at most 1234567.5"),
    ],
)  # fmt: skip
def test_a_value_that_breaks_a_declaration_is_refused_by_row(change, says) -> None:
    ((status, said),) = answers(rows({}, change))
    assert status == 400
    assert says in json.loads(said)["message"]


def test_what_keeps_to_the_declaration_or_is_only_reported_is_answered() -> None:
    edges = rows({}, {"age": 0}, {"age": 120.0}, {"kind": 3}, {"age": None, "kind": None, "code": None},
                 {"born": None, "seen": "2026-07-01T01:00:00+01:00", "weight": None}, {"born": "1991-01-01"})  # fmt: skip
    assert [status for status, _ in answers(edges)] == [200]


def test_a_matrix_and_tensors_are_held_against_it_too() -> None:
    def matrix(*data: float) -> Any:
        shape = [len(data) // 2, 2]
        tensor = {"name": "m", "shape": shape, "datatype": "FP64", "data": list(data)}
        return ("POST", "/v2/models/numbers/infer", {"inputs": [tensor]})

    good, low, other, many, described = answers(
        matrix(30, 1, 120, 3), matrix(30, 1, -1, 1), matrix(30, 1, 30, 1.0, 30, 4),
        matrix(*[30, 1] * 99, 30, 5), ("GET", "/v2/models/numbers", b""),
    )  # fmt: skip
    assert good[0] == 200
    assert [each[0] for each in (low, other, many)] == [400] * 3
    assert "column 'age', row 1" in low[1]
    assert "column 'kind', row 2" in other[1]
    assert "column 'kind', row 99" in many[1]
    told = [each["parameters"]["expected"] for each in json.loads(described[1])["inputs"]]
    assert told == ["at least 0 and at most 120", "one of '1', '2', '3'"]
