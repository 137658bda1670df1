"""Several runs at once, kills at any moment, Ctrl-C: nothing is lost, doubled or left running."""

from __future__ import annotations

import random
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from comporta.acts.build.run_views import runs as listed
from comporta.opened.project import OpenProject
from comporta.project.load import load_project
from comporta.project.settings import settings

Folder = Any

COUNTED = """

def fit(X, y):
    from pathlib import Path

    from sklearn.linear_model import LogisticRegression

    with (Path(__file__).parent / "fitted").open("a") as file:
        file.write("fitted\\n")
    return LogisticRegression(C=0.5).fit(X, y)
"""
HANG = """

def hang():
    import time
    from pathlib import Path

    if (Path(__file__).parent / "fitted").read_text().count("fitted") == 1:
        time.sleep(60)
"""
SLOW = """

def fit(X, y):
    import time
    from pathlib import Path

    (Path(__file__).parent / "fitting").touch()
    time.sleep(60)
"""


def test_two_runs_at_once_both_end_well_and_each_step_is_done_once(folder: Folder) -> None:
    folder.write(fit=COUNTED)
    both = [folder.start("run", "--json") for _ in range(2)]
    ended = [folder.ended(run) for run in both]
    for said in ended:
        assert said.code == 0, str(said)
    assert (folder.root / "fitted").read_text() == "fitted\n"
    first, second = (said.json for said in ended)
    assert first["versions"][0]["number"] == second["versions"][0]["number"] == 2
    assert len(first["fresh"]) + len(second["fresh"]) == 1, "the version is entered once"
    folder.goes_on()


def test_what_a_killed_run_was_doing_is_done_by_the_one_that_waits_for_it(folder: Folder) -> None:
    folder.write(fit=COUNTED.replace("    return", "        file.flush()\n        hang()\n    return") + HANG)
    first = folder.start("run")
    assert folder.within(60, (folder.root / "fitted").exists)
    second = folder.start("run", "--json")
    assert folder.within(60, lambda: len(folder.runs()) == 3), "the second run began"
    first.kill()
    folder.ended(first)
    said = folder.ended(second)
    assert said.code == 0, str(said)
    assert "split high" in said.json["run"]["reused"]
    assert (folder.root / "fitted").read_text() == "fitted\n" * 2
    folder.goes_on()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_a_run_killed_at_any_moment_is_gone_on_with(folder: Folder, seed: int) -> None:
    chance = random.Random(seed)
    killed = 0
    for turn, latest in enumerate((0.6, 1.2, 2.5, 2.5, 2.5, 3.0)):
        if turn % 2 == 0:  # something new to do; else to go on with what the killed one left
            folder.write()
            folder.edit("n = 300", f"n = {300 + turn + seed * 20}")
        run = folder.start("run")
        time.sleep(chance.uniform(latest / 2, latest))
        run.kill()
        killed += folder.ended(run).code == -signal.SIGKILL
        assert folder.gone(), "its workers end with it"
        assert folder.audit().faults == ()
    assert killed >= 4
    left = [run for run in folder.runs() if run.ended is None]
    again = folder.say("run", "--json")
    assert again.code == 0, str(again)
    kept = {name for run in left for name in run.nodes if not name.startswith("data ")}
    assert kept <= set(again.json["run"]["reused"]), "what was answered is not asked again"
    assert {run.id: run.outcome for run in folder.runs()}.items() >= {
        run.id: "stopped" for run in left
    }.items()
    assert list((folder.root / ".comporta/runs").iterdir()) == [], "no run left anything"
    said = folder.say("audit", "verify")
    assert said.code == 0, str(said)


def test_a_killed_run_is_shown_as_stopped_and_nothing_is_written_for_that(folder: Folder) -> None:
    folder.write(fit=SLOW)
    run = folder.start("run")
    assert folder.within(60, (folder.root / "fitting").exists)
    assert folder.say("runs", "--json").json[0]["outcome"] == "running"
    run.kill()
    folder.ended(run)
    assert folder.gone()
    before = folder.runs()[0]
    for words in (("runs", "--json"), ("show", before.id, "--json")):
        said = folder.say(*words)
        assert said.code == 0, str(said)
        shown = said.json[0] if words[0] == "runs" else said.json["run"]
        assert (shown["outcome"], shown["reason"]) == ("stopped", "its process ended before it did")
    assert folder.runs()[0] == before
    # Another machine's run has no lock here: it counts as stopped once its lease has ended.
    shutil.rmtree(folder.root / ".comporta/runs" / before.id)
    where = settings(folder.root)
    for later, outcome in ((0, "running"), (120, "stopped")):
        opened = OpenProject(
            lambda: load_project(folder.root / "project.py"),
            folder.root,
            where,
            clock=partial(lambda seconds: datetime.now(UTC) + timedelta(seconds=seconds), later),
        )
        with opened:
            assert listed(opened)[0].outcome == outcome
    assert folder.runs()[0] == before
    folder.goes_on()


def test_ctrl_c_ends_all_at_once_with_one_line(folder: Folder) -> None:
    folder.write(fit=SLOW)
    run = folder.start("run")
    assert folder.within(60, (folder.root / "fitting").exists)
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    said = folder.ended(run)
    folder.clear(said, 130)
    assert time.monotonic() - began < 5
    assert len(said.message.splitlines()) == 1
    assert "the next run goes on" in said.message
    assert folder.processes() == [], "none outlives it"
    assert folder.runs()[0].outcome == "stopped"
    assert folder.audit().faults == ()
    folder.goes_on()
