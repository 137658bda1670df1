"""Steps that a run can do without, and outputs that need not be there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comporta.engine import FAILURES, READINGS, Engine
from comporta.errors import StepFailed
from comporta.ledger import open_ledger
from comporta.records import Artifact, Node, Output, Plan
from comporta.store import Desk, derive, open_store

PROJECT = """
def one(desk):
    return {"out": desk.put_json(1)}

def raises(desk):
    raise ValueError("no")

def plus(desk, *, x, other=None):
    return {"out": desk.put_json(desk.get_json(x, int) + (other is None))}
"""
KEYS = derive(b"k" * 32)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "project.py").write_text(PROJECT)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    ledger = open_ledger("sqlite:///ledger.db", READINGS, key=KEYS.chain, clock=clock, root=tmp_path)
    store = open_store("file://store", tmp_path)
    engine = Engine(store, KEYS, ledger, tmp_path, clock, executor="inline://")
    yield engine
    engine.close()
    ledger.close()


def node(function: str, name: str, *, spare: bool = False, **inputs: Output) -> Node:
    return Node(name=name, run=f"project.py:{function}", inputs=inputs, spare=spare)


def value(engine: Engine, artifact: object) -> int:
    assert isinstance(artifact, Artifact)
    return Desk(store=engine._store, keys=KEYS).get_json(artifact, int)


def test_a_run_goes_on_without_a_spare_answer_and_without_what_reads_it(engine: Engine) -> None:
    plan = Plan(
        nodes=(
            node("one", "first"),
            node("raises", "measured", spare=True),
            node("plus", "after", spare=True, x=Output(node="measured", name="out")),
            node("plus", "last", x=Output(node="first", name="out")),
        )
    )
    run, answers = engine.ask(plan)
    assert run.outcome == "done"
    assert set(answers) == {"first", "last"}
    assert value(engine, answers["last"].step.outputs["out"]) == 2
    assert [fact.node for _, fact in engine._ledger.scan(FAILURES)] == ["measured"]


def test_what_is_not_spare_still_fails_the_run(engine: Engine) -> None:
    plan = Plan(nodes=(node("raises", "spared", spare=True), node("raises", "needed")))
    with pytest.raises(StepFailed, match="needed"):
        engine.ask(plan)


def test_an_output_that_need_not_be_there_is_left_out(engine: Engine) -> None:
    absent = Output(node="first", name="onnx", may=True)
    there = Output(node="first", name="out", may=True)
    first = Output(node="first", name="out")
    plan = Plan(
        nodes=(
            node("one", "first"),
            node("plus", "without", x=first, other=absent),
            node("plus", "with", x=first, other=there),
        )
    )
    _, answers = engine.ask(plan)
    assert value(engine, answers["without"].step.outputs["out"]) == 2
    assert value(engine, answers["with"].step.outputs["out"]) == 1
