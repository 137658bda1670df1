"""What checks need, as questions: in which order, by what they differ, and how long they may take."""

from __future__ import annotations

from pathlib import Path

import pytest

from comporta.loop import pool
from comporta.loop.pool import Candidate, measuring
from comporta.project import Dataset, Features, Model
from comporta.records import Need, Node, Output

THINGS = ("train", "test", "model", "signature", "predictions", "parity", "trial", "onnx")


def rows() -> None:
    """A source that is never asked."""


def fit(X: object, y: object) -> None:
    """A training function that is never called."""


def nodes(*whats: str, level: str = "release") -> tuple[Node, ...]:
    table = Dataset("rows", source=rows, key="id")
    model = Model("late", features=Features("features", of=table, known=("a",)), target="y", fit=fit)
    things = {name: Output(node="made", name=name) for name in THINGS}
    candidate = Candidate(model=model, root=Path(__file__).parent, things=things)
    return measuring(candidate, [Need(what=what) for what in whats], level)


def test_another_machine_is_another_question_for_what_is_of_the_machine_and_for_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = nodes("stress", "noise", "parity")
    monkeypatch.setattr(pool, "machine", lambda: {"digest": "another"})
    there = nodes("stress", "noise", "parity")
    differ = {one.name for one, other in zip(here, there, strict=True) if one.params != other.params}
    assert differ == {"stress of late"}
