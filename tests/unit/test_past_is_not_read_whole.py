"""Of many runs and versions those are read that are asked for, and no others."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from comporta.acts.build.run_views import run_of, runs
from comporta.acts.judge.verdicts import earlier
from comporta.acts.release.release import count_versions, models, version_of
from comporta.acts.release.version_of_commit import versions_of_run
from comporta.errors import NotFound
from comporta.ledger import open_ledger
from comporta.opened.project import PROJECTIONS
from comporta.records import Artifact, Cost, Recipe, Release, Share, Version
from comporta.records.facts import (
    RunEnded,
    RunStarted,
    StepAnswered,
    VersionRegistered,
    VersionReleased,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 40
RECIPE = Recipe(run="f", uses={}, code="c", environment="e", inputs={}, params={}, seed=0)
BUILT = ("features", "split", "fit", "export", "predict")


class CountingLedger:
    """A ledger that counts the states it hands out."""

    def __init__(self, ledger: Any) -> None:
        self._ledger, self.count = ledger, 0

    def get(self, *args: Any) -> Any:
        self.count += 1
        return self._ledger.get(*args)

    def scan(self, *args: Any, **named: Any) -> Any:
        found = self._ledger.scan(*args, **named)
        self.count += len(found)
        return found


def facts_of(model: str, number: int) -> list[Any]:
    run = f"2026-{model}-{number:04d}"
    steps = {f"{kind} {model}": f"{kind}-{model}-{number}" for kind in BUILT}
    reference = Artifact(digest=f"reference-{number}", kind="json", size=1)
    version = Version(
        model=model,
        number=number,
        run=run,
        at=AT,
        steps=steps,
        parts={"reference": reference},
        read=(),
        policy="",
    )
    answers = [
        StepAnswered(run=run, node=node, recipe=recipe, question=RECIPE, outputs={}, cost=Cost())
        for node, recipe in steps.items()
    ]
    started = RunStarted(run=run, project="p", command="run", purpose="build", total=len(steps))
    return [started, *answers, RunEnded(run=run, outcome="done"), VersionRegistered(version=version)]


def released(number: int, before: int | None) -> VersionReleased:
    return VersionReleased(
        release=Release(
            model="late",
            number=number,
            kind="release",
            shares=(Share(version=number, weight=1.0),),
            previous=before,
            retired=() if before is None else (before,),
            by="",
            reason="",
            at=AT,
        )
    )


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Any:
    root = tmp_path_factory.mktemp("past")
    ledger = open_ledger("memory://", PROJECTIONS, key=b"k" * 32, clock=lambda: AT, root=root)
    facts = [
        fact
        for number in range(1, MANY + 1)
        for model in ("early", "late")
        for fact in facts_of(model, number)
    ]
    facts += [released(number, number - 1 or None) for number in range(1, 9)]
    ledger.transact(lambda tx: [tx.append(fact) for fact in facts])
    return SimpleNamespace(
        ledger=CountingLedger(ledger),
        store=None,
        keys=None,
        context=None,
        root=root,
        home=root,
        clock=lambda: AT,
    )


def read_by(opened: Any, ask: Any) -> tuple[Any, int]:
    opened.ledger.count = 0
    return ask(), opened.ledger.count


def test_the_newest_versions_of_each_model_are_listed_by_reading_them_alone(opened):
    found, count = read_by(opened, lambda: models(opened, limit=2))
    assert [each.id for each in found] == ["early/40", "early/39", "late/40", "late/39"]
    assert count == 2 + 4  # which models there are, and these
    assert [each.id for each in models(opened, "late", 1)] == ["late/40"]
    assert count_versions(opened) == {"early": MANY, "late": MANY}


@pytest.mark.parametrize(
    ("name", "id"), [("late", "late/40"), ("late/7", "late/7"), ("late@champion", "late/8")]
)
def test_a_version_is_found_by_its_name_without_reading_the_others(opened, name, id):
    found, count = read_by(opened, lambda: version_of(opened, name))
    assert found.id == id and count <= 3


def test_a_number_that_is_none_names_what_there_is(opened):
    for name in ("late/41", "late/0", "late/-1", "late/07", "late/", "late/x"):
        with pytest.raises(NotFound, match=f"found no version '{name}', expected late/1 to late/40"):
            version_of(opened, name)
    with pytest.raises(NotFound, match="expected a model of: early, late"):
        version_of(opened, "lat")


def test_the_references_of_what_was_let_through_come_from_its_releases(opened):
    found, count = read_by(opened, lambda: earlier(opened, "late"))
    assert [each.digest for each in found] == [f"reference-{number}" for number in (8, 7, 6, 5, 4)]
    assert count <= 1 + 5
    before = earlier(opened, "late", before=3)
    assert [each.digest for each in before] == ["reference-2", "reference-1"]
    assert earlier(opened, "early") == ()


def test_runs_and_the_versions_that_they_led_to_are_read_alone(opened):
    found, count = read_by(opened, lambda: runs(opened, 3))
    assert [each.id for each in found] == [f"2026-late-{number:04d}" for number in (40, 39, 38)]
    assert count <= 3
    led, count = read_by(opened, lambda: [each.id for each in versions_of_run(opened, found[1])])
    assert led == ["late/39"] and count <= 5
    view, count = read_by(opened, lambda: run_of(opened, "2026-early-0007"))
    assert len(view.steps) == len(BUILT) and count <= 1 + 2 * len(BUILT)
