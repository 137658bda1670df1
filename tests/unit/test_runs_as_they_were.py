"""A run is shown with what it was answered, whatever was answered since; and when it is taken for stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from comporta.acts.build.run_views import run_of, runs
from comporta.engine import LEASES
from comporta.errors import NotFound
from comporta.ledger import open_ledger
from comporta.opened.project import PROJECTIONS
from comporta.records import Cost, Recipe
from comporta.records.facts import (
    RunEnded,
    RunStarted,
    StepAnswered,
    StepClaimed,
    StepFailure,
    StepsReused,
)

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
RECIPE = Recipe(run="f", uses={}, code="c", environment="e", inputs={}, params={}, seed=0)


class Ledger:
    """A ledger in memory, with a clock that goes on a minute with each event."""

    def __init__(self, root: Path) -> None:
        self.at = BEGAN
        self.ledger = open_ledger("memory://", PROJECTIONS, key=b"k" * 32, clock=self.clock, root=root)
        self.opened: Any = SimpleNamespace(
            ledger=self.ledger, root=root, home=root, clock=self.clock, context=None
        )

    def clock(self) -> datetime:
        return self.at

    def add(self, *facts: Any) -> None:
        for fact in facts:
            self.at += timedelta(minutes=1)
            self.ledger.transact(lambda tx, fact=fact: tx.append(fact))

    def started(self, run: str) -> None:
        self.add(RunStarted(run=run, project="p", command="run"))

    def answered(self, run: str, node: str, seconds: float, recipe: str = "r") -> None:
        self.add(
            StepAnswered(
                run=run,
                node=node,
                recipe=recipe,
                question=RECIPE,
                outputs={},
                cost=Cost(wall_seconds=seconds),
            )
        )

    def ended(self, run: str) -> None:
        self.add(RunEnded(run=run, outcome="done"))

    def seconds(self, run: str) -> dict[str, float]:
        return {node: step.cost.wall_seconds for node, step in run_of(self.opened, run).steps.items()}


@pytest.fixture
def here(tmp_path) -> Ledger:
    return Ledger(tmp_path)


def test_a_step_that_was_answered_again_is_shown_as_each_run_had_it(here):
    for number, seconds in enumerate((1.0, 2.0, 3.0)):
        here.started(f"2026-{number}")
        here.answered(f"2026-{number}", "data rows", seconds)
        here.ended(f"2026-{number}")
    assert [here.seconds(f"2026-{number}") for number in range(3)] == [
        {"data rows": 1.0},
        {"data rows": 2.0},
        {"data rows": 3.0},
    ]


def test_a_reused_answer_is_the_newest_that_there_was_when_the_run_ended(here):
    here.started("2026-0")
    here.answered("2026-0", "fit late", 1.0)
    here.ended("2026-0")
    here.started("2026-1")
    here.add(StepsReused(run="2026-1", nodes={"fit late": "r"}))
    here.ended("2026-1")
    assert here.seconds("2026-1") == {"fit late": 1.0}
    here.started("2026-2")  # its bytes were gone
    here.answered("2026-2", "fit late", 2.0)
    here.ended("2026-2")
    assert here.seconds("2026-1") == {"fit late": 1.0}
    assert here.seconds("2026-2") == {"fit late": 2.0}


def test_a_beginning_that_several_runs_have_names_none(here):
    here.started("2026-0")
    here.started("2026-1")
    assert run_of(here.opened, "2026-1").run.id == "2026-1"
    with pytest.raises(NotFound, match="several runs"):
        run_of(here.opened, "2026")


def claim(run: str, recipe: str, until: datetime) -> StepClaimed:
    return StepClaimed(run=run, node=recipe, recipe=recipe, holder=run, token=1, until=until)


def test_a_run_elsewhere_is_stopped_once_all_its_leases_have_ended(here):
    here.started("2026-0")
    here.add(
        claim("2026-0", "a", BEGAN + timedelta(minutes=5)), claim("2026-0", "b", BEGAN + timedelta(hours=1))
    )
    here.at = BEGAN + timedelta(minutes=30)
    assert runs(here.opened)[0].outcome == "running"
    here.answered("2026-0", "b", 1.0, recipe="b")
    assert runs(here.opened)[0].outcome == "stopped"


def test_no_lease_is_kept_of_what_was_answered_or_of_a_run_that_ended(here):
    here.started("2026-0")
    late = BEGAN + timedelta(hours=1)
    here.add(claim("2026-0", "a", late), claim("2026-0", "b", late), claim("2026-0", "c", late))
    here.answered("2026-0", "a", 1.0, recipe="a")
    here.add(StepFailure(run="2026-0", node="b", recipe="b", why="raised", token=1))
    assert [list(each.until) for _, each in here.ledger.scan(LEASES)] == [["c"]]
    here.ended("2026-0")
    assert here.ledger.scan(LEASES) == []
