"""What comes later in a plan is looked at while the first that must be asked is at work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comporta.engine import PROJECTIONS, RUNS, Engine
from comporta.errors import BadProject
from comporta.ledger import open_ledger
from comporta.opened.sentences import sentence
from comporta.records import Node, Output, Plan
from comporta.store import derive, open_store

PROJECT = """
import time

def sleeps(context, *, seconds):
    time.sleep(seconds)
    return {"out": context.put_json(seconds)}

def one(context):
    return {"out": context.put_json(1)}
"""
KEYS = derive(b"k" * 32)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "project.py").write_text(PROJECT)
    clock = lambda: datetime.now(UTC)  # noqa: E731
    ledger = open_ledger("sqlite:///ledger.db", PROJECTIONS, key=KEYS.chain, clock=clock, root=tmp_path)
    store = open_store("file://store", tmp_path)
    engine = Engine(store, KEYS, ledger, tmp_path, clock, "local://?workers=2&threads=1")
    yield engine
    engine.close()
    ledger.close()


def sleeping(seconds: float) -> Node:
    return Node(name="sleeps", run="project.py:sleeps", params={"seconds": seconds})


def test_code_that_cannot_be_read_ends_the_run_before_what_it_waits_for_is_done(engine: Engine) -> None:
    waits = Node(name="late", run="later.py:late", inputs={"x": Output(node_name="sleeps", name="out")})
    (engine._parts.root / "later.py").write_text("def late(context, *, x:\n    pass\n")
    began = time.monotonic()
    with pytest.raises(BadProject, match=r"later\.py:1"):
        engine.ask(Plan(nodes=(sleeping(60.0), waits)))
    assert time.monotonic() - began < 30
    ((_, run),) = engine._parts.ledger.scan(RUNS)
    assert (run.outcome, sentence(run.reason)) == ("failed", "the project is at fault")


def test_what_is_remembered_is_reused_wherever_it_stands(engine: Engine) -> None:
    kept = Node(name="one", run="project.py:one")
    engine.ask(Plan(nodes=(kept,)))
    told: list[tuple[str, str]] = []
    run, answers = engine.ask(
        Plan(nodes=(sleeping(1.0), kept)), progress=lambda name, state, at: told.append((name, state))
    )
    assert answers["one"].reused and not answers["sleeps"].reused
    assert run.reused == ("one",)
    assert told.index(("one", "reused")) < told.index(("sleeps", "done")), "nobody waits for the sleeper"


def test_a_plan_that_is_remembered_starts_no_worker(engine: Engine) -> None:
    plan = Plan(nodes=(sleeping(0.0), Node(name="one", run="project.py:one")))
    engine.ask(plan)
    engine.close()
    engine._executor = None
    _, answers = engine.ask(plan)
    assert all(each.reused for each in answers.values()) and engine._executor is None


def test_what_memory_answers_beside_it_is_a_fact_while_the_first_is_at_work(engine: Engine) -> None:
    kept = Node(name="one", run="project.py:one")
    engine.ask(Plan(nodes=(kept,)))
    seen: list[tuple[str, ...]] = []

    def look(name: str, state: str, at: float) -> None:
        if (name, state) == ("sleeps", "started"):
            ((_, run),) = engine._parts.ledger.scan(RUNS, newest=True, limit=1)
            seen.append(run.reused)

    engine.ask(Plan(nodes=(sleeping(0.5), kept)), progress=look)
    assert seen == [("one",)], "what a sweep must keep is known from the first"


def test_more_steps_than_can_be_asked_at_once_are_stopped_too(engine: Engine) -> None:
    many = tuple(
        Node(name=f"sleeps {n}", run="project.py:sleeps", params={"seconds": 60.0 + n}) for n in range(80)
    )
    (engine._parts.root / "later.py").write_text("def late(context, *, x:\n    pass\n")
    waits = Node(name="late", run="later.py:late", inputs={"x": Output(node_name="sleeps 0", name="out")})
    began = time.monotonic()
    with pytest.raises(BadProject, match=r"later\.py:1"):
        engine.ask(Plan(nodes=(*many, waits)))
    assert time.monotonic() - began < 30
