"""kill -9 before and after each durable write of a run: nothing half-written, and the next run goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from comporta.engine import CLAIMS, PROJECTIONS, RUNS, Engine
from comporta.errors import StorageFull
from comporta.ledger import Ledger, open_ledger, verify
from comporta.records import Event, Node, Output, Plan, Projection, Transaction
from comporta.records.facts import StepAnswered
from comporta.store import StepContext, Store, StoredObject, derive, open_store

T = TypeVar("T")
KEYS = derive(b"s" * 32)
PROJECT = """
from pathlib import Path
def source(context, *, n):
    return {"out": context.put_json(n)}
def add(context, *, x, n):
    (Path(__file__).parent / "calls").open("a").write(f"{n}\\n")
    return {"out": context.put_json(context.get_json(x, int) + n)}
"""
PLAN = Plan(
    nodes=(
        Node(name="source", run="project.py:source", params={"n": 1}),
        Node(
            name="one",
            run="project.py:add",
            inputs={"x": Output(node_name="source", name="out")},
            params={"n": 10},
        ),
        Node(
            name="two",
            run="project.py:add",
            inputs={"x": Output(node_name="one", name="out")},
            params={"n": 100},
        ),
    )
)


class Killer:
    """Counts durable writes and kills the process before or after the one of this number."""

    def __init__(self, at: int, after: bool) -> None:
        self.at, self.after, self.seen = at, after, 0

    def __call__(self, write: Callable[[], T]) -> T:
        self.seen += 1
        if self.seen == self.at and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = write()
        if self.seen == self.at and self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


class KillingLedger:
    def __init__(self, inner: Ledger, kill: Killer) -> None:
        self._inner, self._kill, self.project = inner, kill, inner.project

    def transact(self, act: Callable[[Transaction], T]) -> T:
        return self._kill(lambda: self._inner.transact(act))

    def get(self, reading: Projection[T], key: str) -> T | None:
        return self._inner.get(reading, key)

    def scan(self, reading: Projection[T], prefix: str = "", **how: object) -> list[tuple[str, T]]:
        return self._inner.scan(reading, prefix, **how)  # type: ignore[arg-type]

    def events(self, after: int = 0) -> Iterator[Event]:
        return self._inner.events(after)

    def others(self, reading: Projection[T], key: str) -> list[tuple[str, T]]:
        return self._inner.others(reading, key)

    def projects(self) -> list[str]:
        return self._inner.projects()


class KillingStore:
    def __init__(self, inner: Store, kill: Killer) -> None:
        self._inner, self._kill, self.url = inner, kill, inner.url

    def put(self, name: str, data: bytes | Path) -> bool:
        return self._kill(lambda: self._inner.put(name, data))

    def get(self, name: str) -> bytes:
        return self._inner.get(name)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        return self._inner.list(prefix)


def now() -> datetime:
    return datetime.now(UTC)


def opened(root: Path, kill: Killer) -> tuple[Engine, Ledger]:
    store = open_store("file://.comporta/store", root)
    ledger = open_ledger("sqlite:///.comporta/ledger.db", PROJECTIONS, key=KEYS.chain, clock=now, root=root)
    engine = Engine(KillingStore(store, kill), KEYS, KillingLedger(ledger, kill), root, now, "inline://")  # type: ignore[arg-type]
    return engine, ledger


def asked_in_a_child(root: Path, kill: Killer) -> int:
    """The signal the child died of; 0 when it came to its end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            opened(root, kill)[0].ask(PLAN)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


@pytest.mark.parametrize("after", [False, True])
def test_a_run_killed_at_any_durable_write_is_gone_on_with(tmp_path: Path, after: bool) -> None:
    points = 0
    for at in range(1, 100):
        root = tmp_path / f"kill{at}"
        root.mkdir()
        (root / "project.py").write_text(PROJECT)
        died = asked_in_a_child(root, Killer(at, after))
        if died == 0:
            break
        points += 1
        engine, ledger = opened(root, Killer(0, False))
        answered = {event.body for event in ledger.events() if event.kind == StepAnswered.kind}
        run, answers = engine.ask(PLAN)
        context = StepContext(store=open_store("file://.comporta/store", root), keys=KEYS)
        assert context.get_json(answers["two"].step.outputs["out"], int) == 111
        assert len(run.reused) == len(answered), "what was answered is not asked again"
        assert all(answer.reused for answer in engine.ask(PLAN)[1].values())
        assert all(not claim.holder for _, claim in ledger.scan(CLAIMS))
        assert all(each.outcome in ("done", "stopped") for _, each in ledger.scan(RUNS))
        assert verify(ledger, PROJECTIONS, KEYS.chain, None).faults == ()
        assert list((root / ".comporta/runs").iterdir()) == []
    assert points == 11, "each write of the run was a point to die at"


class Full(Killer):
    """A disk that is full from the write of this number on."""

    def __call__(self, write: Callable[[], T]) -> T:
        self.seen += 1
        if self.seen >= self.at:
            raise StorageFull("no space left on the device; free some space and run again")
        return write()


def test_a_full_disk_at_any_write_is_one_clear_message_and_loses_nothing(tmp_path: Path) -> None:
    for at in range(1, 13):
        root = tmp_path / f"full{at}"
        root.mkdir()
        (root / "project.py").write_text(PROJECT)
        engine, ledger = opened(root, Full(at, False))
        if at == 12:
            engine.ask(PLAN)
            break
        with pytest.raises(StorageFull, match="no space left"):
            engine.ask(PLAN)
        engine, ledger = opened(root, Killer(0, False))
        answered = {event.body for event in ledger.events() if event.kind == StepAnswered.kind}
        run, answers = engine.ask(PLAN)
        context = StepContext(store=open_store("file://.comporta/store", root), keys=KEYS)
        assert context.get_json(answers["two"].step.outputs["out"], int) == 111
        assert len(run.reused) == len(answered)
        assert all(each.outcome in ("done", "stopped", "failed") for _, each in ledger.scan(RUNS))
