"""Steps that a run can do without, and outputs that need not be there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from comporta.engine import FAILURES, PROJECTIONS, Engine
from comporta.errors import StepFailed
from comporta.ledger import open_ledger
from comporta.records import Artifact, Budget, Node, Output, Plan
from comporta.store import StepContext, derive, open_store

PROJECT = """
def one(context):
    return {"out": context.put_json(1)}

def slow(context):
    import time

    time.sleep(0.3)
    return {"out": context.put_json(5)}

def waits(context, *, seconds):
    import time

    time.sleep(seconds)
    return {"out": context.put_json(seconds)}

def raises(context):
    raise ValueError("no")

def plus(context, *, x, other=None):
    return {"out": context.put_json(context.get_json(x, int) + (other is None))}
"""
KEYS = derive(b"k" * 32)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "project.py").write_text(PROJECT)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    ledger = open_ledger("sqlite:///ledger.db", PROJECTIONS, key=KEYS.chain, clock=clock, root=tmp_path)
    store = open_store("file://store", tmp_path)
    engine = Engine(store, KEYS, ledger, tmp_path, clock, executor="inline://")
    yield engine
    engine.close()
    ledger.close()


def node(
    function: str, name: str, *, allow_failure: bool = False, seconds: float | None = None, **inputs: Output
) -> Node:
    budget = None if seconds is None else Budget(of="measuring", seconds=seconds)
    return Node(
        name=name, run=f"project.py:{function}", inputs=inputs, allow_failure=allow_failure, budget=budget
    )


def value(engine: Engine, artifact: object) -> int:
    assert isinstance(artifact, Artifact)
    return StepContext(store=engine._parts.context.store, keys=KEYS).get_json(artifact, int)


def test_a_run_goes_on_without_a_spare_answer_and_without_what_reads_it(engine: Engine) -> None:
    plan = Plan(
        nodes=(
            node("one", "first"),
            node("raises", "measured", allow_failure=True),
            node("plus", "after", allow_failure=True, x=Output(node_name="measured", name="out")),
            node("plus", "last", x=Output(node_name="first", name="out")),
        )
    )
    run, answers = engine.ask(plan)
    assert run.outcome == "done"
    assert set(answers) == {"first", "last"}
    assert value(engine, answers["last"].step.outputs["out"]) == 2
    assert [fact.node for _, fact in engine._parts.ledger.scan(FAILURES)] == ["measured"]


def test_what_is_not_spare_still_fails_the_run(engine: Engine) -> None:
    plan = Plan(nodes=(node("raises", "spared", allow_failure=True), node("raises", "needed")))
    with pytest.raises(StepFailed, match="needed"):
        engine.ask(plan)


def test_an_output_that_need_not_be_there_is_left_out(engine: Engine) -> None:
    absent = Output(node_name="first", name="onnx", may=True)
    there = Output(node_name="first", name="out", may=True)
    first = Output(node_name="first", name="out")
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


@pytest.mark.parametrize("executor", ["inline://", "local://?workers=1"])
def test_what_has_not_begun_when_its_budget_is_spent_is_left_out_and_asked_next_time(
    tmp_path: Path, executor: str
) -> None:
    (tmp_path / "project.py").write_text(PROJECT)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    ledger = open_ledger("sqlite:///ledger.db", PROJECTIONS, key=KEYS.chain, clock=clock, root=tmp_path)
    store = open_store("file://store", tmp_path)
    engine = Engine(store, KEYS, ledger, tmp_path, clock, executor=executor)

    def plan(seconds: float) -> Plan:
        return Plan(
            nodes=(
                node("slow", "first", allow_failure=True, seconds=seconds),
                node("one", "second", allow_failure=True, seconds=seconds),
                node("plus", "third", allow_failure=True, x=Output(node_name="second", name="out")),
                node("plus", "free", x=Output(node_name="first", name="out")),
            )
        )

    said: dict[str, str] = {}
    try:
        run, answers = engine.ask(plan(0.2), progress=lambda name, state, _: said.update({name: state}))
        assert run.outcome == "done"
        assert set(answers) == {"first", "free"}, "what began is finished, and what reads it is asked"
        assert (said["second"], said["third"]) == ("skipped", "skipped")
        assert [(fact.node, fact.why) for _, fact in ledger.scan(FAILURES)] == [("second", "late")]
        again, answers = engine.ask(plan(60.0))
        assert set(answers) == {"first", "second", "third", "free"}
        assert set(again.reused) == {"first", "free"}, "it goes on from there"
        assert not ledger.scan(FAILURES, f"{again.id}/")
    finally:
        engine.close()
        ledger.close()


def test_each_budget_is_its_own(engine: Engine) -> None:
    slow, other = (
        node("slow", "first", allow_failure=True, seconds=0.2),
        node("one", "other", allow_failure=True),
    )
    other = msgspec.structs.replace(other, budget=Budget(of="other", seconds=60.0))
    _, answers = engine.ask(Plan(nodes=(slow, other)))
    assert set(answers) == {"first", "other"}


def test_a_budget_is_of_its_own_steps_and_not_of_what_they_wait_for(engine: Engine) -> None:
    plan = Plan(
        nodes=(
            node("one", "early", allow_failure=True, seconds=1.5),
            msgspec.structs.replace(node("waits", "fitted"), params={"seconds": 2}),
            node("plus", "after", allow_failure=True, seconds=1.5, x=Output(node_name="fitted", name="out")),
        )
    )
    _, answers = engine.ask(plan)
    assert set(answers) == {"early", "fitted", "after"}


def test_one_of_two_workers_measures_what_stands_last_beside_the_quick(tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text(PROJECT)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    ledger = open_ledger("sqlite:///ledger.db", PROJECTIONS, key=KEYS.chain, clock=clock, root=tmp_path)
    store = open_store("file://store", tmp_path)
    engine = Engine(store, KEYS, ledger, tmp_path, clock, executor="local://?workers=2&threads=1")
    seconds = {"quick 0": 0.01, "quick 1": 0.02, "quick 2": 0.03, "slow 0": 0.5, "slow 1": 0.6}
    nodes = [
        msgspec.structs.replace(
            node("waits", name, allow_failure=True, seconds=60.0), params={"seconds": each}
        )
        for name, each in seconds.items()
    ]
    began: list[str] = []

    def note(name: str, state: str, _: object) -> None:
        if state == "started":
            began.append(name)

    try:
        engine.ask(Plan(nodes=tuple(nodes)), progress=note)
    finally:
        engine.close()
        ledger.close()
    assert began == ["quick 0", "slow 1", "quick 1", "quick 2", "slow 0"]
